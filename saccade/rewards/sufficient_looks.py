"""The looks of an attempt must by themselves be enough for the answer, and none of them superfluous (SCCM, October 2025).

After the attempt the question is asked again with nothing but its crops, and once more without each of them; the answers
are stored as follow-ups (`rollout.traces.sufficiency`), so this can be recomputed from disk. Sufficiency alone would teach
to crop everything, which is why superfluous and large crops cost. No boxes are needed. This form is proposed here.
"""

from __future__ import annotations

from collections.abc import Callable

from saccade.core.reward import reward
from saccade.core.trajectory import Score, ToolEvent, Trajectory
from saccade.media.boxes import area
from saccade.rewards._correct import compare, correctness, read_answer
from saccade.rewards._looks import looked

ALONE, WITHOUT = "looks_alone", "without_look_"


@reward
def sufficient_looks(
    *, superfluous: float = 0.5, free: float = 0.25, charge: float = 0.2, minimal: bool = True
) -> Callable[[Trajectory], Score]:
    """right * sufficient * (1 - superfluous * u) - charge * max(0, a - free); 0 for an attempt without a look.

    right:      the attempt's own answer; sufficient: the answer from the crops alone is right
    u:          share of crops without which the answer from the others is still right
    a:          area of all crops over that of the picture; `free` of it costs nothing
    minimal:    False leaves u and a out, the ablation that shows what they are for
    None where the crops were not asked about (no follow-up in the run, or it failed).
    """

    def score(trajectory: Trajectory) -> Score:
        looks = [event for event in trajectory.events if looked(event)]
        if not looks:
            return Score(value=0.0, note="no look")
        if trajectory.aux.get(ALONE) is None:
            return Score(value=None, note="the crops were not asked about")
        right = correctness(trajectory).value or 0.0
        enough = says(trajectory, trajectory.aux[ALONE])
        asked = {key: said for key, said in trajectory.aux.items() if key.startswith(WITHOUT) and not key.endswith("/error")}
        others = [said for said in asked.values() if said is not None]
        spare = sum(says(trajectory, aux) for aux in others) / len(looks) if minimal else 0.0
        share = sum(area(event.box_xyxy or (0, 0, 0, 0)) / event.image_px for event in looks if event.image_px)
        value = right * enough * (1 - superfluous * min(spare, 1.0)) - charge * max(0.0, share - free) * minimal
        return Score(value=value, note=f"enough {enough:g}, superfluous {spare:.2f}, area {share:.2f}")

    return score


def says(trajectory: Trajectory, text: str) -> float:
    """1 when this text is a right answer to the attempt's sample."""
    found = read_answer(str(text), strict=False)
    return float(found is not None and compare(trajectory.sample, found) >= 0.5)


LOOK = ToolEvent(step=1, name="image_zoom_in_tool", image="px:0", box_xyxy=(0.0, 0.0, 9.0, 9.0), result="px:1", image_px=1e4)
EXAMPLES = [
    ("<answer>7</answer>", "7", 0.0, {}),
    ("<answer>7</answer>", "7", None, {"events": (LOOK,)}),
]
