"""The metrics file of a run as curves: read as it grows, thin where it is endless.

Up to `WHOLE` lines are all read. Of a longer file evenly spaced lines are read, and every line with an evaluation or a blind
check, which stand in few of them.
"""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from saccade.viewer.chart import Points
from saccade.viewer.lines import Lines

WHOLE = 4000
RARE = (b'"eval/', b'"blind/')
MOST_NAMES = 400
SPAN = 2000

Curve = list[tuple[float, float]]


class Metrics:
    """Curves by name, kept until the file changes."""

    def __init__(self, path: Path) -> None:
        self.lines = Lines(path)
        self._curves: dict[str, Curve] = {}
        self._state = (-1, 0)
        self.step = 1
        self._lock = threading.Lock()

    def curves(self) -> dict[str, Curve]:
        with self._lock:
            count = self.lines.grow()
            if (count, self.lines.generation) != self._state:
                self._curves, self.step = read(self.lines)
                self._state = (count, self.lines.generation)
            return self._curves


def read(lines: Lines) -> tuple[dict[str, Curve], int]:
    """Curves, and how many lines stand for one point."""
    count = len(lines)
    step = max(1, math.ceil(count / WHOLE))
    out: dict[str, Curve] = {}
    for first in range(0, count, SPAN):
        end = min(first + SPAN, count)
        for at, text in enumerate(lines.span(first, end).split(b"\n")[: end - first], start=first):
            if at % step == 0 or at == count - 1 or (step > 1 and any(name in text for name in RARE)):
                add(out, text, at, wanted=None if at % step == 0 or at == count - 1 else ("eval/", "blind/"))
    return out, step


def add(out: dict[str, Curve], text: bytes, at: int, *, wanted: tuple[str, ...] | None) -> None:
    try:
        line = json.loads(text)
    except (ValueError, RecursionError):
        return
    if not isinstance(line, dict):
        return
    update = line.get("update", at)
    x = float(update) if number(update) else float(at)
    for name, value in line.items():
        if name == "update" or not number(value) or (wanted and not name.startswith(wanted)):
            continue
        if name in out or len(out) < MOST_NAMES:
            out.setdefault(name, []).append((x, float(value)))


def number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def panels(curves: Mapping[str, Curve]) -> dict[str, dict[str, Points]]:
    """The curves a run is read by, gathered under their questions; empty ones are left out."""

    def named(*names: str) -> dict[str, Points]:
        return {name: curves[name] for name in names if curves.get(name)}

    def under(*beginnings: str, end: str = "", most: int = 6) -> dict[str, Points]:
        found = [name for name in curves if name.startswith(beginnings) and name.endswith(end)]
        return {name.removeprefix(beginnings[0]).removesuffix(end): curves[name] for name in found[:most]}

    made = {
        "Accuracy, held out": under("eval/", end="/accuracy"),
        "Reward": named("reward", "reward_std"),
        "Reward by term": under("rewards/", end="/mean"),
        "Tool calls": {
            **named("tools/call_frequency", "tools/failure_frequency"),
            **under("tool/", end="/calls", most=3),
        },
        "Length in tokens": named(
            "completions/mean_length", "completions/max_length", "completions/mean_terminated_length"
        ),
        "How attempts ended": {
            name: points for name, points in under("stop/", most=12).items() if any(y for _, y in points)
        },
        "Entropy": named("entropy"),
        "Mismatch, sampler and learner": named("mismatch", "mismatch/max", "blind/mismatch", "blind/mismatch_max"),
        "Blind checks": named("blind/noise", "blind/noise_tools"),
        "Loss": {name: points for name, points in curves.items() if name == "loss" or name.startswith("loss/")},
        "Gradient norm": named("grad_norm"),
        "Learning rate": named("lr"),
        "Seconds by stage": {**under("time/", most=5), **named("step_time")},
    }
    return {title: dict(list(series.items())[:6]) for title, series in made.items() if series}


def warnings(curves: Mapping[str, Curve]) -> list[str]:
    """What of the last values somebody should look at."""
    last = {name: points[-1][1] for name, points in curves.items() if points}
    out: list[str] = []
    skipped = [x for x, y in curves.get("skipped", ()) if y]
    if skipped:
        out.append(
            f"{len(skipped)} updates were skipped, the last of them update {skipped[-1]:g}: the gradient was not "
            "finite, or there was nothing to learn from"
        )
    if last.get("frac_reward_zero_std", 0) > 0.8:
        out.append(
            f"in {last['frac_reward_zero_std']:.0%} of the groups all attempts have the same reward: there is little to "
            "learn from"
        )
    if last.get("completions/clipped_ratio", 0) > 0.25:
        out.append(f"{last['completions/clipped_ratio']:.0%} of the attempts were cut off")
    if last.get("tools/failure_frequency", 0) > 0.5:
        out.append(f"{last['tools/failure_frequency']:.0%} of the tool calls came back as an error")
    failing = last.get("stop/error", 0) + last.get("stop/abort", 0)
    if failing:
        out.append(f"{failing:.0%} of the attempts failed on our side")
    if last.get("mismatch", 0) > 0.1:
        out.append(f"sampler and learner differ by {last['mismatch']:.2g} nats per token")
    if "blind/noise" in last and last["blind/noise"] < 1e-4:
        out.append("replacing the pictures by noise changes nothing: the policy is blind")
    return out
