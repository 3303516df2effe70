"""The page of results: a table, a plot, the machine, and the peer's configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

INTRO = """# Speed against trl

Written by `python -m benchmarks.vs_trl`. Ratios are the median time (or size) of trl over ours, both in turns in one run.
Before a clock is started both must compute the same numbers: log-probabilities within 1e-5 nats, gradients within 1e-4
relative, tokens exactly. The limit is what the count of the work allows (each case file says how it is counted). A ratio
above it is not against physics: multiply-adds are all that is counted, and what is saved with them (masks, norms, copies,
memory that no cache holds) is not.
"""


def page(entries: Sequence[Mapping[str, Any]], machine: Mapping[str, Any]) -> str:
    about = ", ".join(f"{key} {value}" for key, value in machine.items())
    rows = [
        "| case | what | ratio | goal | limit | ours | trl | spread of runs | peak MB, ours / trl | equal |",
        "|---|---|---|---|---|---|---|---|---|---|",
        *map(row, entries),
    ]
    notes = sorted({f"* {each['case'].split()[0]}: {each['note']}" for each in entries if each.get("note")})
    settings = next((each["facts"]["theirs"] for each in entries if each.get("facts")), {})
    return "\n".join([
        INTRO, f"Machine: {about}.", "", "![ratios](ratios.svg)", "", *rows, "", *notes, "",
        "## The peer's configuration", "", "```", *(f"{key} = {value}" for key, value in settings.items()), "```", "",
    ])


def row(each: Mapping[str, Any]) -> str:
    limit = "-" if each["limit"] is None else f"{each['limit']:.1f}x"
    if each["ratio"] is None:
        return f"| {each['case']} | {each['title']} | not measured: {each['wrong'][0]} | | {limit} | | | | | no |"
    low, high = each["spread"]
    gap = each["difference"]
    equal = f"logp {gap['logp']:.1g}, gradient {gap['gradient']:.1g}" if any(gap.values()) else "exactly"
    return (
        f"| {each['case']} | {each['title']} | **{each['ratio']:.2f}x** | {each['goal']:.1f}x | {limit} | "
        f"{shown(each['ours'])} | {shown(each['theirs'])} | {low:.2f} to {high:.2f} | "
        f"{each['peak_mb']['ours']:.0f} / {each['peak_mb']['theirs']:.0f} | {equal} |"
    )


def shown(value: float) -> str:
    return f"{value / 2**20:.2f} MB" if value > 1e4 else f"{value:.3f} s"


def plot(entries: Sequence[Mapping[str, Any]]) -> str:
    """Bars of the ratios on a logarithmic axis from 1 to 16; a line marks the goal, a ring the limit."""
    from math import log2

    high, left, width = 30, 150, 420
    told = [each for each in entries if each["ratio"]]

    def at(ratio: float) -> float:
        return left + max(0.0, min(log2(max(ratio, 1.0)) / 5, 1.0)) * width

    shapes = []
    for power in range(6):
        x = left + power / 5 * width
        shapes.append(f'<line x1="{x:.0f}" x2="{x:.0f}" y1="6" y2="{len(told) * high + 6}" stroke="#ccc"/>')
        shapes.append(f'<text x="{x:.0f}" y="{len(told) * high + 24}" text-anchor="middle">{2**power}x</text>')
    for index, each in enumerate(told):
        y = index * high + 10
        shapes.append(f'<text x="{left - 10}" y="{y + 15}" text-anchor="end">{each["case"]}</text>')
        shapes.append(f'<rect x="{left}" y="{y}" width="{at(each["ratio"]) - left:.1f}" height="18" fill="#3a6ea5"/>')
        shapes.append(f'<line x1="{at(each["goal"]):.1f}" x2="{at(each["goal"]):.1f}" y1="{y - 3}" y2="{y + 21}" '
                      'stroke="#c33" stroke-width="3"/>')
        if each["limit"]:
            ring = f'<circle cx="{at(each["limit"]):.1f}" cy="{y + 9}" r="5" fill="none" stroke="#333" stroke-width="2"/>'
            shapes.append(ring)
        shapes.append(f'<text x="{left + width + 12}" y="{y + 15}">{each["ratio"]:.2f}x</text>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 90} {len(told) * high + 34}" '
        'font-family="sans-serif" font-size="13"><title>Ratios to trl; red: goal, ring: physical limit</title>'
        '<rect width="100%" height="100%" fill="white"/>' + "".join(shapes) + "</svg>\n"
    )
