"""One attempt as a card: the picture with every look drawn on it, the conversation with its crops, the rewards."""

from __future__ import annotations

import json
from collections.abc import Mapping

from saccade.core.message import Audio, Box, Image, Message, Text, Video
from saccade.core.store import MediaStore
from saccade.core.trajectory import Step, ToolEvent, Trajectory
from saccade.viewer.markup import Html, tag
from saccade.viewer.picture import Mark, colour_of, crop_picture, root_picture

LONG = 700
"""Characters above which a message of the system or the user is folded."""


def attempt_card(trajectory: Trajectory, store: MediaStore, *, title: str = "", truth: bool = True) -> Html:
    """A card. `truth` also draws the evidence boxes of the sample, dashed."""
    looks = looks_of(trajectory)
    return tag(
        "section",
        tag("div", tag("b", title or trajectory.sample.id), *verdict(trajectory), class_="head"),
        tag("div", *pictures(trajectory, store, looks, truth=truth)),
        tag("div", *conversation(trajectory, store, looks), rewards_line(trajectory)),
        class_="card",
    )


def looks_of(trajectory: Trajectory) -> dict[int, ToolEvent]:
    """Tool calls that cut a box out of a root image, by their number."""
    seen = [event for event in trajectory.events if event.box_xyxy is not None and event.error is None]
    return dict(enumerate(seen))


def verdict(trajectory: Trajectory) -> list[Html]:
    """Answer against target, and how the attempt ended."""
    score = next((trajectory.rewards[name] for name in ("lenient", "answer_match", "strict")
                  if name in trajectory.rewards and trajectory.rewards[name].value is not None), None)
    out: list[Html] = []
    if score is not None:
        right = (score.value or 0) >= 0.5
        out.append(tag("span", "right" if right else "wrong", class_="good" if right else "bad"))
        if score.extracted is not None:
            out.append(tag("span", f"answered {score.extracted[:80]!r}"))
    if trajectory.sample.target is not None:
        out.append(tag("span", f"target {str(trajectory.sample.target)[:80]!r}", class_="soft"))
    if trajectory.stop != "done":
        out.append(tag("span", f"ended by {trajectory.stop}", class_="bad" if trajectory.stop.failed else "soft"))
    return out


def pictures(trajectory: Trajectory, store: MediaStore, looks: Mapping[int, ToolEvent], *, truth: bool) -> list[Html]:
    """The input pictures in order, each with the looks into it."""
    given = [image for step in trajectory.path() for image in step.message.images if image.source == "input"]
    unique = list({image.ref: image for image in given}.values())[:12]
    evidence = trajectory.sample.meta.get("evidence") if truth else None
    out: list[Html] = []
    for at, image in enumerate(unique):
        marks = [Mark(box_xyxy=box, truth=True) for box in (evidence if at == 0 and isinstance(evidence, list) else ())]
        marks += [Mark(box_xyxy=event.box_xyxy or (), label=str(number + 1), colour=colour_of(number))
                  for number, event in looks.items() if event.image == image.ref]
        note = "" if image.at_s is None else f"{image.at_s:g} s, "
        dashed = ", dashed: where the answer is" if any(mark.truth for mark in marks) else ""
        count = sum(not mark.truth for mark in marks)
        out.append(root_picture(image, store, marks, caption=f"{note}{count} look{'s' if count != 1 else ''}{dashed}"))
    return out or [tag("p", "No picture.", class_="soft")]


def conversation(trajectory: Trajectory, store: MediaStore, looks: Mapping[int, ToolEvent]) -> list[Html]:
    by_result = {event.result: number for number, event in looks.items() if event.result}
    return [turn(step, store, by_result) for step in trajectory.path()]


def turn(step: Step, store: MediaStore, by_result: Mapping[str, int]) -> Html:
    message = step.message
    who = step.speaker if message.role == "assistant" and step.speaker != "assistant" else message.role
    body = contents(message, store, by_result)
    kind = {"assistant": "turn model", "tool": "turn tool"}.get(message.role, "turn")
    if message.role in ("system", "user") and len(message.text) > LONG:
        body = [tag("details", tag("summary", f"{len(message.text)} characters"), *body)]
    name = f"{who} ({message.name})" if message.name else who
    return tag("div", tag("div", name, class_="who"), *body, class_=kind)


def contents(message: Message, store: MediaStore, by_result: Mapping[str, int]) -> list[Html]:
    out: list[Html] = []
    if message.thought:
        out.append(tag("div", message.thought, class_="words thought"))
    for part in message.parts:
        if isinstance(part, Text):
            if part.text.strip():
                out.append(tag("div", part.text.strip("\n"), class_="words"))
        elif isinstance(part, Image):
            if message.role == "tool" or part.source != "input":
                out.append(crop_picture(part, store, look=by_result.get(part.ref)))
            else:
                out.append(tag("span", "picture", class_="chip"))
        elif isinstance(part, Box):
            out.append(tag("code", f"{list(part.xyxy)} {part.frame}"))
        elif isinstance(part, Video | Audio):
            out.append(tag("span", f"{type(part).__name__.lower()} {part.ref[:60]}", class_="chip"))
    for call in message.calls:
        written = json.dumps(call.arguments, ensure_ascii=False, default=str)
        out.append(tag("pre", f"{call.name or '?'} {written}"))
        if call.error:
            out.append(tag("div", call.error, class_="bad words"))
    return out


def rewards_line(trajectory: Trajectory) -> Html:
    """Every reward with its value, its reason on hover."""
    chips = [tag("span", f"{name} {'none' if score.value is None else format(score.value, '.3g')}", class_="chip",
                 title=score.note or None) for name, score in trajectory.rewards.items()]
    error = tag("details", tag("summary", "what failed"), tag("pre", trajectory.error)) if trajectory.error else None
    return tag("div", *chips, error)
