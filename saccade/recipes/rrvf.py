"""RRVF: Learning Only with Images, by Reasoning, Rendering and Visual Feedback (arXiv 2507.20766).

New there: pictures are turned into programs without a single program to imitate. What was written is rendered, a judge says
how it differs, the policy writes again, and the likeness of the last picture is the reward.
"""

from __future__ import annotations

from dataclasses import replace

import saccade as sc
from saccade import clients, follow_ups, rewards
from saccade.data.published import published
from saccade.recipes import _answering as base
from saccade.recipes import _simulated as table

DEVIATIONS = (
    "one program an attempt: rendering inside the episode needs the isolated interpreter and is not part of this run",
    "weights 0.8, 0.1, 0.1 are proposed here; the published ones were not found",
    table.ON_A_TABLE
    + ": a picture is three features, a program names them, the likeness is the share that is right; in the "
    "arm with feedback the policy is shown which features were wrong and writes once more",
)

CLAIM = sc.Claim(
    text="programs learned from the likeness of what they draw fit unlabelled pictures better than programs imitated "
    "from one "
    "labelled picture in six; likeness to another picture teaches nothing",
    metric="accuracy",
    arms=("imitated", "rendered", "feedback"),
    better="rendered",
    over="imitated",
    control="other_picture",
    margin=0.025,
    seeds=(1, 2, 3),
    scale="tabular",
)

JUDGED = "How alike are the picture and what the program in the reply would draw, from 0 to 1?"


def run() -> sc.Run:
    """Raw chart pictures, likeness by a 72B judge at 0.8, form at 0.1, about a hundred steps."""
    return base.published_run(
        "rrvf",
        data=published("ChartMimic pictures", about="charts without their programs", layout="easyr1"),
        rewards=(rewards.judged(weight=0.8, name="likeness"), rewards.grammar(weight=0.1)),
        updates=100,
        tokens=4096,
        follow_ups=(follow_ups.judge(JUDGED, shown=True),),
        others={"judge": clients.endpoint("http://127.0.0.1:8001/v1", "Qwen/Qwen2.5-VL-72B-Instruct")},
    )


def likeness(trajectory: sc.Trajectory) -> float:
    """Share of the picture's features that the last program names in their places."""
    said, wanted = trajectory.answer.split(), str(trajectory.sample.target).split()
    return sum(a == b for a, b in zip(said, wanted, strict=False)) / max(len(said), len(wanted))


@sc.episode
async def drawn_again(sample: sc.Sample, context: object):
    """A program, what was wrong with its picture, another program."""
    said = yield sc.show(sample.prompt)
    wanted = str(sample.target).split()
    wrong = [str(place) for place, word in enumerate(wanted) if said.text.split()[place : place + 1] != [word]]
    if wrong:
        yield sc.show(f"wrong: {' '.join(wrong)}")


def miniature(arm: str, seed: int) -> tuple[sc.Stage, ...]:
    """imitated: one picture in six with its program; rendered: the likeness alone; feedback: and a second try;
    other_picture: likeness to the next picture."""
    kinds, colours, sizes = ("bar", "line", "dot"), ("red", "blue", "green", "black"), ("big", "small")
    every = [f"{kind} {colour} {size}" for kind in kinds for colour in colours for size in sizes]
    items = [table.question(number, f"picture {number}", program) for number, program in enumerate(every)]
    like = sc.Reward(name="likeness", function=likeness)
    small = table.simulated(
        run(),
        " ".join((*kinds, *colours, *sizes)),
        items,
        seed=seed,
        updates=60,
        length=4,
        metric="likeness",
        judged_by=(like,),
        rewards=(like,),
        follow_ups=(),
        others={},
        name=f"rrvf-{arm}",
        test=[each for each in items if each.meta["number"] % 6],
    )
    if arm == "imitated":
        lessons = table.imitating(small, lambda sample: str(sample.target), data=items[::6], updates=60)
        return table.then(replace(lessons, run=replace(lessons.run, evals=small.evals)))
    if arm == "other_picture":
        other = {each.id: items[(place + 11) % len(items)] for place, each in enumerate(items)}
        small = replace(
            small, rewards=(replace(like, function=lambda each: likeness(replace(each, sample=other[each.sample.id]))),)
        )
    return table.then(replace(small, episode=drawn_again()) if arm == "feedback" else small)
