"""Randomness by name: every stochastic function takes a generator made from (run seed, sample, attempt, purpose).

No global seeding anywhere, so the order in which trajectories finish never changes what any of them draws.
"""

from __future__ import annotations

import hashlib

import numpy as np


def seed_of(*names: object) -> int:
    """A stable 63-bit seed from any printable names. Equal names give equal seeds on every machine and version."""
    digest = hashlib.blake2b("\x1f".join(str(name) for name in names).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def generator(*names: object) -> np.random.Generator:
    """A numpy generator of its own for these names."""
    return np.random.default_rng(seed_of(*names))
