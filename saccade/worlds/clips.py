"""A short clip as frames: one shape moves or rests, another may appear; which way, which one, when.

Frames are separate pictures in order of time; a question about time names frames by number from 1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image as PILImage

from saccade.core.sample import Truth
from saccade.core.world import Question, World
from saccade.worlds.answers import agrees
from saccade.worlds.marks import COLOURS
from saccade.worlds.shapes import KINDS, RADIUS, Shape, draw_shapes, in_words

WAYS = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """size_px: side of a frame
    frames:  number of frames, 2 to 12
    rest:    share of clips in which nothing moves
    appear:  share of clips in which a second shape appears after the first frame
    path:    way from the first frame to the last as a share of the side
    lines:   number of thin grey lines behind the shapes
    """

    size_px: int = 64
    frames: int = 3
    rest: float = 0.15
    appear: float = 0.5
    path: float = 0.5
    lines: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """`mover` is where it is in the first frame; `way` is "" for a rest; the guest is seen from frame `since` on."""

    knobs: Knobs
    mover: Shape
    way: str
    guest: Shape | None
    since: int
    paper: int
    asked: int


def generate(rng: np.random.Generator, knobs: Knobs) -> State:
    if not 2 <= knobs.frames <= 12 or not 0.1 <= knobs.path <= 0.6:
        raise ValueError(f"clips: frames is 2 to 12 and path 0.1 to 0.6, not {knobs.frames} and {knobs.path}")
    kinds, colours = (tuple(str(name) for name in rng.permutation(list(names))[:2]) for names in (KINDS, COLOURS))
    way = "" if rng.random() < knobs.rest else list(WAYS)[int(rng.integers(len(WAYS)))]
    reach, (dx, dy) = RADIUS["large"], WAYS.get(way, (0, 0))
    # the mover keeps to its own half, so that the guest has the other one to itself
    across = bool(dy) or (not dx and rng.random() < 0.5)
    along, beside = rng.uniform(reach + 0.02, 0.96 - reach - knobs.path), rng.uniform(reach + 0.02, 0.28)
    if dx + dy < 0:
        along += knobs.path
    if rng.random() < 0.5:
        beside = 1 - beside
    x, y = (beside, along) if across else (along, beside)
    mover = Shape(kind=kinds[0], colour=colours[0], size="large", x=round(float(x), 3), y=round(float(y), 3))
    guest, since = None, 0
    if rng.random() < knobs.appear:
        other = float(rng.uniform(0.62, 0.88) if beside < 0.5 else rng.uniform(0.12, 0.38))
        place = float(rng.uniform(0.12, 0.88))
        x, y = (other, place) if across else (place, other)
        guest = Shape(kind=kinds[1], colour=colours[1], size="small", x=round(x, 3), y=round(y, 3))
        since = int(rng.integers(2, knobs.frames + 1))
    state = State(knobs=knobs, mover=mover, way=way, guest=guest, since=since, paper=int(rng.integers(1 << 40)), asked=0)
    return replace(state, asked=int(rng.integers(len(questions(state)))))


def frames(state: State) -> tuple[tuple[Shape, ...], ...]:
    """The shapes of every frame."""
    (dx, dy), last = WAYS.get(state.way, (0, 0)), state.knobs.frames - 1
    out = []
    for time in range(state.knobs.frames):
        gone = state.knobs.path * time / last
        shapes = [replace(state.mover, x=round(state.mover.x + dx * gone, 3), y=round(state.mover.y + dy * gone, 3))]
        if state.guest is not None and time + 1 >= state.since:
            shapes.append(state.guest)
        out.append(tuple(shapes))
    return tuple(out)


def questions(state: State) -> tuple[Question, ...]:
    """Motion and its direction, colour and kind of what moves, whether, when and what appears, the number of frames."""
    mover, guest = state.mover, state.guest
    yes_no = ("yes", "no")
    out = [Question(text=f"Does the {mover.name} move?", answer="yes" if state.way else "no", choices=yes_no)]
    if state.way:
        out += [Question(text=f"Which way does the {mover.kind} move?", answer=state.way, choices=tuple(WAYS)),
                Question(text="Which shape moves?", answer=mover.kind, choices=KINDS),
                Question(text="What colour is the moving shape?", answer=mover.colour, choices=tuple(COLOURS))]
    out.append(Question(text="Does a shape appear?", answer="yes" if guest else "no", choices=yes_no))
    if guest is not None:
        out += [Question(text="Which shape appears?", answer=guest.kind, choices=KINDS),
                Question(text="In which frame does it appear?", answer=str(state.since), answer_type="number")]
    out.append(Question(text="How many shapes in the last frame?", answer="2" if guest else "1", answer_type="number"))
    return tuple(out)


def ask(state: State) -> Question:
    return questions(state)[state.asked]


def render(state: State) -> tuple[PILImage.Image, ...]:
    return tuple(draw_shapes(shapes, size_px=state.knobs.size_px, paper=state.paper, num_lines=state.knobs.lines)
                 for shapes in frames(state))


def describe(state: State) -> str:
    told = " ".join(f"Frame {number}: {in_words(shapes)}." for number, shapes in enumerate(frames(state), start=1))
    return f"Positions are shares of the side, from the top left. {told}"


def solve(state: State) -> str:
    """Compare the frames, without reading the way or the time that were drawn."""
    words, shown = ask(state).text, frames(state)
    before, after = shown[0][0], next(s for s in shown[-1] if s.kind == shown[0][0].kind)
    new = [s for s in shown[-1] if s.kind != before.kind]
    if words.startswith("In which frame"):
        return str(next(number for number, shapes in enumerate(shown, start=1) if len(shapes) > 1))
    if words.startswith("How many"):
        return str(len(shown[-1]))
    if words.startswith("Does a shape"):
        return "yes" if new else "no"
    if words.startswith("Does the"):
        return "yes" if (before.x, before.y) != (after.x, after.y) else "no"
    if words.startswith("Which way"):
        right, down = after.x - before.x, after.y - before.y
        return ("right" if right > 0 else "left") if abs(right) > abs(down) else "down" if down > 0 else "up"
    if words.startswith("What colour"):
        return before.colour
    return new[0].kind if words.endswith("appears?") else before.kind


def verify(state: State, answer: str) -> float:
    return agrees(ask(state), answer)


def truth(state: State) -> Truth:
    """Evidence: the shapes of the last frame."""
    return Truth(evidence=[s.box_xyxy(state.knobs.size_px) for s in frames(state)[-1]], distractors=[],
                 evidence_image=state.knobs.frames - 1, overview_suffices=True)


clips = World(
    name="clips",
    knobs=Knobs,
    levels={
        "easy": Knobs(),
        "medium": Knobs(size_px=128, frames=4, path=0.35),
        "hard": Knobs(size_px=256, frames=6, path=0.2, lines=8),
    },
    generate=generate, render=render, ask=ask, describe=describe, solve=solve, verify=verify, truth=truth,
)

EXAMPLES = [(0, 0, "yes"), (0, 1, "yes"), (3, 5, "yes")]
