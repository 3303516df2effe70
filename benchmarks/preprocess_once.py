"""Case 4: what a group's image costs before the model sees it: decoding, resizing, cutting into patches.

The peer's dataset decodes the file for every member, and its processor runs over every copy twice, for generation and for
scoring; ours reads the file once, knows its pixels by their hash, and keeps the patches under a byte budget. Timed are the
dataset's rows and the calls of the image processor inside the peer's own `_generate_and_score_completions` (generation
itself is replaced by given tokens), and for us everything from the file to the patches, for generation and for learning.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import arena, group, peer
from benchmarks.side import Side, Stopwatch

GROUP = 8
SHAPE = group.Shape(prompt=400, responses=(8,) * GROUP)
FILE_PX = 1344
CASE = arena.Case(number="4", title="decode, resize and cut the image of a group of eight", goals={"images": 10.0},
                  note="a photograph-sized file of 1344 x 1344 pixels, 448 x 448 for the model")


def prepare(folder: Path) -> None:
    from PIL import Image as PILImage

    group.prepare(folder, SHAPE)
    with PILImage.open(folder / "image.png") as small:
        small.resize((FILE_PX, FILE_PX), PILImage.Resampling.BICUBIC).convert("RGB").save(folder / "photo.jpg", quality=90)


def limits(folder: Path) -> dict[str, float]:
    return {"images": 2.0 * GROUP}


def ours(folder: Path) -> Side:
    from saccade.core.message import Image
    from saccade.core.run import PolicySpec
    from saccade.media import open_store
    from saccade.models.inputs import patches_of
    from saccade.models.policy import load_policy

    policy = load_policy(PolicySpec(model=str(folder / "model"), dtype="float32"))
    stores: list[Any] = []

    def patches() -> dict[str, np.ndarray]:
        store = stores[-1]
        for _ in range(GROUP):
            image = store.adopt(Image(ref=f"file:{folder / 'photo.jpg'}"))
            policy.family.expand(store.size(image.ref))
            for _ in ("generation", "learning"):
                found = patches_of(policy, image.ref, store)
        return found

    def run() -> dict[str, float]:
        clock = Stopwatch()
        with clock():
            patches()
        return {"images": clock.seconds}

    def outcome() -> dict[str, np.ndarray]:
        stores.append(open_store())
        return {"patches": patches()["pixel_values"]}

    return Side(run=run, before=lambda: stores.append(open_store()) or stores[:-1].clear(), outcome=outcome)


def theirs(folder: Path) -> Side:
    from datasets import Dataset
    from datasets import Image as ImageColumn

    rows = Dataset.from_list([{"prompt": [{"role": "user", "content": "What is it?"}], "image": str(folder / "photo.jpg")}])
    rows = rows.cast_column("image", ImageColumn())
    trainer, told = peer.trainer(folder / "model", group=GROUP, rows=rows)
    clock, counts = Stopwatch(), []
    processor = trainer.processing_class.image_processor
    inner = type(processor).preprocess

    def counted(self: Any, images: Any, *rest: Any, **options: Any) -> Any:
        with clock():
            out = inner(self, images, *rest, **options)
        counts.append(len(out["image_grid_thw"]))
        return out

    type(processor).preprocess = counted
    trainer._generate_single_turn = lambda ids, *_, **__: ([[65, 66, 67]] * len(ids), None)

    def run() -> dict[str, float]:
        clock.reset()
        counts.clear()
        with clock():
            batch = [rows[0] for _ in range(GROUP)]
        trainer._generate_and_score_completions(batch)
        assert sum(counts) == 2 * GROUP, f"the peer processes each copy twice; counted {counts}"
        peer.clear(trainer)
        return {"images": clock.seconds}

    def outcome() -> dict[str, np.ndarray]:
        scored = trainer._generate_and_score_completions([rows[0] for _ in range(GROUP)])
        return {"patches": scored["pixel_values"][: len(scored["pixel_values"]) // GROUP].numpy()}

    return Side(run=run, facts=told, outcome=outcome)


if __name__ == "__main__":
    sys.exit(arena.main("benchmarks.preprocess_once"))
