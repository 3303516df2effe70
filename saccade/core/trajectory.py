"""The record of one attempt, and of the attempts at one sample.

A trajectory is appended to, never re-tokenised: a step stores only the tokens it adds, and the concatenation of a path
from the root to a leaf equals what the engine saw, token for token. Training rows, masks, rewards, the viewer, SFT data
and preference pairs are projections of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Literal

import numpy as np

from saccade.core.engine import EMPTY_PROMPT, LatentSpan, MediaSpan, Prompt
from saccade.core.message import Message, ToolCall
from saccade.core.sample import Sample


class Stop(StrEnum):
    """Why an attempt ended."""

    DONE = "done"
    TOOL_STOP = "tool_stop"
    MAX_STEPS = "max_steps"
    MAX_TOKENS = "max_tokens"
    MAX_PIXELS = "max_pixels"
    OVERFLOW = "overflow"
    PARSE = "parse"
    TIMEOUT = "timeout"
    ABORT = "abort"
    ERROR = "error"

    @property
    def cut_off(self) -> bool:
        """We ended it, not the model."""
        return self in {Stop.MAX_STEPS, Stop.MAX_TOKENS, Stop.MAX_PIXELS, Stop.OVERFLOW, Stop.TIMEOUT, Stop.ABORT}

    @property
    def failed(self) -> bool:
        """Our failure, not the model's: kept out of the group's statistics, never scored as a wrong answer."""
        return self in {Stop.ERROR, Stop.ABORT}


TrajectoryOrigin = Literal["policy", "label", "expert", "hinted", "probe", "noisy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One message and the tokens it adds.

    tokens:  int32[k], None for a step made by a client
    sampled: bool[k], the tokens the policy drew
    body:    bool[k], False for template scaffold
    logp:    float32[sampled.sum()], log-probabilities under the sampler; None when unknown
    media:   spans, `start` counted from this step's first token
    parent:  index of the step this one follows; None for a root
    scores:  given by the environment in this step
    started_s, ended_s: wall clock (excluded from every comparison of runs)
    """

    parent: int | None
    speaker: str
    message: Message
    tokens: np.ndarray | None = None
    sampled: np.ndarray | None = None
    body: np.ndarray | None = None
    logp: np.ndarray | None = None
    media: tuple[MediaSpan, ...] = ()
    latent: tuple[LatentSpan, ...] = ()
    scores: dict[str, float] = field(default_factory=dict)
    version: int | None = None
    started_s: float = 0.0
    ended_s: float = 0.0

    def __post_init__(self) -> None:
        if self.tokens is None:
            return
        size = len(self.tokens)
        assert self.sampled is not None and self.body is not None
        if len(self.sampled) != size or len(self.body) != size:
            raise ValueError(
                f"step by {self.speaker}: {size} tokens, {len(self.sampled)} sampled marks, {len(self.body)} body marks"
            )
        if self.logp is not None and len(self.logp) != int(self.sampled.sum()):
            raise ValueError(
                f"step by {self.speaker}: {int(self.sampled.sum())} sampled tokens, {len(self.logp)} log-probabilities; "
                "they are not of one draw (a re-tokenised turn, or a mask that is not what was sampled)"
            )
        for span in self.media:
            if span.start < 0 or span.start + span.length > size:
                raise ValueError(
                    f"image {span.ref} stands at tokens {span.start}..{span.start + span.length} of a "
                    f"step with {size} tokens; a media span is never cut"
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A value with its reasons. None: does not apply. `per_step` aligns with the trajectory's steps."""

    value: float | None
    per_step: tuple[float | None, ...] | None = None
    extracted: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trajectory:
    """Everything that happened in one attempt.

    `rewards` holds raw values by name (unset is not zero); `aux` what follow-ups asked and got, and probe arrays;
    `branch` names a forced mode or a view; `seed` reproduces the attempt; `events` are tool calls as they ran.
    """

    sample: Sample
    attempt: int = 0
    steps: tuple[Step, ...] = ()
    stop: Stop = Stop.DONE
    rewards: dict[str, Score] = field(default_factory=dict)
    aux: dict[str, Any] = field(default_factory=dict)
    origin: TrajectoryOrigin = "policy"
    branch: str = ""
    metrics: dict[str, float] = field(default_factory=dict)
    events: tuple[ToolEvent, ...] = ()
    error: str | None = None
    seed: int = 0
    version: int = 0

    @property
    def messages(self) -> tuple[Message, ...]:
        return tuple(step.message for step in self.path())

    @property
    def answer(self) -> str:
        """Text of the last message a policy or client wrote; empty when there is none.

        An assistant message that was shown as part of the prompt carries its role as speaker and does not count.
        """
        for step in reversed(self.steps):
            if step.message.role == "assistant" and step.speaker != "assistant":
                return step.message.text
        return ""

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        return tuple(call for step in self.steps for call in step.message.calls)

    def path(self, leaf: int | None = None) -> tuple[Step, ...]:
        """Steps from the root to a leaf (default: the last step)."""
        chain: list[Step] = []
        at = len(self.steps) - 1 if leaf is None else leaf
        while self.steps and at is not None and at >= 0:
            chain.append(self.steps[at])
            parent = self.steps[at].parent
            at = -1 if parent is None else parent
        return tuple(reversed(chain))

    def leaves(self) -> tuple[int, ...]:
        parents = {step.parent for step in self.steps}
        return tuple(index for index in range(len(self.steps)) if index not in parents)

    def prompt(self, leaf: int | None = None) -> Prompt:
        """The token sequence of a path: what the engine saw, and what it answered."""
        return concatenate(self.path(leaf))

    @property
    def num_sampled(self) -> int:
        return sum(int(step.sampled.sum()) for step in self.steps if step.sampled is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolEvent:
    """A tool call as it ran: which step asked, what it was given after validation, which image it read and made.

    `box_xyxy` and `points_xy` are in pixels of the root image `image`; `error` is what the model was told.
    `image_px` is the area of that image in square pixels, where it is known.
    """

    step: int
    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    image: str | None = None
    box_xyxy: tuple[float, float, float, float] | None = None
    points_xy: tuple[tuple[float, float], ...] = ()
    result: str | None = None
    error: str | None = None
    seconds: float = 0.0
    infrastructure: bool = False
    image_px: float | None = None


def concatenate(steps: Sequence[Step]) -> Prompt:
    """Join the tokens and media of steps. Raises ValueError for a step without tokens (made by a client)."""
    prompt = EMPTY_PROMPT
    for step in steps:
        if step.tokens is None:
            raise ValueError(
                f"the step by {step.speaker!r} has no tokens (made by a client): it can be evaluated and "
                "distilled from, not trained on"
            )
        prompt = prompt.extend(step.tokens, step.media)
    return prompt


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Attempts at the same sample. `total` is one number per attempt (float64[G], NaN for failed members)."""

    sample: Sample
    trajectories: tuple[Trajectory, ...]
    total: np.ndarray | None = None

    @property
    def members(self) -> tuple[int, ...]:
        """Indices of attempts that count: those that did not fail on our side."""
        return tuple(index for index, each in enumerate(self.trajectories) if not each.stop.failed)

    def totals(self) -> np.ndarray:
        """Total rewards of the members that count, in order. Raises ValueError before rewards were computed."""
        if self.total is None:
            raise ValueError(f"group {self.sample.id}: rewards are not computed yet")
        return self.total[list(self.members)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A preference between two attempts at one sample; `from_step` is the first step in which they differ."""

    sample: Sample
    chosen: Trajectory
    rejected: Trajectory
    from_step: int = 0
    weight: float = 1.0


def with_rewards(trajectory: Trajectory, rewards: dict[str, Score]) -> Trajectory:
    return replace(trajectory, rewards={**trajectory.rewards, **rewards})


def rebase(trajectory: Trajectory, prompt: Step) -> Trajectory:
    """The same sampled tokens under another first step; log-probabilities unset, for they were drawn elsewhere."""
    steps = (prompt, *(replace(step, logp=None) for step in trajectory.steps[1:]))
    return replace(trajectory, steps=steps)
