"""How long is the shortest way between two nodes of a weighted graph? A graph task of MM-HELIX (arXiv 2510.08540)."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
from PIL import Image as PILImage

from saccade.core.sample import Truth
from saccade.core.world import Question, World
from saccade.worlds.answers import agrees
from saccade.worlds.graphs import NAMES, XY, Edge, draw_graph, joined, node_box, places
from saccade.worlds.marks import COLOURS


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """size_px: side of the picture
    nodes:   number of nodes, 3 to 25
    extra:   edges beyond those that join all nodes
    most:    weights lie in 1..most
    """

    size_px: int = 64
    nodes: int = 4
    extra: int = 1
    most: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    knobs: Knobs
    edges: tuple[Edge, ...]
    weights: tuple[int, ...]
    start: int
    end: int
    turn: float


def generate(rng: np.random.Generator, knobs: Knobs) -> State:
    if not 3 <= knobs.nodes <= 25:
        raise ValueError(f"shortest_path: nodes is 3 to 25, not {knobs.nodes}")
    edges = joined(rng, knobs.nodes, knobs.extra)
    weights = tuple(int(value) for value in rng.integers(1, knobs.most + 1, len(edges)))
    far = [(a, b) for a in range(knobs.nodes) for b in range(knobs.nodes) if a != b and tuple(sorted((a, b))) not in edges]
    pairs = far or [(a, b) for a in range(knobs.nodes) for b in range(knobs.nodes) if a != b]
    start, end = pairs[int(rng.integers(len(pairs)))]
    return State(knobs=knobs, edges=edges, weights=weights, start=start, end=end, turn=round(float(rng.uniform(0, 0.9)), 3))


def at(state: State) -> tuple[XY, ...]:
    return places(state.knobs.nodes, state.turn)


def ask(state: State) -> Question:
    best = distances(state)[state.end]
    text = f"What is the length of the shortest way from {NAMES[state.start]} to {NAMES[state.end]}?"
    return Question(text=text, answer=str(best), answer_type="number")


def questions(state: State) -> tuple[Question, ...]:
    return (ask(state),)


def distances(state: State) -> dict[int, int]:
    """From the start to every node (Dijkstra)."""
    found: dict[int, int] = {}
    waiting = [(0, state.start)]
    while waiting:
        gone, node = heapq.heappop(waiting)
        if node in found:
            continue
        found[node] = gone
        for (a, b), weight in zip(state.edges, state.weights, strict=True):
            if node in (a, b):
                heapq.heappush(waiting, (gone + weight, b if node == a else a))
    return found


def render(state: State) -> tuple[PILImage.Image]:
    weights = dict(zip(state.edges, state.weights, strict=True))
    marked = {state.start: COLOURS["green"], state.end: (255, 120, 120)}
    return (draw_graph(state.knobs.size_px, at(state), state.edges, weights=weights, marked=marked),)


def describe(state: State) -> str:
    roads = ", ".join(f"{NAMES[a]}-{NAMES[b]} of length {weight}"
                      for (a, b), weight in zip(state.edges, state.weights, strict=True))
    return f"A graph with the roads {roads}. The start is {NAMES[state.start]}, the end {NAMES[state.end]}."


def solve(state: State) -> str:
    """Shorten every way over every node in turn (Floyd and Warshall)."""
    num = state.knobs.nodes
    far = np.full((num, num), 10**6)
    for (a, b), weight in zip(state.edges, state.weights, strict=True):
        far[a, b] = far[b, a] = weight
    for over in range(num):
        far = np.minimum(far, far[:, over: over + 1] + far[over: over + 1])
    return str(int(far[state.start, state.end]))


def verify(state: State, answer: str) -> float:
    return agrees(ask(state), answer)


def truth(state: State) -> Truth:
    """Evidence: start and end."""
    boxes = [node_box(xy, state.knobs.nodes, state.knobs.size_px) for xy in at(state)]
    return Truth(evidence=[boxes[state.start], boxes[state.end]], distractors=[], overview_suffices=state.knobs.nodes <= 5)


shortest_path = World(
    name="shortest_path",
    knobs=Knobs,
    levels={
        "easy": Knobs(),
        "L1": Knobs(size_px=256, nodes=6, extra=3, most=9),
        "L2": Knobs(size_px=384, nodes=9, extra=5, most=9),
        "L3": Knobs(size_px=512, nodes=12, extra=7, most=20),
        "L4": Knobs(size_px=768, nodes=16, extra=9, most=20),
        "L5": Knobs(size_px=1024, nodes=25, extra=14, most=20),
    },
    generate=generate, render=render, ask=ask, describe=describe, solve=solve, verify=verify, truth=truth,
)

EXAMPLES = [(0, 0, "3"), (0, 1, "8"), (3, 5, "6")]
