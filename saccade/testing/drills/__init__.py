"""Fault drills: a real, tiny training is killed, filled, damaged and slowed down, and must come to the same end.

    python -m saccade.testing.drills --kills 200 --seed 1

`trainee` is the run in a process of its own, `faults` what is done to it, `checks` what must hold after each.
"""
