"""One attempt as a card: the picture with every look drawn on it, the conversation with its crops, the rewards.

The card is the one component behind every page: the viewer's trajectory and group, reports, exports and answers to
`saccade ask`. It needs no script: layers are check boxes, and a crop and its place on the root light each other.
"""

from __future__ import annotations

from collections.abc import Sequence

from saccade.core.message import Image
from saccade.core.trajectory import Score, Trajectory
from saccade.viewer.album import Album
from saccade.viewer.conversation import conversation
from saccade.viewer.layers import LAYERS, Mark, looks_of, marks_of
from saccade.viewer.markup import Html, tag
from saccade.viewer.picture import root_picture, small_picture
from saccade.viewer.reading import Reading
from saccade.viewer.rows import RIGHT
from saccade.viewer.shown import Shown, frames_of, inputs_of, looked_at, seen_sizes

MOST_ROOTS = 12
SPOKEN = {
    "looks": "looks",
    "truth": "where the answer is",
    "distractors": "distractors",
    "boxes": "boxes it gave",
    "points": "points",
    "masks": "masks",
    "drawings": "drawings",
    "seen": "as the model saw it",
}
HIDDEN = ("seen", "drawings")
"""Layers that are off until somebody asks for them: they cover the picture."""


def attempt_card(
    trajectory: Trajectory,
    album: Album,
    *,
    title: str = "",
    truth: bool = True,
    reading: Reading | None = None,
    link: Html | None = None,
) -> Html:
    """A card. `truth` also draws the evidence and distractor boxes of the sample; `link` stands beside the title."""
    shown = Shown(
        trajectory=trajectory,
        album=album,
        reading=reading or Reading(),
        looks=looks_of(trajectory),
        roots=inputs_of(trajectory),
    )
    return tag(
        "section",
        tag("div", tag("h3", title or trajectory.sample.id), *verdict(trajectory), link, class_="head"),
        tag("div", *pictures(shown, truth=truth), class_="pictures"),
        tag("div", *conversation(shown), rewards_line(trajectory), class_="talk"),
        class_="card film" if len(frames_of(shown)) > 1 else "card",
        aria_label=f"attempt at {title or trajectory.sample.id}"[:200],
    )


def right_of(trajectory: Trajectory) -> Score | None:
    """The score that says whether the answer is right."""
    return next(
        (
            trajectory.rewards[name]
            for name in RIGHT
            if name in trajectory.rewards and trajectory.rewards[name].value is not None
        ),
        None,
    )


def verdict(trajectory: Trajectory) -> list[Html]:
    """Answer against target, and how the attempt ended."""
    score = right_of(trajectory)
    out: list[Html] = []
    if score is not None:
        right = (score.value or 0) >= 0.5
        out.append(tag("span", "right" if right else "wrong", class_="verdict good" if right else "verdict bad"))
        if score.extracted is not None:
            out.append(tag("span", f"answered {score.extracted[:80]!r}"))
    if trajectory.sample.target is not None:
        out.append(tag("span", f"target {str(trajectory.sample.target)[:80]!r}", class_="soft"))
    if trajectory.stop != "done":
        out.append(tag("span", f"ended by {trajectory.stop}", class_="bad" if trajectory.stop.failed else "soft"))
    if trajectory.branch:
        out.append(tag("span", f"branch {trajectory.branch[:40]}", class_="chip"))
    return out


def pictures(shown: Shown, *, truth: bool) -> list[Html]:
    """The input pictures with their layers: one below the other, frames of a clip as a strip."""
    if not shown.roots:
        return [tag("p", "No picture.", class_="soft")]
    first_seen = seen_sizes(shown)
    strip = filmstrip(shown)
    marks: dict[str, list[Mark]] = {}
    for number, image in enumerate(shown.roots):
        size = shown.album.size(image.ref)
        marks[image.ref] = [] if size is None else marks_of(shown.trajectory, image, size, number=number, truth=truth)
    if strip is not None:
        large = [image for image in shown.roots if marks[image.ref]][:MOST_ROOTS]
    else:
        large = list(shown.roots[:MOST_ROOTS])
    present = {mark.layer for image in large for mark in marks[image.ref]}
    sees = any(image.ref in first_seen and first_seen[image.ref] != shown.album.size(image.ref) for image in large)
    figures = [
        root_picture(
            image,
            shown.album,
            marks[image.ref],
            caption=caption_of(shown, image, marks[image.ref]),
            seen=first_seen.get(image.ref) if sees else None,
        )
        for image in large
    ]
    rest = len(shown.roots) - len(large) if strip is None else 0
    more = tag("p", f"{rest} more pictures are not shown.", class_="soft") if rest else None
    return [part for part in (switches(present, sees=sees), strip, *figures, more) if part is not None]


def switches(present: set[str], *, sees: bool) -> Html | None:
    """A check box for each layer that is there."""
    wanted = [*(layer for layer in reversed(LAYERS) if layer in present), *(["seen"] if sees else [])]
    if not wanted:
        return None
    boxes = [
        tag(
            "label",
            tag("input", type="checkbox", data_layer=layer, checked=None if layer in HIDDEN else ""),
            SPOKEN[layer],
        )
        for layer in wanted
    ]
    return tag("div", *boxes, class_="layers", role="group", aria_label="layers of the picture")


def caption_of(shown: Shown, image: Image, marks: Sequence[Mark]) -> str:
    size = shown.album.size(image.ref) or (0, 0)
    words = [] if image.at_s is None else [f"{image.at_s:g} s"]
    words.append(f"{size[0]} x {size[1]} px")
    count = sum(mark.layer == "looks" for mark in marks)
    words.append(f"{count} look{'s' if count != 1 else ''}")
    seen = seen_sizes(shown).get(image.ref)
    if seen is not None and seen != size:
        words.append(f"the model got {seen[0]} x {seen[1]}")
    return ", ".join(words)


def filmstrip(shown: Shown) -> Html | None:
    """Frames of a clip in a row, those that were looked at marked; None where there are fewer than two."""
    frames = frames_of(shown)
    if len(frames) < 2:
        return None
    again = looked_at(shown.trajectory)
    cells = [
        small_picture(
            image,
            shown.album,
            caption=f"{image.at_s:g} s" + (", looked at" if image.ref in again else ""),
            looked=image.ref in again,
        )
        for image in frames
    ]
    return tag("div", *cells, class_="strip", role="group", tabindex=0, aria_label=f"{len(frames)} frames of the clip")


def rewards_line(trajectory: Trajectory) -> Html:
    """Every reward with its value, its reason on hover."""
    chips = [
        tag(
            "span",
            f"{name} {'none' if score.value is None else format(score.value, '.3g')}",
            class_="chip",
            title=score.note or None,
        )
        for name, score in trajectory.rewards.items()
    ]
    error = tag("details", tag("summary", "what failed"), tag("pre", trajectory.error)) if trajectory.error else None
    return tag("div", *chips, error, class_="rewards")
