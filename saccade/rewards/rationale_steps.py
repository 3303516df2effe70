"""What each look was worth, step by step: paid where it found evidence, charged where it wasted or missed (ViRL).

The sum is a metric; `Score.per_step` is what `credit.step_rewards` hands to the tokens of each look. A look that holds
the evidence too loosely costs nothing, so that searching from coarse to fine is not punished. The publication
(November 2025) tells correct, redundant and erroneous actions apart; the numbers are proposed here.
"""

from __future__ import annotations

from collections.abc import Callable

from saccade.core.reward import reward
from saccade.core.trajectory import Score, ToolEvent, Trajectory
from saccade.rewards._looks import Look, Measure, evidence, labelled


@reward
def rationale_steps(
    *, redundant: float = 0.25, erroneous: float = 0.5, turns: int = 4, measure: Measure = "iou", least: float = 0.5
) -> Callable[[Trajectory], Score]:
    """Sum over looks: match / number of evidence boxes for a correct one, -redundant / turns, -erroneous / turns.

    turns: looks an attempt may take, so that charges do not add up beyond the answer
    None for samples without evidence. `per_step` is None at steps without a look.
    """

    def worth(look: Look, wanted: int) -> float:
        if look.label == "correct":
            return look.value / wanted
        return {"coarse": 0.0, "redundant": -redundant / turns, "erroneous": -erroneous / turns}[look.label]

    def score(trajectory: Trajectory) -> Score:
        looks = labelled(trajectory, measure=measure, least=least)
        if looks is None:
            return Score(value=None, note="the sample knows no evidence boxes")
        wanted = len(evidence(trajectory.sample))
        per_step: list[float | None] = [None] * len(trajectory.steps)
        for look in looks:
            if 0 <= look.step < len(per_step):
                per_step[look.step] = (per_step[look.step] or 0.0) + worth(look, wanted)
        total = sum(worth(look, wanted) for look in looks)
        return Score(value=total, per_step=tuple(per_step), note=" ".join(each.label for each in looks))

    return score


def look(*edges: float) -> ToolEvent:
    return ToolEvent(step=1, name="image_zoom_in_tool", image="px:0", box_xyxy=edges, result="px:1")  # type: ignore[arg-type]


EXAMPLES = [
    ("7", "7", 1.0, {"evidence": [[0, 0, 10, 10]], "events": (look(0, 0, 10, 10),)}),
    ("7", "7", 0.9375, {"evidence": [[0, 0, 10, 10]], "events": (look(0, 0, 10, 10), look(0, 0, 10, 10))}),
    ("7", "7", -0.125, {"evidence": [[0, 0, 10, 10]], "events": (look(50, 50, 60, 60),)}),
    ("7", "7", 0.0, {"evidence": [[0, 0, 10, 10]], "events": (look(0, 0, 90, 90),)}),
    ("7", "7", None, {}),
]
