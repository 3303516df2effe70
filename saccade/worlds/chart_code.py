"""Charts and the code that carries their data: write it, draw it in the mind, use it, or see that it would not help.

Bars and lines of whole numbers are programmable: a table answers any question about them. Clouds of points are not: whether
they rise, and in how many heaps they lie, is lost in a table that nobody would write (arXiv 2509.09286). Topics: ``to_code``
(write the columns), ``from_code`` (which of two pictures does the code draw), ``read`` (a value or a difference), ``cloud``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image as PILImage
from PIL import ImageDraw

from saccade.core.sample import Truth
from saccade.core.world import Question, World
from saccade.text.code_table import table_in
from saccade.worlds.answers import agrees
from saccade.worlds.charts import Knobs as ChartKnobs
from saccade.worlds.charts import State as ChartState
from saccade.worlds.charts import generate as drawn
from saccade.worlds.charts import mark_boxes
from saccade.worlds.charts import render as shown
from saccade.worlds.marks import COLOURS, DARK

Topic = Literal["to_code", "from_code", "read", "cloud"]
TRENDS = ("rising", "falling", "neither")


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """size_px:   side of each picture
    least, most: number of marks of a chart, 2 to 5
    kinds:     bars and line
    dots:      points of a cloud
    noise:     spread of a cloud about its line, as a share of the side
    topics:    to_code, from_code, read, cloud
    """

    size_px: int = 64
    least: int = 2
    most: int = 3
    kinds: tuple[str, ...] = ("bars",)
    dots: int = 40
    noise: float = 0.08
    topics: tuple[Topic, ...] = ("to_code", "from_code", "read", "cloud")


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """`chart` and `other` for the programmable topics; `trend` and `points` for a cloud. `which`: the picture that the code
    draws (0 or 1)."""

    knobs: Knobs
    topic: Topic
    chart: ChartState | None = None
    other: ChartState | None = None
    which: int = 0
    trend: str = ""
    points: tuple[tuple[float, float], ...] = ()


def generate(rng: np.random.Generator, knobs: Knobs) -> State:
    unknown = sorted(set(knobs.topics) - {"to_code", "from_code", "read", "cloud"})
    if unknown or not knobs.topics or set(knobs.kinds) - {"bars", "line"}:
        raise ValueError(f"chart_code: topics are to_code, from_code, read and cloud, kinds bars and line; not "
                         f"{list(knobs.topics)} and {list(knobs.kinds)}")
    topic = knobs.topics[int(rng.integers(len(knobs.topics)))]
    if topic == "cloud":
        trend = TRENDS[int(rng.integers(3))]
        x = rng.uniform(0.08, 0.92, knobs.dots)
        level = {"rising": 0.15 + 0.7 * x, "falling": 0.85 - 0.7 * x, "neither": np.full_like(x, rng.uniform(0.3, 0.7))}[
            trend
        ]
        y = np.clip(level + rng.normal(0, knobs.noise, knobs.dots), 0.04, 0.96)
        points = tuple((round(float(a), 3), round(float(b), 3)) for a, b in zip(x, y, strict=True))
        return State(knobs=knobs, topic=topic, trend=trend, points=points)
    settings = ChartKnobs(size_px=knobs.size_px, kinds=knobs.kinds, least=knobs.least, most=knobs.most)
    chart = drawn(rng, settings)
    if topic != "from_code":
        return State(knobs=knobs, topic=topic, chart=chart, which=int(rng.integers(len(chart.values))))
    values = list(chart.values)
    place = int(rng.integers(len(values)))
    far = [value for value in range(1, 10) if abs(value - values[place]) >= 2]
    values[place] = far[int(rng.integers(len(far)))]
    other = ChartState(knobs=settings, kind=chart.kind, values=tuple(values), colours=chart.colours, letters=chart.letters,
                       asked=0)
    return State(knobs=knobs, topic=topic, chart=chart, other=other, which=int(rng.integers(2)))


def code_of(chart: ChartState) -> str:
    """The columns, as Python."""
    return f"name = {list(chart.colours)}; value = {list(chart.values)}"


def ask(state: State) -> Question:
    if state.topic == "cloud":
        return Question(text="Is the cloud of points rising, falling or neither?", answer=state.trend, choices=TRENDS)
    assert state.chart is not None
    if state.topic == "to_code":
        mark = "bars" if state.chart.kind == "bars" else "points"
        return Question(text=f"Write the {mark} from left to right as code: name = [...]; value = [...].",
                        answer=code_of(state.chart))
    if state.topic == "from_code":
        return Question(
            text=f"Which picture does this code draw, 1 or 2? {code_of(state.chart)}",
            answer=str(state.which + 1),
            choices=("1", "2"),
        )
    low, high = min(state.chart.values), max(state.chart.values)
    return Question(text="How much larger is the largest value than the smallest?", answer=str(high - low),
                    answer_type="number")


def questions(state: State) -> tuple[Question, ...]:
    return (ask(state),)


def render(state: State) -> tuple[PILImage.Image, ...]:
    if state.topic == "cloud":
        return (cloud(state),)
    assert state.chart is not None
    one = shown(state.chart)[0]
    if state.other is None:
        return (one,)
    two = shown(state.other)[0]
    return (one, two) if state.which == 0 else (two, one)


def cloud(state: State) -> PILImage.Image:
    times, side = 2, state.knobs.size_px * 2
    picture = PILImage.new("RGB", (side, side), "white")
    draw = ImageDraw.Draw(picture)
    reach = max(times * 1.0, side * 0.014)
    for x, y in state.points:
        at = (x * side, (1 - y) * side)
        draw.ellipse((at[0] - reach, at[1] - reach, at[0] + reach, at[1] + reach), fill=COLOURS["blue"])
    draw.line((side * 0.04, side * 0.97, side * 0.97, side * 0.97), fill=DARK, width=times)
    draw.line((side * 0.04, side * 0.03, side * 0.04, side * 0.97), fill=DARK, width=times)
    return picture.reduce(times)


def describe(state: State) -> str:
    if state.topic == "cloud":
        return "A cloud of points, across and up as shares of the side: " + ", ".join(f"({x}, {y})" for x, y in state.points)
    charts = [state.chart] if state.other is None else [state.chart, state.other] if state.which == 0 else \
        [state.other, state.chart]
    told = (
        f"picture {number}: "
        + ", ".join(f"{colour} {value}" for colour, value in zip(each.colours, each.values, strict=True))
        for number, each in enumerate(charts, 1)
        if each is not None
    )
    return "Charts with the marks from left to right; " + "; ".join(told) + "."


def solve(state: State) -> str:
    """From the description: tables are read back, clouds are fitted with a line."""
    if state.topic == "cloud":
        x, y = np.array(re.findall(r"\(([\d.]+), ([\d.]+)\)", describe(state)), dtype=float).T
        slope = np.polyfit(x, y, 1)[0]
        return "neither" if abs(slope) < 0.35 else "rising" if slope > 0 else "falling"
    tables = [[pair.split() for pair in told.rstrip(".").split(", ")]
              for told in re.findall(r"picture \d: ([^;]+)", describe(state))]
    if state.topic == "read":
        values = [int(value) for _, value in tables[0]]
        return str(max(values) - min(values))
    if state.topic == "to_code":
        return f"name = {[name for name, _ in tables[0]]}; value = {[int(value) for _, value in tables[0]]}"
    wanted = table_in(ask(state).text.split("? ", 1)[1])
    assert wanted is not None
    return str(next(number for number, rows in enumerate(tables, 1) if [int(value) for _, value in rows] == wanted["value"]))


def verify(state: State, answer: str) -> float:
    """Code is right when it carries the same columns, whatever they are called."""
    if state.topic != "to_code":
        return agrees(ask(state), answer)
    assert state.chart is not None
    found = table_in(answer.replace("; ", "\n").strip())
    wanted = [list(state.chart.colours), list(state.chart.values)]
    return float(found is not None and list(found.values()) == wanted)


def truth(state: State) -> Truth:
    """Evidence: the marks. `programmable` says whether code would keep what the question needs, `table` what it carries."""
    side = float(state.knobs.size_px)
    if state.chart is None:
        xs, ys = zip(*state.points, strict=True)
        box = [min(xs) * side, (1 - max(ys)) * side, max(xs) * side, (1 - min(ys)) * side]
        return Truth(evidence=[box], distractors=[], overview_suffices=True, programmable=False, topic=state.topic)
    return Truth(
        evidence=mark_boxes(state.chart),
        distractors=[],
        overview_suffices=True,
        programmable=True,
        evidence_image=state.which if state.other is not None else 0,
        topic=state.topic,
        several=state.topic == "to_code",
        table={"name": list(state.chart.colours), "value": list(state.chart.values)},
    )


chart_code = World(
    name="chart_code",
    knobs=Knobs,
    levels={
        "easy": Knobs(),
        "medium": Knobs(size_px=128, most=4, kinds=("bars", "line")),
        "hard": Knobs(size_px=256, least=4, most=5, kinds=("bars", "line"), dots=90, noise=0.16),
    },
    generate=generate, render=render, ask=ask, describe=describe, solve=solve, verify=verify, truth=truth,
)

EXAMPLES = [(0, 0, "name = ['green', 'cyan']; value = [1, 7]"), (3, 5, "rising")]
