"""A right answer counts in full only when the looks before it were at the evidence (ViRL, November 2025).

The visual actions of an attempt are its reasons: their precision and recall against the regions that the question needs
(F) scale the outcome, so that a right answer after wrong looks is worth less than one that was seen. The publication
states the principle; this form, acc * ((1 - gamma) + gamma * F), is proposed here.
"""

from __future__ import annotations

from collections.abc import Callable

from saccade.core.reward import reward
from saccade.core.trajectory import Score, ToolEvent, Trajectory
from saccade.rewards._correct import correctness
from saccade.rewards._looks import Measure, evidence, fidelity, labelled


@reward
def rationale_gated(
    *, gamma: float = 0.5, measure: Measure = "iou", least: float = 0.5, strict: bool = False
) -> Callable[[Trajectory], Score]:
    """Correctness of the answer times (1 - gamma) + gamma * F. Samples without evidence get plain correctness.

    gamma: how much of the outcome depends on the looks; 0 is outcome reward alone
    measure, least: when a look matches evidence, see `look_share`; strict: how the answer is read
    Raises ValueError for a gamma outside 0..1.
    """
    if not 0 <= gamma <= 1:
        raise ValueError(f"rationale_gated: gamma is 0..1, not {gamma}")

    def score(trajectory: Trajectory) -> Score:
        right = correctness(trajectory, strict=strict)
        looks = labelled(trajectory, measure=measure, least=least)
        if looks is None:
            return right
        *_, both = fidelity(looks, len(evidence(trajectory.sample)))
        value = (right.value or 0.0) * ((1 - gamma) + gamma * both)
        return Score(value=value, extracted=right.extracted, note=" ".join(each.label for each in looks))

    return score


def look(*edges: float) -> ToolEvent:
    return ToolEvent(step=1, name="image_zoom_in_tool", image="px:0", box_xyxy=edges, result="px:1")  # type: ignore[arg-type]


SEEN = {"evidence": [[0, 0, 10, 10]], "events": (look(0, 0, 10, 10),)}
EXAMPLES = [
    ("<answer>7</answer>", "7", 1.0, SEEN),
    ("<answer>7</answer>", "7", 0.5, {"evidence": [[0, 0, 10, 10]], "events": (look(50, 50, 60, 60),)}),
    ("<answer>7</answer>", "7", 0.5, {"evidence": [[0, 0, 10, 10]]}),
    ("<answer>8</answer>", "7", 0.0, SEEN),
    ("<answer>7</answer>", "7", 1.0, {}),
]
