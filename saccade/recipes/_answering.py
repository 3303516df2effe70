"""What methods that answer at once share: the settings most of them were published with, and miniatures on small scenes.

Published runs of this family differ in rewards, credit and data, hardly in the rest: a group of answers, learning rate
1e-6, one update per batch here (their two to four smaller updates per batch of rollouts are not made). A miniature starts
from glimpse, which answers briefly; what a method needs it to write first (a chain, a caption, a list of boxes) is taught
in a stage of imitation before, the same for every arm.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from PIL import Image as PILImage

import saccade as sc
from saccade import credit, episodes, objectives, rewards, worlds
from saccade.core.message import Image, Message, Text
from saccade.core.seed import generator
from saccade.core.signals import Normaliser
from saccade.media import views
from saccade.media.boxes import grid_edges
from saccade.worlds.answers import BINS, written
from saccade.worlds.marks import COLOURS
from saccade.worlds.shapes import KINDS, PLURAL, Shape

QWEN = "Qwen/Qwen2.5-VL-7B-Instruct"
ONE_UPDATE = "one update per batch of rollouts; the published code makes several smaller ones"
BY_RULE = "answers are compared by rule where the paper asks a judge model"
ON_SCENES = "miniature: glimpse (two million parameters) on drawn scenes of 64 pixels; its vision tower does not learn"


def published_run(
    name: str,
    *,
    data: sc.Source,
    rewards: Sequence[sc.Reward],
    model: str = QWEN,
    n: int = 8,
    prompts: int = 128,
    tokens: int = 2048,
    updates: int = 200,
    lr: float = 1e-6,
    kl: float | Callable[[float], float] = 0.0,
    low: float = 0.2,
    high: float = 0.2,
    normaliser: Normaliser = "tokens",
    by_std: bool = True,
    temperature: float = 1.0,
    top_p: float = 1.0,
    **changes: Any,
) -> sc.Run:
    """A run of one question and one answer; `kl` is the coefficient of the reference penalty (k3), 0 for none."""
    terms = (objectives.clip(low=low, high=high, normaliser=normaliser),)
    if kl:
        terms = (*terms, objectives.kl(coefficient=kl, normaliser=normaliser))
    run = sc.Run(
        name=name,
        data=data,
        episode=episodes.single(),
        rewards=tuple(rewards),
        credit=credit.group_mean(by_std=by_std),
        policy=sc.policy(
            model,
            freeze=(),
            dtype="bfloat16",
            sampling=sc.Sampling(temperature=temperature, top_p=top_p, max_tokens=tokens),
        ),
        limits=sc.Limits(steps=1, tokens=8192 + tokens, sampled=tokens),
        explore=sc.Independent(n=n),
        objective=terms,
        optim=sc.Optim(lr=lr),
        schedule=sc.Schedule(updates=updates, prompts=prompts),
    )
    return replace(run, **changes)


def miniature(
    run: sc.Run,
    *,
    seed: int,
    data: sc.Source,
    evals: Sequence[sc.Benchmark],
    updates: int = 50,
    words: int = 16,
    n: int = 8,
    lr: float = 2e-4,
    **changes: Any,
) -> sc.Run:
    """The run at the size of glimpse: model, data, budgets and rate change, the method stays. The reference penalty is left
    out, for it would hold two million parameters to a start that knows little."""
    without = tuple(each for each in run.objective if each.term.name != "kl")
    small = replace(
        run,
        data=data,
        evals=tuple(evals),
        seed=seed,
        objective=without,
        explore=resized(run.explore, n),
        policy=sc.PolicySpec(
            model="glimpse", freeze=("vision",), dtype="float32", sampling=sc.Sampling(temperature=1.0, max_tokens=words)
        ),
        limits=sc.Limits(steps=1, tokens=1024, sampled=words),
        optim=sc.Optim(lr=lr, warmup=2),
        schedule=sc.Schedule(updates=updates, prompts=16, micro_tokens=8192, save_every=0, blind_every=0),
    )
    return replace(small, **changes)


def by_lot(run: sc.Run, seed: int) -> Any:
    """The run's credit, dealt out within the group by lot."""
    return credit.shuffled(of=run.credit, seed=seed)


def resized(explore: Any, n: int) -> Any:
    return replace(explore, **({"n": n, "probes": n} if hasattr(explore, "probes") else {"n": n}))


def imitating(
    run: sc.Run, write: Callable[[sc.Sample], str] | None, *, updates: int = 60, prompts: int = 48, lr: float = 5e-4,
    data: sc.Source | None = None,
) -> sc.Stage:
    """A stage that teaches the policy of a run to write its answers in a form, on the run's own pictures or others; without
    `write` it learns the answers that stand in the data."""
    given = run.data if data is None else data
    taught = given if write is None else Written(source=given, write=write)
    return sc.Stage(name="imitate", run=replace(
        run, name=f"{run.name}-imitate", mode="sft", data=taught, credit=None, rewards=(), follow_ups=(), probes=(),
        experts=(), select=None, objective=(objectives.sft(normaliser="rows"),), optim=sc.Optim(lr=lr, warmup=4),
        schedule=replace(run.schedule, updates=updates, prompts=prompts, tokens=0), evals=(),
    ))


def then(stage: sc.Stage, run: sc.Run) -> tuple[sc.Stage, ...]:
    """Imitate, then learn from rewards; a run of 0 updates is what imitation alone gives."""
    return (stage, sc.Stage(name="learn", run=run))


def scenes(seed: int, *topics: str, size: int = 20_000, level: str = "easy", **knobs: Any) -> Any:
    return worlds.scenes.source(size=size, seed=2000 + seed, level=level, size_px=64, topics=topics, **knobs)


def held_out(
    *topics: str,
    name: str = "held_out",
    size: int = 300,
    change: Callable[[sc.Source], sc.Source] | None = None,
    level: str = "easy",
    knobs: dict[str, Any] | None = None,
    **settings: Any,
) -> sc.Benchmark:
    """Items no arm trains on, the same for all of them; `change` makes another source of them."""
    items = worlds.scenes.source(size=size, seed=77, level=level, size_px=64, topics=topics, **(knobs or {}))
    given = {"rewards": (rewards.answer_match(),), **settings}
    return sc.Benchmark(name=name, data=items if change is None else change(items), **given)


def blind(benchmark: sc.Benchmark) -> sc.Benchmark:
    """The same items with grey pictures."""
    return replace(benchmark, name="blind", data=Grey(source=benchmark.data))


def shapes_of(sample: sc.Sample) -> tuple[Shape, ...]:
    """What is in the picture of a scene, from left to right."""
    knobs = worlds.scenes.knobs(**{**sample.meta["knobs"], "topics": tuple(sample.meta["knobs"]["topics"])})
    state = worlds.scenes.state(sample.meta["seed"], sample.meta["index"], knobs)
    return tuple(sorted(state.shapes, key=lambda each: each.x))


def in_words(sample: sc.Sample) -> str:
    return ", ".join(each.name for each in shapes_of(sample))


def answer(sample: sc.Sample) -> str:
    return f"<answer>{sample.target}</answer>"


def chain(sample: sc.Sample) -> str:
    """Everything there is, then the answer."""
    return f"<think>{in_words(sample)}</think>{answer(sample)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A source whose targets are what the policy is taught to write."""

    source: sc.Source
    write: Callable[[sc.Sample], str]

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, index: int) -> sc.Sample:
        sample = self.source[index]
        return replace(sample, target=self.write(sample))


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A source with every sample changed by a function of it."""

    source: sc.Source
    change: Callable[[sc.Sample], sc.Sample]

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, index: int) -> sc.Sample:
        return self.change(self.source[index])


def asking(sample: sc.Sample, text: str, **fields: Any) -> sc.Sample:
    """The sample's picture with another question; judged by its target, no longer by the world."""
    meta = {key: value for key, value in sample.meta.items() if key != "world"}
    prompt = (sc.user(*sample.images, text),)
    return replace(sample, prompt=prompt, choices=(), **{**fields, "meta": {**meta, **fields.get("meta", {})}})


@dataclass(frozen=True, slots=True, kw_only=True)
class Grey:
    """A source with every picture grey: what can be answered without seeing."""

    source: sc.Source

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, index: int) -> sc.Sample:
        sample = self.source[index]
        return replace(sample, id=f"{sample.id}/grey", prompt=tuple(greyed(each) for each in sample.prompt))


def greyed(message: Message) -> Message:
    def part(each: Any) -> Any:
        if not isinstance(each, Image):
            return each
        return Image(ref=f"{each.ref}/grey", data=PILImage.new("RGB", each.data.size, (128, 128, 128)))

    return replace(message, parts=tuple(part(each) for each in message.parts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """A scenes source in which the wording gives the answer away: of `share` of the items the answer is `usual(question)`.

    Such an item is the first of up to 40 draws whose answer is the usual one; the others are drawn as they come.
    """

    source: Any
    share: float
    usual: Callable[[str], str]

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, index: int) -> sc.Sample:
        world, knobs = self.source.world, self.source.knobs
        if index % 100 >= 100 * self.share:
            return self.source[index]
        for place in range(index * 41, index * 41 + 40):
            asked = world.ask(world.state(self.source.seed, place, knobs))
            if str(asked.answer) == self.usual(asked.text):
                return replace(self.source, size=place + 1)[place]
        return self.source[index]


def usual_colour(question: str) -> str:
    """By the shape that is asked about: a habit of speech with no ground in the picture."""
    colours = sorted(COLOURS)
    return next((colours[place % len(colours)] for place, kind in enumerate(KINDS) if kind in question), "")


def noised(sample: sc.Sample, std: float = 0.15) -> sc.Sample:
    """The sample with noise on its pictures, drawn by its name."""
    view = views.noised(std=std)

    def part(number: int, each: Any) -> Any:
        if not isinstance(each, Image):
            return each
        pixels = view.change(each.data, generator("noised item", sample.id, number))
        return Image(ref=f"{each.ref}/noised", data=pixels)

    prompt = tuple(
        replace(each, parts=tuple(part(number, it) for number, it in enumerate(each.parts))) for each in sample.prompt
    )
    return replace(sample, id=f"{sample.id}/noised", prompt=prompt)


def in_order(sample: sc.Sample) -> sc.Sample:
    """A question nothing in pretraining asked: the names of all shapes from left to right."""
    return asking(sample, "Name the shapes from left to right.", target=in_words(sample), meta={"answer_type": "exact"})


def with_facts(sample: sc.Sample, *, of: sc.Sample | None = None) -> sc.Sample:
    """What is in the picture, and what is not, as phrases; `of`: those of another item."""
    there = {each.name for each in shapes_of(of or sample)}
    every = {f"{colour} {kind}" for colour in COLOURS for kind in KINDS}
    return replace(sample, meta={**sample.meta, "facts": sorted(there), "false_facts": sorted(every - there)})


def grid_box(shape: Shape) -> str:
    return written(grid_edges(shape.box_xyxy(1000), (1000, 1000), bins=BINS))


def listed(shapes: Sequence[Shape]) -> str:
    """Names and boxes as a policy writes them; ``none`` where there is nothing."""
    return ", ".join(f"{each.name} {grid_box(each)}" for each in shapes) or "none"


def detecting(source: sc.Source, kinds: Sequence[str] = KINDS) -> Changed:
    """Pictures of scenes and the question where all shapes of these kinds are."""

    def change(sample: sc.Sample) -> sc.Sample:
        target = listed([each for each in shapes_of(sample) if each.kind in kinds])
        return asking(
            sample,
            f"Where are the {', '.join(PLURAL[kind] for kind in kinds)}?",
            target=target,
            meta={"answer_frame": "grid", "answer_type": "boxes"},
        )

    return Changed(source=source, change=change)


def question_of(sample: sc.Sample) -> str:
    return "".join(part.text for part in sample.prompt[-1].parts if isinstance(part, Text))
