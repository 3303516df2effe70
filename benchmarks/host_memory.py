"""Case 8: host memory that the images of a rollout batch take, in bytes: decoded pixels and what the processor made of them.

One copy is what a single attempt needs. The goal is that eight attempts need no more than a tenth above it; the ratio to
the peer follows. Counted are the arrays themselves, each once, whoever holds it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from benchmarks import arena, group, peer
from benchmarks.side import Side

GROUP = 8
SHAPE = group.Shape(prompt=400, responses=(8,) * GROUP)
CASE = arena.Case(number="8", title="host memory of the images of a rollout batch, group of eight, in bytes",
                  goals={"held": GROUP / 1.1}, note="goal: within 10 % of one copy, that is 8 / 1.1 of the peer's eight")


def prepare(folder: Path) -> None:
    group.prepare(folder, SHAPE)


def limits(folder: Path) -> dict[str, float]:
    return {"held": float(GROUP)}


def one_copy(folder: Path) -> int:
    """Bytes of the decoded pixels (RGB) and of the float32 patches (two equal frames) of one image."""
    return SHAPE.image_px**2 * 3 + SHAPE.image_px**2 * 3 * 2 * 4


def ours(folder: Path) -> Side:
    learner, rows = group.our_learner(folder, SHAPE)

    def run() -> dict[str, float]:
        group.our_logp(learner, rows)
        store = learner.store
        refs = {span.ref for row in rows for span in row.prompt.media}
        held = store.pixels.bytes + store.patches.bytes
        assert len(refs) == 1 and held <= 1.1 * one_copy(folder), f"{held} bytes for one copy of {one_copy(folder)}"
        return {"held": float(held)}

    return Side(run=run, before=lambda: group.forget_images(learner),
                outcome=lambda: {"logp": group.our_logp(learner, rows)})


def theirs(folder: Path) -> Side:
    from datasets import Dataset
    from datasets import Image as ImageColumn

    rows = Dataset.from_list([{"prompt": [{"role": "user", "content": "What is it?"}], "image": str(folder / "image.png")}])
    rows = rows.cast_column("image", ImageColumn())
    trainer, told = peer.trainer(folder / "model", group=GROUP, rows=rows)
    trainer._generate_single_turn = lambda ids, *_, **__: ([[65, 66, 67]] * len(ids), None)
    inputs = group.their_inputs(trainer, folder, SHAPE)

    def run() -> dict[str, float]:
        batch = [rows[0] for _ in range(GROUP)]
        scored = trainer._generate_and_score_completions(batch)
        peer.clear(trainer)
        pictures = {id(each["image"]): each["image"] for each in batch}
        held = scored["pixel_values"].nbytes + sum(np.asarray(each).nbytes for each in pictures.values())
        assert held == GROUP * one_copy(folder), f"the peer holds eight copies; counted {held / one_copy(folder):.2f}"
        return {"held": float(held)}

    return Side(run=run, facts=told, outcome=lambda: {"logp": group.flat(group.their_logp(trainer, inputs), inputs)})


if __name__ == "__main__":
    sys.exit(arena.main("benchmarks.host_memory"))
