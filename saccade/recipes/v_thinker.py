"""V-Thinker: Interactive Thinking with Images (arXiv 2511.04460).

New there: the model edits pictures by writing code in the middle of its reasoning. Seeing points exactly is taught first,
then editing, then both are reinforced, with the share of programs that run paid only beside a right answer.
"""

from __future__ import annotations

from dataclasses import replace

import saccade as sc
from saccade import credit, episodes, objectives, rewards, select, tools
from saccade.data.published import published
from saccade.recipes import _simulated as table
from saccade.recipes._sketching import GRID, LABELS, draw, edits, figures, places_shown, sketching

DEVIATIONS = (
    "rewards follow the paper: accuracy, half of form, 0.3 of programs that run, gated on the answer; the released code "
    "adds a judge of whether thought and answer agree",
    "code is called as a tool; the publication writes it in tags of its own",
    "groups without spread are left out; the publication samples others in their place",
    "a program may run as long as the sandbox of the run allows; the publication allows ten seconds",
    "the data flywheel (knowledge and tools that grow each other) is not made",
    table.ON_A_TABLE + " but which point a drawn line or circle meets, which is read from the pixels of the drawing; "
    "programs are one of four commands with two places, not Python",
)

CLAIM = sc.Claim(
    text="on figures of points where a line or a circle drawn in shows the answer, reinforcement after both stages of "
    "imitation gives more right answers than imitation alone (without the stage that teaches places, and with programs that "
    "run paid whatever the answer, beside it); it does not where the drawing is not shown",
    metric="answer_match",
    arms=("imitated", "no_perception", "ungated", "reinforced"),
    better="reinforced",
    over="imitated",
    control="unseen",
    margin=0.025,
    seeds=(1, 2, 3),
    scale="tabular",
)

UPDATES = 40


def run() -> tuple[sc.Stage, ...]:
    """40 thousand points, 252 thousand edits (rate 1e-5), then 8 attempts at 5e-7 falling to a tenth, penalty 0.01."""
    seeing = sc.Run(
        name="v_thinker-seeing",
        mode="sft",
        data=published("V-Perception-40K", about="points of marked and named elements", layout="swift"),
        episode=episodes.tool_loop(max_steps=6),
        tools=(tools.run_python(),),
        policy=sc.policy("Qwen/Qwen2.5-VL-7B-Instruct", freeze=(), dtype="bfloat16",
                         sampling=sc.Sampling(temperature=1.0, top_p=0.9, top_k=50, max_tokens=4096)),
        limits=sc.Limits(steps=6, tokens=32768, sampled=16384),
        objective=(objectives.sft(),),
        optim=sc.Optim(lr=1e-5),
        schedule=sc.Schedule(updates=625, prompts=64),
    )
    editing = replace(seeing, name="v_thinker-editing", schedule=sc.Schedule(updates=11800, prompts=64),
                      data=published("V-Interaction-400K", about="traces that edit pictures by code", layout="swift"))
    reinforced = replace(
        seeing,
        name="v_thinker",
        mode="rl",
        data=published("V-Thinker-RL", about="questions where an edit helps", layout="verl"),
        explore=sc.Independent(n=8),
        rewards=(
            rewards.answer_match(),
            rewards.format_tags(weight=0.5),
            sc.only_if(rewards.calls_ran(), rewards.answer_match(), weight=0.3),
        ),
        credit=credit.group_mean(by_std=True),
        select=select.zero_variance(),
        objective=(objectives.clip(low=0.2, high=0.2, normaliser="rows"),
                   objectives.kl(coefficient=0.01, normaliser="rows")),
        optim=sc.Optim(lr=5e-7, shape="cosine", final=0.1),
        schedule=sc.Schedule(updates=500, prompts=64),
    )
    made = {"seeing": seeing, "editing": editing, "reinforced": reinforced}
    return tuple(sc.Stage(name=name, run=each) for name, each in made.items())


def miniature(arm: str, seed: int) -> tuple[sc.Stage, ...]:
    """imitated: both stages of imitation; no_perception: the second, then rewards; reinforced: the method; ungated: the
    method, programs that run paid always; unseen: the method, the drawing is not shown."""
    accuracy, ran = rewards.answer_match(), rewards.calls_ran(weight=0.3)
    small = table.simulated(
        run()[-1].run, " ".join([*map(str, range(GRID)), "line", "circle", "point", "erase", *LABELS]), figures(100 + seed),
        seed=seed, updates=0 if arm == "imitated" else UPDATES, length=3, metric="answer_match", test=figures(7),
        judged_by=(rewards.answer_match(), rewards.calls_ran()), episode=sketching(shows=arm != "unseen"), tools=(draw,),
        rewards=(accuracy, ran if arm == "ungated" else sc.only_if(ran, accuracy)), name=f"v_thinker-{arm}",
    )
    sampled = sc.Sampling(temperature=1.0, max_tokens=3)
    small = replace(small, evals=(replace(small.evals[0], sampling=sampled),))
    seeing = table.imitating(small, lambda sample: str(sample.target), updates=80, data=places_shown(4))
    editing = table.imitating(small, lambda sample: str(sample.target), updates=60, data=edits(seed))
    return table.then(*([] if arm == "no_perception" else [replace(seeing, name="seeing")]), editing, small)
