"""An order of the nodes in which every arrow points forward; any such order is right. MM-HELIX (arXiv 2510.08540)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image as PILImage

from saccade.core.sample import Truth
from saccade.core.world import Question, World
from saccade.worlds.graphs import NAMES, XY, Edge, draw_graph, joined, node_box, places, read_nodes, written_nodes

TEXT = "Write the letters in an order in which every arrow goes from an earlier to a later one."


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """size_px: side of the picture
    nodes:   number of nodes, 3 to 25
    extra:   arrows beyond those that join all nodes
    """

    size_px: int = 64
    nodes: int = 4
    extra: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """`arrows` as (from, to); `planted` is an order that they keep to."""

    knobs: Knobs
    arrows: tuple[Edge, ...]
    planted: tuple[int, ...]
    turn: float


def generate(rng: np.random.Generator, knobs: Knobs) -> State:
    if not 3 <= knobs.nodes <= 25:
        raise ValueError(f"topological_order: nodes is 3 to 25, not {knobs.nodes}")
    order = tuple(int(node) for node in rng.permutation(knobs.nodes))
    rank = {node: place for place, node in enumerate(order)}
    arrows = tuple((a, b) if rank[a] < rank[b] else (b, a) for a, b in joined(rng, knobs.nodes, knobs.extra))
    return State(knobs=knobs, arrows=arrows, planted=order, turn=round(float(rng.uniform(0, 0.9)), 3))


def at(state: State) -> tuple[XY, ...]:
    return places(state.knobs.nodes, state.turn)


def ask(state: State) -> Question:
    return Question(text=TEXT, answer=written_nodes(state.planted), answer_type="sequence")


def questions(state: State) -> tuple[Question, ...]:
    return (ask(state),)


def render(state: State) -> tuple[PILImage.Image]:
    return (draw_graph(state.knobs.size_px, at(state), state.arrows, arrows=True),)


def describe(state: State) -> str:
    arrows = ", ".join(f"{NAMES[a]} to {NAMES[b]}" for a, b in state.arrows)
    return f"Nodes {' '.join(NAMES[:state.knobs.nodes])} with the arrows {arrows}."


def solve(state: State) -> str:
    """Take a node without open arrows into it, again and again (Kahn)."""
    left, out = set(range(state.knobs.nodes)), []
    while left:
        ready = min(node for node in left if not any(b == node and a in left for a, b in state.arrows))
        left.remove(ready)
        out.append(ready)
    return written_nodes(out)


def verify(state: State, answer: str) -> float:
    found = read_nodes(answer, state.knobs.nodes)
    if found is None or sorted(found) != list(range(state.knobs.nodes)):
        return 0.0
    return float(all(found.index(a) < found.index(b) for a, b in state.arrows))


def truth(state: State) -> Truth:
    """Evidence: all nodes."""
    boxes = [node_box(xy, state.knobs.nodes, state.knobs.size_px) for xy in at(state)]
    return Truth(evidence=boxes, distractors=[], overview_suffices=state.knobs.nodes <= 5, several=True)


topological_order = World(
    name="topological_order",
    knobs=Knobs,
    levels={
        "easy": Knobs(),
        "L1": Knobs(size_px=256, nodes=6, extra=2),
        "L2": Knobs(size_px=384, nodes=9, extra=4),
        "L3": Knobs(size_px=512, nodes=12, extra=6),
        "L4": Knobs(size_px=768, nodes=16, extra=8),
        "L5": Knobs(size_px=1024, nodes=25, extra=12),
    },
    generate=generate, render=render, ask=ask, describe=describe, solve=solve, verify=verify, truth=truth,
)

EXAMPLES = [(0, 0, "C B D A"), (0, 1, "C B D A"), (3, 5, "B D C A")]
