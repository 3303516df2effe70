"""Save and resume: trained weights, optimiser, counters and selector state, in safetensors and JSON.

A checkpoint is a folder that appears whole and goes whole (written or removed aside, then renamed), so a run killed at any
moment finds either the last one or the one before. One that was damaged later is known by the digests of its files: it is
set aside, and the run goes on from the one before. There is no random state in it: everything drawn is drawn from names
(`core.seed`). Caches whose content depends on history are dropped whenever a checkpoint is written, so that the run that
goes on and the run that comes back compute the same numbers.

Layout: ``checkpoints/update_000050/{weights,optimiser}.safetensors, state.json, files.json`` (their digests);
``checkpoints/best.json`` for people. Ranks that `torchrun` started write a file of slices each instead of the two
(`pieces`); every number of processes goes on from either.
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
from saccade.learn.ranks import Ranks

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
    ranks = learner.ranks
    if ranks.first:
        for left in (*checkpoints.glob(".update_*.tmp"), *checkpoints.glob(".update_*.old")):  # by a run that was killed
            shutil.rmtree(left)
        aside.mkdir(parents=True)
    ranks.wait()
    weights = {name: each.detach().contiguous() for name, each in learner.parameters.items()}
    if learner.shards is None:
        save_file(weights, aside / "weights.safetensors")
        save_file(optimiser_tensors(learner), aside / "optimiser.safetensors")
    else:
        from saccade.learn.pieces import write_pieces

        write_pieces({**weights, **optimiser_tensors(learner)}, aside)
    written = digests(ranks, aside)
    if ranks.first:
        finish(aside, target, state, written, keep=keep)
    ranks.wait()
    forget(learner)
    return target


def digests(ranks: Ranks, folder: Path) -> dict[str, str]:
    """Of the files of tensors in a folder; each rank reads its share of them."""
    names = sorted(path.name for path in folder.glob("*.safetensors"))
    mine = {name: digest(folder / name) for name in names[ranks.rank :: ranks.size]}
    return {name: said for part in ranks.gather(json.dumps(mine).encode()) for name, said in json.loads(part).items()}


def finish(aside: Path, target: Path, state: State, written: Mapping[str, str], *, keep: int) -> None:
    """Write the state beside the tensors, let the folder appear whole, and remove those that are not kept."""
    checkpoints = target.parent
    write_json(aside / "state.json", plain(asdict(state)))
    write_json(aside / DIGESTS, {**written, "state.json": digest(aside / "state.json")})
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
    for name in sorted({*recorded, "state.json"}):
        if Path(name).name != name or not (path / name).exists():
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
    found = learner.ranks.told(newest(checkpoints, tell) if learner.ranks.first else None)
    return resume(learner, checkpoints / found) if found else None


def newest(checkpoints: Path, tell: Callable[[str], None]) -> str | None:
    """Name of the newest checkpoint that is whole, see `resume_latest`."""
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
        return path.name
    if trouble:
        told = "; ".join(str(error) for _, error in trouble)
        raise ValueError(f"{told}. No checkpoint is whole: remove {checkpoints} to start over")
    return None


def resume(learner: Learner, path: Path) -> State:
    """Put weights, optimiser and counters back as they were. Raises ValueError naming the file that does not fit."""
    load_weights(learner.parameters, path)
    loaded = moments(learner.parameters, path)
    learner.optimiser.state.clear()
    for name, parameter in learner.parameters.items():
        found = {key: loaded[f"{key}/{name}"] for key in MOMENTS if f"{key}/{name}" in loaded}
        if found:
            # AdamW keeps its step count on the CPU
            learner.optimiser.state[parameter] = {
                key: value if key == "step" else value.to(learner.policy.device) for key, value in found.items()
            }
    if learner.shards is not None:
        learner.shards.gather()
    state = read_state(path)
    learner.policy.version, learner.policy.tower_version = state.version, state.tower_version
    forget(learner)
    return state


def load_weights(parameters: Mapping[str, torch.Tensor], path: Path) -> None:
    """Copy the trained weights of a checkpoint folder into `parameters`, by name and in place."""
    if in_pieces(parameters, path):
        from saccade.learn.pieces import read_pieces, shapes

        others = (*(f"{key}/" for key in MOMENTS), "empty")
        check_fit({name: shape for name, shape in shapes(path).items() if not name.startswith(others)}, parameters, path)
        read_pieces({name: each.detach() for name, each in parameters.items()}, path)
        return
    loaded = read_tensors(path / "weights.safetensors")
    check_fit({name: each.shape for name, each in loaded.items()}, parameters, path / "weights.safetensors")
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(loaded[name])


def moments(parameters: Mapping[str, torch.Tensor], path: Path) -> dict[str, torch.Tensor]:
    """What `optimiser_tensors` gave when the checkpoint was written, cut like `parameters`."""
    if not in_pieces(parameters, path):
        return read_tensors(path / "optimiser.safetensors")
    from saccade.learn.pieces import read_numbers, read_pieces, shapes

    known = shapes(path)
    found = {
        f"{key}/{name}": torch.zeros_like(each)
        for key in MOMENTS
        for name, each in parameters.items()
        if key != "step" and f"{key}/{name}" in known
    }
    read_pieces(found, path)
    return found | read_numbers(path, "step/")


def in_pieces(parameters: Mapping[str, torch.Tensor], path: Path) -> bool:
    """Whether the files, or the parameters they are for, are cut over ranks."""
    return not (path / "weights.safetensors").exists() or any(hasattr(each, "device_mesh") for each in parameters.values())


def check_fit(found: Mapping[str, torch.Size], parameters: Mapping[str, torch.Tensor], path: Path) -> None:
    """Raise ValueError naming a parameter that stands on one side only, or has another shape there."""
    if set(found) != set(parameters):
        odd = sorted(set(found) ^ set(parameters))
        raise ValueError(
            f"{path} does not fit this policy: {len(odd)} parameters on one side only, first {odd[0]}; "
            "freeze and lora must be those of the run that saved it"
        )
    for name, parameter in parameters.items():
        if found[name] != parameter.shape:
            raise ValueError(f"{path}: {name} has shape {tuple(found[name])}, the policy {tuple(parameter.shape)}")


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
