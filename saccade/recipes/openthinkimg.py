"""OpenThinkIMG: Learning to Think with Images via Visual Tool Reinforcement Learning (V-ToolRL, arXiv 2505.08617).

New there: a uniform layer of vision tools, traces to start from, and then plain outcome reward over attempts that use
them: no term says which tool to call, or that any should be.
"""

from __future__ import annotations

from dataclasses import replace

import saccade as sc
from saccade import credit, episodes, objectives, rewards, tools
from saccade.data.published import published
from saccade.recipes import _glimpse, _looking

DEVIATIONS = (
    "tool results stay in the context and out of the loss; the released trainer drops them from the context when it "
    "recomputes log-probabilities, which is an error",
    "of its tools those that need no model of their own; detector, segmenter and reader come as clients of other tools",
    "calls are written as the checkpoint's template has them; the release asks for one JSON object with thought and actions",
    "Qwen2.5-VL-3B; the publication trains Qwen2-VL-2B, a family that is not supported here",
    "miniature: hidden digits stand for charts, because glimpse was taught one tool only",
)

CLAIM = sc.Claim(
    text="outcome reward alone, over attempts that may use a tool, leads to higher accuracy than the same reward without "
    "the tool; it does not when what the tool shows is a random place",
    metric="accuracy",
    arms=("no_tool", "tool"),
    better="tool",
    over="no_tool",
    control="random_box",
    margin=0.05,
    seeds=(1, 2, 3),
    scale="glimpse",
)

UPDATES = 65


def run() -> tuple[sc.Stage, ...]:
    """Imitation (two passes, learning rate 2e-5), then 8 attempts, six rounds of tools, learning rate 1e-6, penalty 0.04."""
    taught = sc.Run(
        name="openthinkimg-taught",
        mode="sft",
        data=published("OpenThinkIMG-Chart-SFT", about="traces over charts, planned and then run", layout="swift"),
        episode=episodes.tool_loop(max_steps=7),
        tools=(tools.crop(target="indexed"), tools.point(), tools.draw_line(across="horizontal"),
               tools.draw_line(across="vertical")),
        policy=sc.policy("Qwen/Qwen2.5-VL-3B-Instruct", freeze=(),
                         dtype="bfloat16", sampling=sc.Sampling(temperature=1.0, max_tokens=1024), max_pixels=200_000),
        limits=sc.Limits(steps=7, tokens=16384, sampled=4096),
        objective=(objectives.sft(),),
        optim=sc.Optim(lr=2e-5),
        schedule=sc.Schedule(updates=200, prompts=64),
    )
    tool_rl = replace(
        taught,
        name="openthinkimg",
        mode="rl",
        data=published("OpenThinkIMG-Chart-RL", about="chart questions", layout="verl"),
        explore=sc.Independent(n=8),
        rewards=(rewards.answer_match(),),
        credit=credit.group_mean(by_std=True),
        objective=(objectives.clip(low=0.2, high=0.2, normaliser="rows"),
                   objectives.kl(coefficient=0.04, normaliser="rows")),
        optim=sc.Optim(lr=1e-6),
        schedule=sc.Schedule(updates=400, prompts=32),
    )
    return (sc.Stage(name="taught", run=taught), sc.Stage(name="tool_rl", run=tool_rl))


def miniature(arm: str, seed: int) -> sc.Run:
    """no_tool: no tool is offered; tool: the method; random_box: the method, every crop of a random place."""
    method = replace(run()[-1].run, name=f"openthinkimg-{arm}", objective=run()[-1].run.objective[:1])
    small = _looking.miniature(method, seed=seed, updates=UPDATES)
    if arm == "no_tool":
        return replace(small, tools=(), episode=episodes.single())
    return _glimpse.random_places(small) if arm == "random_box" else small
