"""Two pictures of a scene and the changes between them: what recipes about transformations are tried on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import saccade as sc
from saccade import rewards
from saccade.core.message import Image, user
from saccade.recipes import _answering as base
from saccade.worlds.shapes import draw_shapes


def changed(sample: sc.Sample) -> sc.Sample:
    """The scene and the scene with one or two of its shapes in another colour or of another kind."""
    rng, shapes = sc.generator("changed", sample.id), base.shapes_of(sample)
    after, truth = list(shapes), []
    for place in sorted(int(each) for each in rng.permutation(len(shapes))[: int(rng.integers(1, 3))]):
        colour = bool(rng.integers(2))
        now = shapes[place].colour if colour else shapes[place].kind
        pool = [each for each in (sorted(base.COLOURS) if colour else base.KINDS) if each != now]
        value = pool[int(rng.integers(len(pool)))]
        after[place] = replace(after[place], **{"colour" if colour else "kind": value})
        truth.append((str(place + 1), "colour" if colour else "shape", value))
    size_px = sample.images[0].data.width
    second = draw_shapes(tuple(after), size_px=size_px, paper=int(rng.integers(1 << 40)))
    shown = (
        Image(ref=f"{sample.images[0].ref}/before", data=sample.images[0].data),
        Image(ref=f"{sample.images[0].ref}/after", data=second),
    )
    meta = {"answer_type": "changes", "index": sample.meta["index"], "wanted": truth}
    return sc.Sample(
        id=f"{sample.id}/changed",
        prompt=(user(*shown, f"What changed? {base.in_words(sample)}"),),
        target=truth,
        meta=meta,
    )


def listed(choose: Callable[[sc.Sample], list[tuple[str, str, str]]]) -> Callable[[sc.Sample], str]:
    return lambda sample: "<answer>" + "; ".join(f"({', '.join(each)})" for each in choose(sample)) + "</answer>"


def all_right() -> sc.Reward:
    """1 where every change is listed and nothing else."""
    inner = rewards.change_list(table="exact")
    return sc.Reward(
        name="all_right", function=lambda trajectory: float((inner.function(trajectory).value or 0.0) > 0.999)
    )
