"""Case 7: an update on skewed lengths, mean 64, longest 256. The peer pads every row to the longest; we sort rows by length.

The prompt has 16 tokens, so that what is compared is padding; sharing it is part of the limit.
"""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks import arena, group, peer
from benchmarks.side import Side

LENGTHS = (256, 40, 48, 16, 64, 32, 104, 24, 56, 40, 144, 32, 48, 16, 80, 24)
SHAPE = group.Shape(prompt=16, responses=LENGTHS, image_px=0)
CASE = arena.Case(number="7", title="policy update on skewed lengths (16 rows, mean 64, longest 256)",
                  goals={"seconds": 3.2})
assert sum(LENGTHS) == 64 * len(LENGTHS)


def prepare(folder: Path) -> None:
    group.prepare(folder, SHAPE)


def limits(folder: Path) -> dict[str, float]:
    padded = group.layers_work(folder, SHAPE.prompt, [max(LENGTHS)] * len(LENGTHS))
    return {"seconds": padded / group.shared_work(folder, SHAPE.prompt, list(LENGTHS))}


def ours(folder: Path) -> Side:
    learner, rows = group.our_learner(folder, SHAPE)
    return Side(run=lambda: group.our_update(learner, rows),
                outcome=lambda: {"logp": group.our_logp(learner, rows), **group.our_gradients(learner, rows)})


def theirs(folder: Path) -> Side:
    trainer, told = peer.trainer(folder / "model", group=SHAPE.size)
    inputs = group.their_inputs(trainer, folder, SHAPE)
    assert inputs["completion_ids"].shape[1] == max(LENGTHS), "the peer pads to the longest"
    return Side(run=lambda: peer.update(trainer, inputs), facts=told,
                outcome=lambda: {"logp": group.flat(group.their_logp(trainer, inputs), inputs),
                                 **peer.gradients(trainer, inputs)})


if __name__ == "__main__":
    sys.exit(arena.main("benchmarks.skewed"))
