"""Train the stages of a recipe one after the other, each from the weights the last one left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from saccade.core.run import Stage


def train_stages(stages: Sequence[Stage], folder: Path, *, resume: bool = False, **settings: Any) -> list[dict[str, Any]]:
    """Summaries in order. One stage trains in the folder itself, several in folders of their own inside.

    A stage that has a summary is not trained again when `resume` is set. Raises ValueError for a stage that should end by a
    condition (`Stage.until`), which the loop does not know yet.
    """
    from saccade.learn.loop import train

    for stage in stages:
        if stage.until is not None:
            raise ValueError(f"stage {stage.name!r} ends by a condition, which is not built; give it schedule.updates")
    if len(stages) == 1:
        return [train(stages[0].run, folder, resume=resume, **settings)]
    summaries: list[dict[str, Any]] = []
    model: str | None = None
    for number, stage in enumerate(stages, start=1):
        place = folder / f"{number}-{stage.name}"
        run = stage.run if model is None else replace(stage.run, policy=replace(stage.run.policy, model=model))
        if resume and (place / "summary.json").is_file():
            import json

            summaries.append(json.loads((place / "summary.json").read_text(encoding="utf-8")))
        else:
            summaries.append(train(run, place, resume=resume, **settings))
        model = str(place / "model")
    return summaries
