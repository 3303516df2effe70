"""Interventions on a finished attempt: what was seen or said before the answer is changed, and it is asked again.

If the pictures inside a chain of thought matter, other pictures must change the answer; if they are enough, the answer must
follow from them alone (SCCM, October 2025, measures both). Each function takes what stood before the answer and gives the
conversation to ask about, or None where there is nothing to change. Nothing of the record itself is touched.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from PIL import Image as PILImage

from saccade.core.message import Image, Message, Part, Text
from saccade.core.reward import FollowUp
from saccade.core.sample import Sample
from saccade.core.store import MediaStore
from saccade.core.trajectory import Trajectory

GREY = (128, 128, 128)

Talk = tuple[Message, ...]
Change = Callable[[Trajectory, Trajectory, MediaStore], Talk | None]
"""The attempt, another attempt (at another sample) to take pictures or words from, and the store of both."""


def before_answer(trajectory: Trajectory) -> Talk:
    """Every message of the attempt up to its last one by the policy; empty when that was its only one."""
    path = trajectory.path()
    written = [at for at, step in enumerate(path) if step.message.role == "assistant" and step.speaker != "assistant"]
    return tuple(step.message for step in path[: written[-1]]) if len(written) > 1 else ()


def seen(trajectory: Trajectory) -> tuple[Image, ...]:
    """Pictures that tools showed before the answer, in order."""
    return tuple(image for message in before_answer(trajectory) if message.role == "tool" for image in message.images)


def unchanged(trajectory: Trajectory, other: Trajectory, store: MediaStore) -> Talk | None:
    """The attempt as it was: what the others are compared with."""
    return before_answer(trajectory) if seen(trajectory) else None


def blank(trajectory: Trajectory, other: Trajectory, store: MediaStore) -> Talk | None:
    """Every picture that a tool showed becomes uniform grey of its size."""

    def grey(image: Image, place: int) -> Image:
        return replace(image, ref=store.put(PILImage.new("RGB", store.size(image.ref), GREY)).ref, data=None)

    return with_pictures(trajectory, grey)


def swapped(trajectory: Trajectory, other: Trajectory, store: MediaStore) -> Talk | None:
    """Every picture that a tool showed becomes one that a tool showed in the other attempt, its calls left as they are."""
    foreign = seen(other)
    return with_pictures(trajectory, lambda image, place: foreign[place % len(foreign)]) if foreign else None


def silent(trajectory: Trajectory, other: Trajectory, store: MediaStore) -> Talk | None:
    """What the policy said beside its calls is deleted; None when it said nothing."""
    return with_words(trajectory, lambda place: ("", None))


def misquoted(trajectory: Trajectory, other: Trajectory, store: MediaStore) -> Talk | None:
    """What the policy said beside its calls becomes what it said in the other attempt; None when it said nothing."""
    said = [(each.text, each.thought) for each in before_answer(other) if each.role == "assistant"]
    return with_words(trajectory, lambda place: said[place % len(said)]) if said else None


def looks_alone(trajectory: Trajectory, other: Trajectory, store: MediaStore) -> Talk | None:
    """The question and the pictures that tools showed, nothing else: are they sufficient?"""
    return about(trajectory, seen(trajectory))


def about(trajectory: Trajectory, images: tuple[Image, ...]) -> Talk | None:
    """The question of the sample with these pictures in place of its own; None without pictures."""
    prompt = trajectory.sample.prompt
    if not images or not prompt:
        return None
    fresh = tuple(replace(image, root=None, to_root=(1.0, 1.0, 0.0, 0.0)) for image in images)
    asked: tuple[Part, ...] = tuple(part for part in prompt[-1].parts if isinstance(part, Text))
    before = tuple(message for message in prompt[:-1] if message.role == "system")
    return (*before, replace(prompt[-1], parts=(*fresh, *asked)))


CHANGES: Mapping[str, Change] = {
    "unchanged": unchanged, "blank": blank, "swapped": swapped, "silent": silent, "misquoted": misquoted,
    "looks_alone": looks_alone,
}


def asked_again(trajectory: Trajectory, talk: Talk) -> Sample:
    """The sample of an attempt with this conversation as its prompt."""
    return replace(trajectory.sample, prompt=talk)


def with_pictures(trajectory: Trajectory, change: Callable[[Image, int], Image]) -> Talk | None:
    if not seen(trajectory):
        return None
    place = 0
    out: list[Message] = []
    for message in before_answer(trajectory):
        parts: list[Part] = []
        for part in message.parts:
            changes = message.role == "tool" and isinstance(part, Image)
            parts.append(change(part, place) if changes else part)  # type: ignore[arg-type]
            place += changes
        out.append(replace(message, parts=tuple(parts)))
    return tuple(out)


def with_words(trajectory: Trajectory, change: Callable[[int], tuple[str, str | None]]) -> Talk | None:
    talk = before_answer(trajectory)
    written = [at for at, each in enumerate(talk) if each.role == "assistant"]
    if not any(talk[at].text.strip() or (talk[at].thought or "").strip() for at in written):
        return None
    out = list(talk)
    for place, at in enumerate(written):
        text, thought = change(place)
        out[at] = replace(talk[at], parts=(Text(text=text),) if text else (), thought=thought)
    return tuple(out)


def sufficiency(*, most: int = 3, by: str = "policy") -> tuple[FollowUp, ...]:
    """Follow-ups for `rewards.sufficient_looks`: the question with the crops alone, and without each of the first `most`.

    by: who answers, the policy or a client of the run
    """

    def without(which: int) -> Callable[[Trajectory], Talk | None]:
        def ask(trajectory: Trajectory) -> Talk | None:
            images = seen(trajectory)
            return about(trajectory, images[:which] + images[which + 1 :]) if which < len(images) else None

        return ask

    alone = FollowUp(name="looks_alone", ask=lambda trajectory: about(trajectory, seen(trajectory)), by=by)
    return (alone, *(FollowUp(name=f"without_look_{which + 1}", ask=without(which), by=by) for which in range(most)))
