"""V-Thinker: Interactive Thinking with Images (arXiv 2511.04460).

New there: the model edits pictures by writing code in the middle of its reasoning. Seeing points exactly is taught first,
then editing, then both are reinforced, with the share of programs that run paid only beside a right answer.
"""

from __future__ import annotations

from dataclasses import replace

import saccade as sc
from saccade import credit, episodes, objectives, rewards, select, tools
from saccade.data.published import published

DEVIATIONS = (
    "rewards follow the paper: accuracy, half of form, 0.3 of programs that run, gated on the answer; the released code "
    "adds a judge of whether thought and answer agree",
    "code is called as a tool; the publication writes it in tags of its own",
    "groups without spread are left out; the publication samples others in their place",
    "a program may run as long as the sandbox of the run allows; the publication allows ten seconds",
    "no claim in miniature: glimpse writes no code",
)


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
