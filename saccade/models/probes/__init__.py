"""Probes: an extra forward pass before credit, its numbers stored beside the trajectory; one a file."""

from saccade.core.folder import component_folder

component_folder(__name__)
