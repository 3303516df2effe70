"""Was the answer right for the right visual reason? Right and seen, right and not seen, or right without a look.

Accuracy mixes three things: answers that follow from a look at the evidence, answers that a look elsewhere cannot have
given (the illusion of thinking with images), and answers given from the overview. They are told apart here; the three
kinds of a right answer add up to accuracy. As in the evaluations of ViRL (November 2025) and DeFacto (September 2025).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from saccade.core.reward import reward
from saccade.core.trajectory import Score, ToolEvent, Trajectory
from saccade.rewards._correct import correctness
from saccade.rewards._looks import Measure, evidence, labelled

Kind = Literal["seen", "illusion", "unlooked"]


@reward
def faithful(
    *, kind: Kind = "seen", measure: Measure = "cover", least: float = 0.5, strict: bool = False
) -> Callable[[Trajectory], Score]:
    """1 where the answer is right and of this kind, else 0; None for samples that know no evidence.

    seen:     every evidence box was shown by a correct look (recall 1)
    illusion: there were looks, and some evidence was shown by none
    unlooked: there was no look
    """

    def score(trajectory: Trajectory) -> Score:
        looks = labelled(trajectory, measure=measure, least=least)
        if looks is None:
            return Score(value=None, note="the sample knows no evidence boxes")
        found = {each.found for each in looks} - {None}
        held: Kind = "unlooked" if not looks else "seen" if len(found) == len(evidence(trajectory.sample)) else "illusion"
        right = correctness(trajectory, strict=strict).value or 0.0
        return Score(value=right if held == kind else 0.0, note=held)

    return score


def look(*edges: float) -> ToolEvent:
    return ToolEvent(step=1, name="image_zoom_in_tool", image="px:0", box_xyxy=edges, result="px:1")  # type: ignore[arg-type]


SEEN, MISSED = ({"evidence": [[0, 0, 10, 10]], "events": (look(*box),)} for box in ((0, 0, 20, 20), (50, 50, 60, 60)))
EXAMPLES = [
    ("<answer>7</answer>", "7", 1.0, SEEN),
    ("<answer>8</answer>", "7", 0.0, SEEN),
    ("<answer>7</answer>", "7", 0.0, MISSED),
    ("<answer>7</answer>", "7", 0.0, {"evidence": [[0, 0, 10, 10]]}),
    ("<answer>7</answer>", "7", None, {}),
]
