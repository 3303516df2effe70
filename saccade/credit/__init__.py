"""Credit: rewards to per-token numbers; one estimator a file."""

from saccade.core.folder import component_folder

component_folder(__name__)
