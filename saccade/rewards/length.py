"""Full marks for a reply whose length lies in a band, falling to 0 outside.

Linear ends keep a gradient between attempts of one group (the soft overlong punishment of DAPO, arXiv 2503.14476, is the
upper end alone). Counts sampled tokens where they are recorded, else words.
"""

from __future__ import annotations

from collections.abc import Callable

from saccade.core.reward import reward
from saccade.core.trajectory import Score, Trajectory
from saccade.rewards._transcript import num_written


@reward
def length(*, least: int = 1, most: int = 256, slope: int = 64) -> Callable[[Trajectory], Score]:
    """1 from `least` to `most`, 0 from `slope` above; below `least` in proportion. All in tokens of the whole attempt.

    Raises ValueError for a band that is empty.
    """
    if not 0 <= least <= most or slope < 1:
        raise ValueError(f"length: least {least}, most {most} and slope {slope} make no band")

    def score(trajectory: Trajectory) -> Score:
        count, unit = num_written(trajectory)
        below = count / least if least else 1.0
        value = max(0.0, min(1.0, below, 1.0 - (count - most) / slope))
        return Score(value=value, note=f"{count} {unit}")

    return score


EXAMPLES = [
    ("a short reply", "", 1.0, {}),
    ("", "", 0.0, {}),
    ("word " * 288, "", 0.5, {}),
    ("word " * 400, "", 0.0, {}),
]
