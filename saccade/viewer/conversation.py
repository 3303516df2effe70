"""The conversation of an attempt: every message with its pictures as the model got them, calls, code, output and errors."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from saccade.core.message import Audio, Box, Image, Message, Text, Video
from saccade.core.trajectory import Step, ToolEvent, Trajectory
from saccade.viewer.markup import Html, tag
from saccade.viewer.picture import small_picture
from saccade.viewer.shown import Shown, seen_sizes

LONG = 700
"""Characters above which a message of the system or the user is folded."""

CODE = ("code", "script", "program", "source")


def conversation(shown: Shown) -> list[Html]:
    return [turn(step, shown) for step in shown.trajectory.path()]


def turn(step: Step, shown: Shown) -> Html:
    message = step.message
    who = step.speaker if message.role == "assistant" and step.speaker != "assistant" else message.role
    body = contents(
        message,
        shown,
        events=[
            event
            for event in shown.trajectory.events
            if 0 <= event.step < len(shown.trajectory.steps) and shown.trajectory.steps[event.step] is step
        ],
    )
    if step.latent:
        body.append(latent_steps(step, shown.trajectory))
    kind = {"assistant": "turn model", "tool": "turn tool"}.get(message.role, "turn")
    frames = sum(image.at_s is not None for image in message.images)
    if frames > 2:
        body = [tag("details", tag("summary", f"{frames} frames and their times"), *body[:-1]), body[-1]]
    elif message.role in ("system", "user") and len(message.text) > LONG:
        figures = [part for part in body if part.startswith("<figure")]
        rest = [part for part in body if not part.startswith("<figure")]
        body = [*figures, tag("details", tag("summary", f"{len(message.text)} characters"), *rest)]
    name = f"{who} ({message.name})" if message.name else who
    return tag("div", tag("div", name, class_="who"), *body, class_=kind)


def contents(message: Message, shown: Shown, *, events: Sequence[ToolEvent] = ()) -> list[Html]:
    """The parts of a message; errors of its calls where they were not told in a message of their own."""
    out: list[Html] = []
    sizes, look_of = seen_sizes(shown), shown.look_of
    if message.thought:
        out.append(tag("div", message.thought, class_="words thought"))
    for part in message.parts:
        if isinstance(part, Text):
            if part.text.strip():
                kind = "words output" if message.role == "tool" and "\n" in part.text.strip() else "words"
                out.append(tag("div", part.text.strip("\n"), class_=kind))
        elif isinstance(part, Image):
            look = look_of.get(part.ref) if message.role == "tool" or part.source != "input" else None
            place = None if look is None else shown.looks[look].box_xyxy
            out.append(small_picture(part, shown.album, look=look, place=place, seen=sizes.get(part.ref)))
        elif isinstance(part, Box):
            out.append(tag("code", f"{list(part.xyxy)} {part.frame}"))
        elif isinstance(part, Video | Audio):
            out.append(tag("span", f"{type(part).__name__.lower()} {part.ref[:60]}", class_="chip"))
    looks = {id(event): number for number, event in shown.looks.items()}
    told = [step.message.text for step in shown.trajectory.steps if step.message.role == "tool"]
    for at, call in enumerate(message.calls):
        event = events[at] if len(events) == len(message.calls) else None
        look = looks.get(id(event)) if event is not None else None
        if call.name or call.arguments:
            out.append(call_written(call.name or "a call without a name", call.arguments, look))
        errors = dict.fromkeys(each for each in (call.error, event.error if event else None) if each)
        for error in (each for each in errors if not any(each in text for text in told)):
            ours = " (our failure)" if event is not None and event.infrastructure else ""
            out.append(tag("div", f"error{ours}: {error}", class_="bad words"))
    return out


def call_written(name: str, arguments: Mapping[str, object], look: int | None) -> Html:
    """A call as the model wrote it; a program is shown as lines of code, not as one string."""
    code = next((key for key in CODE if isinstance(arguments.get(key), str)), None)
    rest = {key: value for key, value in arguments.items() if key != code}
    written = json.dumps(rest, ensure_ascii=False, default=str) if rest or code is None else ""
    kind = "call" + (f" look ink{look % 6}" if look is not None else "")
    line = tag("pre", f"{name} {written}".rstrip(), class_=kind, data_look=look)
    if code is None:
        return line
    return tag("div", line, tag("pre", str(arguments[code]), class_="code", tabindex=0))


def latent_steps(step: Step, trajectory: Trajectory) -> Html:
    """Steps whose input was a vector, with the tokens nearest to it where a probe left them (``aux["neighbours"]``: a list
    per position of (text, weight))."""
    near = trajectory.aux.get("neighbours")
    rows: list[Html] = []
    for span in step.latent:
        rows.append(tag("b", f"{span.length} latent steps ({span.kind})"))
        for at in range(min(span.length, 64)):
            known = near[at] if isinstance(near, list) and at < len(near) and isinstance(near[at], list) else []
            words = [str(each[0])[:24] for each in known[:5] if isinstance(each, list | tuple) and each]
            rows.append(tag("span", f"{at + 1}" + (": " + ", ".join(words) if words else ""), class_="chip latent"))
    return tag("div", *rows, class_="latents")
