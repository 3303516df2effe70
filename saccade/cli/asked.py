"""The run that was trained in a folder, made again from what was asked for (`claims.asked`).

A run folder may come from anybody: only recipes of this library are taken from it, a file of Python never is.
"""

from __future__ import annotations

import json
from pathlib import Path

from saccade.claims.asked import ASKED
from saccade.core.run import Run


def run_of_folder(folder: Path) -> Run | None:
    """The run that was trained in a folder, made again from its recipe; None where that was no recipe of this library."""
    from saccade.catalog import entries
    from saccade.cli.plan import planned

    path = folder / ASKED
    if not path.is_file():
        return None
    try:
        asked = json.loads(path.read_text(encoding="utf-8"))
        recipe, arm, seed = asked["recipe"], asked.get("arm"), asked.get("seed")
        overrides = tuple((str(name), value) for name, value in asked.get("overrides", ()))
    except (json.JSONDecodeError, KeyError, TypeError, ValueError):
        raise ValueError(f"{path}: cannot be read; say --recipe NAME") from None
    if recipe not in {each.name for each in entries("recipe")}:
        return None
    return planned(recipe, model=None, data=None, out=None, resume=None, config=None, arm=arm, seed=seed,
                   overrides=overrides).stages[-1].run
