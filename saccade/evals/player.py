"""Who is evaluated: a checkpoint with its engine, or a client that answers messages. Opened once, for any benchmark.

A checkpoint plays on the same engine, renderer and parser as in training. torch is imported only where one is loaded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from saccade.core.engine import Client, Engine, Renderer, Sampling
from saccade.core.run import PolicySpec, Run, describe
from saccade.core.store import MediaStore

WHOLE_BYTES = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Player:
    """`engine` and `renderer` of a checkpoint, or `clients` with one named ``policy``; `print` tells weights apart, `folder`
    holds the checkpoint."""

    name: str
    sampling: Sampling = Sampling()
    engine: Engine | None = None
    renderer: Renderer | None = None
    clients: Mapping[str, Any] = field(default_factory=dict)
    print: Any = None
    notes: tuple[str, ...] = ()
    folder: Path | None = None


def open_player(policy: Any, store: MediaStore) -> Player:
    """Make a player of a `PolicySpec`, a `Run`, a checkpoint or run folder, ``glimpse``, or a `Client`.

    Raises ValueError naming the folder for one that holds no model.
    """
    if isinstance(policy, Player):
        return policy
    if isinstance(policy, Run):
        made = open_player(policy.policy, store)
        others = {**dict(policy.others), **made.clients}
        return Player(name=made.name, sampling=made.sampling, engine=made.engine, renderer=made.renderer, clients=others,
                      print=made.print, notes=made.notes, folder=made.folder)
    if isinstance(policy, str | Path):
        policy = PolicySpec(model=str(model_folder(policy)))
    if isinstance(policy, PolicySpec):
        from saccade.engines.local import LocalEngine
        from saccade.models.policy import load_policy

        loaded = load_policy(policy)
        return Player(
            name=policy.model, sampling=policy.sampling, renderer=loaded.renderer, notes=loaded.notes, folder=loaded.folder,
            engine=LocalEngine(loaded, store, deterministic=loaded.device.type == "cpu"),
            print={"policy": {**describe(policy), "model": None}, "weights": weights_print(loaded.folder)},
        )
    if isinstance(policy, Client):
        return Player(name=policy.name, clients={"policy": policy}, print={"client": policy.name})
    raise ValueError(f"cannot evaluate a {type(policy).__name__}; give a checkpoint folder, a run, a PolicySpec or a client")


def model_folder(path: str | Path) -> str | Path:
    """The checkpoint in a folder: itself, or `model` inside a run folder. Other names (``glimpse``) are kept."""
    folder = Path(path).expanduser()
    if (folder / "model" / "config.json").is_file():
        return folder / "model"
    if folder.is_dir() and not (folder / "config.json").is_file():
        raise ValueError(f"{folder} holds no model: neither config.json nor model/config.json is there")
    return folder if folder.is_dir() else path


def weights_print(folder: Path) -> str:
    """Tells checkpoints apart by content: all bytes of small weight files, size and both ends of large ones."""
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted(folder.glob("*.safetensors")):
        size = path.stat().st_size
        digest.update(f"{path.name}{size}".encode())
        with path.open("rb") as opened:
            if size <= WHOLE_BYTES:
                digest.update(opened.read())
            else:
                digest.update(opened.read(1 << 20))
                opened.seek(-(1 << 20), 2)
                digest.update(opened.read())
    return digest.hexdigest()
