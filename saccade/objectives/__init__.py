"""Objectives: one term a file, a pure function of signals."""

from saccade.core.folder import component_folder

component_folder(__name__)
