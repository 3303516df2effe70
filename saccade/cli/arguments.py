"""Kinds of arguments that verbs share."""

from __future__ import annotations

from typing import Annotated

import tyro

Flag = Annotated[bool, tyro.conf.FlagCreatePairsOff]
"""`--name` turns it on; there is no `--no-name`."""

Name = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="NAME")]
Recipe = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="RECIPE")]
Kind = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="KIND")]
File = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="FILE")]
Folder = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="FOLDER")]
RunFolder = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]
Question = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="QUESTION")]
Picture = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="IMAGE")]


def at_least(least: float, **given: float) -> None:
    """Raise ValueError naming the flag whose value is below `least`."""
    for name, value in given.items():
        if value < least:
            raise ValueError(f"--{name.replace('_', '-')} is at least {least:g}, not {value:g}")
