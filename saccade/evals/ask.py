"""Ask a policy one question about one picture and see every look it took.

Runs a single sample with the same tool loop as training and writes a page that holds everything: the picture with the
boxes on it, the crops, the conversation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saccade import episodes, tools
from saccade.core.engine import Sampling
from saccade.core.episode import Episode, Limits
from saccade.core.message import Image, user
from saccade.core.sample import Sample
from saccade.core.store import MediaStore
from saccade.core.tool import Tool
from saccade.core.trajectory import Trajectory
from saccade.evals.player import Player, open_player
from saccade.media import open_store
from saccade.rollout.pool import run_rollouts
from saccade.text.extract import answer_of
from saccade.viewer.page import attempts_page


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`text` is the answer read from the last message (all of it where it has no form); `page` the file written."""

    text: str
    trajectory: Trajectory
    page: Path | None = None

    def looks(self) -> list[dict[str, Any]]:
        """Every tool call: name, box in px of the root image, what the model was told when it failed."""
        return [
            {"tool": event.name, "box_xyxy": None if event.box_xyxy is None else [round(edge, 1) for edge in event.box_xyxy],
             "arguments": event.arguments, "error": event.error}
            for event in self.trajectory.events
        ]

    def plain(self) -> dict[str, Any]:
        return {
            "answer": self.text, "said": self.trajectory.answer, "stop": str(self.trajectory.stop), "looks": self.looks(),
            "page": None if self.page is None else str(self.page),
        }


def ask(
    policy: Any,
    image: str | Path | Image | Sequence[str | Path | Image],
    question: str,
    tools: Sequence[Tool] | None = None,
    out_html: str | Path | None = None,
    *,
    episode: Episode | None = None,
    sampling: Sampling | None = None,
    limits: Limits | None = None,
    store: MediaStore | None = None,
    seed: int = 0,
) -> Answer:
    """Ask once, greedily unless `sampling` says otherwise, and write a page with every look the model took.

    policy: as for `evaluate`; image: a path, an `Image`, or several; tools: what it may call (None: the crop tool in
    pixels, () for none); out_html: where the page goes, None for no page. Raises ValueError naming a picture that cannot be
    read, before any model is loaded, and with the reason where the attempt failed on our side.
    """
    store = store or open_store()
    given = [image] if isinstance(image, str | Path | Image) else list(image)
    images = [each if isinstance(each, Image) else Image(ref=f"file:{Path(each).expanduser()}") for each in given]
    pictures = [store.adopt(each) for each in images]
    if not question.strip():
        raise ValueError("the question is empty")
    offered = default_tools() if tools is None else tuple(tools)
    player: Player = open_player(policy, store)
    chosen = sampling or Sampling(temperature=0.0, max_tokens=player.sampling.max_tokens)
    sample = Sample(id="ask", prompt=(user(*pictures, question),))
    made = run_rollouts(
        [sample], episode or (episodes.tool_loop() if offered else episodes.single()), store=store, engine=player.engine,
        renderer=player.renderer, clients=player.clients, tools=offered, limits=limits or Limits(), sampling=chosen,
        seed=seed,
    )[0].trajectories[0]
    if made.stop.failed:
        raise ValueError((made.error or str(made.stop)).strip().splitlines()[-1])
    text = answer_of(made.answer, mode="strict") or made.answer.strip()
    page = None
    if out_html is not None:
        page = Path(out_html)
        page.parent.mkdir(parents=True, exist_ok=True)
        looks = f"{len(made.events)} tool call{'s' if len(made.events) != 1 else ''}, asked of {player.name}"
        title = f"{question}  {text}" if text else question
        page.write_text(attempts_page(title, [made], store, note=looks), encoding="utf-8")
    return Answer(text=text, trajectory=made, page=page)


def default_tools() -> tuple[Tool, ...]:
    return (tools.crop(),)
