"""Viewer: pages from what is on disk. Reads run folders with the core and media alone; no trainer is needed."""
