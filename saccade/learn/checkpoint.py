"""Save and resume: trained weights, optimiser, counters and selector state, in safetensors and JSON.

A checkpoint is a folder that appears whole and goes whole (written or removed aside, then renamed), so a run killed at any
moment finds either the last one or the one before. One that was damaged later is known by the digests of its files: it is
set aside, and the run goes on from the one before. There is no random state in it: everything drawn is drawn from names
(`core.seed`). Caches whose content depends on history are dropped whenever a checkpoint is written, so that the run that
goes on and the run that comes back compute the same numbers.

Layout: ``checkpoints/update_000050/{weights,optimiser}.safetensors, state.json, files.json`` (their digests);
``checkpoints/best.json`` for people.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from saccade.core.record import plain
from saccade.learn.folder import write_json
from saccade.learn.learner import Learner

DIGESTS = "files.json"
MOMENTS = ("exp_avg", "exp_avg_sq", "step")


@dataclass(slots=True, kw_only=True)
class State:
    """Where a run stands, apart from tensors. `best` is the best evaluation so far and `waited` how many followed it."""

    update: int = 0
    num_tokens: int = 0
    num_sampled: int = 0
    version: int = 0
    tower_version: int = 0
    skipped: int = 0
    skipped_in_a_row: int = 0
    best: float | None = None
    best_update: int = 0
    waited: int = 0
    started: dict[str, float] = field(default_factory=dict)
    latest: dict[str, float] = field(default_factory=dict)
    selector: dict[str, Any] = field(default_factory=dict)


def folder_of(checkpoints: Path, update: int) -> Path:
    return checkpoints / f"update_{update:06d}"


def exists(checkpoints: Path, update: int) -> bool:
    return (folder_of(checkpoints, update) / "state.json").exists()


def update_of(path: Path) -> int:
    return int(path.name.removeprefix("update_"))


def save(learner: Learner, state: State, checkpoints: Path, *, keep: int = 2) -> Path:
    """Write a checkpoint of this update and remove all but the last `keep` and the best."""
    state.version, state.tower_version = learner.policy.version, learner.policy.tower_version
    target = folder_of(checkpoints, state.update)
    aside = checkpoints / f".{target.name}.tmp"
    for left in (*checkpoints.glob(".update_*.tmp"), *checkpoints.glob(".update_*.old")):  # by a run that was killed
        shutil.rmtree(left)
    aside.mkdir(parents=True)
    save_file({name: each.detach().contiguous() for name, each in learner.parameters.items()}, aside / "weights.safetensors")
    save_file(optimiser_tensors(learner), aside / "optimiser.safetensors")
    write_json(aside / "state.json", plain(asdict(state)))
    write_json(aside / DIGESTS, {path.name: digest(path) for path in sorted(aside.iterdir())})
    for path in aside.iterdir():
        sync(path)
    if target.exists():
        remove(target)
    aside.rename(target)
    sync(checkpoints)
    if state.best is not None:
        write_json(checkpoints / "best.json", {"update": state.best_update, "value": state.best})
    for path in saved(checkpoints)[:-keep]:
        if path != folder_of(checkpoints, state.best_update):
            remove(path)
    forget(learner)
    return target


def remove(path: Path) -> None:
    """Remove a checkpoint so that no part of it is ever taken for the whole."""
    aside = path.with_name(f".{path.name}.old")
    path.rename(aside)
    shutil.rmtree(aside)


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()


def check(path: Path) -> None:
    """Raise ValueError naming the file of a checkpoint that is not as it was written. (One without digests is of an older
    version and is taken as it is.)"""
    if not (path / DIGESTS).exists():
        return
    try:
        recorded = json.loads((path / DIGESTS).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path / DIGESTS} cannot be read: {error}") from error
    for name in ("weights.safetensors", "optimiser.safetensors", "state.json"):
        if not (path / name).exists():
            raise ValueError(f"{path / name} cannot be read: it is missing")
        if digest(path / name) != recorded.get(name):
            raise ValueError(f"{path / name} cannot be read: it is not what was written (cut off, or changed on the disk)")


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
    found = saved(checkpoints)
    if not found:
        return None
    state = read_state(found[-1])
    best = folder_of(checkpoints, state.best_update)
    return best if state.best is not None and best in found else found[-1]


def optimiser_tensors(learner: Learner) -> dict[str, torch.Tensor]:
    """Moments and step counts by ``<moment>/<parameter>``; parameters that never got a gradient have none."""
    out: dict[str, torch.Tensor] = {}
    for name, parameter in learner.parameters.items():
        for key, value in learner.optimiser.state.get(parameter, {}).items():
            assert key in MOMENTS, f"AdamW keeps a state {key!r} that checkpoints do not know"
            out[f"{key}/{name}"] = torch.as_tensor(value).detach().contiguous()
    return out or {"empty": torch.zeros(0)}


def resume_latest(learner: Learner, checkpoints: Path, tell: Callable[[str], None]) -> State | None:
    """Go on from the newest checkpoint that is whole; newer ones are set aside (``.damaged_...``) and told about. None where
    there is no checkpoint. Raises ValueError naming the damaged files when none is whole."""
    trouble: list[tuple[Path, ValueError]] = []
    for path in reversed(saved(checkpoints)):
        try:
            check(path)
        except ValueError as error:
            trouble.append((path, error))
            continue
        for damaged, error in trouble:
            tell(f"{error}; going on from {path.name}")
            shutil.rmtree(aside := damaged.with_name(f".damaged_{damaged.name}"), ignore_errors=True)
            damaged.rename(aside)
        return resume(learner, path)
    if trouble:
        told = "; ".join(str(error) for _, error in trouble)
        raise ValueError(f"{told}. No checkpoint is whole: remove {checkpoints} to start over")
    return None


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
        raise ValueError(f"{path} cannot be read: {error}") from error


def read_state(path: Path) -> State:
    file = path / "state.json"
    try:
        known = set(State.__dataclass_fields__)
        return State(**{key: value for key, value in json.loads(file.read_text(encoding="utf-8")).items() if key in known})
    except (OSError, ValueError, TypeError) as error:
        raise ValueError(f"{file} cannot be read: {error}") from error
