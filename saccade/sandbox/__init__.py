"""Where model-written code runs: one way to isolate a file."""

from saccade.core.folder import component_folder

component_folder(__name__)
