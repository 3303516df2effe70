"""Benchmarks: source, episode, rewards and protocol notes; one file each."""

from saccade.core.folder import component_folder

component_folder(__name__)
