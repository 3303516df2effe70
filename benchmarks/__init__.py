"""Speed, measured against trl 1.16 in one run: the same weights, the same tokens, equal numbers before any clock is started.

    python -m benchmarks.vs_trl --json          every case; writes benchmarks/RESULTS.md and its plot
    python -m benchmarks.prefix_update          one case
    python -m benchmarks.glimpse_rollout        our own figures: trajectories a second, a GRPO step, a profile

A case is one file with two sides, `ours` and `theirs`, each run in a process of its own (`side`), the peer's in an
environment that the first run creates under a cache folder (`peer`). `arena` compares what both compute, then lets them
run in turns.
"""
