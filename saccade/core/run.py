"""A run is data: it can be printed, hashed, diffed, overridden at leaves and stored beside its outputs.

A recipe returns one run, or a tuple of stages. Functions appear in it as themselves; `describe` writes them by name and
settings, so that two runs can be compared on disk.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np

from saccade.core.engine import Sampling
from saccade.core.episode import Episode, Limits
from saccade.core.reward import FollowUp, Reward, weighted_sum
from saccade.core.sample import Sample, Source
from saccade.core.signals import Credit, Objective, Probe
from saccade.core.tool import Tool
from saccade.core.trajectory import Group, Trajectory


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySpec:
    """A checkpoint and how it is used.

    model:      a Hugging Face checkpoint folder, or ``glimpse`` for the packaged reference model
    dialect:    how tool calls are written: ``auto`` takes the checkpoint's own template where it can render tools
    lora:       rank of an adapter; None trains the weights themselves
    freeze:     parts that do not learn: ``vision``, ``connector``, ``language``
    min_pixels, max_pixels: bounds for the image processor, None for the checkpoint's own
    """

    model: str
    dialect: str = "auto"
    lora: int | None = None
    lora_alpha: int | None = None
    lora_targets: tuple[str, ...] = ()
    freeze: tuple[str, ...] = ("vision",)
    sampling: Sampling = Sampling()
    dtype: Literal["float32", "bfloat16", "float16", "auto"] = "auto"
    device: str = "auto"
    attention: Literal["sdpa", "eager", "flash_attention_2"] = "sdpa"
    min_pixels: int | None = None
    max_pixels: int | None = None


def policy(model: str, **settings: Any) -> PolicySpec:
    """Short for `PolicySpec(model=...)`."""
    return PolicySpec(model=model, **settings)


class Explorer(Protocol):
    """Search per sample: which attempts are made. `attempt(index, branch)` runs one episode to its end."""

    async def __call__(self, sample: Sample, attempt: Callable[..., Awaitable[Trajectory]]) -> Group: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Independent:
    """`n` attempts that know nothing of each other. The default; others live in `saccade.explore`."""

    n: int = 8

    async def __call__(self, sample: Sample, attempt: Callable[..., Awaitable[Trajectory]]) -> Group:
        import asyncio

        return Group(sample=sample, trajectories=tuple(await asyncio.gather(*(attempt(k) for k in range(self.n)))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Expert:
    """An answer that nobody sampled, put into every group as one more member, with tokens but no sampler behind them.

    write:  (sample) -> the answer as the policy should write it; None where there is none
    origin: ``label`` or ``expert``: how credits and terms know it
    """

    write: Callable[[Sample], str | None]
    origin: Literal["label", "expert"] = "expert"


class Selector(Protocol):
    """Filters, replay and curricula: which samples are proposed, which groups are admitted. State is checkpointed.

    `propose` gives at least `count` indices, more where groups will be dropped. `observe` gets the groups of every batch
    that was proposed, in the same order, later where rollouts run ahead of learning; `admit` follows it.
    """

    def propose(self, count: int, size: int, update: int, seed: int) -> Sequence[int]: ...

    def observe(self, groups: Sequence[Group]) -> None: ...

    def admit(self, groups: Sequence[Group]) -> Sequence[Group]: ...

    def metrics(self) -> dict[str, float]: ...

    def state(self) -> dict[str, Any]: ...

    def restore(self, state: dict[str, Any]) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Optim:
    """AdamW. `warmup` in updates; `shape` of the learning rate afterwards; `clip` bounds the gradient's norm."""

    lr: float = 1e-6
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.0
    clip: float = 1.0
    warmup: int = 0
    shape: Literal["constant", "linear", "cosine"] = "constant"
    final: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How much, how often.

    updates:      optimiser updates of the run (with `passes` > 1, each batch of rollouts gives that many)
    prompts:      samples per batch of rollouts; attempts per sample are the explorer's
    passes:       updates made from one batch of rollouts (num_iterations of TRL)
    micro_tokens: token budget of one micro-batch, image tokens included
    eval_every, save_every, blind_every: in updates, 0 for never; the blind checks always run at the first update
    patience:     evaluations without improvement before the run stops, 0 for never
    seconds:      stop after this wall-clock time, 0 for never (makes a run depend on the machine)
    tokens:       stop once the policy has sampled this many tokens, 0 for never (compares arms at equal experience)
    stale:        how many batches old the weights may be that a batch of rollouts was begun under: so many are rolled out
                  while earlier ones are learned from. 0 takes turns; above it, see `objectives.corrected`
    """

    updates: int = 100
    prompts: int = 16
    passes: int = 1
    micro_tokens: int = 16384
    eval_every: int = 0
    save_every: int = 50
    blind_every: int = 50
    patience: int = 0
    seconds: float = 0.0
    tokens: int = 0
    stale: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """Items, protocol and score of an evaluation. `None` fields take those of the run that is evaluated.

    attempts: at each item where a claim is measured by it; more than one needs a temperature above 0 and gives pass@k
    """

    name: str
    data: Source
    episode: Episode | None = None
    tools: tuple[Tool, ...] | None = None
    rewards: tuple[Reward, ...] | None = None
    metric: str = ""
    sampling: Sampling = Sampling(temperature=0.0)
    limits: Limits | None = None
    cluster: Callable[[Sample], str] | None = None
    attempts: int = 1
    notes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Everything a training run is. `mode` is ``rl`` or ``sft``; SFT reads `target` or assistant turns of the data."""

    name: str
    data: Source
    episode: Episode
    policy: PolicySpec
    credit: Credit | None = None
    objective: Objective = ()
    rewards: tuple[Reward, ...] = ()
    tools: tuple[Tool, ...] = ()
    others: Mapping[str, Any] = field(default_factory=dict)
    mode: Literal["rl", "sft"] = "rl"
    limits: Limits = Limits()
    explore: Explorer = Independent()
    experts: tuple[Expert, ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()
    total: Callable[[Group, Sequence[Reward], float], np.ndarray] = weighted_sum
    select: Selector | None = None
    probes: tuple[Probe, ...] = ()
    optim: Optim = Optim()
    schedule: Schedule = Schedule()
    evals: tuple[Benchmark, ...] = ()
    seed: int = 0
    deterministic: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One of several runs of a recipe; each starts from the weights the last one left."""

    name: str
    run: Run
    until: Callable[[Mapping[str, float]], bool] | None = None


@runtime_checkable
class Job(Protocol):
    """What a miniature gives where nothing is trained: a simulation of schedules, a scripted policy in a world.

    A frozen dataclass, so that a cell can tell whether it has changed; `measure` gives plain figures, the claim's metric
    among them.
    """

    name: str

    def measure(self) -> Mapping[str, float]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a recipe must show, committed before its result.

    metric: a key of the arm's summary; arms: the runs compared; better: the arm that should win; over: the arm it is
    compared with (default: the first other one); margin: the least difference that counts; control: the arm that must
    not win; scale: ``glimpse`` or ``tabular`` (a table, or a script).
    """

    text: str
    metric: str
    arms: tuple[str, ...]
    better: str
    control: str
    margin: float
    seeds: tuple[int, ...] = (1, 2, 3)
    over: str | None = None
    scale: Literal["glimpse", "tabular"] = "glimpse"


def describe(value: Any, *, inside: tuple[int, ...] = ()) -> Any:
    """A run, or any part of it, as plain JSON values: dataclasses by field (those kept out of their `repr`, like the key of
    an endpoint, are left out), functions by module and name.

    A function made by a factory is described with what it closes over, so that two settings differ on disk. `inside` are the
    functions being described (by id): one that closes over itself is described once.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        named = {
            each.name: describe(getattr(value, each.name), inside=inside)
            for each in dataclasses.fields(value)
            if each.repr and (each.name != "data" or not isinstance(value, _pixel_holders()))
        }
        return {"type": type(value).__name__, **named}
    if isinstance(value, Mapping):
        return {str(key): describe(item, inside=inside) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        items = [describe(item, inside=inside) for item in value]
        return items if len(items) <= 64 else [*items[:8], f"... {len(items)} items, blake2b {digest(items)}"]
    if isinstance(value, np.ndarray):
        return {"array": list(value.shape), "blake2b": hashlib.blake2b(value.tobytes(), digest_size=8).hexdigest()}
    if isinstance(value, Path):
        return str(value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if callable(value):
        name = f"{getattr(value, '__module__', '')}:{getattr(value, '__qualname__', type(value).__name__)}"
        cells = getattr(value, "__closure__", None) or ()
        free = getattr(getattr(value, "__code__", None), "co_freevars", ())
        bound = {
            key: describe(cell.cell_contents, inside=(*inside, id(value)))
            for key, cell in zip(free, cells, strict=False)
            if key != "__class__" and id(cell.cell_contents) not in (*inside, id(value))
        }
        return {"function": name, **({"with": bound} if bound else {})}
    return f"{type(value).__module__}:{type(value).__qualname__}"


def _pixel_holders() -> tuple[type, ...]:
    from saccade.core.message import Audio, Image, Video

    return (Image, Video, Audio)


def digest(value: Any) -> str:
    """16 hex digits that name a description."""
    return hashlib.blake2b(json.dumps(value, sort_keys=True, default=str).encode(), digest_size=8).hexdigest()
