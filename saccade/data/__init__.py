"""Data: rows of other projects as samples."""
