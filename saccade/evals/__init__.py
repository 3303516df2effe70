"""Evaluation: runs over a source, statistics, comparisons."""
