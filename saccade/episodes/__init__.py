"""Episodes: one interaction protocol a file, written as a coroutine."""

from saccade.core.folder import component_folder

component_folder(__name__)
