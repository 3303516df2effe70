"""Clients: whatever answers messages: endpoints, judges, oracles, scripts."""
