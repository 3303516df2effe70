"""What each address of the viewer gives: JSON under ``/api``, components under ``/view``, pictures and exports.

Runs and records are looked up among those that were found; no part of an address is ever joined to a path.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from PIL import Image as PILImage

from saccade.viewer.album import BROKEN, LARGE_PX, png, tile
from saccade.viewer.group import group_view
from saccade.viewer.inspect_log import inspect_log
from saccade.viewer.markup import Html, tag
from saccade.viewer.opened import NotFound, Opened, Viewer
from saccade.viewer.overview import overview
from saccade.viewer.page import attempts_page, card
from saccade.viewer.places import Place
from saccade.viewer.rows import SHOWN, Row, Rows, chosen, sort_names, value_of
from saccade.viewer.tokens import tokens_view
from saccade.viewer.versus import KINDS, by_change, newest, versus

MOST_ROWS = 500
MOST_GROUP = 64
WAIT_S = 20.0
"""How long the group of an attempt is waited for in a run that is not indexed yet."""
MOST_EXPORT = 200
LARGEST_SIDE = 2048


Asked = Mapping[str, str]


def list_runs(viewer: Viewer, asked: Asked) -> Any:
    out = []
    for name, place in viewer.found().items():
        summary = place.json("summary.json")
        out.append(
            {
                "name": name,
                "kind": place.kind,
                "updates": summary.get("updates"),
                "done": bool(summary) or place.kind != "training",
                "changed": changed(place.folder),
                "trajectories": any(True for _ in Rows(place.folder).places()),
            }
        )
    return {"runs": out}


def changed(folder: Path) -> float:
    """When a run was last written to, by its metrics or trajectories."""
    times = [
        path.stat().st_mtime
        for path in (
            folder / "metrics.jsonl",
            folder / "trajectories.jsonl",
            folder / "trajectories",
            folder / "summary.json",
        )
        if path.exists()
    ]
    return max(times, default=0.0)


def list_rows(viewer: Viewer, asked: Asked) -> Any:
    run = viewer.run(asked["run"])
    rows = run.rows
    start, count = whole(asked, "start", 0), min(whole(asked, "count", 60), MOST_ROWS)
    places = chosen(
        rows,
        words=asked.get("words", ""),
        only=asked.get("only", ""),
        sort=asked.get("sort", ""),
        down=asked.get("down") == "1",
    )
    return {
        "total": rows.total,
        "indexed": rows.indexed,
        "matching": len(places),
        "bad": rows.bad,
        "generation": rows.generation,
        "sorts": sort_names(rows),
        "filters": list(SHOWN),
        "rows": [told(rows.rows[at]) for at in places[start : start + count]],
        "start": start,
    }


def told(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in ("search", "metrics", "said")}


def neighbours(viewer: Viewer, asked: Asked) -> Any:
    """The keys before and after one, in the order of a list, and its place in it."""
    rows = viewer.run(asked["run"]).rows
    places = chosen(
        rows,
        words=asked.get("words", ""),
        only=asked.get("only", ""),
        sort=asked.get("sort", ""),
        down=asked.get("down") == "1",
    )
    keys = [rows.rows[at]["key"] for at in places]
    at = keys.index(asked["key"]) if asked["key"] in keys else -1
    return {
        "at": at,
        "of": len(keys),
        "before": keys[at - 1] if at > 0 else None,
        "after": keys[at + 1] if 0 <= at < len(keys) - 1 else None,
    }


def show_run(viewer: Viewer, asked: Asked) -> Html:
    run = viewer.run(asked["run"])
    place, other = run.place, None
    if asked.get("other"):
        against = viewer.run(asked["other"]).place
        other = (against.name, place.json("config.json"), against.json("config.json"))
    summary = place.json("summary.json") or place.json("report.json")
    curves = run.metrics.curves()
    stages = {
        each.name: found
        for each in sorted(place.folder.iterdir())
        if each.is_dir()
        and not each.is_symlink()
        and (found := Place(name=each.name, folder=each).json("summary.json"))
    }
    notes = []
    if run.rows.bad:
        notes.append(f"{run.rows.bad} of {run.rows.indexed} records could not be read")
    if place.kind == "training" and not summary:
        notes.append("there is no summary: the run is going on, or was stopped")
    return overview(
        place.name,
        place.kind,
        summary,
        curves,
        step=run.metrics.step,
        environment=place.json("environment.json"),
        other=other,
        stages=stages,
        notes=tuple(notes),
    )


def record(run: Opened, key: str) -> Any:
    try:
        return run.rows.record(key)
    except KeyError as error:
        raise NotFound(f"there is no trajectory {key[:40]!r} in this run") from error


def show_trajectory(viewer: Viewer, asked: Asked) -> Html:
    run = viewer.run(asked["run"])
    try:
        found = record(run, asked["key"])
    except NotFound:
        raise
    except ValueError as error:
        return tag("p", f"This record cannot be shown: {error}", class_="bad")
    return card(found, run.album, title=found.sample.id, reading=run.words)


def show_tokens(viewer: Viewer, asked: Asked) -> Html:
    run = viewer.run(asked["run"])
    try:
        return tokens_view(record(run, asked["key"]), run.words)
    except NotFound:
        raise
    except (ValueError, TypeError, AttributeError, KeyError, IndexError) as error:
        return tag("p", f"The tokens of this record cannot be shown: {type(error).__name__}: {error}", class_="bad")


def show_group(viewer: Viewer, asked: Asked) -> Html:
    run = viewer.run(asked["run"])
    run.rows.reach(asked["key"], WAIT_S)
    if asked["key"] not in run.rows.at:
        raise NotFound(f"there is no trajectory {asked['key'][:40]!r} in this run, or it is not indexed yet")
    attempts, links = [], []
    for row in run.rows.group(asked["key"])[:MOST_GROUP]:
        if row.get("bad"):
            continue
        try:
            attempts.append(record(run, row["key"]))
            links.append(tag("a", "open", href=f"#/run/{quote(run.place.name, safe='')}/t/{row['key']}"))
        except ValueError:
            continue
    return group_view(attempts, run.album, reading=run.words, links=links)


def compare_runs(viewer: Viewer, asked: Asked) -> Any:
    first, second = viewer.run(asked["a"]), viewer.run(asked["b"])
    found = versus(first.rows, second.rows, score=asked.get("score", ""))
    kind, words = asked.get("kind", ""), asked.get("words", "").lower()
    pairs = [
        pair
        for pair in found["pairs"]
        if (not kind or pair["kind"] == kind)
        and (
            not words
            or words in str(pair["before"]["id"]).lower()
            or words in str(pair["before"].get("target")).lower()
        )
    ]
    sort = asked.get("sort", "")
    if sort:
        pairs = by_change(pairs, sort, down=asked.get("down") == "1")
    start, count = whole(asked, "start", 0), min(whole(asked, "count", 60), MOST_ROWS)
    names = dict.fromkeys(
        name for run in (first, second) for row in list(newest(run.rows).values())[:200] for name in row["rewards"]
    )
    return {
        "kinds": list(KINDS),
        "counts": found["counts"],
        "only_before": found["only_before"],
        "only_after": found["only_after"],
        "scores": list(names),
        "sorts": [name for name in sort_names(first.rows) if name not in ("id", "update", "attempt")],
        "matching": len(pairs),
        "start": start,
        "indexed": [first.rows.indexed + second.rows.indexed, first.rows.total + second.rows.total],
        "pairs": [
            {
                **pair,
                "before": told(pair["before"]),
                "after": told(pair["after"]),
                "values": [value_of(pair[side], sort) for side in ("before", "after")] if sort else [],
            }
            for pair in pairs[start : start + count]
        ],
    }


def state(viewer: Viewer, asked: Asked) -> Any:
    """What changes while a run is going on: small, asked for every few seconds."""
    run = viewer.run(asked["run"])
    return {
        "total": run.rows.total,
        "indexed": run.rows.indexed,
        "generation": run.rows.generation,
        "metrics": len(run.metrics.lines) if run.metrics.lines.grow() else 0,
        "changed": changed(run.place.folder),
        "summary": (run.place.folder / "summary.json").is_file(),
    }


ANSWERS: dict[str, Callable[[Viewer, Asked], Any]] = {
    "/api/runs": list_runs,
    "/api/rows": list_rows,
    "/api/neighbours": neighbours,
    "/api/compare": compare_runs,
    "/api/state": state,
    "/view/run": show_run,
    "/view/trajectory": show_trajectory,
    "/view/tokens": show_tokens,
    "/view/group": show_group,
}
"""Addresses: ``/api`` gives JSON, ``/view`` a component."""


def exported(viewer: Viewer, asked: Asked) -> tuple[bytes, str, str]:
    """A selection as a file: its bytes, type and name. Raises NotFound, ValueError."""
    run = viewer.run(asked["run"])
    keys = [key for key in asked.get("keys", "").split(",") if key]
    if not 0 < len(keys) <= MOST_EXPORT:
        raise ValueError(f"choose at least one trajectory to export, at most {MOST_EXPORT}; {len(keys)} are chosen")
    attempts = [record(run, key) for key in keys]
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", run.place.name).strip("-.") or "run"
    if asked.get("form") == "inspect":
        text = inspect_log(attempts, run.pictures, task=run.place.name)
        return text.encode(), "application/json", f"{safe}.json"
    if asked.get("form", "html") != "html":
        raise ValueError("exports are html or inspect")
    text = attempts_page(
        f"{len(attempts)} of {run.place.name}", attempts, run.pictures, reading=run.words, tokens=True, keys=keys
    )
    return text.encode(), "text/html; charset=utf-8", f"{safe}.html"


def picture(viewer: Viewer, name: str, ref: str, asked: Asked) -> bytes:
    """A picture as PNG: as stored, at a size, or one of its tiles. Raises NotFound."""
    run = viewer.run(name)
    path = run.pictures.path(ref)
    if path is None:
        raise NotFound("there is no such picture")
    try:
        size = run.pictures.size(ref)
        if "tile" in asked:
            level, x, y = numbers(asked["tile"], 3)
            return png(tile(run.pictures.get(ref), level, x, y))
        if "size" in asked:
            width, height = numbers(asked["size"], 2)
            if not (0 < width <= LARGEST_SIDE and 0 < height <= LARGEST_SIDE):
                raise ValueError(f"a picture is given with sides of at most {LARGEST_SIDE} px")
            gap = 3.0 if size[0] * size[1] > LARGE_PX else None  # exact for what a model got, quick for what is only shown
            return png(run.pictures.get(ref).resize((width, height), PILImage.Resampling.BICUBIC, reducing_gap=gap))
        if size[0] * size[1] > LARGE_PX:
            raise ValueError("this picture is given in tiles, or at a smaller size")
        return path.read_bytes()
    except BROKEN as error:
        raise NotFound(f"this picture cannot be given: {error}") from error


def numbers(text: str, count: int) -> list[int]:
    parts = text.split("x")
    if len(parts) != count or not all(part.isdigit() and len(part) < 7 for part in parts):
        raise ValueError(f"expected {count} numbers with x between them")
    return [int(part) for part in parts]


def whole(asked: Asked, name: str, default: int) -> int:
    text = asked.get(name, "")
    if text and not (text.isdigit() and len(text) < 10):
        raise ValueError(f"{name} is a number from 0 upwards")
    return int(text) if text else default
