"""Testing: tiny real models of every family, scripted trajectories, contract checks."""
