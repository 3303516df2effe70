"""Rollout: one attempt from an episode and an engine; many attempts at once."""
