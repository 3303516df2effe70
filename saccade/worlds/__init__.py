"""Worlds: procedural tasks with exact truth; one file each."""

from saccade.core.folder import component_folder

component_folder(__name__)
