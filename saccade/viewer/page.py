"""Pages: one attempt (what a model looked at), and a run (its learning curve, its figures, some of its attempts).

Everything is read from a run folder and put into one file that can be mailed. Nothing in the folder is trusted: unknown
lines are left out and counted, pictures are found by content hash only.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from saccade.core.record import read_lines, trajectory_from
from saccade.core.store import MediaStore
from saccade.core.trajectory import Trajectory
from saccade.media import open_store
from saccade.viewer.attempt import attempt_card
from saccade.viewer.chart import curves, intervals, smoothed
from saccade.viewer.markup import Html, page, tag


def attempts_page(
    title: str, attempts: Sequence[Trajectory], store: MediaStore, *, note: str = "", truth: bool = True
) -> str:
    """A page of attempts, whole HTML."""
    cards = [card(each, store, title="", truth=truth) for each in attempts]
    return page(title, tag("h1", title), tag("p", note, class_="soft") if note else None, *cards)


def report(
    folder: str | Path, *, attempts: Sequence[Trajectory] | None = None, most: int = 20, out: str | Path | None = None,
    title: str = "", note: str = "",
) -> Path:
    """Write a run folder's report (``report.html`` in it, or `out`) and return its path.

    attempts: those to show; by default read from the folder: its newest evaluation's, else those of its last update.
    Of more than `most`, evenly spaced ones are taken: not the best, not the worst. Raises ValueError for no folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"there is no run folder {folder}")
    store, summary = open_store(folder / "media"), summary_of(folder)
    found, skipped = (list(attempts), 0) if attempts is not None else recorded(folder)
    chosen = evenly(found, most)
    title = title or f"Run {summary.get('name') or folder.resolve().name}"
    shown = f"{len(chosen)} attempts" + (f" of {len(found)}, evenly spaced" if len(found) > len(chosen) else "")
    body: list[object] = [tag("h1", title), tag("p", note, class_="soft") if note else None, facts(summary)]
    rows = figures(summary)
    if rows:
        body += [tag("h2", "Accuracy on held-out items, with 95 % intervals"), intervals(rows)]
    series = learning(folder)
    if series:
        body += [tag("h2", "Learning curve"), curves(series)]
    body += [tag("h2", "What the model looked at"),
             tag("p", shown + (f"; {skipped} lines could not be read" if skipped else ""), class_="soft")]
    body += [card(each, store, title=f"{at + 1}. {each.sample.id}") for at, each in enumerate(chosen)]
    path = Path(out) if out else folder / "report.html"
    path.write_text(page(title, *body), encoding="utf-8")
    return path


def card(attempt: Trajectory, store: MediaStore, *, title: str, truth: bool = True) -> Html:
    """The card of an attempt; for a record whose values are of no sense, a line that says so."""
    try:
        return attempt_card(attempt, store, title=title, truth=truth)
    except (AttributeError, TypeError, ValueError, KeyError, IndexError, RecursionError) as error:
        return tag("section", tag("p", f"{title}: this record cannot be shown ({type(error).__name__}: {error})"),
                   class_="card plain")


def evenly(items: Sequence[Trajectory], most: int) -> list[Trajectory]:
    if len(items) <= most:
        return list(items)
    return [items[int((at + 0.5) * len(items) / most)] for at in range(most)]


def summary_of(folder: Path) -> dict[str, Any]:
    try:
        value = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def figures(summary: Mapping[str, Any]) -> dict[str, tuple[float, float, float, int]]:
    """Entries of a summary that are ``{accuracy, ci95: [low, high], n}``, in order."""
    out: dict[str, tuple[float, float, float, int]] = {}
    for name, value in summary.items():
        try:
            low, high = value["ci95"]
            row = float(value["accuracy"]), float(low), float(high), int(value["n"])
        except (KeyError, TypeError, ValueError):
            continue
        if all(math.isfinite(each) for each in row):
            out[str(name).replace("_", " ")] = row
    return out


def facts(summary: Mapping[str, Any]) -> Html | None:
    """Plain values of a summary as a line."""
    plain = [(key, value) for key, value in summary.items() if isinstance(value, str | int | float) and key != "name"]
    calls = summary.get("tool_calls_per_item")
    if isinstance(calls, Mapping):
        plain += [(f"tool calls per item {key}", value) for key, value in calls.items()]
    chips = [tag("span", f"{str(key).replace('_', ' ')}: {value:.4g}" if isinstance(value, float) else
                 f"{str(key).replace('_', ' ')}: {value}", class_="chip") for key, value in plain[:12]]
    return tag("p", *chips) if chips else None


def learning(folder: Path) -> dict[str, list[tuple[float, float]]]:
    """Evaluations and the mean reward of the metrics file, by update."""
    lines = [line for line in readable(folder / "metrics.jsonl")[0] if isinstance(line.get("update"), int | float)]
    names = dict.fromkeys(key for line in lines for key in line if key.startswith("eval/") and key.endswith("/accuracy"))
    series = {f"held-out accuracy ({name.split('/')[1]})": measured(lines, name) for name in list(names)[:2]}
    accuracy = next((name for name in ("rewards/answer_match/mean", "reward") if measured(lines, name)), "")
    if accuracy:
        series[f"training {accuracy}, mean of 9 updates"] = smoothed(measured(lines, accuracy))
    return series


def measured(lines: Sequence[Mapping[str, Any]], name: str) -> list[tuple[float, float]]:
    return [(float(line["update"]), float(line[name])) for line in lines if isinstance(line.get(name), int | float)]


def readable(path: Path) -> tuple[list[dict[str, Any]], int]:
    """The lines of a file that are JSON objects, and how many are not; nothing for no file."""
    if not path.is_file():
        return [], 0
    try:
        lines = list(read_lines(path))
        return [line for line in lines if isinstance(line, dict)], sum(not isinstance(line, dict) for line in lines)
    except (ValueError, RecursionError):
        kept: list[dict[str, Any]] = []
        bad = 0
        for text in path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                value = json.loads(text)
            except (ValueError, RecursionError):
                value = None
            if isinstance(value, dict):
                kept.append(value)
            else:
                bad += bool(text.strip())
        return kept, bad


def recorded(folder: Path) -> tuple[list[Trajectory], int]:
    """Attempts on disk: of the newest evaluation in the folder, else of the last update; and how many cannot be read."""
    places = sorted((path for path in (*folder.glob("*/trajectories.jsonl"), *folder.glob("*/*/trajectories.jsonl"))),
                    key=lambda path: (path.stat().st_mtime, str(path)))
    places = places or sorted((folder / "trajectories").glob("update_*.jsonl"))
    if not places:
        return [], 0
    lines, bad = readable(places[-1])
    out: list[Trajectory] = []
    for line in lines:
        try:
            made = trajectory_from(line)
            if any(step.parent is not None and not 0 <= step.parent < at for at, step in enumerate(made.steps)):
                raise ValueError("a step follows one that does not come before it")
            out.append(made)
        except (ValueError, TypeError, KeyError, OverflowError):
            bad += 1
    return out, bad
