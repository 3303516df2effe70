"""Rewards: one file each; a named, pure function of a finished trajectory or group."""

from saccade.core.folder import component_folder

component_folder(__name__)
