"""Case 1: log-probabilities of a group, no gradient: the prompt, its image included, is computed once, not eight times."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks import arena, group, peer
from benchmarks.side import Side

SHAPE = group.Shape(prompt=1024, responses=(128,) * 8)
CASE = arena.Case(number="1", title="log-probabilities of a group, no gradient (prompt 1024 with 256 of an image, 8 x 128)",
                  goals={"seconds": 4.0})


def prepare(folder: Path) -> None:
    group.prepare(folder, SHAPE)


def limits(folder: Path) -> dict[str, float]:
    apart = group.layers_work(folder, SHAPE.prompt, list(SHAPE.responses)) + group.tower_work(folder, SHAPE.image_px, 8)
    once = group.shared_work(folder, SHAPE.prompt, list(SHAPE.responses)) + group.tower_work(folder, SHAPE.image_px, 1)
    return {"seconds": apart / once}


def ours(folder: Path) -> Side:
    learner, rows = group.our_learner(folder, SHAPE)
    return Side(run=lambda: group.our_logp(learner, rows), before=lambda: group.forget_images(learner),
                outcome=lambda: {"logp": group.our_logp(learner, rows)})


def theirs(folder: Path) -> Side:
    trainer, told = peer.trainer(folder / "model", group=SHAPE.size)
    inputs = group.their_inputs(trainer, folder, SHAPE)
    assert len(inputs["pixel_values"]) == SHAPE.size * (SHAPE.image_px // 14) ** 2, "the peer holds a copy for each member"
    return Side(run=lambda: group.their_logp(trainer, inputs), facts=told,
                outcome=lambda: {"logp": group.flat(group.their_logp(trainer, inputs), inputs)})


if __name__ == "__main__":
    sys.exit(arena.main("benchmarks.prefix_logprob"))
