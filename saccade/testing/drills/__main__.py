"""Run the drills and write down what came of them.

    python -m saccade.testing.drills --kills 200 --seed 1 --out benchmarks/drills.json

Exits with 1 when a run did not come to its end, lost a finished attempt, or ended differently.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from saccade.learn.folder import environment
from saccade.testing.drills import checks, faults
from saccade.testing.drills.faults import Place
from saccade.testing.drills.trainee import MODES, UPDATES, drilled
from saccade.testing.tiny import tiny

ATTEMPTS = 6
"""Attempts an update of the trainee makes: two samples, three attempts each."""

KILLS_A_RUN = 5


@dataclass(slots=True, kw_only=True)
class Report:
    """done: faults by kind; runs: how many; faulty: what did not hold; left_out: what this machine does not allow"""

    done: Counter[str] = field(default_factory=Counter)
    runs: int = 0
    faulty: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def take(self, name: str, found: Iterator[str]) -> None:
        self.faulty.extend(f"{name}: {each}" for each in found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drills:
    """`references` are undisturbed runs, by mode."""

    home: Path
    checkpoint: Path
    references: dict[str, Path]
    report: Report

    def place(self, mode: str, *options: str) -> Place:
        self.report.runs += 1
        home = self.home / f"{self.report.runs:03d}-{mode}"
        return Place(home=home, checkpoint=self.checkpoint, mode=mode, options=options)

    def ended(self, place: Place) -> None:
        """Run to the end, and hold the end against what it should be."""
        name, status = place.home.name, faults.finish(place)
        if status:
            said = place.log.read_text(errors="replace").splitlines()[-1:] or ["nothing"]
            self.report.faulty.append(f"{name}: does not resume, exit status {status}: {said[0]}")
            return
        self.report.take(name, checks.half_written(place.run, attempts=ATTEMPTS))
        if MODES[place.mode].get("deterministic", True):
            self.report.take(name, checks.differences(self.references[place.mode], place.run))
        else:
            self.report.take(name, checks.use(place.run, self.references["turns"], drilled(self.checkpoint, place.mode)))

    def kill(self, mode: str, times: int, rng: np.random.Generator) -> int:
        """One run, killed up to so many times (fewer where it is faster), its newest checkpoint damaged in between."""
        place, count = self.place(mode), 0
        ended: checks.Finished = {}
        damaged = ""
        for _ in range(times):
            kind = faults.killed(place, rng)
            if not kind:
                break
            count += 1 + (kind == "tool")
            self.report.done.update({"tool": 1, "trainer": 1} if kind == "tool" else {kind: 1})
            self.report.take(place.home.name, checks.half_written(place.run, attempts=ATTEMPTS, damaged=damaged))
            ended |= checks.finished(place.run, "pending")
            if not damaged and rng.random() < 0.4:
                damaged, what = faults.damage(place.run, rng)
                self.report.done.update([f"damage: {what}"] if damaged else [])
        self.ended(place)
        self.report.take(place.home.name, checks.lost(ended, checks.finished(place.run, "trajectories")))
        return count

    def slow(self, mode: str, *options: str) -> None:
        """A straggler, or a clock that jumps: the same end."""
        self.report.done[options[0].removeprefix("--")] += 1
        self.ended(self.place(mode, *options))

    def full(self, mode: str, rng: np.random.Generator) -> None:
        """A disk that is full somewhere in the run, and then has room."""
        place = self.place(mode)
        whole = sum(path.stat().st_size for path in self.references[mode].rglob("*") if path.is_file())
        with faults.small_disk(place.run, int(whole * rng.uniform(0.15, 0.7))) as mounted:
            if not mounted:
                self.report.left_out.append("a full disk: no right to mount a small one here")
                return
            self.report.done["disk full"] += 1
            status, said = faults.finish(place), place.log.read_text(errors="replace")
            if status == 0 or "the disk is full" not in said:
                self.report.faulty.append(f"{place.home.name}: exit status {status} on a full disk, said {said[-300:]!r}")
            self.report.take(place.home.name, checks.half_written(place.run, attempts=ATTEMPTS))
            faults.enlarge(place.run, whole * 4)
            self.ended(place)

    def nan(self, rng: np.random.Generator) -> None:
        """Two updates without a finite gradient are skipped and counted, killed in between or not; five in a row end it."""
        bad = sorted(int(each) for each in rng.choice(UPDATES - 1, 2, replace=False))
        place = self.place("turns", "--nan", *map(str, bad))
        faults.killed(place, rng, early=0.0)
        name, status = place.home.name, faults.finish(place)
        skipped = [line["update"] - 1 for line in checks.read_lines(place.run / "metrics.jsonl") if line["skipped"]]
        if status or skipped != bad:
            self.report.faulty.append(f"{name}: exit status {status}, skipped {skipped} instead of {bad}")
        place = self.place("turns", "--nan", *map(str, range(3, 9)))
        status, said = faults.finish(place), place.log.read_text(errors="replace")
        if status == 0 or "5 updates in a row" not in said or faults.lines(place) > 8:
            self.report.faulty.append(f"{place.home.name}: exit status {status}, went on without a finite gradient")
        self.report.done["nan"] += 2


def drill(home: Path, *, kills: int, seed: int, others: bool = True) -> Report:
    """`kills` kills and, with `others`, every other fault. Raises RuntimeError where not even the undisturbed runs end."""
    rng, report = np.random.default_rng(seed), Report()
    checkpoint = tiny("qwen2_5_vl", home / "checkpoint")
    references: dict[str, Path] = {}
    for mode in ("turns", "ahead"):
        place = Place(home=home / f"reference-{mode}", checkpoint=checkpoint, mode=mode)
        if faults.finish(place):
            raise RuntimeError(f"the undisturbed run fails: {place.log.read_text(errors='replace')[-2000:]}")
        references[mode] = place.run
    drills = Drills(home=home, checkpoint=checkpoint, references=references, report=report)
    done = 0
    while done < kills:
        for mode in MODES:
            done += drills.kill(mode, min(KILLS_A_RUN, kills - done), rng) if done < kills else 0
    if others:
        for mode in references:
            drills.slow(mode, "--slow")
            drills.slow(mode, "--clock")
            drills.full(mode, rng)
        drills.nan(rng)
    return report


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m saccade.testing.drills", description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="a JSON file for the outcome")
    parser.add_argument("--home", type=Path, help="where the runs lie (default: a temporary folder that is removed)")
    given = parser.parse_args(arguments)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="saccade-drills-") as temporary:
        report = drill(given.home or Path(temporary), kills=given.kills, seed=given.seed)
    outcome = {
        "seed": given.seed, "kills": sum(report.done[kind] for kind in ("trainer", "everything", "tool")),
        "faults": dict(sorted(report.done.items())), "runs": report.runs, "faulty": report.faulty,
        "left_out": report.left_out, "seconds": round(time.perf_counter() - began), "environment": environment(),
    }
    shown = json.dumps({key: value for key, value in outcome.items() if key != "environment"}, indent=1)
    print(shown)
    if given.out:
        given.out.write_text(json.dumps(outcome, indent=1) + "\n", encoding="utf-8")
    return 1 if report.faulty else 0


if __name__ == "__main__":
    sys.exit(main())
