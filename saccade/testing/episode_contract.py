"""An episode driven by scripted replies: it must end as its EXAMPLES say, the same way twice, and survive any reply."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from saccade.core.episode import Episode, Limits
from saccade.core.message import Image, user
from saccade.core.record import plain, trajectory_from
from saccade.core.sample import Sample
from saccade.core.seed import generator
from saccade.core.trajectory import Trajectory
from saccade.media import open_store
from saccade.rollout.pool import run_sync
from saccade.rollout.run import attempt
from saccade.testing.replay import ByteRenderer, Replay
from saccade.testing.tool_bench import SIZE
from saccade.tools import crop

RUBBISH: tuple[str, ...] = (
    "", " ", "<tool_call>", "<tool_call>{}</tool_call>", '<tool_call>{"name": "x", "arguments": []}</tool_call>',
    '<tool_call>{"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [9, 9, 1, 1]}}</tool_call>', "\x00\ud7ff", "a" * 300,
    '<tool_call>{"name": "\\ud83d", "arguments": {"label": "\\ud83d"}}</tool_call>',
    '<tool_call>{"name": 4, "arguments": {"label": "\\ud83d"}}</tool_call>',
)


def play(episode: Episode, replies: Sequence[str], *, limits: Limits | None = None) -> Trajectory:
    """One attempt at a question about a picture with the crop tool, the policy saying the replies in turn."""
    import numpy as np
    from PIL import Image as PILImage

    noise = generator("episode").integers(0, 256, (SIZE[1], SIZE[0], 3), dtype=np.uint8)
    image = Image(ref="lazy:episode", data=PILImage.fromarray(noise))
    meta = {"evidence": [[8.0, 8.0, 40.0, 40.0]]}
    sample = Sample(id="bench", prompt=(user(image, "Which digit?"),), target="4", meta=meta)
    return run_sync(attempt(
        sample, episode, engine=Replay(texts=replies), renderer=ByteRenderer(), store=open_store(), tools=(crop(),),
        limits=limits or Limits(),
    ))


def episode_faults(factory: Any, examples: list[Any]) -> Iterator[str]:
    """(replies, expected stop[, settings]): the policy says the replies in turn, the last one again and again."""
    for number, (replies, expected, *settings) in enumerate(examples):
        made = play(factory(**(settings[0] if settings else {})), replies)
        if made.stop != expected:
            yield f"example {number}: ends with {made.stop}, not {expected}{': ' + made.error if made.error else ''}"
        again = play(factory(**(settings[0] if settings else {})), replies)
        if [step.message for step in again.steps] != [step.message for step in made.steps]:
            yield f"example {number}: goes another way the second time; draw from context.rng"
        if plain(trajectory_from(plain(made))) != plain(made):
            yield f"example {number}: its record does not survive being written and read"
    for reply in RUBBISH:
        made = play(factory(), [reply])
        if made.stop.failed:
            yield f"the reply {reply!r:.60} ends with {made.stop}: {made.error}"
