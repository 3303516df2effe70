"""Who wrote what: masks, tokens and images of rows held against the record they were made of.

Nothing here asks the part under suspicion whether it is right: what a row trains is compared with what was recorded as
sampled, what a step holds with what its message shows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from saccade.core.trajectory import Step, Trajectory, concatenate
from saccade.learn.rows import Row


class BlindError(ValueError):
    """Training would be blind, or would learn from the wrong tokens. The message names the cause."""


def check_steps(attempts: Sequence[Trajectory]) -> None:
    """Who wrote what: only assistant messages hold sampled tokens, and a step holds the images its message shows."""
    for trajectory in attempts:
        for index, step in enumerate(trajectory.steps):
            if step.tokens is None:
                continue
            where = f"{trajectory.sample.id}, attempt {trajectory.attempt}, step {index} ({step.message.role})"
            if step.message.role != "assistant" and step.sampled is not None and step.sampled.any():
                raise BlindError(
                    f"{where}: {int(step.sampled.sum())} of its tokens are marked as the policy's: a tool result (or a "
                    "prompt) is in the loss"
                )
            shown, held = [image.ref for image in step.message.images], [span.ref for span in step.media]
            if step.message.role != "assistant" and shown != held:
                kind = "images are swapped" if sorted(shown) == sorted(held) else "an image is dropped"
                raise BlindError(f"{where}: the message shows {shown}, its tokens hold {held}: {kind}")


def told_apart(row: Row, recorded: np.ndarray, decode: Callable[[np.ndarray], str]) -> str:
    """What the tokens of a row that is not its record have come from, as far as that can be told."""
    assert row.record is not None
    blind = [step for step in row.record if step.message.role != "tool"]
    if len(blind) < len(row.record) and np.array_equal(row.prompt.tokens, concatenate(blind).tokens):
        return "what a tool showed is missing: an observation is left out of the training context"
    same = decode(row.prompt.tokens) == decode(recorded)
    return "and both say the same: a re-tokenised turn" if same else "and they say different things"


def check_masks(rows: Sequence[Row], decode: Callable[[np.ndarray], str]) -> None:
    """Rows against the record they were made of: tokens, images, and which tokens are trained."""
    for row in rows:
        if row.record is None:
            continue
        prompt = concatenate(row.record)
        if not np.array_equal(row.prompt.tokens, prompt.tokens):
            raise BlindError(
                f"{row.source}: the row holds {len(row.prompt.tokens)} tokens, the record {len(prompt.tokens)}, "
                f"{told_apart(row, prompt.tokens, decode)}"
            )
        if row.prompt.media != prompt.media:
            here, there = [span.ref for span in row.prompt.media], [span.ref for span in prompt.media]
            kind = "images are swapped" if sorted(here) == sorted(there) else "an image is dropped"
            raise BlindError(f"{row.source}: the row shows {here}, the record {there}: {kind}")
        check_mask(row)


def check_mask(row: Row) -> None:
    assert row.record is not None
    own = np.concatenate([step.sampled & (step.speaker == row.speaker) for step in row.record])  # type: ignore[operator]
    extra = row.trainable_T & ~own
    if not extra.any():
        return
    for by in (1, -1):
        if np.array_equal(np.roll(own, by)[1:-1], row.trainable_T[1:-1]):
            raise BlindError(f"{row.source}: the mask of trained tokens is shifted by one ({by:+d}) against what was drawn")
    at = int(np.argmax(extra))
    step = step_at(row.record, at)
    what = "a tool result is in the loss" if step.message.role == "tool" else f"a {step.message.role} message is in the loss"
    raise BlindError(f"{row.source}: {int(extra.sum())} trained tokens were not sampled, the first at {at}: {what}")


def step_at(steps: Sequence[Step], token: int) -> Step:
    bounds = np.cumsum([len(step.tokens) for step in steps])  # type: ignore[arg-type]
    return steps[int(np.searchsorted(bounds, token, side="right"))]
