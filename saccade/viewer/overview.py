"""A run at a glance: what it is, what came out, its curves, how it differs from another run, what to look at twice."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from saccade.viewer.chart import curves, intervals
from saccade.viewer.markup import Html, table, tag
from saccade.viewer.metrics import Curve, panels, warnings


def overview(
    name: str,
    kind: str,
    summary: Mapping[str, Any],
    measured: Mapping[str, Curve],
    *,
    step: int = 1,
    environment: Mapping[str, Any] | None = None,
    other: tuple[str, Mapping[str, Any], Mapping[str, Any]] | None = None,
    stages: Mapping[str, Mapping[str, Any]] | None = None,
    notes: tuple[str, ...] = (),
) -> Html:
    """The page's body. `other` is another run's name with both configurations: ours, theirs."""
    told = [*notes, *warnings(measured), *(str(note)[:500] for note in list(summary.get("notes") or ())[:20])]
    body: list[object] = [tag("h1", name), tag("p", kind, " ", facts(summary), class_="facts")]
    if told:
        body.append(tag("ul", *(tag("li", each) for each in told), class_="warnings", aria_label="warnings"))
    rows = figures(summary)
    if rows:
        body += [tag("h2", "Accuracy on held-out items, with 95 % intervals"), intervals(rows)]
    if stages:
        body += [tag("h2", "Stages"), stage_table(stages)]
    if measured:
        each = f"every {step}th update" if step > 1 else "every update"
        body += [tag("h2", "Curves"), tag("p", f"{each}; the last value stands beside the name", class_="soft")]
        body.append(
            tag(
                "div",
                *(
                    tag("div", tag("h3", title), curves(series), class_="panel")
                    for title, series in panels(measured).items()
                ),
                class_="panels",
            )
        )
    if other is not None:
        body += [tag("h2", f"Settings that differ from {other[0]}"), difference_table(other[1], other[2], other[0])]
    if environment:
        packages = environment.get("packages")
        packages = packages if isinstance(packages, Mapping) else {}
        said = [f"{key} {environment[key]}" for key in ("python", "platform", "cpus", "commit") if environment.get(key)]
        said += [f"{key} {value}" for key, value in packages.items()]
        body += [tag("h2", "Made with"), tag("p", *(tag("span", each[:80], class_="chip") for each in said[:24]))]
    return tag("div", *body, class_="overview")


def figures(summary: Mapping[str, Any]) -> dict[str, tuple[float, float, float, int]]:
    """Entries of a summary that are ``{accuracy, ci95: [low, high], n}``, in order; those of a report's ``results`` too."""
    found = [(str(name), value) for name, value in summary.items()]
    results = summary.get("results")
    found += (
        [(str(each.get("benchmark")), each) for each in results if isinstance(each, Mapping)]
        if isinstance(results, list)
        else []
    )
    out: dict[str, tuple[float, float, float, int]] = {}
    for name, value in found:
        try:
            low, high = value["ci95"]
            row = float(value["accuracy"]), float(low), float(high), int(value["n"])
        except (KeyError, TypeError, ValueError, OverflowError):
            continue
        if all(math.isfinite(each) for each in row):
            out[name.replace("_", " ")] = row
    return out


def facts(summary: Mapping[str, Any]) -> Html | None:
    """Plain values of a summary as a line."""
    plain = [(key, value) for key, value in summary.items() if isinstance(value, str | int | float) and key != "name"]
    calls = summary.get("tool_calls_per_item")
    if isinstance(calls, Mapping):
        plain += [(f"tool calls per item {key}", value) for key, value in calls.items()]
    chips = [
        tag(
            "span",
            f"{str(key).replace('_', ' ')}: {value:.4g}"
            if isinstance(value, float)
            else f"{str(key).replace('_', ' ')}: {str(value)[:200]}",
            class_="chip",
        )
        for key, value in plain[:12]
    ]
    return tag("span", *chips) if chips else None


def stage_table(stages: Mapping[str, Mapping[str, Any]]) -> Html:
    rows = [
        (
            name,
            each.get("updates", "going on"),
            short(each.get("seconds")),
            short(best_of(each)),
            each.get("stopped", ""),
        )
        for name, each in stages.items()
    ]
    return table(("stage", "updates", "seconds", "best", "ended"), rows, label="stages")


def best_of(summary: Mapping[str, Any]) -> Any:
    best = summary.get("best")
    return best.get("value") if isinstance(best, Mapping) else best


def short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else "" if value is None else str(value)


def difference_table(ours: Mapping[str, Any], theirs: Mapping[str, Any], name: str) -> Html:
    """Leaves of two configurations that differ, by path; at most 200."""
    left, right = dict(leaves(ours)), dict(leaves(theirs))
    paths = [path for path in dict.fromkeys([*left, *right]) if left.get(path) != right.get(path)]
    if not paths:
        return tag("p", "All recorded settings are equal.", class_="soft")
    rows = [(path, str(left.get(path, "not set"))[:120], str(right.get(path, "not set"))[:120]) for path in paths[:200]]
    return table(("setting", "here", name), rows, label="settings that differ", kind="diff")


def leaves(value: Any, path: str = "", depth: int = 24) -> Iterator[tuple[str, Any]]:
    """Paths and plain values of nested settings."""
    if depth and isinstance(value, Mapping):
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}" if path else str(key), depth - 1)
    elif depth and isinstance(value, list):
        for at, item in enumerate(value[:64]):
            yield from leaves(item, f"{path}[{at}]", depth - 1)
    else:
        yield path, value
