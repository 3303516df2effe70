"""Use the tool where the question needs it: free attempts agree with what forced ones showed (Look Less, Reason More).

Some siblings were made to use the tool (branch ``must``), some were forbidden to (``never``). The difference of their
pass rates is the need of the question; free attempts are paid for acting on it. The publication (October 2025) names the
terms; the numbers here are proposed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from saccade.core.reward import for_group, reward
from saccade.core.trajectory import Group
from saccade.rewards._usage import Usage, rate, usage

Need = Literal["needed", "not needed", "undecided"]


@reward
def need_alignment(
    *, delta: float = 0.125, easy: float = 0.75, consistency: float = 0.2, must: str = "must", never: str = "never",
) -> Callable[[Group], list[float | None]]:
    """Reward of the free attempts; None for forced ones (`mode_obeyed` is theirs).

    needed:     1 used and right, 0.25 used and wrong, 0 right without, -0.5 otherwise; not needed: the mirror of it
    undecided:  0
    plus `consistency` for members of the majority among free attempts, where it agrees with the need
    delta:      least difference of pass rates that decides; easy: pass rate without the tool from which it is not needed
    must, never: branches of the forced attempts (exchange them for a control)
    """

    @for_group
    def score(group: Group) -> list[float | None]:
        found = list(zip(usage(group), (each.branch for each in group.trajectories), strict=True))
        forced = {mode: [each for each, branch in found if branch == mode] for mode in (must, never)}
        need = need_of(forced[must], forced[never], delta=delta, easy=easy)
        free = [each for each, branch in found if branch not in (must, never) and each.counts]
        majority = rate([each.used for each in free]) > 0.5
        return [
            None if branch in (must, never) else aligned(each, need) + consistency * agrees(each, need, majority)
            for each, branch in found
        ]

    return score


def need_of(with_tool: Sequence[Usage], without: Sequence[Usage], *, delta: float = 0.125, easy: float = 0.75) -> Need:
    """From forced attempts; undecided where one side is missing."""
    sides = [[each.right for each in side if each.counts] for side in (with_tool, without)]
    if not sides[0] or not sides[1]:
        return "undecided"
    tool, text = rate(sides[0]), rate(sides[1])
    if tool - text > delta:
        return "needed"
    return "not needed" if tool - text < -delta or text >= easy else "undecided"


def aligned(each: Usage, need: Need) -> float:
    if need == "undecided":
        return 0.0
    if each.used == (need == "needed"):
        return 1.0 if each.right else 0.25
    return 0.0 if each.right else -0.5


def agrees(each: Usage, need: Need, majority: bool) -> bool:
    return need != "undecided" and each.used == majority == (need == "needed")


EXAMPLES = [
    ("<answer>7</answer>", "7", 0.0, {}),
    ("<answer>8</answer>", "7", 0.0, {}),
]
