"""Read the table that a program carries as a literal, without running anything.

Chart programs written by models begin with their data: a dict of columns, a list of rows, a ``DataFrame(...)`` around
either, or ``name = [...]`` once a column. The program is parsed as a syntax tree and only literals are taken.
"""

from __future__ import annotations

import ast
from typing import Any

Table = dict[str, list[Any]]
"""Columns by name, in order."""

MOST = 20_000


def table_in(code: str) -> Table | None:
    """The first table of a program; None when it does not parse or holds none."""
    try:
        tree = ast.parse(code[:MOST])
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    lists: Table = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict | ast.List):
            table = as_table(literal(node))
            if table:
                return table
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            value = literal(node.value)
            if isinstance(value, list) and value and all(scalar(item) for item in value):
                lists[node.targets[0].id] = value
    return lists or None


def as_table(value: Any) -> Table | None:
    """A dict of lists, a list of dicts, or a list of rows under a row of names; None for anything else."""
    columns = value.values() if isinstance(value, dict) else ()
    if columns and all(isinstance(each, list) and all(map(scalar, each)) for each in columns):
        return {str(name): list(column) for name, column in value.items()}
    if not isinstance(value, list) or not value:
        return None
    if all(isinstance(row, dict) and all(map(scalar, row.values())) for row in value):
        names = list(dict.fromkeys(str(name) for row in value for name in row))
        return {name: [row.get(name) for row in value] for name in names}
    if len(value) > 1 and all(isinstance(row, list | tuple) and all(map(scalar, row)) for row in value):
        head, *rows = value
        if all(isinstance(name, str) for name in head) and all(len(row) == len(head) for row in rows):
            return {name: [row[place] for row in rows] for place, name in enumerate(head)}
    return None


def literal(node: ast.AST) -> Any:
    try:
        return ast.literal_eval(node)  # type: ignore[arg-type]
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None


def scalar(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float)
