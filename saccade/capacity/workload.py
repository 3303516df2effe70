"""What one update of a run consists of: attempts, tokens, pictures. Limits come from the run, habits are said or guessed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from saccade.capacity.formulas import GUESS
from saccade.capacity.images import image_tokens
from saccade.capacity.shapes import Shape
from saccade.core.run import Independent, Run

QUESTION = 128
"""Tokens of a question and its template, where nobody says."""
DECLARED = 192
"""Tokens in which a template declares one tool (the schema of the zoom tool takes about as many)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """What attempts look like, which no configuration says. None: from the run's limits, or guessed.

    image, look: (width, height) of a picture of the question, and of one that a tool adds; images, looks: how many
    question: tokens of the text; sampled: tokens an attempt writes
    """

    image: tuple[int, int] = (1024, 768)
    images: int = 1
    look: tuple[int, int] = (512, 384)
    looks: float | None = None
    question: int | None = None
    sampled: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """Of one update: prompts, attempts at each; of one attempt: tokens of its prompt (image tokens among them), those it
    samples, those tools add; the longest row the limits allow, and the patches the tower reads in all."""

    prompts: int
    attempts: int
    prompt: int
    prompt_images: int
    sampled: float
    added: float
    longest: int
    patches: float
    passes: int

    @property
    def row(self) -> float:
        return self.prompt + self.sampled + self.added

    @property
    def rows(self) -> int:
        return self.prompts * self.attempts

    @property
    def tokens(self) -> float:
        """Of all rows, the shared beginning counted in each."""
        return self.rows * self.row

    @property
    def distinct(self) -> float:
        """The shared beginning counted once a group, as the local engine and the update compute it."""
        return self.prompts * self.prompt + self.rows * (self.sampled + self.added)


def workload(run: Run, shape: Shape, habits: Habits, folder: Path | None = None) -> Workload:
    """What an update of the run consists of. Raises ValueError where the limits leave no room for the prompt."""
    spec, limits = run.policy, run.limits
    bounds = {"min_pixels": spec.min_pixels, "max_pixels": spec.max_pixels, "folder": folder}
    pictures = habits.images * image_tokens(shape, habits.image, **bounds)
    prompt = pictures + (habits.question or QUESTION) + DECLARED * len(run.tools)
    if prompt >= limits.tokens:
        raise ValueError(
            f"a prompt of {prompt} tokens ({pictures} of them of pictures) leaves nothing of --limits.tokens "
            f"{limits.tokens}; raise it, or lower --policy.max_pixels"
        )
    looks = habits.looks if habits.looks is not None else float(bool(run.tools) and limits.steps > 1)
    one = image_tokens(shape, habits.look, **bounds) if looks else 0
    most = min(limits.sampled, run.policy.sampling.max_tokens * (1 + int(looks)))
    sampled = habits.sampled if habits.sampled is not None else GUESS.sampled * most
    added = looks * one
    spare = limits.tokens - prompt
    if sampled + added > spare:
        sampled, added = sampled * spare / (sampled + added), added * spare / (sampled + added)
    seen = run.schedule.prompts * pictures + run.schedule.prompts * attempts_of(run) * added
    return Workload(
        prompts=run.schedule.prompts, attempts=attempts_of(run), prompt=prompt, prompt_images=pictures, sampled=sampled,
        added=added, longest=limits.tokens, patches=seen * shape.vision.merge**2, passes=run.schedule.passes,
    )


def attempts_of(run: Run) -> int:
    """Attempts at each sample; 1 where nothing is sampled. An explorer that does not say how many counts as eight."""
    if run.mode == "sft":
        return 1
    return run.explore.n if isinstance(run.explore, Independent) else int(getattr(run.explore, "n", 8))
