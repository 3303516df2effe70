"""Clients: one file each; whatever answers messages: endpoints, judges, oracles, scripts."""

from saccade.core.folder import component_folder

component_folder(__name__)
