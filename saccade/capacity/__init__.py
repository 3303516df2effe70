"""Capacity on paper: what a run needs of memory, what it computes, and what will hold it up, from formulas alone."""
