"""Two sides of a case in one run: first they must agree, then they take turns, then the medians are compared.

A case module has a `CASE`, `prepare(folder)` (checkpoint and inputs, in our environment), `limits(folder)` (the physical
limit of every goal), and `ours(folder)`, `theirs(folder)`, each returning a `side.Side`.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import peer

ROOT = Path(__file__).resolve().parent.parent
Medians = Mapping[str, Mapping[str, float]]
LOGP, GRADIENT = 1e-5, 1e-4
"""Largest allowed difference of a log-probability (nats), and of a gradient (relative, per parameter)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """number: row of the table; goals: measured name to the least ratio; runs: timed runs of each side after the warm-up.

    Goals are seconds or bytes; ratio = theirs / ours. `limits` may take the medians as well (``limits(folder, middle)``).
    """

    number: str
    title: str
    goals: Mapping[str, float]
    runs: int = 5
    warm: int = 1
    note: str = ""


class Process:
    """One side, alive and waiting."""

    def __init__(self, python: str, module: str, who: str, folder: Path) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1",
                       "OMP_NUM_THREADS": os.environ.get("BENCH_THREADS", "2"), "TRL_EXPERIMENTAL_SILENCE": "1"}
        self.log = (folder / f"{who}.log").open("w")
        self.process = subprocess.Popen(
            [python, "-m", "benchmarks.side", module, who, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self.log, text=True, cwd=ROOT, env=environment,
        )
        self.who, self.where = who, folder / f"{who}.log"
        self.facts: dict[str, Any] = self.answer()["facts"]

    def answer(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.who} ended; the last lines of {self.where}:\n{self.where.read_text()[-3000:]}")
        return json.loads(line)

    def ask(self, command: str) -> Any:
        assert self.process.stdin is not None
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return self.answer()

    def close(self) -> None:
        if self.process.stdin is not None:
            self.process.stdin.close()
        self.process.wait(timeout=30)
        self.log.close()


def disagreements(ours: Mapping[str, np.ndarray], theirs: Mapping[str, np.ndarray]) -> tuple[list[str], dict[str, float]]:
    """What differs, in words, and the largest differences: ``logp`` in nats, ``gradient`` relative, ``exact`` counts.

    Names beginning with ``logp`` and ``grad`` are compared by tolerance, everything else must be equal. The gradient of a
    parameter is compared in norm; one that is mathematically zero (a key's bias) is held against the whole gradient.
    """
    wrong: list[str] = []
    worst = {"logp": 0.0, "gradient": 0.0}
    if set(ours) != set(theirs):
        wrong.append(f"only one side tells {sorted(set(ours) ^ set(theirs))[:4]}")
    whole = sum(float(np.square(theirs[key], dtype=np.float64).sum()) for key in theirs if key.startswith("grad")) ** 0.5
    for key in sorted(set(ours) & set(theirs)):
        left, right = ours[key], theirs[key]
        if left.shape != right.shape:
            wrong.append(f"{key}: shapes {left.shape} and {right.shape}")
        elif key.startswith("logp"):
            gap = float(np.abs(left - right).max())
            worst["logp"] = max(worst["logp"], gap)
            if not gap <= LOGP:
                wrong.append(f"{key}: differs by {gap:.2g} nats")
        elif key.startswith("grad"):
            size = max(float(np.linalg.norm(right)), 1e-3 * whole)
            gap = float(np.linalg.norm(left - right)) / size
            worst["gradient"] = max(worst["gradient"], gap)
            if not gap <= GRADIENT:
                wrong.append(f"{key}: differs by {gap:.2g} relative")
        elif not np.array_equal(left, right):
            wrong.append(f"{key}: not equal")
    return wrong, worst


def compete(name: str, *, runs: int | None = None) -> list[dict[str, Any]]:
    """Run one case and return one entry for each of its goals."""
    module = importlib.import_module(name)
    case: Case = module.CASE
    folder = peer.cache() / "cases" / name.rpartition(".")[2]
    folder.mkdir(parents=True, exist_ok=True)
    module.prepare(folder)
    sides = {"ours": Process(sys.executable, name, "ours", folder)}
    try:
        sides["theirs"] = Process(str(peer.python()), name, "theirs", folder)
        told = {who: dict(np.load(side.ask("outcome"))) for who, side in sides.items()}
        wrong, worst = disagreements(told["ours"], told["theirs"])
        found: dict[str, list[dict[str, float]]] = {who: [] for who in sides}
        if not wrong:
            for number in range(case.warm + (runs or case.runs)):
                for who in sorted(sides, reverse=number % 2 == 1):
                    measured = sides[who].ask("run")
                    if number >= case.warm:
                        found[who].append(measured)
    finally:
        for side in sides.values():
            side.close()
    middle = {
        who: {key: statistics.median(each[key] for each in runs) for key in runs[0]} for who, runs in found.items() if runs
    }
    if "middle" in inspect.signature(module.limits).parameters:
        limits = module.limits(folder, middle) if len(middle) == 2 else {}
    else:
        limits = module.limits(folder)
    facts = {who: side.facts for who, side in sides.items()}
    return [
        entry(case, goal, least, limits.get(goal), wrong, worst, found, facts, middle) for goal, least in case.goals.items()
    ]


def entry(case: Case, goal: str, least: float, limit: float | None, wrong: list[str], worst: Mapping[str, float],
          found: Mapping[str, list[dict[str, float]]], facts: Mapping[str, Any], middle: Medians) -> dict[str, Any]:
    name = case.number if len(case.goals) == 1 else f"{case.number} {goal.replace('_', ' ')}"
    out: dict[str, Any] = {"case": name, "title": case.title, "goal": least, "limit": limit, "equal": not wrong,
                           "difference": dict(worst), "facts": dict(facts), "note": case.note}
    if wrong:
        return {**out, "ratio": None, "ours": None, "theirs": None, "spread": None, "wrong": wrong[:8]}
    values = {who: [each[goal] for each in runs] for who, runs in found.items()}
    pairs = sorted(theirs / ours for ours, theirs in zip(values["ours"], values["theirs"], strict=True))
    peak = {who: max(each["peak_mb"] for each in runs) for who, runs in found.items()}
    return {**out, "ratio": middle["theirs"][goal] / middle["ours"][goal], "ours": middle["ours"][goal],
            "theirs": middle["theirs"][goal], "spread": [pairs[0], pairs[-1]], "runs": len(pairs), "peak_mb": peak,
            "medians": dict(middle)}


def line(each: Mapping[str, Any]) -> str:
    limit = "-" if each["limit"] is None else f"{each['limit']:.1f}x"
    if not each["equal"]:
        return f"{each['case']:<24} NOT EQUAL, not timed: {'; '.join(each['wrong'])}"
    enough = "" if each["ratio"] >= each["goal"] else "   below its goal"
    return (
        f"{each['case']:<24} {each['ratio']:6.2f}x  goal {each['goal']:.1f}x  limit {limit:>7}  ours {each['ours']:.4g}  "
        f"trl {each['theirs']:.4g}  "
        f"runs {each['spread'][0]:.2f}..{each['spread'][1]:.2f}  peak {each['peak_mb']['ours']:.0f} / "
        f"{each['peak_mb']['theirs']:.0f} MB{enough}"
    )


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    import torch
    import transformers

    model = next(
        (text.partition(":")[2].strip() for text in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in text),
        platform.processor(),
    )
    return {"cpu": model, "cores": os.cpu_count(), "threads": int(os.environ.get("BENCH_THREADS", "2")),
            "python": platform.python_version(), "torch": torch.__version__, "transformers": transformers.__version__,
            "trl": peer.VERSION}


def main(name: str) -> int:
    """Run one case from the command line."""
    parser = argparse.ArgumentParser(description=importlib.import_module(name).CASE.title)
    parser.add_argument("--json", action="store_true", help="print entries instead of lines")
    parser.add_argument("--runs", type=int, help="timed runs of each side")
    chosen = parser.parse_args()
    entries = compete(name, runs=chosen.runs)
    print(json.dumps(entries, indent=1) if chosen.json else "\n".join(map(line, entries)))
    return int(any(not each["equal"] for each in entries))
