"""The main job: a small model that can see learns where to look, and what it learned is taken apart.

Evaluate glimpse on 500 held-out items, train it with the recipe `deepeyes`, evaluate again, and then once more each with
looking forbidden, with boxes put in random places, with crops blanked and with the right box. Every step is a folder; a demo
that was interrupted goes on with the step it was in, one that was finished begins again.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from saccade.core.run import Run

MODES = ("no_tool", "random_box", "blank_crop", "oracle_box")
"""What is done to the trained model's looking; functions of `saccade.rollout.interventions`."""

STEPS = ("before", "train", "after", *MODES)
UPDATES, ARM = 120, "conditional"


def demo(
    out: Path,
    *,
    seed: int = 0,
    updates: int = UPDATES,
    items: int = 0,
    again: bool = False,
    run: Run | None = None,
    progress: bool = True,
    say: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Run every step below `out`, write ``summary.json`` and ``report.html`` there and return the summary.

    items: held-out items to evaluate on, 0 for all 500
    again: begin again, also where a demo was interrupted
    run:   what to train and evaluate on; the recipe's miniature by default
    Raises ValueError when the interrupted demo in `out` had another seed or length.
    """
    from saccade.recipes import deepeyes

    run = run or deepeyes.miniature(ARM, seed)
    run = replace(run, name="demo", schedule=replace(run.schedule, updates=updates, tokens=0))
    asked = {"seed": seed, "updates": updates, "items": items}
    spent = opened(out, asked, again=again)
    results: dict[str, Any] = {}
    for number, step in enumerate(STEPS, start=1):
        say(f"[{number}/{len(STEPS)}] {SAYING[step]}")
        began = time.perf_counter()
        results[step] = STEP[step](run, out, step, items, progress)
        spent = {**spent, step: round(spent.get(step, 0.0) + time.perf_counter() - began, 1)}
        write(out / "progress.json", {"asked": asked, "seconds": spent})
    summary = summarised(results, spent, asked)
    write(out / "summary.json", summary)
    say(f"writing {out / 'report.html'}")
    write_page(out)
    return summary


SAYING = {
    "before": "glimpse as it is: it calls its zoom tool, but in the wrong places",
    "train": "reinforcement: attempts at new pictures, a bonus when a look led to the right answer",
    "after": "the trained model on the same held-out items",
    "no_tool": "the trained model, forbidden to look",
    "random_box": "the trained model, its boxes moved to random places",
    "blank_crop": "the trained model, what it looks at painted grey",
    "oracle_box": "the trained model, shown the right place",
}


def opened(out: Path, asked: Mapping[str, Any], *, again: bool) -> dict[str, float]:
    """Seconds already spent by step in an interrupted demo; a finished one is cleared away, and so is any with `again`."""
    out.mkdir(parents=True, exist_ok=True)
    place = out / "progress.json"
    if again or (out / "summary.json").is_file():
        for step in STEPS:
            shutil.rmtree(out / step, ignore_errors=True)
        for path in (place, out / "summary.json", out / "report.html", out / "metrics.jsonl"):
            path.unlink(missing_ok=True)
    if not place.is_file():
        return {}
    before = json.loads(place.read_text(encoding="utf-8"))
    if before["asked"] != dict(asked):
        raise ValueError(
            f"{out} holds an interrupted demo with {before['asked']}; say --again to begin again, or another --out"
        )
    return before["seconds"]


def trained(run: Run, out: Path, step: str, items: int, progress: bool) -> dict[str, Any]:
    from saccade.claims.asked import remember
    from saccade.claims.measure import train_once

    found = train_once(run, out / step, progress=progress)
    remember(out / step, recipe="deepeyes", arm=ARM, seed=run.seed, overrides=[])
    return found


def evaluated(run: Run, out: Path, step: str, items: int, progress: bool) -> dict[str, Any]:
    """Figures of one evaluation: the untrained model for ``before``, else the trained one, its tools as the step says."""
    from saccade.evals.run import evaluate
    from saccade.media import open_store
    from saccade.rollout import interventions

    model = run.policy.model if step == "before" else str(out / "train" / "model")
    modes = {
        "no_tool": interventions.no_tool,
        "random_box": interventions.random_box,
        "blank_crop": interventions.blank_crop,
        "oracle_box": interventions.oracle_box,
    }
    tools = interventions.intervene(run.tools, modes[step]) if step in modes else run.tools
    (benchmark,) = run.evals
    played = replace(run, policy=replace(run.policy, model=model), tools=tools)
    report = evaluate(
        played, benchmark, out / step, limit=items, seed=run.seed, progress=progress, store=open_store(out / "media")
    )
    found = report.results[0]
    return {
        "accuracy": found.accuracy.value,
        "ci95": [found.accuracy.low, found.accuracy.high],
        "n": found.accuracy.n,
        "calls": found.calls_per_item,
        "evidence_iou": score(found, "evidence_iou"),
        "failed": found.num_failed,
    }


def score(result: Any, name: str) -> float | None:
    return result.scores[name].value if name in result.scores else None


STEP: dict[str, Callable[[Run, Path, str, int, bool], dict[str, Any]]] = {
    step: trained if step == "train" else evaluated for step in STEPS
}


def summarised(
    results: Mapping[str, Mapping[str, Any]], seconds: Mapping[str, float], asked: Mapping[str, Any]
) -> dict[str, Any]:
    """The fields of ``summary.json``: six evaluations, cost, calls before and after."""
    return {
        **{step: {key: results[step][key] for key in ("accuracy", "ci95", "n")} for step in STEPS if step != "train"},
        "seconds": round(sum(seconds.values()), 1),
        "updates": results["train"]["updates"],
        "tool_calls_per_item": {step: results[step]["calls"] for step in ("before", "after")},
        "evidence_iou": {step: results[step]["evidence_iou"] for step in ("before", "after")},
        "seconds_by_step": dict(seconds),
        "seed": asked["seed"],
    }


def write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def write_page(out: Path) -> Path:
    """``report.html``: the learning curve, the figures, and twenty attempts of the trained model with their crops."""
    from saccade.core.record import read_trajectories
    from saccade.viewer.page import report

    shutil.copyfile(out / "train" / "metrics.jsonl", out / "metrics.jsonl")
    (attempts,) = (out / "after").glob("*/trajectories.jsonl")
    note = (
        "A model of two million parameters sees each picture at a quarter of its size, where the digit cannot be read. "
        "It may zoom once or twice. Boxes in the pictures are where it looked."
    )
    return report(
        out, attempts=list(read_trajectories(attempts)), most=20, title="A small model learns to look", note=note
    )


def rows(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The table that is printed at the end."""
    calls = summary["tool_calls_per_item"]
    return [
        {
            "what": step.replace("_", " "),
            "accuracy": summary[step]["accuracy"],
            "95 % interval": "{:.3f} to {:.3f}".format(*summary[step]["ci95"]),
            "items": summary[step]["n"],
            "calls per item": calls.get(step),
        }
        for step in STEPS
        if step != "train"
    ]
