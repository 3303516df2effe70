"""Case 2: one policy update of a group, forward, backward and optimiser step; gradients flow into the shared prompt."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks import arena, group, peer
from benchmarks.prefix_logprob import SHAPE, limits, prepare
from benchmarks.side import Side

__all__ = ["limits", "prepare"]
CASE = arena.Case(number="2", title="policy update of the same group", goals={"seconds": 4.0})


def ours(folder: Path) -> Side:
    learner, rows = group.our_learner(folder, SHAPE)
    return Side(run=lambda: group.our_update(learner, rows), before=lambda: group.forget_images(learner),
                outcome=lambda: {"logp": group.our_logp(learner, rows), **group.our_gradients(learner, rows)})


def theirs(folder: Path) -> Side:
    trainer, told = peer.trainer(folder / "model", group=SHAPE.size)
    inputs = group.their_inputs(trainer, folder, SHAPE)
    return Side(run=lambda: peer.update(trainer, inputs), facts=told,
                outcome=lambda: {"logp": group.flat(group.their_logp(trainer, inputs), inputs),
                                 **peer.gradients(trainer, inputs)})


if __name__ == "__main__":
    sys.exit(arena.main("benchmarks.prefix_update"))
