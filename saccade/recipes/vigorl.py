"""ViGoRL: Grounded Reinforcement Learning for Visual Reasoning (arXiv 2505.23678).

New there: every step of the reasoning is tied to a point of the picture; in the form with several turns a look shows the
surroundings of that point. Traces to start from come from a tree search; then rewards pay right answers, form, and
looking at new places.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import saccade as sc
from saccade import credit, episodes, objectives, rewards, tools
from saccade.data.published import published
from saccade.recipes import _glimpse, _looking
from saccade.rollout.interventions import intervene, with_boxes

DEVIATIONS = (
    "the form with several turns, settings of its search for small details (squares of 364 px shown at 672 px, no dot)",
    "traces of the tree search are taken as given; the search that makes them is not part of this recipe",
    "the grammar asks for tags and one call a message, not for whole coordinates",
    "miniature: glimpse writes a box; what is shown is a square of fixed size about its middle",
)

CLAIM = sc.Claim(
    text="reinforcement with looks at points the model names reaches far higher accuracy than reinforcement of direct "
    "answers, since what is asked cannot be read in the overview; it does not when the places shown are random",
    metric="accuracy",
    arms=("direct", "grounded"),
    better="grounded",
    over="direct",
    control="random_box",
    margin=0.125,
    seeds=(1, 2, 3),
    scale="glimpse",
)

UPDATES = 65
REACH_PX = 24
"""Half the side of the square that glimpse is shown, in a picture of 256 px."""


def run() -> tuple[sc.Stage, ...]:
    """Imitation, then 8 attempts, learning rate 1e-6, weight decay 0.01, penalty 0.01, 500 updates of 64 questions."""
    taught = sc.Run(
        name="vigorl-taught",
        mode="sft",
        data=published("ViGoRL-MCTS", about="chains of a tree search, each thought with a point, some with a wrong branch",
                       layout="swift"),
        episode=episodes.tool_loop(max_steps=5),
        tools=(tools.point_zoom(reach_px=182, shown_px=672, dot=False),),
        policy=sc.policy("Qwen/Qwen2.5-VL-7B-Instruct", freeze=("vision",), dtype="bfloat16",
                         sampling=sc.Sampling(temperature=1.0, top_p=0.99, max_tokens=1024)),
        limits=sc.Limits(steps=5, tokens=16384, sampled=4096),
        objective=(objectives.sft(),),
        optim=sc.Optim(lr=1e-6),
        schedule=sc.Schedule(updates=300, prompts=64),
    )
    looking = replace(
        taught,
        name="vigorl",
        mode="rl",
        data=published("V* training questions", about="search for small details", layout="verl"),
        explore=sc.Independent(n=8),
        rewards=(
            rewards.answer_match(weight=0.6),
            rewards.format_tags(weight=0.4),
            rewards.new_places(weight=0.2),
        ),
        credit=credit.group_mean(by_std=True),
        objective=(objectives.clip(low=0.2, high=0.2, normaliser="tokens"),
                   objectives.kl(coefficient=0.01, normaliser="tokens")),
        optim=sc.Optim(lr=1e-6, weight_decay=0.01, clip=0.2),
        schedule=sc.Schedule(updates=500, prompts=64),
    )
    return (sc.Stage(name="taught", run=taught), sc.Stage(name="looking", run=looking))


def about_its_middle(tool: sc.Tool) -> sc.Tool:
    """A zoom that shows a square of fixed size about the middle of the box, as if a point had been written."""

    def square(box: Any, size: tuple[int, int], context: sc.Context, rng: Any) -> tuple[float, float, float, float]:
        x, y = ((low + high) / 2 for low, high in ((box[0], box[2]), (box[1], box[3])))
        x, y = (min(max(at, REACH_PX), side - REACH_PX) for at, side in ((x, size[0]), (y, size[1])))
        return x - REACH_PX, y - REACH_PX, x + REACH_PX, y + REACH_PX

    return with_boxes(tool, square, "about_its_middle")


def miniature(arm: str, seed: int) -> sc.Run:
    """direct: no tool is offered; grounded: the method; random_box: the method, its squares in random places."""
    method = replace(run()[-1].run, name=f"vigorl-{arm}", objective=run()[-1].run.objective[:1])
    small = _looking.miniature(method, seed=seed, updates=UPDATES)
    if arm == "direct":
        return replace(small, tools=(), episode=episodes.single(), rewards=small.rewards[:2])
    small = replace(small, tools=intervene(small.tools, about_its_middle))
    return _glimpse.random_places(small) if arm == "random_box" else small
