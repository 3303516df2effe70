"""`report.html` of an evaluation, a claim and a league: what was asked, what came out with intervals, what it cost, and
the attempts behind it, typical ones and the worst.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from saccade.viewer.markup import Html, table, tag
from saccade.viewer.page import report


def eval_report(found: Any) -> Path:
    """Of a `saccade.evals.report.Report`: the page lies beside its items."""
    said = found.plain()
    figures = {each["benchmark"]: each for each in said["results"]}
    rows = [
        (each["benchmark"], name, f"{value['value']:.3f}", "{:.3f} to {:.3f}".format(*value["ci95"]), value["n"])
        for each in said["results"]
        for name, value in each["scores"].items()
    ]
    cost = {
        "seconds": said["seconds"],
        **{f"tool calls per item, {each['benchmark']}": each["tool_calls_per_item"] for each in said["results"]},
    }
    notes = [tag("li", note) for each in said["results"] for note in each["notes"]]
    body: list[Html] = [
        tag("h2", "Every score"),
        table(("benchmark", "score", "value", "95 % interval", "items"), rows, label="scores"),
    ]
    if notes:
        body.append(tag("ul", *notes, class_="warnings"))
    asked = ", ".join(
        f"{each['n']} items of {each['benchmark']} scored by {each['metric']}" for each in said["results"]
    )
    return report(
        found.folder,
        title=f"Evaluation of {Path(str(said['policy'])).name or said['policy']}",
        note=f"{said['policy']} was asked {asked}.",
        facts_of={**figures, **cost},
        before=body,
    )


def claim_report(result: Mapping[str, Any], out: Path) -> Path:
    """Of a reproduced claim: the page lies in the folder of its cells and shows attempts of the newest one."""
    claim = result["claim"]
    arms = [
        (arm, *(number(value) for value in values.values()), number(mean(values)), *effect(result["effects"].get(arm)))
        for arm, values in result["values"].items()
    ]
    seeds = next(iter(result["values"].values()), {})
    head = ("arm", *(f"seed {seed}" for seed in seeds), "mean", f"over {result['over']}", "95 % interval")
    cells = newest_first(out, f"{claim.get('better')}-")
    shown = cells[0] if cells else out
    body: list[Html] = [
        tag("h2", "What came out"),
        tag("p", f"{result['verdict']}: {result['why']}"),
        table(head, arms, label="arms and seeds"),
    ]
    note = (
        f"{claim.get('text', '')} Measured: {result['metric']}, better arm {claim.get('better')}, "
        f"control {claim.get('control')}, margin {claim.get('margin')}, "
        f"scale {result['scale']}. Attempts below are of {shown.name}."
    )
    cost = {
        "verdict": str(result["verdict"]),
        "seconds": float(result["seconds"]),
        "cells missing": int(result["missing"]),
        "commit": str(result["commit"])[:12],
        **{str(key): str(value) for key, value in result["machine"].items() if isinstance(value, str | int)},
    }
    return report(
        shown,
        title=f"Reproduction of {result['method']}",
        note=note,
        facts_of=cost,
        before=body,
        out=out / "report.html",
    )


def league_report(rows: Sequence[Mapping[str, Any]], out: Path, *, seconds: float) -> Path:
    """Of a league: `rows` as `league.rows` gives them, best first; attempts are those of the best entrant's newest cell."""
    head = tuple(rows[0]) if rows else ("method",)
    lines = [tuple(number(value) if isinstance(value, float) else value for value in row.values()) for row in rows]
    cells = newest_first(out, f"{rows[0]['method']}-" if rows else "")
    body = [tag("h2", "Standing"), table(head, lines, label="standing")]
    note = "Every method got the same items, model and number of sampled tokens, and was asked the same held-out items."
    return report(cells[0] if cells else out, title="League", note=note, facts_of={"seconds": seconds, "methods": len(rows)},
                  before=body, out=out / "report.html")


def newest_first(out: Path, beginning: str) -> list[Path]:
    """Folders of the cells of an arm, else of any arm."""
    cells = sorted((path for path in out.glob("*-*") if path.is_dir()), key=lambda path: -path.stat().st_mtime)
    return [path for path in cells if path.name.startswith(beginning)] or cells


def mean(values: Mapping[str, Any]) -> float | None:
    known = [value for value in values.values() if isinstance(value, int | float)]
    return sum(known) / len(known) if known else None


def number(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, int | float) else "missing"


def effect(found: Mapping[str, Any] | None) -> tuple[str, str]:
    if found is None:
        return "", ""
    low, high = found["ci95"]
    known = all(isinstance(edge, int | float) for edge in (low, high))
    return number(found["mean"]), f"{low:+.3f} to {high:+.3f}" if known else "one seed"
