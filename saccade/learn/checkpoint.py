"""Save and resume: trained weights, optimiser, counters and selector state, in safetensors and JSON.

A checkpoint is a folder that appears whole (written aside, then renamed), so a run killed at any moment finds either the
last one or the one before. There is no random state in it: everything drawn is drawn from names (`core.seed`). Caches
whose content depends on history are dropped whenever a checkpoint is written, so that the run that goes on and the run
that comes back compute the same numbers.

Layout: ``checkpoints/update_000050/{weights,optimiser}.safetensors, state.json``; ``checkpoints/best.json``.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from saccade.core.record import plain
from saccade.learn.folder import write_json
from saccade.learn.learner import Learner

MOMENTS = ("exp_avg", "exp_avg_sq", "step")


@dataclass(slots=True, kw_only=True)
class State:
    """Where a run stands, apart from tensors. `best` is the best evaluation so far and `waited` how many followed it."""

    update: int = 0
    num_tokens: int = 0
    num_sampled: int = 0
    version: int = 0
    tower_version: int = 0
    best: float | None = None
    best_update: int = 0
    waited: int = 0
    started: dict[str, float] = field(default_factory=dict)
    latest: dict[str, float] = field(default_factory=dict)
    selector: dict[str, Any] = field(default_factory=dict)


def folder_of(checkpoints: Path, update: int) -> Path:
    return checkpoints / f"update_{update:06d}"


def save(learner: Learner, state: State, checkpoints: Path, *, keep: int = 2) -> Path:
    """Write a checkpoint of this update and remove all but the last `keep` and the best."""
    state.version, state.tower_version = learner.policy.version, learner.policy.tower_version
    target = folder_of(checkpoints, state.update)
    aside = checkpoints / f".{target.name}.tmp"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    save_file({name: each.detach().contiguous() for name, each in learner.parameters.items()}, aside / "weights.safetensors")
    save_file(optimiser_tensors(learner), aside / "optimiser.safetensors")
    write_json(aside / "state.json", plain(asdict(state)))
    for path in aside.iterdir():
        sync(path)
    if target.exists():
        shutil.rmtree(target)
    aside.rename(target)
    sync(checkpoints)
    if state.best is not None:
        write_json(checkpoints / "best.json", {"update": state.best_update, "value": state.best})
    for path in saved(checkpoints)[:-keep]:
        if path != folder_of(checkpoints, state.best_update):
            shutil.rmtree(path)
    forget(learner)
    return target


def forget(learner: Learner) -> None:
    """Drop what was computed in an order that a resumed run will not repeat: image features of the tower."""
    learner.store.embeddings.drop(lambda key: True)


def sync(path: Path) -> None:
    """Make the operating system write a file or the entries of a folder now."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def saved(checkpoints: Path) -> list[Path]:
    """Complete checkpoints, oldest first."""
    return sorted(path for path in checkpoints.glob("update_*") if (path / "state.json").exists())


def best_of(checkpoints: Path) -> Path | None:
    """The checkpoint with the best evaluation if one was made, else the last one; None where there is none."""
    record = checkpoints / "best.json"
    if record.exists():
        path = folder_of(checkpoints, int(json.loads(record.read_text(encoding="utf-8"))["update"]))
        if (path / "state.json").exists():
            return path
    found = saved(checkpoints)
    return found[-1] if found else None


def optimiser_tensors(learner: Learner) -> dict[str, torch.Tensor]:
    """Moments and step counts by ``<moment>/<parameter>``; parameters that never got a gradient have none."""
    out: dict[str, torch.Tensor] = {}
    for name, parameter in learner.parameters.items():
        for key, value in learner.optimiser.state.get(parameter, {}).items():
            assert key in MOMENTS, f"AdamW keeps a state {key!r} that checkpoints do not know"
            out[f"{key}/{name}"] = torch.as_tensor(value).detach().contiguous()
    return out or {"empty": torch.zeros(0)}


def resume(learner: Learner, path: Path) -> State:
    """Put weights, optimiser and counters back as they were. Raises ValueError naming the file that does not fit."""
    load_weights(learner.parameters, path)
    loaded = read_tensors(path / "optimiser.safetensors")
    device = learner.policy.device
    learner.optimiser.state.clear()
    for name, parameter in learner.parameters.items():
        found = {key: loaded[f"{key}/{name}"] for key in MOMENTS if f"{key}/{name}" in loaded}
        if found:
            # AdamW keeps its step count on the CPU
            learner.optimiser.state[parameter] = {
                key: value if key == "step" else value.to(device) for key, value in found.items()
            }
    state = read_state(path)
    learner.policy.version, learner.policy.tower_version = state.version, state.tower_version
    forget(learner)
    return state


def load_weights(parameters: Mapping[str, torch.Tensor], path: Path) -> None:
    """Copy the trained weights of a checkpoint folder into `parameters`, by name and in place."""
    loaded = read_tensors(path / "weights.safetensors")
    if set(loaded) != set(parameters):
        odd = sorted(set(loaded) ^ set(parameters))
        raise ValueError(
            f"{path}/weights.safetensors does not fit this policy: {len(odd)} parameters on one side only, first {odd[0]}; "
            "freeze and lora must be those of the run that saved it"
        )
    with torch.no_grad():
        for name, parameter in parameters.items():
            if loaded[name].shape != parameter.shape:
                raise ValueError(
                    f"{path}/weights.safetensors: {name} has shape {tuple(loaded[name].shape)}, the policy "
                    f"{tuple(parameter.shape)}"
                )
            parameter.copy_(loaded[name])


def read_tensors(path: Path) -> dict[str, torch.Tensor]:
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise ValueError(f"{path} cannot be read: {error}; remove this checkpoint to go on from the one before") from error


def read_state(path: Path) -> State:
    file = path / "state.json"
    try:
        known = set(State.__dataclass_fields__)
        return State(**{key: value for key, value in json.loads(file.read_text(encoding="utf-8")).items() if key in known})
    except (OSError, ValueError, TypeError) as error:
        raise ValueError(f"{file} cannot be read: {error}") from error
