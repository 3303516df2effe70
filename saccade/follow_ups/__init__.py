"""Follow-ups: one file each; a question asked after an attempt, its answer kept beside the attempt for rewards to read."""

from saccade.core.folder import component_folder

component_folder(__name__)
