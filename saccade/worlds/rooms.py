"""Blocks on a floor seen by a few cameras: which is left, which is nearer, what stands behind, seen from here or from there.

Some questions can be answered from the pictures; others speak of the room seen from its other side, or of a block that is
hidden from every camera, and want a camera that moves (Think3D). The scene in `meta` is exact, so a view from
anywhere, its depth and what is visible in it are known (`saccade.media.space`).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image as PILImage

from saccade.core.sample import Thing, Truth
from saccade.core.world import Question, World
from saccade.media import space
from saccade.worlds.answers import agrees
from saccade.worlds.marks import COLOURS

CLEAR = 0.5
"""Units by which two blocks must be apart, sideways or in distance, to be compared."""

SEEN = 0.25
"""Share of a block's pixels that must be unhidden for it to count as seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """size_px:  width of a picture; its height is three quarters
    least, most: number of blocks, 2 to 6
    cameras:   pictures of the room, the first from the front, the others from the sides
    topics:    what may be asked: "side" (left or right, from a camera), "near" (from a camera), "behind" (left or right,
               seen from the other side of the room), "hidden" (a block that no camera shows)
    """

    size_px: int = 128
    least: int = 3
    most: int = 3
    cameras: int = 1
    topics: tuple[str, ...] = ("side", "near", "behind")


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    knobs: Knobs
    blocks: tuple[space.Block, ...]
    cameras: tuple[space.Camera, ...]
    asked: int


def generate(rng: np.random.Generator, knobs: Knobs) -> State:
    if not 2 <= knobs.least <= knobs.most <= len(COLOURS):
        raise ValueError(f"rooms: 2 <= least <= most <= {len(COLOURS)} is needed, not {knobs.least} and {knobs.most}")
    if not knobs.topics or set(knobs.topics) - {"side", "near", "behind", "hidden"}:
        raise ValueError(f"rooms: topics are some of side, near, behind, hidden, not {list(knobs.topics)}")
    if not 1 <= knobs.cameras <= 4:
        raise ValueError(f"rooms: cameras is 1 to 4, not {knobs.cameras}")
    while True:
        state = _draw(rng, knobs)
        askable = [topic for topic, _ in _askable(state)]
        topics = sorted(set(askable) & set(knobs.topics))
        if topics:
            topic = topics[int(rng.integers(len(topics)))]
            pool = [place for place, each in enumerate(askable) if each == topic]
            return State(knobs=knobs, blocks=state.blocks, cameras=state.cameras, asked=pool[int(rng.integers(len(pool)))])


def _draw(rng: np.random.Generator, knobs: Knobs) -> State:
    num = int(rng.integers(knobs.least, knobs.most + 1))
    colours = [str(name) for name in rng.permutation(list(COLOURS))[:num]]
    hide = "hidden" in knobs.topics and num > 2 and rng.random() < 0.7
    blocks: list[space.Block] = []
    for place, colour in enumerate(colours):
        side, high = (round(float(value), 2) for value in (rng.uniform(0.7, 1.1), rng.uniform(0.6, 1.6)))
        if hide and place == 0:
            side, high = 1.6, 1.9
        if hide and place == 1:
            side = high = 0.6
        for _ in range(200):
            x, z = (round(float(value), 2) for value in rng.uniform(-2.3, 2.3, 2))
            if hide and place == 0:
                z = -1.2
            if hide and place == 1:
                x, z = round(blocks[0].centre[0] * 1.25, 2), 0.6
            if all(max(abs(x - other.centre[0]), abs(z - other.centre[2])) > (side + other.size[0]) / 2 + 0.25
                   for other in blocks):
                break
        else:
            break
        blocks.append(space.Block(name=colour, centre=(x, high / 2, z), size=(side, high, side), colour=COLOURS[colour]))
    cameras = tuple(_camera(float(turn)) for turn in (0, 55, -55, 110)[: knobs.cameras])
    return State(knobs=knobs, blocks=tuple(blocks), cameras=cameras, asked=0)


def _camera(turn: float) -> space.Camera:
    """A camera that has walked `turn` degrees round the room and looks at its middle, from above."""
    a = math.radians(turn)
    return space.Camera(eye=(round(-7.5 * math.sin(a), 3), 3.2, round(-7.5 * math.cos(a), 3)), azimuth=turn, elevation=-20.0,
                        fov=50.0)


def _size(knobs: Knobs) -> tuple[int, int]:
    return knobs.size_px, knobs.size_px * 3 // 4


@lru_cache(maxsize=128)
def shares(blocks: tuple[space.Block, ...], cameras: tuple[space.Camera, ...]) -> tuple[tuple[float, ...], ...]:
    """For every camera, the share of each block that is not hidden by others or cut off (measured at 64 px)."""
    out: list[tuple[float, ...]] = []
    for camera in cameras:
        together = space.render(blocks, camera, (64, 48)).ids
        alone = [int((space.render((block,), camera, (64, 48)).ids == 0).sum()) for block in blocks]
        out.append(tuple(float((together == place).sum()) / count if count else 0.0 for place, count in enumerate(alone)))
    return tuple(out)


def hidden(state: State, place: int) -> bool:
    """No camera shows the block."""
    return max(row[place] for row in shares(state.blocks, state.cameras)) < 0.02


def _local(block: space.Block, camera: space.Camera) -> np.ndarray:
    """Right, up and forward of the block's middle as the camera has them."""
    return camera.axes @ (np.array(block.centre) - np.array(camera.eye))


def _askable(state: State) -> list[tuple[str, Question]]:
    """Every question with one clear answer, with its topic, in a fixed order."""
    seen, out = shares(state.blocks, state.cameras), []
    for number, camera in enumerate(state.cameras):
        shown = [block for block, share in zip(state.blocks, seen[number], strict=True) if share >= SEEN]
        where = f" in picture {number + 1}" if len(state.cameras) > 1 else ""
        for place, one in enumerate(shown):
            for other in shown[place + 1:]:
                gap = _local(other, camera) - _local(one, camera)
                names = (one.name, other.name)
                sides = ("left", "right")
                if abs(gap[0]) > CLEAR:
                    text = f"Is the {one.name} block left or right of the {other.name} block{where}?"
                    out.append(("side", Question(text=text, answer=sides[int(gap[0] <= 0)], choices=sides)))
                if abs(gap[2]) > CLEAR:
                    text = f"Which is nearer, the {one.name} or the {other.name} block{where}?"
                    out.append(("near", Question(text=text, answer=names[0 if gap[2] > 0 else 1], choices=names)))
                if number == 0 and abs(gap[0]) > CLEAR:
                    text = (f"Seen from the other side of the room, is the {one.name} block left or right of the "
                            f"{other.name} block?")
                    out.append(("behind", Question(text=text, answer=sides[int(gap[0] > 0)], choices=sides)))
    unseen = [block.name for place, block in enumerate(state.blocks) if hidden(state, place)]
    if len(unseen) == 1:
        out.append(("hidden", Question(text="Which block is hidden?", answer=unseen[0], choices=tuple(COLOURS))))
    return out


def questions(state: State) -> tuple[Question, ...]:
    """Every question about the room that has one clear answer, whatever the topics."""
    return tuple(question for _, question in _askable(state))


def ask(state: State) -> Question:
    return _askable(state)[state.asked][1]


def render(state: State) -> tuple[PILImage.Image, ...]:
    return tuple(space.picture(state.blocks, camera, _size(state.knobs)) for camera in state.cameras)


def describe(state: State) -> str:
    blocks = "; ".join(f"a {block.name} block {block.size[0]:g} wide and {block.size[1]:g} high at x={block.centre[0]:g}, "
                       f"z={block.centre[2]:g}" for block in state.blocks)
    cameras = "; ".join(f"camera {number} at x={camera.eye[0]:g}, y={camera.eye[1]:g}, z={camera.eye[2]:g}"
                        for number, camera in enumerate(state.cameras, start=1))
    return f"A room, x to the right and z away from camera 1: {blocks}. Seen by {cameras}, which look at the middle."


def solve(state: State) -> str:
    """Read the words of the question and work it out from the places of the blocks."""
    text, blocks = ask(state).text, {block.name: block for block in state.blocks}
    if text == "Which block is hidden?":
        return next(block.name for place, block in enumerate(state.blocks) if hidden(state, place))
    one, other = (blocks[word] for word in re.findall(r"\w+", text) if word in blocks)
    picture = re.search(r"picture (\d)", text)
    camera = state.cameras[int(picture[1]) - 1 if picture else 0]
    if text.startswith("Which is nearer"):
        return min((one, other), key=lambda block: _local(block, camera)[2]).name
    left = _local(one, camera)[0] < _local(other, camera)[0]
    return "left" if left != text.startswith("Seen from the other side") else "right"


def verify(state: State, answer: str) -> float:
    return agrees(ask(state), answer)


def block_box(state: State, place: int, camera: int) -> list[float] | None:
    """Where a block stands in a picture, px, hidden parts included; None where it lies outside."""
    ids = space.render((state.blocks[place],), state.cameras[camera], _size(state.knobs)).ids
    rows, columns = np.flatnonzero((ids == 0).any(1)), np.flatnonzero((ids == 0).any(0))
    if not len(rows):
        return None
    return [float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)]


def truth(state: State) -> Truth:
    """Evidence: the blocks of the question in its picture. A hidden block's evidence is where it stands, behind another.

    `things` are the blocks of which a quarter or more is seen.
    """
    text, seen = ask(state).text, shares(state.blocks, state.cameras)
    words, picture = set(re.findall(r"\w+", text)), re.search(r"picture (\d)", text)
    number = int(picture[1]) - 1 if picture else 0
    asked = {ask(state).answer} if text == "Which block is hidden?" else words
    boxes = [(block.name, block_box(state, place, number)) for place, block in enumerate(state.blocks)]
    placed = ((camera, place, block_box(state, place, camera)) for camera in range(len(state.cameras))
              for place in range(len(state.blocks)) if seen[camera][place] >= SEEN)
    return Truth(
        evidence=[box for name, box in boxes if name in asked and box],
        distractors=[box for name, box in boxes if name not in asked and box],
        evidence_image=number,
        things=[Thing(label=f"{state.blocks[place].name} block", box_xyxy=box, image=camera)
                for camera, place, box in placed if box],
        scene=space.as_scene(state.blocks, state.cameras, _size(state.knobs)),
        overview_suffices=not text.startswith(("Seen from", "Which block is hidden")),
    )


rooms = World(
    name="rooms",
    knobs=Knobs,
    levels={
        "easy": Knobs(),
        "medium": Knobs(least=3, most=5, cameras=2),
        "hard": Knobs(size_px=192, least=4, most=6, topics=("behind", "hidden")),
    },
    generate=generate, render=render, ask=ask, describe=describe, solve=solve, verify=verify, truth=truth,
)

EXAMPLES = [(0, 0, "cyan"), (0, 1, "red"), (3, 5, "left")]
