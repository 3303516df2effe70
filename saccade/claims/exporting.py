"""A run folder to a checkpoint folder, finished or not.

A finished run holds its model already and it is copied. Of an interrupted one, the best (else the last) checkpoint is loaded
into the policy that its configuration names, and written out complete.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

from saccade.core.engine import Sampling
from saccade.core.run import Optim, PolicySpec


def export_run(run: Path, to: Path, *, force: bool = False) -> dict[str, Any]:
    """{folder, megabytes, source}. Raises ValueError for a folder that is no run, or a target in use without `force`."""
    if not run.is_dir():
        raise ValueError(f"{run}: there is no such run folder")
    if to.exists() and any(to.iterdir()) and not force:
        raise ValueError(f"{to} is not empty; choose another folder, or write over it with --force")
    if to.resolve() in (run.resolve(), *run.resolve().parents):
        raise ValueError(f"{to}: choose a folder outside the run's own")
    if (run / "model" / "config.json").is_file():
        shutil.rmtree(to, ignore_errors=True)
        shutil.copytree(run / "model", to)
        source = "model"
    else:
        source = from_checkpoint(run, to)
    size = sum(path.stat().st_size for path in to.rglob("*") if path.is_file())
    return {"folder": str(to), "megabytes": size / 1e6, "source": source}


def from_checkpoint(run: Path, to: Path) -> str:
    from saccade.learn import checkpoint
    from saccade.learn.learner import Learner
    from saccade.media import open_store
    from saccade.models.export import write_model
    from saccade.models.policy import load_policy

    spec = recorded_policy(run)
    found = checkpoint.best_of(run / "checkpoints") or next(reversed(checkpoint.saved(run / "checkpoints")), None)
    if found is None:
        raise ValueError(f"{run}: has no model and no checkpoint yet")
    policy = load_policy(spec)
    learner = Learner(policy, open_store(), Optim())
    checkpoint.load_weights(learner.parameters, found)
    write_model(policy, to)
    return found.name


def recorded_policy(run: Path) -> PolicySpec:
    """The policy that ``config.json`` of a run describes; `model` may be a path of the machine it was made on."""
    path = run / "config.json"
    if not path.is_file():
        raise ValueError(f"{run}: has no config.json, so it is no run folder")
    described = json.loads(path.read_text(encoding="utf-8")).get("policy")
    if not isinstance(described, dict) or "model" not in described:
        raise ValueError(f"{path}: names no policy")
    known = {each.name for each in dataclasses.fields(PolicySpec)} - {"sampling"}
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in described.items() if key in known}
    return PolicySpec(**values, sampling=Sampling(temperature=float(described.get("sampling", {}).get("temperature", 1.0))))
