"""Dialects: how a model family writes tool calls, thoughts and answers."""

from saccade.core.folder import component_folder

component_folder(__name__)
