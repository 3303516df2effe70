"""A checkpoint in pieces: every rank writes its slices, any number of processes reads them.

torch.distributed.checkpoint over its safetensors storage: a piece is a safetensors file whose header says which part of each
tensor it holds, and nothing in a run folder is ever unpickled. The reader takes the files of a single process as well: a
tensor that lies there whole is cut while it is read.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch.distributed import checkpoint as dcp
from torch.distributed.tensor import DTensor


def write_pieces(tensors: Mapping[str, torch.Tensor], folder: Path) -> None:
    """Write this rank's part of the tensors; called by all ranks with the same names."""
    dcp.save(dict(tensors), storage_writer=dcp.HuggingFaceStorageWriter(str(folder), save_distributed=True))


def shapes(folder: Path) -> dict[str, torch.Size]:
    """Shapes of the whole tensors of a checkpoint folder, by name. Raises ValueError for files that cannot be read."""
    try:
        found = dcp.HuggingFaceStorageReader(str(folder)).read_metadata().state_dict_metadata
    except (OSError, SafetensorError, KeyError, ValueError, TypeError) as error:
        raise unreadable(folder, error) from error
    if not found:
        raise unreadable(folder, "it holds no safetensors files")
    return {name: each.size for name, each in found.items()}


def read_pieces(tensors: Mapping[str, torch.Tensor], folder: Path) -> None:
    """Fill the tensors by name, in place: this rank's slices (all ranks call it then, with the same names), or whole ones.

    Raises ValueError for files that cannot be read.
    """
    alone = not any(isinstance(each, DTensor) for each in tensors.values())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # says that one process loads alone
            dcp.load(dict(tensors), storage_reader=dcp.HuggingFaceStorageReader(str(folder)), no_dist=alone)
    except dcp.CheckpointException as error:
        raise unreadable(folder, error) from error


def read_numbers(folder: Path, beginning: str) -> dict[str, torch.Tensor]:
    """Tensors of one number each whose names begin so; no rank has only a part of those."""
    found: dict[str, torch.Tensor] = {}
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, framework="pt") as file:
            found |= {name: file.get_tensor(name) for name in file.keys() if name.startswith(beginning)}  # noqa: SIM118
    return found


def unreadable(folder: Path, why: object) -> ValueError:
    return ValueError(f"{folder} cannot be read: {why}")
