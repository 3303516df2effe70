"""Learning: trajectories to rows, rows to updates, the loop, checkpoints and logs."""
