"""Case 3: the vision tower of a step with a frozen tower, one image a group: one extra pass and one update.

Timed is only what happens inside the tower and around it: the peer encodes each of eight copies in each of two passes, we
encode the image once and find its features again.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from benchmarks import arena, group, peer
from benchmarks.side import Side, Stopwatch

SHAPE = group.Shape(prompt=320, responses=(32,) * 8)
CASE = arena.Case(number="3", title="vision tower, frozen: an extra pass and an update of a group with one image",
                  goals={"vision": 13.0}, runs=7,
                  note="a new image in every run; ours includes looking features up and checking grids")


def prepare(folder: Path) -> None:
    group.prepare(folder, SHAPE)


def limits(folder: Path) -> dict[str, float]:
    return {"vision": 2.0 * SHAPE.size}


def ours(folder: Path) -> Side:
    from saccade.models import forward

    learner, rows = group.our_learner(folder, SHAPE, freeze=("vision", "connector"))
    clock = Stopwatch()
    forward.image_features = clock.around(forward.image_features)

    def run() -> dict[str, float]:
        clock.reset()
        group.our_logp(learner, rows)
        group.our_update(learner, rows)
        return {"vision": clock.seconds}

    def before() -> None:
        group.forget_images(learner)

    return Side(run=run, before=before,
                outcome=lambda: {"logp": group.our_logp(learner, rows), **group.our_gradients(learner, rows)})


def theirs(folder: Path) -> Side:
    trainer, told = peer.trainer(folder / "model", group=SHAPE.size, frozen=True)
    inputs = group.their_inputs(trainer, folder, SHAPE)
    clock, seen = Stopwatch(), []
    model = trainer.model.model
    inner = model.get_image_features

    def counted(pixels: Any, *rest: Any, **options: Any) -> Any:
        seen.append(len(pixels))
        return inner(pixels, *rest, **options)

    model.get_image_features = clock.around(counted)

    def run() -> dict[str, float]:
        clock.reset()
        seen.clear()
        group.their_logp(trainer, inputs)
        peer.update(trainer, inputs)
        assert seen == [SHAPE.size * (SHAPE.image_px // 14) ** 2] * 2, "the peer encodes each copy in each pass"
        return {"vision": clock.seconds}

    return Side(run=run, facts=told, outcome=lambda: {"logp": group.flat(group.their_logp(trainer, inputs), inputs),
                                                      **peer.gradients(trainer, inputs)})


if __name__ == "__main__":
    sys.exit(arena.main("benchmarks.vision_once"))
