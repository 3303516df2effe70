"""A data set that a paper used and that is not on this machine: it says where it is from when somebody reads it.

So a recipe with published settings can be printed, compared and given other data before anything is downloaded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from saccade.core.sample import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """`name` of the data set as its authors gave it, `about` what is in it, `layout` the columns it has."""

    name: str
    about: str
    layout: str

    def __len__(self) -> int:
        self.absent()

    def __getitem__(self, index: int) -> Sample:
        self.absent()

    def absent(self) -> NoReturn:
        raise ValueError(f"the data set {self.name} ({self.about}) is not part of saccade: download it and say --data FILE "
                         f"(columns in the layout of {self.layout}), or try --arm for the miniature on glimpse")


def published(name: str, *, about: str, layout: str) -> Published:
    """Name a data set. Reading from it, or asking for its length, raises ValueError with what to do."""
    return Published(name=name, about=about, layout=layout)
