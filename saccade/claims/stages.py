"""Train the stages of a recipe one after the other, each from the weights the last one left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from saccade.core.run import Stage


def train_stages(stages: Sequence[Stage], folder: Path, *, resume: bool = False, **settings: Any) -> list[dict[str, Any]]:
    """Summaries in order. One stage trains in the folder itself, several in folders of their own inside.

    A stage ends after its updates, or earlier when `Stage.until` holds of the latest metrics. One that has a summary is not
    trained again when `resume` is set.
    """
    from saccade.learn.loop import train

    if len(stages) == 1:
        return [train(stages[0].run, folder, resume=resume, until=stages[0].until, **settings)]
    summaries: list[dict[str, Any]] = []
    model: str | None = None
    for number, stage in enumerate(stages, start=1):
        place = folder / f"{number}-{stage.name}"
        run = stage.run if model is None else replace(stage.run, policy=replace(stage.run.policy, model=model))
        if resume and (place / "summary.json").is_file():
            import json

            summaries.append(json.loads((place / "summary.json").read_text(encoding="utf-8")))
        else:
            summaries.append(train(run, place, resume=resume, until=stage.until, **settings))
        model = str(place / "model")
    return summaries
