"""Prefer the direct answer where siblings show that it suffices, the look where they show that it does not.

The adaptive, group-aware reward of Chain-of-Focus (arXiv 2505.15436, version of November 2025). An attempt's score is
looked up
by what the group did: was any direct answer right, was any with a look, and what did this one do. Where all are wrong,
                       looking
still pays more than not looking, so that a hard question keeps being looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from saccade.core.reward import for_group, reward
from saccade.core.trajectory import Group, ToolEvent
from saccade.rewards._transcript import last_words
from saccade.rewards._usage import usage

Case = tuple[str, bool]
"""``direct`` or ``look``, and whether it was right."""

TABLE: Mapping[str, Mapping[Case, float]] = {
    "direct suffices": {("direct", True): 1.0, ("look", True): 0.8, ("look", False): 0.5},
    "a look helps": {("look", True): 1.0, ("look", False): 0.5},
    "nothing helps": {("look", False): 0.5},
}
"""Score by situation of the group and case of the attempt; a wrong direct answer gets `formed` or nothing everywhere."""


@reward
def adaptive_table(*, formed: float = 0.1, mirrored: bool = False) -> Callable[[Group], list[float]]:
    """The table's score of every attempt. It takes the place of correctness; it is no addition to it.

    formed:   what a wrong direct answer gets when it stands in answer tags
    mirrored: a control: looks are read as direct answers and the other way round
    """

    @for_group
    def score(group: Group) -> list[float]:
        found = usage(group)
        looks = [each.used != mirrored for each in found]
        right = {look: any(each.right and each.counts for each, other in zip(found, looks, strict=True) if other == look)
                 for look in (True, False)}
        row = TABLE["direct suffices" if right[False] else "a look helps" if right[True] else "nothing helps"]
        return [
            row["look" if look else "direct", each.right] if look or each.right else formed * written(trajectory)
            for each, look, trajectory in zip(found, looks, group.trajectories, strict=True)
        ]

    def written(trajectory: object) -> bool:
        text = last_words(trajectory)  # type: ignore[arg-type]
        return text.count("<answer>") == 1 and bool(text.partition("<answer>")[2].partition("</answer>")[0].strip())

    return score


RAN = ToolEvent(step=1, name="image_zoom_in_tool", image="px:0", box_xyxy=(0.0, 0.0, 9.0, 9.0), result="px:1")
EXAMPLES = [
    ("<answer>7</answer>", "7", 1.0, {}),
    ("<answer>7</answer>", "7", 1.0, {"events": (RAN,)}),
    ("<answer>8</answer>", "7", 0.5, {"events": (RAN,)}),
    ("<answer>8</answer>", "7", 0.1, {}),
    ("8", "7", 0.0, {}),
]
