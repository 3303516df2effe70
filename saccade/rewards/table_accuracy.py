"""How much of a chart's table the code in a reply carries (code-as-thought, arXiv 2509.09286).

0.2 for the columns (names alike by more than a half), 0.1 for the right number of rows, 0.7 for the cells: numbers within
one percent, text without case, missing equals missing. The table is read from the syntax tree; nothing is run.
``meta["table"]`` holds the truth as columns by name. Paid beside the answer: a table without any use of it answers nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rapidfuzz import fuzz

from saccade.core.reward import reward
from saccade.core.trajectory import Score, Trajectory
from saccade.rewards._transcript import answers
from saccade.text.code_table import Table, table_in
from saccade.text.equal import plain
from saccade.text.extract import fenced
from saccade.text.sections import section

TOLERANCE = 1e-2


@reward
def table_accuracy() -> Callable[[Trajectory], Score]:
    """0..1; 0 without code that holds a table; None for samples without a table. Code stands in a fence or ``<code>``, else
    the message without its tags is read."""

    def score(trajectory: Trajectory) -> Score:
        wanted = trajectory.sample.meta.get("table")
        if not isinstance(wanted, dict) or not wanted:
            return Score(value=None, note="the sample knows no table")
        text = "\n".join(message.text for message in answers(trajectory))
        found = table_in(code_in(text))
        if found is None:
            return Score(value=0.0, note="no table in code")
        return Score(value=agreement(found, {str(name): list(column) for name, column in wanted.items()}))

    return score


def code_in(text: str) -> str:
    body = fenced(text) or section(text, "code")
    if body is not None:
        return body
    return text.partition("<answer>")[0].replace("<CODE>", "").partition("\\boxed")[0]


def agreement(found: Table, wanted: Table) -> float:
    """Columns are paired one to one by the likeness of their names, the likest first."""
    likeness = sorted(((fuzz.ratio(plain(name), plain(other)), name, other) for name in wanted for other in found),
                      reverse=True)
    paired: dict[str, str] = {}
    for like, name, other in likeness:
        if like > 50 and name not in paired and other not in paired.values():
            paired[name] = other
    rows = max(len(column) for column in wanted.values())
    same_rows = rows == max(len(column) for column in found.values())
    cells = [cell(found[paired[name]][row] if row < len(found[paired[name]]) else None, value)
             if name in paired else False for name, column in wanted.items() for row, value in enumerate(column)]
    return 0.2 * len(paired) / max(len(wanted), len(found)) + 0.1 * same_rows + 0.7 * sum(cells) / max(len(cells), 1)


def cell(found: Any, wanted: Any) -> bool:
    if wanted is None or found is None:
        return wanted is found
    if isinstance(wanted, int | float) and isinstance(found, int | float):
        return abs(found - wanted) <= TOLERANCE * abs(wanted) + 1e-9
    return plain(str(found)) == plain(str(wanted))


BARS = {"table": {"name": ["A", "B"], "value": [3, 4]}}
EXAMPLES = [
    ("<CODE>data = {'name': ['A', 'B'], 'value': [3, 4]}\nprint(sum(data['value']))<answer>7</answer>", "7", 1.0, BARS),
    ("```python\ndata = {'name': ['A', 'B'], 'value': [3, 5]}\n```<answer>8</answer>", "7", 0.825, BARS),
    ("<DIRECT><answer>7</answer>", "7", 0.0, BARS),
    ("", "7", 0.0, BARS),
    ("<answer>7</answer>", "7", None, {}),
]
