"""Attempts that ended and are in no checkpoint yet, written down as soon as they end: a killed run asks for none twice.

In the deterministic mode nothing is written: a run that comes back makes the same attempts again, bit for bit, and to take
some from disk would change the company in which the others are sampled, and so their last bits. Elsewhere (on an
accelerator, with a server) the attempts of an update are read back when the run comes to that update again.

Layout: ``pending/update_000012.jsonl``, one attempt a line, named like the file of ``trajectories/`` they will end in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from saccade.core.record import read_trajectories, write_lines
from saccade.core.trajectory import Trajectory

Key = tuple[str, int, str]
"""Sample, attempt and branch: what names an attempt within a batch of rollouts."""


def key_of(trajectory: Trajectory) -> Key:
    return trajectory.sample.id, trajectory.attempt, trajectory.branch


@dataclass(frozen=True, slots=True)
class Pending:
    """`folder` None keeps nothing."""

    folder: Path | None = None

    def known(self, update: int, seed: int) -> dict[Key, Trajectory]:
        """Attempts of an update that ended before the run was killed; those that failed on our side are tried again.

        The file is written anew without the half line that a killed run may have left, for more will be appended.
        """
        path = self._path(update)
        if path is None or not path.exists():
            return {}
        found = {key_of(each): each for each in read_trajectories(path) if each.seed == seed and not each.stop.failed}
        write_lines(path, found.values(), append=False)
        return found

    def add(self, update: int, trajectory: Trajectory) -> None:
        path = self._path(update)
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_lines(path, [replace(trajectory, rewards={})])

    def forget(self, update: int) -> None:
        """Checkpoints hold what was learned up to this update: no run will come back to it."""
        for path in self.folder.glob("update_*.jsonl") if self.folder is not None else ():
            if int(path.stem.removeprefix("update_")) <= update:
                path.unlink()

    def _path(self, update: int) -> Path | None:
        return None if self.folder is None else self.folder / f"update_{update + 1:06d}.jsonl"


NOTHING = Pending()
