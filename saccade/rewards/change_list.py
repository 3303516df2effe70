"""Partial credit for a list of changes: which object, which attribute, which value.

Two published tables on one matcher. ``star`` (STAR-R1, arXiv 2505.15804): each triple earns 5, 1.5 for object and attribute,
0.5 for the object alone, only the first for an object and attribute; every triple too many and every one missing costs 1
(the published penalties are not known: these are proposed here). ``reason_rft`` (Reason-RFT, arXiv 2503.20752): one-to-one,
1 for all, 0.5 for two parts with the attribute among them, 0.25 for the attribute alone, over the larger number of changes.
Truth is `Sample.target`: triples, or a text that lists them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from saccade.core.reward import reward
from saccade.core.trajectory import Score, Trajectory
from saccade.rewards._correct import final_answer
from saccade.text.changes import Change, changes, unified

Agreement = tuple[bool, bool, bool]
"""Whether object, attribute and value agree."""

FULL: Agreement = (True, True, True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """`credit` by which parts agree (absent: none). once: each true change is matched by one listed change at most. ratio:
    divide by the larger number. surplus, missing: cost of each listed change too many, of each one too few."""

    credit: Mapping[Agreement, float]
    once: bool = False
    ratio: bool = False
    surplus: float = 0.0
    missing: float = 0.0


OBJECT, OBJECT_ATTRIBUTE, ATTRIBUTE = (True, False, False), (True, True, False), (False, True, False)
ATTRIBUTE_VALUE = (False, True, True)
STAR = {FULL: 5.0, OBJECT_ATTRIBUTE: 1.5, OBJECT: 0.5}
REASON = {FULL: 1.0, OBJECT_ATTRIBUTE: 0.5, ATTRIBUTE_VALUE: 0.5, ATTRIBUTE: 0.25}
TABLES = {
    "star": Table(credit=STAR, surplus=1.0, missing=1.0),
    "star_partial_only": Table(credit=STAR),
    "exact": Table(credit={FULL: 1.0}, once=True, ratio=True),
    "reason_rft": Table(credit=REASON, once=True, ratio=True),
    "reason_rft_penalty": Table(credit={FULL: 1.0, OBJECT_ATTRIBUTE: -0.25, ATTRIBUTE_VALUE: -0.25, ATTRIBUTE: -0.5},
                                once=True, ratio=True),
}
Named = Literal["star", "star_partial_only", "exact", "reason_rft", "reason_rft_penalty"]


@reward
def change_list(*, table: Named | Table = "star", strict: bool = False) -> Callable[[Trajectory], Score]:
    """Credit of the listed changes. `star` reaches 5 for each true change, the tables with a ratio reach 1."""
    if isinstance(table, str) and table not in TABLES:
        raise ValueError(f"change_list: no table {table!r}; there are {', '.join(TABLES)}, or give a Table")
    rules = TABLES[table] if isinstance(table, str) else table

    def score(trajectory: Trajectory) -> Score:
        target = trajectory.sample.target
        wanted = changes(target) if isinstance(target, str) else tuple(unified(each) for each in target)
        if not wanted:
            raise ValueError(f"sample {trajectory.sample.id}: the target {str(target)[:80]!r} lists no changes")
        found = changes(final_answer(trajectory, strict=strict) or "")
        if not found:
            return Score(value=-rules.missing * len(wanted), note="no changes could be read")
        value = matched(found, wanted, rules) if rules.once else credited(found, wanted, rules)
        value /= max(len(found), len(wanted)) if rules.ratio else 1
        value -= rules.surplus * max(0, len(found) - len(wanted)) + rules.missing * max(0, len(wanted) - len(found))
        return Score(value=value, note=f"{len(found)} listed, {len(wanted)} there")

    return score


def agreement(found: Change, wanted: Change) -> Agreement:
    one, two, three = (a == b for a, b in zip(found, wanted, strict=True))
    return one, two, three


def credited(found: Sequence[Change], wanted: Sequence[Change], rules: Table) -> float:
    """Each listed change by itself, the first one for an object and attribute."""
    first = {(thing, attribute): (thing, attribute, value) for thing, attribute, value in reversed(found)}
    return sum(max(rules.credit.get(agreement(each, other), 0.0) for other in wanted) for each in first.values())


def matched(found: Sequence[Change], wanted: Sequence[Change], rules: Table) -> float:
    """One-to-one, the fullest agreement first."""
    free_found, free_wanted, total = set(range(len(found))), set(range(len(wanted))), 0.0
    for kind in sorted(rules.credit, key=lambda each: (-sum(each), not each[0])):
        for i in range(len(found)):
            if i not in free_found:
                continue
            partner = next((j for j in sorted(free_wanted) if agreement(found[i], wanted[j]) == kind), None)
            if partner is not None:
                free_found.remove(i)
                free_wanted.remove(partner)
                total += rules.credit[kind]
    return total


ONE = [("2", "colour", "red")]
EXAMPLES = [
    ("<answer>(2, color, red)</answer>", ONE, 5.0, {}),
    ("<answer>change_color(2, blue)</answer>", ONE, 1.5, {}),
    ("<answer>(2, shape, cube); (2, colour, red)</answer>", ONE, 4.5, {}),
    ("<answer>(3, size, small)</answer>", ONE, 0.0, {}),
    ("", ONE, -1.0, {}),
]
