"""How verbs report: a table for people, one JSON value for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any


def show_json(value: Any) -> None:
    """Print one JSON value. Numbers that are not finite become null, because NaN is not JSON."""
    from saccade.core.record import finite, plain

    print(json.dumps(finite(plain(value)), indent=2, ensure_ascii=False, allow_nan=False))


def table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str] | None = None) -> str:
    """Rows under their column names, aligned; numbers to the right."""
    if not rows:
        return "(nothing)"
    names = list(columns or rows[0])
    cells = [[written(row.get(name)) for name in names] for row in rows]
    widths = [max(len(name), *(len(line[k]) for line in cells)) for k, name in enumerate(names)]
    numeric = [all(isinstance(row.get(name), (int, float)) or row.get(name) is None for row in rows) for name in names]
    lines = [names, ["-" * width for width in widths], *cells]
    return "\n".join(
        "  ".join(cell.rjust(width) if right else cell.ljust(width)
                  for cell, width, right in zip(line, widths, numeric, strict=True)).rstrip()
        for line in lines
    )


def written(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, (list, tuple)):
        return ", ".join(written(each) for each in value)
    return str(value)


@contextmanager
def waiting(text: str, *, enabled: bool = True) -> Iterator[None]:
    """A spinner on standard error while the block runs, where somebody watches: for one step whose end cannot be told."""
    if not (enabled and sys.stderr.isatty()):
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(text):
        yield
