"""VLM-R^3: Region Recognition, Reasoning, and Refinement for Multimodal Chain-of-Thought (R-GRPO, arXiv 2505.16192).

New there: a box written inside the chain of thought is cut out, enlarged by its size and put in its place, and the model
goes on in the same message. A valid region is paid only beside a right answer.
"""

from __future__ import annotations

from dataclasses import replace

import saccade as sc
from saccade import credit, episodes, objectives, rewards, tools
from saccade.data.published import published
from saccade.recipes import _looking
from saccade.rollout.interventions import blank_crop, grounded, intervene

DEVIATIONS = (
    "regions are asked for with a call and shown in the next message; in the publication a bare box stands in the "
    "running message and the crop follows it there",
    "the reward for length, a thousandth per character up to a quarter, is left out: it pays for words",
    "cuts are enlarged twice whatever their size; the publication enlarges small ones twice and large ones not at all",
    "miniature: the published control of grounding, not the training: boxes are replaced by right ones in a given share of "
    "calls",
)

CLAIM = sc.Claim(
    text="accuracy follows grounding: with the right region in nine of ten looks a model that reads crops answers far "
    "better than with four of ten; with the same regions blanked it does not",
    metric="accuracy",
    arms=("grounding_0.4", "grounding_0.9"),
    better="grounding_0.9",
    over="grounding_0.4",
    control="blank",
    margin=0.15,
    seeds=(1, 2, 3),
    scale="glimpse",
)


def run() -> tuple[sc.Stage, ...]:
    """Imitation of 11,810 interleaved rationales (rate 2e-7, three passes), then 300 updates at 1e-6."""
    taught = sc.Run(
        name="vlm_r3-taught",
        mode="sft",
        data=published("VLIR", about="11,810 chains of thought with regions between their words", layout="swift"),
        episode=episodes.tool_loop(max_steps=5),
        tools=(tools.crop(enlarge=2.0, label=False),),
        policy=sc.policy("Qwen/Qwen2.5-VL-7B-Instruct", freeze=("vision", "connector"), dtype="bfloat16",
                         sampling=sc.Sampling(temperature=1.0, max_tokens=2048)),
        limits=sc.Limits(steps=5, tokens=16384, sampled=4096),
        objective=(objectives.sft(),),
        optim=sc.Optim(lr=2e-7),
        schedule=sc.Schedule(updates=550, prompts=64),
    )
    region = replace(
        taught,
        name="vlm_r3",
        mode="rl",
        data=published("VLM-R3-RL", about="about 5 thousand questions", layout="verl"),
        explore=sc.Independent(n=8),
        rewards=(rewards.answer_match(), rewards.format_tags(), rewards.tool_bonus(only_if_correct=True, weight=0.5)),
        credit=credit.group_mean(by_std=True),
        objective=(objectives.clip(low=0.2, high=0.2, normaliser="rows"),
                   objectives.kl(coefficient=0.04, normaliser="rows")),
        optim=sc.Optim(lr=1e-6),
        schedule=sc.Schedule(updates=300, prompts=16),
    )
    return (sc.Stage(name="taught", run=taught), sc.Stage(name="region", run=region))


def miniature(arm: str, seed: int) -> sc.Run:
    """grounding_0.4, grounding_0.9: the share of calls with the right region; blank: the second, every crop grey. Nothing is
    learned; each seed has held-out items of its own."""
    small = _looking.untrained(_looking.miniature(replace(run()[-1].run, name=f"vlm_r3-{arm}"), seed=seed, updates=1))
    (held,) = small.evals
    held = replace(held, data=_looking.items(7000 + seed, split="test", size=_looking.EVAL_ITEMS))
    modes = (grounded(0.4),) if arm == "grounding_0.4" else (grounded(0.9),)
    return replace(small, evals=(held,), tools=intervene(small.tools, *modes, *((blank_crop,) if arm == "blank" else ())))
