"""A script that follows a trail through a small web under a context limit, in several ways of having pictures there.

The searcher is a function of the conversation it is shown: where it stands is in its own last message, so what the episode
leaves out it no longer knows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import saccade as sc
from saccade import episodes, rewards, tools
from saccade.core.message import Image, Message, Part
from saccade.core.reward import evaluate
from saccade.core.store import MediaStore
from saccade.media import open_store
from saccade.recipes._trails import EMBLEMS, read_emblem, trails
from saccade.rollout.pool import run_rollouts
from saccade.tools._corpus import Corpus, shown

KEEP = 5
ROOM = 6000
"""Tokens of the context."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """The searcher at every question of a web, in one way of having pictures in the context."""

    name: str
    seed: int
    pictures: str

    def measure(self) -> dict[str, float]:
        """accuracy, that of 3 to 6 and of 7 to 12 hops, messages an attempt, most context tokens (mean), share too long."""
        web, store = trails(self.seed), open_store()
        looks = self.pictures in ("fetch", "swapped")
        groups = run_rollouts(
            web.questions, episodes.windowed(keep=KEEP) if looks else episodes.tool_loop(), store=store,
            tools=offered(web.corpus, self.pictures), clients={"policy": Searcher(store=store, seed=self.seed, room=ROOM)},
            limits=sc.Limits(steps=60, seconds=86400.0, tool_s=3600.0), seed=self.seed,
        )
        made = [evaluate(group, (rewards.answer_match(),)).trajectories[0] for group in groups]
        right = [each.rewards["answer_match"].value or 0.0 for each in made]
        hops = [each.sample.meta["hops"] for each in made]
        return {
            "accuracy": mean(right), "n": float(len(made)),
            "accuracy_short": mean([value for value, far in zip(right, hops, strict=True) if far <= 6]),
            "accuracy_long": mean([value for value, far in zip(right, hops, strict=True) if far > 6]),
            "messages": mean([each.metrics["num_steps"] for each in made]),
            "context_tokens": mean([longest(each) for each in made]),
            "too_long": mean([float("too long" in each.answer) for each in made]),
            "excluded": mean([float(each.stop.failed) for each in made]),
        }


def offered(corpus: Corpus, pictures: str) -> tuple[sc.Tool, ...]:
    """Searching and opening pages; with pictures shown in them, not at all, or to be fetched (``swapped``: another one)."""
    search, page = tools.search_text(corpus=corpus, most=5), tools.open_page(corpus=corpus)
    fetch = tools.fetch_image(corpus=corpus)
    if pictures == "in_context":
        return search, replace(page, function=illustrated(page, corpus))
    if pictures == "captions":
        return search, page
    return search, page, fetch if pictures == "fetch" else replace(fetch, function=exchanged(corpus))


def illustrated(page: sc.Tool, corpus: Corpus) -> object:
    def read(document: str, context: sc.Context, start: int = 0) -> list[Part]:
        text = page.function(document=document, start=start)
        return [sc.Text(text=str(text)), *(shown(corpus.picture(name), context)
                                           for name, _ in corpus.document(document).pictures)]

    return read


def exchanged(corpus: Corpus) -> object:
    def fetch(identifier: str, context: sc.Context) -> Image:
        place = next(at for at, each in enumerate(corpus.pictures) if each.name == identifier.strip())
        return shown(corpus.pictures[(place + 1) % len(corpus.pictures)], context)

    return fetch


def longest(trajectory: sc.Trajectory) -> float:
    """Most tokens that stood in the context when a message was written."""
    written = (place for place, each in enumerate(trajectory.steps) if each.speaker == "policy")
    return float(max(context_tokens([step.message for step in trajectory.path(place)[:-1]]) for place in written))


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


@dataclass(slots=True, kw_only=True)
class Searcher:
    """A client that follows the trail: search, open, look, search. It misreads a picture now and then.

    room: tokens of its context (four characters one, a picture 256); beyond it gives up
    """

    store: MediaStore
    seed: int
    room: int
    error: float = 0.05
    name: str = "searcher"

    async def reply(self, messages: Sequence[Message], tools: Sequence[sc.Tool], sampling: sc.Sampling) -> Message:
        if context_tokens(messages) > self.room:
            return sc.assistant("<answer>too long</answer>")
        said = next((each.text for each in reversed(messages) if each.role == "assistant"), "")
        if not said:
            begin = re.search(r"From (\w+), (\d+) heirs", messages[0].text)
            assert begin
            return step("search", begin[1], int(begin[2]), "search_text", query=begin[1])
        stage, name, left = said.split()
        result, hops = messages[-1], int(left)
        if stage == "search":
            found = re.search(rf"\d+\. {name} \((\S+)\)", result.text)
            return step("open", name, hops, "open_page", document=found[1]) if found else lost()
        if stage == "emblem":
            found = re.search(r"is that of (\w+)", result.text)
            return step("search", found[1], hops, "search_text", query=found[1]) if found else lost()
        if stage == "open":
            told = re.search(r"Its number is (\d+)\.\nIts heir (?:is (\w+)|carries the emblem in (\S+\.png))", result.text)
            if told is None:
                return lost()
            if hops == 0:
                return sc.assistant(f"<answer>{told[1]}</answer>")
            if told[2]:
                return step("search", told[2], hops - 1, "search_text", query=told[2])
            if not result.images and any(each.name == "fetch_image" for each in tools):
                return step("look", name, hops, "fetch_image", identifier=told[3])
        colour, number = self.seen(result, sampling.seed)
        return step("emblem", name, hops - 1, "search_text", query=f"emblem {colour} {number}")

    def seen(self, result: Message, lot: int) -> tuple[str, str]:
        """The emblem in the first picture; without a picture, and sometimes with one, a guess."""
        rng = sc.generator("searcher", self.seed, lot)
        if not result.images or rng.random() < self.error:
            return EMBLEMS[int(rng.integers(len(EMBLEMS)))]
        return read_emblem(self.store.get(result.images[0].ref))


def step(stage: str, name: str, left: int, tool: str, **arguments: str) -> Message:
    return sc.assistant(f"{stage} {name} {left}", calls=(sc.ToolCall(name=tool, arguments=arguments),))


def lost() -> Message:
    return sc.assistant("<answer>lost</answer>")


def context_tokens(messages: Sequence[Message]) -> int:
    """Four characters a token, calls included, and 256 a picture."""
    called = sum(len(call.name) + len(str(call.arguments)) for each in messages for call in each.calls)
    return (called + sum(len(each.text) for each in messages)) // 4 + 256 * sum(len(each.images) for each in messages)
