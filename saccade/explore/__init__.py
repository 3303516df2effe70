"""Exploration: which attempts are made at one sample; one strategy a file."""

from saccade.core.folder import component_folder

component_folder(__name__)
