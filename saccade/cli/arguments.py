"""Kinds of arguments that verbs share. By their names `saccade.cli.completion` knows what the shell may offer for them: one
that is called like a kind of component is completed with the components of that kind."""

from __future__ import annotations

from typing import Annotated

import tyro

Flag = Annotated[bool, tyro.conf.FlagCreatePairsOff]
"""`--name` turns it on; there is no `--no-name`."""

Name = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="NAME")]
Recipe = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="RECIPE")]
Component = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="NAME")]
Policy = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="POLICY")]
Kind = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="KIND")]
File = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="FILE")]
Folder = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="FOLDER")]
RunFolder = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]
Question = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="QUESTION")]
Picture = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="IMAGE")]

OneRecipe = Annotated[str, tyro.conf.arg(metavar="RECIPE")]
OneKind = Annotated[str, tyro.conf.arg(metavar="KIND")]
OneModel = Annotated[str, tyro.conf.arg(metavar="MODEL")]
Recipes = Annotated[str, tyro.conf.arg(metavar="RECIPE,...")]
Tools = Annotated[str, tyro.conf.arg(metavar="TOOL,...")]
Rewards = Annotated[str, tyro.conf.arg(metavar="REWARD,...")]
Benchmarks = Annotated[str, tyro.conf.arg(metavar="BENCHMARK,...")]
ToolNames = Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="TOOL")]
RunFolders = Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]
Data = Annotated[str, tyro.conf.arg(metavar="DATA")]


def at_least(least: float, **given: float) -> None:
    """Raise ValueError naming the flag whose value is below `least`."""
    for name, value in given.items():
        if value < least:
            raise ValueError(f"--{name.replace('_', '-')} is at least {least:g}, not {value:g}")
