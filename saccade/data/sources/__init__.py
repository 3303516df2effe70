"""Sources: one file layout a file."""
