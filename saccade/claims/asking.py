"""One question about pictures, asked outside any data set, and a page of every look the model took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from saccade.core.message import Image, user
from saccade.core.run import Run
from saccade.core.sample import Sample
from saccade.core.store import MediaStore
from saccade.core.trajectory import Trajectory


def sample_about(images: Sequence[Path], question: str) -> Sample:
    """A sample without a target. Raises ValueError for a picture that is not there and for an empty question."""
    if not question.strip():
        raise ValueError("the question is empty")
    for path in images:
        if not path.is_file():
            raise ValueError(f"{path}: there is no such picture")
    pictures = tuple(Image(ref=f"file:{path.resolve()}") for path in images)
    return Sample(id=f"ask/{images[0].stem}" if images else "ask", prompt=(user(*pictures, question),))


def ask(player: Any, run: Run, sample: Sample, *, store: MediaStore, temperature: float = 0.0, seed: int = 0) -> Trajectory:
    """One attempt at the question. Raises ValueError with the reason when it failed on our side."""
    from saccade.evals.player import open_player
    from saccade.rollout.pool import run_rollouts

    for image in sample.images:
        store.adopt(image)
    opened = open_player(player, store)
    (group,) = run_rollouts(
        [sample], run.episode, store=store, engine=opened.engine, renderer=opened.renderer, tools=run.tools,
        clients={**dict(run.others), **opened.clients}, limits=run.limits,
        sampling=replace(opened.sampling, temperature=temperature), seed=seed,
    )
    (attempt,) = group.trajectories
    if attempt.stop.failed:
        raise ValueError((attempt.error or str(attempt.stop)).strip().splitlines()[-1])
    return attempt


def write_page(attempt: Trajectory, store: MediaStore, path: Path, *, title: str) -> Path:
    from saccade.viewer.page import attempts_page

    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(attempts_page(title, [attempt], store), encoding="utf-8")
    return path


def looks(attempt: Trajectory) -> list[dict[str, Any]]:
    """Every tool call: name, box in px of the root image, what the model was told when it failed."""
    return [{"tool": event.name, "box_xyxy": None if event.box_xyxy is None else [round(edge, 1) for edge in event.box_xyxy],
             "arguments": event.arguments, "error": event.error} for event in attempt.events]
