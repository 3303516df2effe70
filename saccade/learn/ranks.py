"""The processes that learn together, started by `torchrun`, and the few things they say to each other.

Every rank runs the same loop over the same samples and comes to the same decisions; what is split over ranks (attempts,
scoring, the passes of an update) is put together again before anything is decided from it. Only the first rank writes. What
travels is JSON and numbers: nothing is unpickled. One process on its own is `ALONE`, and nothing of this runs.
"""

from __future__ import annotations

import atexit
import os
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

import numpy as np
import torch
import torch.distributed as dist

PATIENCE = timedelta(hours=2)
"""How long a rank waits for another: attempts of one may take much longer than those of the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranks:
    """`sharded` says that weights are cut over the ranks; true for every process `torchrun` started, even a single one."""

    rank: int = 0
    size: int = 1
    sharded: bool = False

    @property
    def first(self) -> bool:
        return self.rank == 0

    def device(self, wanted: str) -> str:
        """The device of this rank where a run asks for `wanted`: each process of a machine has an accelerator of its own."""
        if not self.sharded or wanted not in ("auto", "cuda"):
            return wanted
        return f"cuda:{os.environ.get('LOCAL_RANK', 0)}" if torch.cuda.is_available() or wanted == "cuda" else "cpu"

    def gather(self, mine: bytes) -> list[bytes]:
        """What every rank gave, by rank, on every rank."""
        if self.size == 1:
            return [mine]
        lengths = [torch.zeros(1, dtype=torch.int64) for _ in range(self.size)]
        dist.all_gather(lengths, torch.tensor([len(mine)]))
        widest = max(int(each) for each in lengths)
        padded = torch.from_numpy(np.frombuffer(mine.ljust(widest, b"\0"), dtype=np.uint8).copy())
        found = [torch.empty_like(padded) for _ in range(self.size)]
        dist.all_gather(found, padded)
        return [each.numpy()[: int(length)].tobytes() for each, length in zip(found, lengths, strict=True)]

    def told(self, value: Any) -> Any:
        """The first rank's value (plain JSON) on every rank: for decisions that depend on a clock."""
        import json

        return value if self.size == 1 else json.loads(self.gather(json.dumps(value).encode() if self.first else b"")[0])

    def wait(self) -> None:
        """Return when every rank has come here."""
        if self.size > 1:
            self.gather(b"")


ALONE = Ranks()


@cache
def joined() -> Ranks:
    """The ranks this process belongs to: `ALONE`, unless `torchrun` (or another launcher that sets its variables) started
    it. Joins once and stays until the process ends."""
    if not {"RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"} <= os.environ.keys():
        return ALONE
    on_gpu = torch.cuda.is_available()
    if on_gpu:
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", 0)))
    dist.init_process_group("cpu:gloo,cuda:nccl" if on_gpu else "gloo", timeout=PATIENCE)
    atexit.register(dist.destroy_process_group)
    return Ranks(rank=dist.get_rank(), size=dist.get_world_size(), sharded=True)
