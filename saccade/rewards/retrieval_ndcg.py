"""Finding the right pages early: NDCG of the order in which an attempt retrieved them (VRAG-RL, arXiv 2505.22019).

The order is what was shown, so a better query pays even when the same pages would have come up later. A page counts once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from saccade.core.reward import reward
from saccade.core.trajectory import Score, ToolEvent, Trajectory


@reward
def retrieval_ndcg(*, key: str = "pages", tool: str = "search_pages") -> Callable[[Trajectory], Score]:
    """0..1 with binary gains: discounted gain of the pages shown by `tool`, over that of the best order.

    key: where the sample names its reference pages: refs of their pictures as the tool's results carry them
    None for samples without reference pages.
    """

    def score(trajectory: Trajectory) -> Score:
        given = trajectory.sample.meta.get(key)
        wanted = [str(each) for each in given] if isinstance(given, list | tuple) else []
        if not wanted:
            return Score(value=None, note="the sample names no reference pages")
        found = [event.result for event in trajectory.events if event.name == tool and event.error is None and event.result]
        shown = list(dict.fromkeys(found))
        return Score(value=gain([page in wanted for page in shown]) / gain([True] * len(set(wanted))),
                     note=f"{sum(page in wanted for page in shown)} of {len(set(wanted))} pages")

    return score


def gain(hits: Sequence[bool]) -> float:
    return sum(hit / math.log2(place + 2) for place, hit in enumerate(hits))


def page(name: str) -> ToolEvent:
    return ToolEvent(step=1, name="search_pages", result=name)


EXAMPLES = [
    ("7", "7", 1.0, {"pages": ["px:a"], "events": (page("px:a"), page("px:b"))}),
    ("7", "7", 0.6309298, {"pages": ["px:a"], "events": (page("px:b"), page("px:a"))}),
    ("7", "7", 0.6131472, {"pages": ["px:a", "px:c"], "events": (page("px:a"), page("px:a"))}),
    ("7", "7", 0.0, {"pages": ["px:a"]}),
    ("7", "7", None, {}),
]
