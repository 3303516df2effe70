"""Several orders of looking are good reasoning: pay for any, and for not all taking the same (GRiP, November 2025).

A single reference path punishes an equally valid one. Each path is a list of conditions on the looks of an attempt; its
score is the share that holds, counted only under a right answer. The publication names the idea; these paths are proposed
here.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence

from saccade.core.reward import for_group, reward
from saccade.core.trajectory import Group, ToolEvent, Trajectory
from saccade.media.boxes import cover
from saccade.rewards._looks import COVERED, boxes, evidence, looked
from saccade.rewards._usage import usage_of

Boxes = Sequence[Sequence[float]]
Path = Callable[[Boxes, Boxes, Boxes, Boxes], tuple[bool, ...]]
"""(looks, evidence, context, distractors) to its conditions."""


def held(looks: Boxes, wanted: Sequence[float]) -> list[int]:
    """Places of the looks that hold a box."""
    return [at for at, look in enumerate(looks) if cover(wanted, look) >= COVERED]


def direct(looks: Boxes, wanted: Boxes, context: Boxes, others: Boxes) -> tuple[bool, ...]:
    """The first look is at evidence, and there are no more looks than evidence."""
    return bool(looks) and any(0 in held(looks, box) for box in wanted), bool(looks) and len(looks) <= len(wanted)


def top_down(looks: Boxes, wanted: Boxes, context: Boxes, others: Boxes) -> tuple[bool, ...]:
    """A wide look holds the narrow one that follows it, which is at evidence."""
    nested = any(cover(after, before) >= COVERED for before, after in itertools.combinations(looks, 2))
    return nested, bool(looks) and any(len(looks) - 1 in held(looks, box) for box in wanted)


def by_way_of(looks: Boxes, wanted: Boxes, context: Boxes, others: Boxes) -> tuple[bool, ...]:
    """What the question names for orientation is seen before the evidence."""
    first = min((at for box in wanted for at in held(looks, box)), default=-1)
    seen = bool(context) and all(any(at <= first for at in held(looks, box)) for box in context)
    return first >= 0, seen


def elimination(looks: Boxes, wanted: Boxes, context: Boxes, others: Boxes) -> tuple[bool, ...]:
    """Other candidates are seen and left before the evidence, which is seen last."""
    seen = [any(at < len(looks) - 1 for at in held(looks, box)) for box in others]
    return bool(looks) and any(len(looks) - 1 in held(looks, box) for box in wanted), any(seen)


PATHS: Mapping[str, Path] = {"direct": direct, "top_down": top_down, "by_way_of": by_way_of, "elimination": elimination}


@reward
def reasoning_paths(*, diverse: bool = True, strict: bool = False) -> Callable[[Group], list[float | None]]:
    """The best path's share of conditions where the answer is right, else 0; None for samples without evidence.

    diverse: divided by the root of the number of right siblings (itself included) whose best path is the same
    """

    @for_group
    def score(group: Group) -> list[float | None]:
        if not evidence(group.sample):
            return [None] * len(group.trajectories)
        best = [best_path(each) if usage_of(each, strict=strict).right else ("", 0.0) for each in group.trajectories]
        same = {name: sum(other == name for other, _ in best) for name, _ in best}
        return [value / same[name] ** 0.5 if diverse and value else value for name, value in best]

    return score


def best_path(trajectory: Trajectory) -> tuple[str, float]:
    """Name and share of the path kept best; the first of equals."""
    looks = [event.box_xyxy for event in trajectory.events if looked(event) and event.box_xyxy is not None]
    meta = trajectory.sample.meta
    known = (looks, evidence(trajectory.sample), boxes(meta.get("context")), boxes(meta.get("distractors")))
    shares = {name: sum(path(*known)) / len(path(*known)) for name, path in PATHS.items()}
    name = max(shares, key=lambda each: shares[each])
    return name, shares[name]


LOOK = ToolEvent(step=1, name="image_zoom_in_tool", image="px:0", box_xyxy=(0.0, 0.0, 20.0, 20.0), result="px:1")
EXAMPLES = [
    ("<answer>7</answer>", "7", 1.0, {"evidence": [[0, 0, 10, 10]], "events": (LOOK,)}),
    ("<answer>8</answer>", "7", 0.0, {"evidence": [[0, 0, 10, 10]], "events": (LOOK,)}),
    ("<answer>7</answer>", "7", 0.0, {"evidence": [[0, 0, 10, 10]]}),
    ("<answer>7</answer>", "7", None, {}),
]
