"""RewardMap: Tackling Sparse Rewards in Fine-grained Visual Reasoning via Multi-Stage RL (arXiv 2510.02240).

New there: on transit maps, where a whole route is almost never right, its parts are rewarded, hard questions weigh more, and
the curriculum goes from judgements over counts to planning.
"""

from __future__ import annotations

import itertools
from dataclasses import replace

import saccade as sc
from saccade import credit, rewards
from saccade.data.published import published
from saccade.recipes import _answering as base
from saccade.recipes import _simulated as table

DEVIATIONS = (
    "the published rule charges the last segment of a perfect route; here a segment is free for each change and one more "
    "(the released reading is the option free='released')",
    "credit is not divided by the group's spread, for that would undo a weight of the whole question",
    "stages are of equal length; the paper makes one pass over each part",
    table.ON_A_TABLE + ": trips with one change on three lines of four stops, written segment by segment; form and ends "
    "are imitated first, with lines and changes drawn evenly, so that one whole route in seven hundred is right",
)

CLAIM = sc.Claim(
    text="where a whole route is almost never right at first, rewarding its parts ends with more right routes than "
    "rewarding "
    "whole ones alone; rewarding the parts of another trip's route does not",
    metric="accuracy",
    arms=("whole", "parts"),
    better="parts",
    over="whole",
    control="other_parts",
    margin=0.025,
    seeds=(1, 2, 3),
    scale="tabular",
)


def weight(sample: sc.Sample) -> float:
    """1, 1.2 or 1.5 by the map, and a half more where a change is needed."""
    return {"easy": 1.0, "middle": 1.2, "hard": 1.5}[sample.meta.get("map", "easy")] + 0.5 * bool(
        sample.meta.get("changes")
    )


def run() -> tuple[sc.Stage, ...]:
    """Judgements, counts, then routes; ten for a right answer, half of the detail; eight attempts, penalty 0.01."""
    whole = base.published_run(
        "rewardmap",
        data=published("ReasonMap-Plus", about="questions about 30 city maps, judgements first", layout="easyr1"),
        rewards=(rewards.answer_match(weight=10.0), rewards.grammar(inside={"answer": "boxed"})),
        kl=0.01,
        prompts=16,
        credit=credit.difficulty_weight(of=credit.group_mean(), weight=weight),
        updates=80,
    )
    routes = replace(
        whole,
        data=published("ReasonMap", about="routes on 30 city maps", layout="easyr1"),
        rewards=(rewards.route_accuracy(weight=10.0), rewards.route_detail(weight=0.5)),
    )
    parts = {
        "judge": whole,
        "count": replace(
            whole, data=published("ReasonMap-Plus, counts", about="counts of lines and stops", layout="easyr1")
        ),
        "plan": routes,
    }
    return tuple(sc.Stage(name=name, run=replace(each, name=f"rewardmap-{name}")) for name, each in parts.items())


LINES = {"red": ["A", "B", "C", "D"], "blue": ["E", "C", "F", "G"], "green": ["H", "F", "I", "B"]}


def trips() -> list[sc.Sample]:
    """Eight of the trips that need one change."""
    found = {
        (first, last): f"{one}: {first} - {change}; {two}: {change} - {last}"
        for one, two in itertools.permutations(LINES, 2)
        for change in set(LINES[one]) & set(LINES[two])
        for first, last in itertools.product(LINES[one], LINES[two])
        if not any({first, last} <= set(stops) for stops in LINES.values())
    }
    return [
        table.question(number, f"from {first} to {last}", route, lines=LINES, trip=[first, last])
        for number, ((first, last), route) in enumerate(list(found.items())[::4][:8])
    ]


def draft(sample: sc.Sample, one: str, out: str, two: str, back: str) -> sc.Sample:
    """A lesson in form: the right ends, any two lines, and any two stops between them."""
    first, last = sample.meta["trip"]
    words = f"{one} {first} {out} {two} {back} {last}"
    return replace(sample, id=f"{sample.id}/{one}/{out}/{two}/{back}", target=words)


def written(trajectory: sc.Trajectory) -> sc.Trajectory:
    """The words of an attempt, in order: line, stop, stop, line, stop, stop, as a route in its own notation."""
    said = trajectory.answer.split()
    pairs = [said[at : at + 3] for at in range(0, len(said), 3)]
    route = "; ".join(f"{each[0]}: {each[1]} - {each[2]}" for each in pairs if len(each) == 3)
    step = replace(trajectory.steps[-1], message=sc.assistant(f"<answer>{route}</answer>"))
    return replace(trajectory, steps=(*trajectory.steps[:-1], step))


def read_as_route(made: sc.Reward, other: dict[int, sc.Sample] | None = None) -> sc.Reward:
    """The reward of the words as a route; `other`: judged as an attempt at another trip."""

    def function(trajectory: sc.Trajectory) -> object:
        route = written(trajectory)
        return made.function(replace(route, sample=other[route.sample.meta["number"]]) if other else route)

    return replace(made, function=function)


def miniature(arm: str, seed: int) -> tuple[sc.Stage, ...]:
    """whole: right or not; parts: the detail beside it; other_parts: the detail of the next trip's route."""
    items = trips()
    shifted = {number: items[(number + 1) % len(items)] for number in range(len(items))}
    accuracy = read_as_route(rewards.route_accuracy(weight=10.0))
    detail = read_as_route(rewards.route_detail(weight=0.5, rides=True), shifted if arm == "other_parts" else None)
    stops = sorted({stop for each in LINES.values() for stop in each})
    small = table.simulated(
        run()[-1].run,
        " ".join([*LINES, *stops]),
        items,
        seed=seed,
        updates=40,
        length=7,
        metric="route_accuracy",
        judged_by=(accuracy,),
        rewards=(accuracy,) if arm == "whole" else (accuracy, detail),
        name=f"rewardmap-{arm}",
    )
    drafts = [draft(each, *words) for each in items for words in itertools.product(LINES, stops, LINES, stops)]
    return table.then(table.imitating(small, lambda sample: str(sample.target), data=drafts, updates=150), small)
