"""Move discs between three pegs until all stand on the last, never a larger on a smaller one. MM-HELIX (arXiv 2510.08540).

Any legal way to the end is right; the levels say how long the shortest one is.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image as PILImage
from PIL import ImageDraw

from saccade.core.sample import Truth
from saccade.core.world import Question, World
from saccade.worlds.marks import COLOURS, DARK, glyph, stamp

Pegs = tuple[int, ...]
"""Peg (0, 1 or 2) of each disc, the smallest disc first."""

Move = tuple[int, int]
"""Disc (1 is the smallest) and the peg it goes to (1 to 3)."""

MOVE = re.compile(r"\(?\s*(\d{1,2})\s*[,: ]\s*(\d{1,2})\s*\)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """size_px: side of the picture
    discs:   number of discs, 2 to 6
    least, most: length of the shortest way
    """

    size_px: int = 64
    discs: int = 2
    least: int = 1
    most: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    knobs: Knobs
    pegs: Pegs


def generate(rng: np.random.Generator, knobs: Knobs) -> State:
    if not 2 <= knobs.discs <= 6 or not 1 <= knobs.least <= knobs.most:
        raise ValueError("hanoi: discs is 2 to 6 and 1 <= least <= most, not "
                         f"discs={knobs.discs}, least={knobs.least}, most={knobs.most}")
    fitting = [pegs for pegs, far in sorted(far_from_end(knobs.discs).items()) if knobs.least <= far <= knobs.most]
    if not fitting:
        raise ValueError(f"hanoi: no position of {knobs.discs} discs is {knobs.least} to {knobs.most} moves from the end")
    return State(knobs=knobs, pegs=fitting[int(rng.integers(len(fitting)))])


@lru_cache(maxsize=8)
def far_from_end(discs: int) -> dict[Pegs, int]:
    """Moves from every position to the end (breadth first from there: moves can be taken back)."""
    end = (2,) * discs
    found, waiting = {end: 0}, deque([end])
    while waiting:
        pegs = waiting.popleft()
        for move in legal(pegs):
            other = moved(pegs, move)
            if other not in found:
                found[other] = found[pegs] + 1
                waiting.append(other)
    return found


def legal(pegs: Pegs) -> list[Move]:
    """Every disc that is on top to every peg without a smaller one."""
    out = []
    for disc, peg in enumerate(pegs):
        smaller = set(pegs[:disc])
        out += [(disc + 1, to + 1) for to in range(3) if peg not in smaller and to != peg and to not in smaller]
    return out


def moved(pegs: Pegs, move: Move) -> Pegs:
    return (*pegs[: move[0] - 1], move[1] - 1, *pegs[move[0]:])


def ask(state: State) -> Question:
    """The answer walks downhill in the distances to the end."""
    pegs, moves, far = state.pegs, list[Move](), far_from_end(state.knobs.discs)
    while far[pegs]:
        move = next(each for each in legal(pegs) if far[moved(pegs, each)] == far[pegs] - 1)
        moves.append(move)
        pegs = moved(pegs, move)
    text = (
        "Move all discs to peg 3, one at a time and never onto a smaller one. Write each move as (disc, peg); disc 1 is the "
        "smallest."
    )
    return Question(text=text, answer=written(moves), answer_type="sequence")


def questions(state: State) -> tuple[Question, ...]:
    return (ask(state),)


def written(moves: list[Move]) -> str:
    return " ".join(f"({disc},{peg})" for disc, peg in moves)


def disc_box(state: State, disc: int) -> list[float]:
    """Pixels of a disc, 0 the smallest."""
    side, num = state.knobs.size_px, state.knobs.discs
    below = sum(peg == state.pegs[disc] for peg in state.pegs[disc + 1:])
    high = min(0.17, 0.6 / num) * side
    half = side * (0.06 + 0.1 * (disc + 1) / num)
    middle, foot = side * (1 + 2 * state.pegs[disc]) / 6, side * 0.84 - below * high
    return [middle - half, foot - high + 1, middle + half, foot - 1]


def render(state: State) -> tuple[PILImage.Image]:
    side = state.knobs.size_px
    picture = PILImage.new("RGB", (side, side), "white")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((side * 0.02, side * 0.84, side * 0.98, side * 0.88), fill=(120, 90, 60))
    for peg in range(3):
        middle = side * (1 + 2 * peg) / 6
        draw.rectangle((middle - side * 0.012, side * 0.2, middle + side * 0.012, side * 0.84), fill=(120, 90, 60))
    for disc in range(state.knobs.discs):
        x1, y1, x2, y2 = disc_box(state, disc)
        draw.rectangle((x1, y1, x2, y2), fill=list(COLOURS.values())[disc], outline=DARK)
        if side >= 128:
            stamp(picture, glyph(str(disc + 1)), (x1, y1 + 2, x2, y2 - 2), colour=(255, 255, 255))
    for peg in range(3):
        middle = side * (1 + 2 * peg) / 6
        stamp(picture, glyph(str(peg + 1)), (middle - side * 0.06, side * 0.89, middle + side * 0.06, side * 0.99))
    return (picture,)


def describe(state: State) -> str:
    places = ", ".join(f"disc {disc + 1} on peg {peg + 1}" for disc, peg in enumerate(state.pegs))
    return f"Towers of Hanoi with three pegs and {state.knobs.discs} discs, disc 1 the smallest: {places}."


def solve(state: State) -> str:
    """Largest disc first: all smaller ones to the third peg, then it, then the smaller ones after it."""
    moves: list[Move] = []
    pegs = list(state.pegs)

    def gather(count: int, to: int) -> None:
        if not count:
            return
        disc = count - 1
        if pegs[disc] == to:
            gather(disc, to)
            return
        gather(disc, 3 - to - pegs[disc])
        moves.append((count, to + 1))
        pegs[disc] = to
        gather(disc, to)

    gather(state.knobs.discs, 2)
    return written(moves)


def verify(state: State, answer: str) -> float:
    text, pegs = answer.strip()[:4000], state.pegs
    found = [(int(disc), int(peg)) for disc, peg in MOVE.findall(text)]
    if not found or MOVE.sub("", text).strip(" ,;.\n\t->[]"):
        return 0.0
    for move in found:
        if move not in legal(pegs):
            return 0.0
        pegs = moved(pegs, move)
    return float(set(pegs) == {2})


def truth(state: State) -> Truth:
    """Evidence: the discs."""
    boxes = [disc_box(state, disc) for disc in range(state.knobs.discs)]
    return Truth(evidence=boxes, distractors=[], overview_suffices=state.knobs.discs <= 4, several=True)


hanoi = World(
    name="hanoi",
    knobs=Knobs,
    levels={
        "easy": Knobs(),
        "L1": Knobs(size_px=128, discs=3, most=2),
        "L2": Knobs(size_px=128, discs=3, least=2, most=3),
        "L3": Knobs(size_px=192, discs=4, least=3, most=5),
        "L4": Knobs(size_px=192, discs=4, least=5, most=6),
        "L5": Knobs(size_px=256, discs=5, least=6, most=15),
    },
    generate=generate, render=render, ask=ask, describe=describe, solve=solve, verify=verify, truth=truth,
)

EXAMPLES = [(0, 0, "(1,3)"), (0, 1, "(1,1) (2,3) (1,3)"), (3, 5, "(1,3)")]
