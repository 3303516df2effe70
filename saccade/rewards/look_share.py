"""The share of an attempt's looks that were correct, coarse, redundant or erroneous: what looking was good for.

A metric first (weight 0, or in a benchmark): a policy whose answers improve while its erroneous looks do not is guessing
better, not seeing better. Labels are given in order of time against the evidence of the sample (ViRL, November 2025).
"""

from __future__ import annotations

from collections.abc import Callable

from saccade.core.reward import reward
from saccade.core.trajectory import Score, ToolEvent, Trajectory
from saccade.rewards._looks import Label, Measure, labelled


@reward
def look_share(
    *, label: Label = "correct", measure: Measure = "cover", least: float = 0.5
) -> Callable[[Trajectory], Score]:
    """0..1; None without a look, and for samples that know no evidence.

    label:   ``correct``: shows evidence not shown before (or clearly better); ``redundant``: shows what was shown;
             ``coarse``: holds evidence too loosely; ``erroneous``: anything else, failed calls too
    measure: ``cover`` (holds at least 0.8 of the evidence and is at most 16 times as large) or ``iou`` of at least `least`
    """

    def score(trajectory: Trajectory) -> Score:
        looks = labelled(trajectory, measure=measure, least=least)
        if not looks:
            return Score(value=None, note="no evidence boxes" if looks is None else "no look")
        return Score(value=sum(each.label == label for each in looks) / len(looks),
                     note=" ".join(each.label for each in looks))

    return score


def look(*edges: float) -> ToolEvent:
    return ToolEvent(step=1, name="image_zoom_in_tool", image="px:0", box_xyxy=edges, result="px:1")  # type: ignore[arg-type]


EXAMPLES = [
    ("7", "7", 1.0, {"evidence": [[0, 0, 10, 10]], "events": (look(0, 0, 20, 20),)}),
    ("7", "7", 0.5, {"evidence": [[0, 0, 10, 10]], "events": (look(40, 40, 60, 60), look(0, 0, 20, 20))}),
    ("7", "7", 0.0, {"evidence": [[0, 0, 10, 10]], "events": (look(0, 0, 90, 90),)}),
    ("7", "7", None, {"evidence": [[0, 0, 10, 10]]}),
    ("7", "7", None, {}),
]
