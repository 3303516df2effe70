"""Learning curves with vLLM against those with the local engine: same recipe, data and seeds, other dice.

    SACCADE_VLLM=.venv-vllm python -m benchmarks.served [--updates 60] [--seeds 1 2 3] [--out FILE]

The run is that of `make demo` on glimpse, at temperature 1. Both engines draw from the same distribution with dice of
their own, so curves are compared over seeds: the gap (vLLM minus local) of the mean accuracy of attempts over the whole run,
and of the accuracy on 500 held-out items at its end, each with Student's 95 % interval over the seeds. Equal means: the
interval holds 0, and the gap is below `MARGIN`. With three seeds the interval is wide; it is printed for that reason.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from saccade.core.record import read_lines, read_trajectories

MARGIN = 0.05
BLOCK = 10
"""Updates whose attempts are counted together in the curve that is printed."""


def learned(name: str, seed: int, updates: int, folder: Path) -> dict[str, Any]:
    """One run: accuracy of the attempts of every update, accuracy at the end, seconds."""
    from saccade.cli.engines import opener
    from saccade.learn.loop import train
    from saccade.recipes import deepeyes

    run = deepeyes.miniature("conditional", seed)
    schedule = replace(run.schedule, updates=updates, tokens=0, eval_every=updates, blind_every=0)
    began = time.perf_counter()
    summary = train(replace(run, schedule=schedule), folder, progress=False, export=False, engine=opener(name))
    curve = [
        float(np.mean([each.rewards["answer_match"].value for each in read_trajectories(path) if not each.stop.failed]))
        for path in sorted((folder / "trajectories").glob("update_*.jsonl"))
    ]
    lines = [line for line in read_lines(folder / "metrics.jsonl") if line["update"]]
    return {
        "curve": curve, "held_out": next(value for key, value in summary["after"].items() if key.endswith("/accuracy")),
        "seconds": time.perf_counter() - began, "mismatch": float(np.mean([line["mismatch"] for line in lines])),
    }


def compared(runs: Mapping[str, Mapping[int, dict[str, Any]]]) -> dict[str, Any]:
    """Gaps over seeds, and whether they count as none."""
    from saccade.claims.verdict import paired

    def gap(value: Any) -> dict[str, Any]:
        first, second = ({seed: value(run) for seed, run in runs[name].items()} for name in ("vllm", "local"))
        effect = paired(first, second)
        low, high = effect.ci95
        return {**asdict(effect), "equal": low <= 0 <= high and abs(effect.mean) < MARGIN}

    return {"training": gap(lambda run: float(np.mean(run["curve"]))), "held_out": gap(lambda run: run["held_out"])}


def shown(runs: Mapping[int, dict[str, Any]]) -> str:
    curves = np.array([run["curve"] for run in runs.values()])
    blocks = [curves[:, at : at + BLOCK].mean() for at in range(0, curves.shape[1], BLOCK)]
    return " ".join(f"{each:.3f}" for each in blocks)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.served", description=__doc__.splitlines()[0])
    parser.add_argument("--updates", type=int, default=60)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--out", type=Path)
    given = parser.parse_args(arguments)
    runs: dict[str, dict[int, dict[str, Any]]] = {"local": {}, "vllm": {}}
    for seed in given.seeds:
        for name in runs:
            with tempfile.TemporaryDirectory(prefix="saccade-served-") as folder:
                runs[name][seed] = found = learned(name, seed, given.updates, Path(folder))
            print(f"seed {seed}, {name}: held out {found['held_out']:.3f}, mismatch {found['mismatch']:.1e}, "
                  f"{found['seconds']:.0f} s", flush=True)
    for name, of_seeds in runs.items():
        print(f"{name}: {shown(of_seeds)}")
    gaps = compared(runs)
    text = json.dumps({"margin": MARGIN, "updates": given.updates, "gaps": gaps, "runs": runs}, indent=1)
    print(json.dumps(gaps, indent=1))
    if given.out:
        given.out.write_text(text + "\n", encoding="utf-8")
    return 0 if all(each["equal"] for each in gaps.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
