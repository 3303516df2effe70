"""A way that visits every node of a graph once, or "No" where there is none. A graph task of MM-HELIX (arXiv 2510.08540).

The largest published level, 16 nodes, is left out: whether there is no way takes a second an item to prove.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from PIL import Image as PILImage

from saccade.core.sample import Truth
from saccade.core.world import Question, World
from saccade.worlds.graphs import NAMES, XY, Edge, draw_graph, joined, node_box, places, read_nodes, written_nodes

TEXT = (
    "Find a way along the edges that visits every letter exactly once. Write its letters in order, or No if there is none."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """size_px: side of the picture
    nodes:   number of nodes, 4 to 16
    extra:   edges beyond those of the way (or of a tree that joins all nodes)
    without: share of graphs in which there is no such way
    """

    size_px: int = 64
    nodes: int = 4
    extra: int = 1
    without: float = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """`planted` is a way, empty where there is none."""

    knobs: Knobs
    edges: tuple[Edge, ...]
    planted: tuple[int, ...]
    turn: float


def generate(rng: np.random.Generator, knobs: Knobs) -> State:
    if not 4 <= knobs.nodes <= 16:
        raise ValueError(f"hamiltonian_path: nodes is 4 to 16, not {knobs.nodes}")
    turn = round(float(rng.uniform(0, 0.9)), 3)
    if rng.random() < knobs.without:
        for _ in range(200):
            edges = joined(rng, knobs.nodes, int(rng.integers(0, knobs.extra + 1)))
            if way(knobs.nodes, edges) is None:
                return State(knobs=knobs, edges=edges, planted=(), turn=turn)
    order = [int(node) for node in rng.permutation(knobs.nodes)]
    wanted = {tuple(sorted(pair)) for pair in pairwise(order)}
    others = [(a, b) for a in range(knobs.nodes) for b in range(a + 1, knobs.nodes) if (a, b) not in wanted]
    more = [others[int(place)] for place in rng.permutation(len(others))[: knobs.extra]]
    edges = tuple(sorted((*wanted, *more)))
    return State(knobs=knobs, edges=edges, planted=tuple(order), turn=turn)  # type: ignore[arg-type]


def way(num: int, edges: tuple[Edge, ...]) -> tuple[int, ...] | None:
    """A way, or None: which sets of nodes can be walked so as to end at each node (Held and Karp)."""
    near = [0] * num
    for a, b in edges:
        near[a] |= 1 << b
        near[b] |= 1 << a
    ends = [0] * (1 << num)  # bit n of ends[s]: the nodes of s can be walked so that n comes last
    for node in range(num):
        ends[1 << node] = 1 << node
    for nodes in range(1, 1 << num):
        for node in range(num) if ends[nodes] else ():
            if not nodes >> node & 1 and ends[nodes] & near[node]:
                ends[nodes | 1 << node] |= 1 << node
    nodes, out = (1 << num) - 1, []
    last = ends[nodes]
    while nodes and last:
        node = (last & -last).bit_length() - 1
        out.append(node)
        nodes &= ~(1 << node)
        last = ends[nodes] & near[node]
    return tuple(reversed(out)) if len(out) == num else None


def at(state: State) -> tuple[XY, ...]:
    return places(state.knobs.nodes, state.turn)


def ask(state: State) -> Question:
    return Question(text=TEXT, answer=written_nodes(state.planted) if state.planted else "No", answer_type="sequence")


def questions(state: State) -> tuple[Question, ...]:
    return (ask(state),)


def render(state: State) -> tuple[PILImage.Image]:
    return (draw_graph(state.knobs.size_px, at(state), state.edges),)


def describe(state: State) -> str:
    edges = ", ".join(f"{NAMES[a]}-{NAMES[b]}" for a, b in state.edges)
    return f"Nodes {' '.join(NAMES[:state.knobs.nodes])} with the edges {edges}."


def solve(state: State) -> str:
    """Walk on from every node to neighbours not yet visited, those with the fewest ways on first, and step back."""
    near = {node: {b if a == node else a for a, b in state.edges if node in (a, b)} for node in range(state.knobs.nodes)}
    dead: set[tuple[int, frozenset[int]]] = set()

    def walk(path: list[int], left: frozenset[int]) -> list[int] | None:
        if not left:
            return path
        if (path[-1], left) in dead:
            return None
        for node in sorted(near[path[-1]] & left, key=lambda each: (len(near[each] & left), each)):
            found = walk([*path, node], left - {node})
            if found:
                return found
        dead.add((path[-1], left))
        return None

    everything = frozenset(near)
    found = next((path for start in near if (path := walk([start], everything - {start}))), None)
    return written_nodes(found) if found else "No"


def verify(state: State, answer: str) -> float:
    if answer.strip().rstrip(".").lower() == "no":
        return float(not state.planted)
    found = read_nodes(answer, state.knobs.nodes)
    if found is None or sorted(found) != list(range(state.knobs.nodes)):
        return 0.0
    return float(all(tuple(sorted(pair)) in state.edges for pair in pairwise(found)))


def truth(state: State) -> Truth:
    """Evidence: all nodes."""
    boxes = [node_box(xy, state.knobs.nodes, state.knobs.size_px) for xy in at(state)]
    return Truth(evidence=boxes, distractors=[], overview_suffices=state.knobs.nodes <= 5, several=True)


hamiltonian_path = World(
    name="hamiltonian_path",
    knobs=Knobs,
    levels={
        "easy": Knobs(),
        "L1": Knobs(size_px=256),
        "L2": Knobs(size_px=256, nodes=6, extra=2),
        "L3": Knobs(size_px=384, nodes=8, extra=3),
        "L4": Knobs(size_px=512, nodes=12, extra=4),
    },
    generate=generate, render=render, ask=ask, describe=describe, solve=solve, verify=verify, truth=truth,
)

EXAMPLES = [(0, 0, "B A D C"), (0, 1, "No"), (3, 5, "No")]
