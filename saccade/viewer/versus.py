"""Two runs over the same items: what one got right and the other did not.

Attempts are paired by sample; of several attempts at one the first that did not fail on our side counts. Items that only one
side has are counted and left out. The interval and the test are `saccade compare`'s.
"""

from __future__ import annotations

from typing import Any

from saccade.viewer.rows import Row, Rows, value_of

KINDS = ("fixed", "broken", "both wrong", "both right")


def newest(rows: Rows) -> dict[str, Row]:
    """The row that counts for each item: of the newest update, the first attempt that did not fail."""
    out: dict[str, Row] = {}
    for row in rows.rows:
        if row.get("bad") or row.get("failed") or row.get("right") is None:
            continue
        held = out.get(row["id"])
        if held is None or row["update"] > held["update"]:
            out[row["id"]] = row
    return out


def versus(before: Rows, after: Rows, *, score: str = "") -> dict[str, Any]:
    """Counts by kind, and pairs of rows. `score` is a reward by name; right from 0.5 upwards."""
    first, second = newest(before), newest(after)
    pairs: list[dict[str, Any]] = []
    counts = dict.fromkeys(KINDS, 0)
    for key in first:
        if key not in second:
            continue
        one, other = (rightness(row, score) for row in (first[key], second[key]))
        if one is None or other is None:
            continue
        kind = KINDS[0 if other and not one else 1 if one and not other else 3 if one else 2]
        counts[kind] += 1
        pairs.append({"kind": kind, "before": first[key], "after": second[key]})
    shared = sum(key in second for key in first)
    return {"counts": counts, "pairs": pairs, "only_before": len(first) - shared, "only_after": len(second) - shared}


def by_change(pairs: list[dict[str, Any]], name: str, *, down: bool) -> list[dict[str, Any]]:
    """Pairs in the order of how much a column grew from before to after; those without it on either side come last."""

    def change(pair: dict[str, Any]) -> float | None:
        values = [value_of(pair[side], name) for side in ("before", "after")]
        return values[1] - values[0] if all(isinstance(value, int | float) for value in values) else None

    known = [(found, at) for at, pair in enumerate(pairs) if (found := change(pair)) is not None]
    lack = [pair for pair in pairs if change(pair) is None]
    return [pairs[at] for _, at in sorted(known, key=lambda each: each[0], reverse=down)] + lack


def rightness(row: Row, score: str) -> bool | None:
    if not score:
        return row.get("right")
    value = value_of(row, f"rewards/{score}")
    return None if value is None else value >= 0.5
