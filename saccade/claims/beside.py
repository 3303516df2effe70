"""Cells of a reproduction beside each other: each in a process of its own, with its share of the cores.

A model of a few million parameters hardly uses a second core, so two cells on a core each end well before two in turns. A
cell is the same run either way; only the number of threads differs, and with it the last bits of its figures.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def beside(
    method: str, cells: Sequence[tuple[str, int]], *, out: Path, jobs: int, say: Callable[[str], None] = print
) -> None:
    """Run the cells (arm, seed), `jobs` at a time; what each prints is in ``out/ARM-SEED.log``.

    A cell that fails here leaves no outcome: whoever goes on over all cells meets its error.
    """
    threads = max(1, (os.cpu_count() or 1) // jobs)
    out.mkdir(parents=True, exist_ok=True)

    def run(cell: tuple[str, int]) -> None:
        arm, seed = cell
        say(f"{method}: arm {arm}, seed {seed}")
        command = [sys.executable, "-m", "saccade", "reproduce", method, "--out", str(out), "--results", str(out),
                   "--arm", arm, "--seed", str(seed)]
        with (out / f"{arm}-{seed}.log").open("w") as log:
            subprocess.run(command, check=False, stdout=log, stderr=log, env={**os.environ, "OMP_NUM_THREADS": str(threads)})

    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(run, cells))
