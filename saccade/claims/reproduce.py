"""Run every arm of a recipe's claim on every seed, and write down what came out.

An arm and a seed are one cell: a run folder with an ``outcome.json`` once it is finished. A killed reproduction goes on
where it was; a cell is done again only when its run has changed. Arms that train stop at the same number of sampled
tokens (`Schedule.tokens` of the miniature), so that none of them wins by seeing more.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saccade.claims.history import claim_commit, claim_of, head
from saccade.claims.methods import RESULTS
from saccade.claims.verdict import Effect, arms_of, baseline_of, judge, paired
from saccade.core.record import finite
from saccade.core.run import Claim, Job, Run, Stage, describe, digest

Made = Run | tuple[Stage, ...] | Job
"""What a recipe's miniature gives for an arm and a seed."""

Measure = Callable[[Made, Path], Mapping[str, float]]
"""Train a run (or its stages) in a folder (resuming what is there) and give back its summary: the claim's metric
among plain numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What a reproduction needs of a recipe file."""

    name: str
    path: Path
    claim: Claim
    miniature: Callable[[str, int], Made]


def read_recipe(name: str, module: Any) -> Recipe:
    """Raises ValueError naming the file and what it lacks."""
    path = Path(module.__file__)
    names = vars(module)
    for needed in ("CLAIM", "miniature"):
        if needed not in names:
            raise ValueError(f"{path}: has no {needed}, so there is nothing to reproduce")
    arms_of(names["CLAIM"])
    return Recipe(name=name, path=path, claim=names["CLAIM"], miniature=names["miniature"])


def reproduce(
    recipe: Recipe,
    *,
    out: Path,
    results: Path = RESULTS,
    measure: Measure,
    only: Sequence[tuple[str, int]] | None = None,
    say: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Run the missing cells, judge, write ``results/METHOD.json`` and return it.

    only: cells to run now; the others must be there already or stay missing, which makes the claim untestable. No result
          is written before every cell is there.
    Raises ValueError when the claim is not committed.
    """
    commit = claim_commit(recipe.path)
    claim, arms = recipe.claim, arms_of(recipe.claim)
    outcomes: dict[str, dict[int, dict[str, Any]]] = {arm: {} for arm in arms}
    for seed in claim.seeds:  # seed by seed, so that an early stop leaves whole comparisons
        for arm in arms:
            run = recipe.miniature(arm, seed)
            folder = out / f"{arm}-{seed}"
            known = finished(folder, run)
            if known is None and (only is None or (arm, seed) in only):
                say(f"{recipe.name}: arm {arm}, seed {seed}")
                known = cell(run, folder, measure, metric=claim.metric)
            if known is not None:
                outcomes[arm][seed] = known
    result = summary(recipe, outcomes, claim_commit=commit)
    if result["missing"] == 0:
        results.mkdir(parents=True, exist_ok=True)
        write(results / f"{recipe.name}.json", result)
    return result


def unfinished(recipe: Recipe, out: Path, cells: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    """Those of the cells (arm, seed) that have no outcome yet, seed by seed. Raises ValueError like `reproduce`."""
    claim_commit(recipe.path)
    ordered = sorted(cells, key=lambda each: recipe.claim.seeds.index(each[1]))
    return [(arm, seed) for arm, seed in ordered if finished(out / f"{arm}-{seed}", recipe.miniature(arm, seed)) is None]


def cell(run: Made, folder: Path, measure: Measure, *, metric: str) -> dict[str, Any]:
    """Run one arm on one seed and keep its outcome. Raises ValueError when the summary lacks the claim's metric."""
    began = time.perf_counter()
    found = dict(measure(run, folder))
    if metric not in found:
        raise ValueError(f"{name_of(run)}: its summary has no {metric!r}; it has {', '.join(sorted(found))}")
    outcome = {
        "value": float(found[metric]), "summary": found, "run": identity(run), "commit": head(Path(__file__).parent),
        "seconds": round(time.perf_counter() - began, 1),
    }
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / "outcome.json", outcome)
    return outcome


def name_of(made: Made) -> str:
    return made[-1].run.name if isinstance(made, tuple) else made.name


def finished(folder: Path, run: Made) -> dict[str, Any] | None:
    """The outcome of a cell, if it is there and of this very run."""
    path = folder / "outcome.json"
    if not path.is_file():
        return None
    outcome = json.loads(path.read_text(encoding="utf-8"))
    return outcome if outcome.get("run") == identity(run) else None


def identity(run: Made) -> str:
    return digest(describe(run))


def summary(recipe: Recipe, outcomes: Mapping[str, Mapping[int, Mapping[str, Any]]], *,
            claim_commit: str | None) -> dict[str, Any]:
    """The result file: the claim, values per arm and seed, effects over the baseline, the verdict, and how it was made."""
    claim, over = recipe.claim, baseline_of(recipe.claim)
    values = {arm: {seed: each["value"] for seed, each in by_seed.items()} for arm, by_seed in outcomes.items()}
    verdict = judge(claim, values)
    effects = {arm: effect_json(paired(values[arm], values[over])) for arm in values
               if arm != over and set(values[arm]) & set(values[over])}
    done = [each for by_seed in outcomes.values() for each in by_seed.values()]
    commits = sorted({str(each["commit"]) for each in done if each["commit"]})
    return {
        "method": recipe.name,
        "claim": claim_of(recipe.path),
        "verdict": verdict.word,
        "why": verdict.why,
        "scale": claim.scale,
        "metric": claim.metric,
        "over": over,
        "effect": effect_json(verdict.effect),
        "control_effect": effect_json(verdict.control),
        "effects": effects,
        "values": {arm: {str(seed): value for seed, value in by_seed.items()} for arm, by_seed in values.items()},
        "summaries": {arm: {str(seed): each["summary"] for seed, each in by_seed.items()}
                      for arm, by_seed in outcomes.items()},
        "missing": len(claim.seeds) * len(outcomes) - len(done),
        "claim_commit": claim_commit,
        "commit": commits[-1] if len(commits) == 1 else head(Path(__file__).parent),
        "commits": commits,
        "seconds": round(sum(each["seconds"] for each in done), 1),
        "machine": machine(),
    }


def effect_json(effect: Effect | None) -> dict[str, Any] | None:
    return None if effect is None else {"mean": effect.mean, "ci95": list(effect.ci95), "n": len(effect.seeds)}


def machine() -> dict[str, Any]:
    """What the figures depend on besides the commit."""
    from saccade.learn.folder import environment

    known = environment()
    return {"platform": platform.platform(), "cores": os.cpu_count(), "python": known["python"],
            "packages": known["packages"]}


def write(path: Path, value: Any) -> None:
    """Write JSON in one piece; numbers that are not finite become null."""
    temporary = path.with_suffix(".tmp")
    text = json.dumps(finite(json.loads(json.dumps(value, default=dataclasses.asdict))), indent=2, allow_nan=False)
    temporary.write_text(text + "\n", encoding="utf-8")
    temporary.replace(path)


def rows(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The table a reader wants: one row per arm, values per seed, the effect over the baseline with its interval."""
    out: list[dict[str, Any]] = []
    for arm, values in result["values"].items():
        numbers = [value for value in values.values() if value is not None]
        effect = result["effects"].get(arm)
        out.append({
            "arm": arm,
            **{f"seed {seed}": value for seed, value in values.items()},
            "mean": math.fsum(numbers) / len(numbers) if numbers else None,
            f"over {result['over']}": None if effect is None else effect["mean"],
            "95 % interval": None if effect is None else "{:+.3f} to {:+.3f}".format(*effect["ci95"])
            if all(each is not None and math.isfinite(each) for each in effect["ci95"]) else "one seed",
        })
    return out
