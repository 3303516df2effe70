"""Tools: one typed function a file."""

from saccade.core.folder import component_folder

component_folder(__name__)
