"""Dialects: how a model family writes tool calls, thoughts and answers."""
