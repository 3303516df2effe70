"""The share of a sample's evidence that an attempt looked at: recall, as `look_share` of correct looks is precision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from saccade.core.reward import reward
from saccade.core.trajectory import Score, ToolEvent, Trajectory
from saccade.rewards._looks import Measure, evidence, fidelity, labelled


@reward
def evidence_found(
    *, part: Literal["recall", "precision", "f1"] = "recall", measure: Measure = "cover", least: float = 0.5
) -> Callable[[Trajectory], Score]:
    """0..1; None for samples that know no evidence. An attempt without a look found nothing.

    part: recall; precision over all looks; or f1, their harmonic mean, to be added to an answer's reward
    """

    def score(trajectory: Trajectory) -> Score:
        looks = labelled(trajectory, measure=measure, least=least)
        if looks is None:
            return Score(value=None, note="the sample knows no evidence boxes")
        precision, recall, both = fidelity(looks, len(evidence(trajectory.sample)))
        return Score(value={"recall": recall, "precision": precision, "f1": both}[part],
                     note=" ".join(each.label for each in looks))

    return score


def look(*edges: float) -> ToolEvent:
    return ToolEvent(step=1, name="image_zoom_in_tool", image="px:0", box_xyxy=edges, result="px:1")  # type: ignore[arg-type]


EXAMPLES = [
    ("7", "7", 0.5, {"evidence": [[0, 0, 10, 10], [90, 90, 99, 99]], "events": (look(0, 0, 20, 20),)}),
    ("7", "7", 1.0, {"evidence": [[0, 0, 10, 10]], "events": (look(0, 0, 20, 20), look(50, 50, 60, 60))}),
    ("7", "7", 0.0, {"evidence": [[0, 0, 10, 10]]}),
    ("7", "7", None, {}),
]
