"""Following moves through a maze with a pen: written or drawn, seen or not, redrawn or not.

A tabular policy answers message by message, each in a context of its own; where a drawn line goes is read from its pixels.
"""

from __future__ import annotations

import numpy as np
from PIL import Image as PILImage

import saccade as sc
from saccade import worlds
from saccade.media.draw import draw_lines
from saccade.recipes import _simulated as table
from saccade.worlds.mazes import STEPS

CELLS, SIDE_PX = 5, 85
SLIP = 0.1
"""Share of the moves that go wrong in the traces."""


def walks(seed: int, count: int = 96) -> list[sc.Sample]:
    """Ways of six to eight moves through mazes: where it begins, the moves, and the cell where it ends."""
    out = []
    for number in range(count):
        rng = sc.generator("walks", seed, number)
        state = worlds.mazes.state(seed, number, worlds.mazes.knobs(size_px=SIDE_PX, cells=CELLS, closed=0.0, loops=0.3))
        cell, moves = state.green, []
        for _ in range(int(rng.integers(6, 9))):
            ways = [word for word in STEPS if tuple(sorted((cell, moved(cell, word)))) in state.doors]
            moves.append(str(rng.choice(ways)))
            cell = moved(cell, moves[-1])
        out.append(table.question(number, "follow the moves", word_of(cell), maze=[seed, number], start=state.green,
                                  moves=moves))
    return out


def moved(cell: tuple[int, int], move: str) -> tuple[int, int]:
    return cell[0] + STEPS[move][0], cell[1] + STEPS[move][1]


def word_of(cell: tuple[int, int]) -> str:
    return f"r{cell[0]}c{cell[1]}"


def cell_of(word: str) -> tuple[int, int] | None:
    return next((cell for cell in every_cell() if word_of(cell) == word), None)


def every_cell() -> list[tuple[int, int]]:
    return [(row, column) for row in range(CELLS) for column in range(CELLS)]


def middle(cell: tuple[int, int]) -> tuple[float, float]:
    side = SIDE_PX / CELLS
    return (cell[1] + 0.5) * side, (cell[0] + 0.5) * side


def direction(before: PILImage.Image, after: PILImage.Image, start: tuple[float, float]) -> str:
    """Where the line that was drawn last goes from its start, read from what has changed; ``astray`` for no single step."""
    rows, columns = np.nonzero((np.asarray(before) != np.asarray(after)).any(-1))
    if not len(rows):
        return "nowhere"
    far = int(np.argmax((columns - start[0]) ** 2 + (rows - start[1]) ** 2))
    across, down, side = columns[far] - start[0], rows[far] - start[1], SIDE_PX / CELLS
    if not 0.7 * side < np.hypot(across, down) < 1.6 * side or min(abs(across), abs(down)) > 0.5 * side:
        return "astray"
    words = {"right": across, "left": -across, "down": down, "up": -down}
    return max(words, key=lambda word: words[word])


@sc.episode
async def tracing(sample: sc.Sample, context: object, *, draws: bool, shows: bool = True):
    """A cell for every move, each in a context of its own; the pen goes where the policy says.

    draws: every move is drawn as a line, and the policy says whether it stands; shows: it is told where the line goes
    """
    seed, number = sample.meta["maze"]
    knobs = worlds.mazes.knobs(size_px=SIDE_PX, cells=CELLS, closed=0.0, loops=0.3)
    picture = worlds.mazes.render(worlds.mazes.state(seed, number, knobs))[0]
    cell = tuple(sample.meta["start"])
    for move in sample.meta["moves"]:
        for _ in range(2):  # drawn, and redrawn once at most
            said = yield sc.show(sc.user(f"at {word_of(cell)}, next {move}"), after="new")
            end = cell_of(said.text) or cell
            if not draws:
                break
            line = draw_lines(picture, [(*middle(cell), *middle(end))], colours=("black",), width_px=2)
            where = direction(picture, line, middle(cell)) if shows else "unseen"
            stands = yield sc.show(sc.user(f"asked for {move}, drawn {where}"), after="new")
            if stands.text != "redraw":
                picture = line
                break
        cell = end
    yield sc.show(sc.user(f"at {word_of(cell)}, no move left"), after="new")


def traces(seed: int, *, draws: bool, reflects: bool, shows: bool) -> list[sc.Sample]:
    """Messages of traces over all cells and moves: one move in ten slips; reflective ones redraw four slips of five."""
    rng, out = sc.generator("traces", seed), []

    def add(text: str, said: str) -> None:
        out.append(table.question(len(out), text, said))

    for cell in every_cell():
        add(f"at {word_of(cell)}, no move left", word_of(cell))
        for move in STEPS:
            for _ in range(20 if moved(cell, move) in every_cell() else 0):
                others = [each for each in every_cell() if each != moved(cell, move)
                          and max(abs(each[0] - cell[0]), abs(each[1] - cell[1])) == 1]
                slips = rng.random() < SLIP
                add(f"at {word_of(cell)}, next {move}",
                    word_of(others[int(rng.integers(len(others)))] if slips else moved(cell, move)))
                if draws:
                    wrong = [*(each for each in STEPS if each != move), "astray"]
                    where = str(rng.choice(wrong)) if slips else move
                    add(f"asked for {move}, drawn {where if shows else 'unseen'}",
                        "redraw" if reflects and slips and rng.random() < 0.8 else "on")
    return out
