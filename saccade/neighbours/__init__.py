"""Doors to other projects: our tools, episodes and rewards inside their trainers, their environments inside our episodes."""
