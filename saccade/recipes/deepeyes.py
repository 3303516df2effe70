"""DeepEyes: Incentivizing "Thinking with Images" via Reinforcement Learning (arXiv 2505.14362).

New there: a model learns to use its own sense of place as a zoom tool by reinforcement alone, without traces to imitate.
A bonus for calling the tool is paid only when the final answer is right, so that looking is never an end in itself.
"""

from __future__ import annotations

from dataclasses import replace

import saccade as sc
from saccade import credit, episodes, objectives, rewards, tools
from saccade.data.published import published
from saccade.recipes import _glimpse

DEVIATIONS = (
    "rewards follow the released code for perception data (0.8 accuracy, 0.2 format, 1.2 bonus); the paper gives no weights",
    "answers are compared by rule; the released code asks a judge",
    "the selection of data by difficulty and by use of the tool is not made; name a filtered file with --data",
    "one learning process; the paper's batch of 256 prompts with 16 attempts needs many accelerators",
    "miniature: glimpse has been taught the syntax of a call and to read a crop, because a model of two million parameters "
    "cannot start from nothing; where to look it has not been taught",
)

CLAIM = sc.Claim(
    text="with a bonus paid only when the answer is right, reinforcement alone teaches where to zoom: accuracy rises over "
    "the untrained model; it does not when the crops show random places. Outcome reward alone and an unconditional bonus "
    "are run beside it; nothing is claimed about them, because this model calls the tool from the start",
    metric="accuracy",
    arms=("start", "outcome", "unconditional", "conditional"),
    better="conditional",
    over="start",
    control="random_box",
    margin=0.2,
    seeds=(1, 2, 3),
    scale="glimpse",
)


def run() -> sc.Run:
    """256 prompts, 16 attempts each, learning rate 1e-6, no penalty, at most five turns and 20480 sampled tokens."""
    return sc.Run(
        name="deepeyes",
        data=published(
            "DeepEyes-Datasets-47k", about="visual search, charts and reasoning, 47 thousand rows", layout="verl"
        ),
        episode=episodes.tool_loop(max_steps=5),
        tools=(tools.crop(min_side_px=28),),
        policy=sc.policy(
            "Qwen/Qwen2.5-VL-7B-Instruct",
            freeze=(),
            dtype="bfloat16",
            sampling=sc.Sampling(temperature=1.0, max_tokens=10240),
        ),
        limits=sc.Limits(steps=5, tokens=8192 + 20480, sampled=20480),
        explore=sc.Independent(n=16),
        rewards=(
            rewards.answer_match(weight=0.8),
            rewards.format_tags(style="deepeyes", weight=0.2),
            rewards.tool_bonus(only_if_correct=True, weight=1.2),
        ),
        credit=credit.group_mean(by_std=True),
        objective=(objectives.clip(low=0.2, high=0.2, normaliser="tokens"),),
        optim=sc.Optim(lr=1e-6),
        schedule=sc.Schedule(updates=80, prompts=256),
    )


def miniature(arm: str, seed: int) -> sc.Run:
    """start: nothing is learned; outcome: no bonus; unconditional: 0.4 for any call; conditional: the method;
    random_box: the method, but every crop shows a random place of the size that was asked for."""
    small = _glimpse.miniature(
        replace(run(), name=f"deepeyes-{arm}"), seed=seed, updates=0 if arm == "start" else _glimpse.UPDATES * 5 // 4,
        tokens=_glimpse.TOKENS,
    )
    accuracy, form, _ = small.rewards
    paid = {
        "outcome": (accuracy, form),
        "unconditional": (accuracy, form, rewards.tool_bonus(only_if_correct=False, weight=0.4)),
    }
    small = replace(small, rewards=paid.get(arm, small.rewards))
    return _glimpse.random_places(small) if arm == "random_box" else small
