"""What runs within the walls. Standard library only, nothing else of saccade: a bare interpreter reads these files as the
top-level package `inside`, so imports among them are relative."""
