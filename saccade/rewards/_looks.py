"""Where an attempt looked, where its sample says one must look, and what each look was worth.

Pixels of the root image throughout, whatever frame the model wrote in and however deep the crop was. A look is a call
that cut something out of a picture; a call that failed is a look that showed nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from saccade.core.sample import Sample
from saccade.core.trajectory import ToolEvent, Trajectory
from saccade.media.boxes import area, cover, iou

Measure = Literal["iou", "cover"]
Label = Literal["correct", "coarse", "redundant", "erroneous"]

COVERED = 0.8
"""Share of an evidence box that a look must hold to show it."""
LOOSEST = 16.0
"""Times the area of an evidence box above which a look around it is too loose to show more than the overview."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look: the step that asked for it, its label, and what it added to the match of evidence box `found`."""

    step: int
    label: Label
    value: float = 0.0
    found: int | None = None


def looked(event: ToolEvent) -> bool:
    """A call that cut something out of a root image and did not fail."""
    return event.error is None and event.box_xyxy is not None


def boxes(value: object) -> list[Sequence[float]]:
    """Boxes of a sample's truth; anything that is not four numbers is left out."""
    given = value if isinstance(value, list | tuple) else ()
    return [box for box in given if isinstance(box, list | tuple) and len(box) == 4
            and all(isinstance(edge, int | float) for edge in box)]


def evidence(sample: Sample) -> list[Sequence[float]]:
    return boxes(sample.meta.get("evidence"))


def matched(look: Sequence[float], wanted: Sequence[float], *, measure: Measure, least: float) -> float:
    """How well a look shows an evidence box, 0..1; 0 below `least`.

    ``iou``: overlap. ``cover``: the share of the evidence in the look, 0 below `COVERED` and for looks more than `LOOSEST`
    times as large: the measure for zooms that are padded on purpose.
    """
    if measure == "iou":
        value = iou(look, wanted)
        return value if value >= least else 0.0
    shown = cover(wanted, look)
    return shown if shown >= COVERED and area(look) <= LOOSEST * area(wanted) else 0.0


def labelled(
    trajectory: Trajectory, *, measure: Measure = "iou", least: float = 0.5, repeat: float = 0.7, refine: float = 0.1,
) -> tuple[Look, ...] | None:
    """Every look in the order of time with its label; None for a sample that knows no evidence.

    correct:   matches evidence that no earlier look matched (then it is taken), or matches taken evidence better by `refine`
    redundant: matches evidence already taken, or overlaps an earlier look by `repeat`
    coarse:    holds evidence still to be found, too loosely; once for each
    erroneous: everything else, failed calls included
    """
    wanted = evidence(trajectory.sample)
    if not wanted:
        return None
    best = dict.fromkeys(range(len(wanted)), 0.0)
    seen: list[Sequence[float]] = []
    held: set[int] = set()
    out: list[Look] = []
    for event in trajectory.events:
        if event.error is None and event.box_xyxy is None:
            continue  # a tool that does not look
        if event.error is not None or event.box_xyxy is None:
            out.append(Look(step=event.step, label="erroneous"))
            continue
        box = event.box_xyxy
        fits = {at: matched(box, each, measure=measure, least=least) for at, each in enumerate(wanted)}
        fresh = max((at for at in best if not best[at]), key=lambda at: fits[at], default=None)
        better = max((at for at in best if best[at]), key=lambda at: fits[at] - best[at], default=None)
        loose = next((at for at in best if not best[at] and at not in held and cover(wanted[at], box) >= COVERED), None)
        if fresh is not None and fits[fresh] > 0:
            out.append(Look(step=event.step, label="correct", value=fits[fresh], found=fresh))
            best[fresh] = fits[fresh]
        elif better is not None and fits[better] - best[better] >= refine:
            out.append(Look(step=event.step, label="correct", value=fits[better] - best[better], found=better))
            best[better] = fits[better]
        elif any(best[at] and fits[at] for at in best) or any(iou(box, each) >= repeat for each in seen):
            out.append(Look(step=event.step, label="redundant"))
        elif loose is not None:
            out.append(Look(step=event.step, label="coarse"))
            held.add(loose)
        else:
            out.append(Look(step=event.step, label="erroneous"))
        seen.append(box)
    return tuple(out)


def fidelity(looks: Sequence[Look], num_wanted: int) -> tuple[float, float, float]:
    """Precision, recall and their harmonic mean over correct looks and evidence found."""
    good = sum(each.label == "correct" for each in looks)
    precision, recall = good / max(1, len(looks)), len({each.found for each in looks} - {None}) / num_wanted
    both = precision + recall
    return precision, recall, 2 * precision * recall / both if both else 0.0
