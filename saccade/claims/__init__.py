"""Claims: what a recipe must show, the arms that show it, and the verdict."""
