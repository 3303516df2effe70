"""Credit by how close the named thing is: a synonym in full, the right category in part.

For answers that are guesses about something hidden (masked prediction asks what an occluder hides; no reward is published
for it: 1 for the content and 0.5 for the category are proposed here). ``meta["accepted"]`` maps further answers to their
worth; an answer that names two of them with different worth has named none.
"""

from __future__ import annotations

from collections.abc import Callable

from saccade.core.reward import reward
from saccade.core.trajectory import Score, Trajectory
from saccade.rewards._correct import final_answer
from saccade.text.equal import bare


@reward
def graded_match(*, strict: bool = False) -> Callable[[Trajectory], Score]:
    """1 for the target, the worth of an accepted answer, else 0. Raises ValueError for a worth outside 0..1."""

    def score(trajectory: Trajectory) -> Score:
        sample = trajectory.sample
        worth = {bare(str(name)): float(value) for name, value in dict(sample.meta.get("accepted", {})).items()}
        if any(not 0 <= value <= 1 for value in worth.values()):
            raise ValueError(f"sample {sample.id}: the worth of accepted answers lies in 0..1, not {worth}")
        worth[bare(str(sample.target))] = 1.0
        found = final_answer(trajectory, strict=strict)
        return Score(value=worth.get(bare((found or "")[:2000]), 0.0) if found else 0.0, extracted=found and found[:500])

    return score


CARS = {"accepted": {"automobile": 1.0, "vehicle": 0.5}}
EXAMPLES = [
    ("<answer>a car</answer>", "car", 1.0, CARS),
    ("<answer>vehicle</answer>", "car", 0.5, CARS),
    ("<answer>car, vehicle, tree</answer>", "car", 0.0, CARS),
    ("", "car", 0.0, CARS),
]
