"""ViLaSR: Reinforcing Spatial Reasoning with Interwoven Thinking and Visual Drawing (arXiv 2506.09965).

New there: the model draws boxes and lines on pictures and frames, sees the drawing, and corrects it; only elementary
drawing, so that no expert tool sets the ceiling. Three stages: imitation, own right traces that hold a correction,
reinforcement.
"""

from __future__ import annotations

from dataclasses import replace

import saccade as sc
from saccade import credit, episodes, objectives, rewards, tools
from saccade.data.published import published

DEVIATIONS = (
    "traces of the second stage are sampled and filtered beforehand (`data.reflection.revised` is the filter), not by this "
    "recipe",
    "numbers are compared as right or wrong; the publication grades them by mean relative accuracy over ten thresholds",
    "no claim in miniature: glimpse was taught neither lines nor marks",
)


def run() -> tuple[sc.Stage, ...]:
    """33 thousand traces (rate 1e-5, three passes), 8 thousand own ones, then 8 attempts at 1e-6 without penalty."""
    cold = sc.Run(
        name="vilasr-cold",
        mode="sft",
        data=published("ViLaSR-ColdStart-33k", about="traces over mazes, videos, scans and relations", layout="swift"),
        episode=episodes.tool_loop(max_steps=10),
        tools=(tools.draw_box(width_px=4), tools.draw_line()),
        policy=sc.policy("Qwen/Qwen2.5-VL-7B-Instruct", freeze=("vision", "connector"), dtype="bfloat16",
                         sampling=sc.Sampling(temperature=1.0, max_tokens=1024), max_pixels=448 * 448),
        limits=sc.Limits(steps=10, tokens=32768, sampled=10240, frames=45),
        objective=(objectives.sft(),),
        optim=sc.Optim(lr=1e-5),
        schedule=sc.Schedule(updates=1550, prompts=64),
    )
    reflective = replace(cold, name="vilasr-reflective", schedule=sc.Schedule(updates=125, prompts=64),
                         data=published("ViLaSR-RRS-8k", about="own right traces that hold a correction", layout="swift"))
    drawn = replace(
        cold,
        name="vilasr",
        mode="rl",
        data=published("ViLaSR-RL-40k", about="questions about space on pictures and frames", layout="verl"),
        policy=replace(cold.policy, freeze=()),
        explore=sc.Independent(n=8),
        rewards=(
            rewards.answer_match(weight=0.5),
            sc.only_if(rewards.format_tags(), rewards.answer_match(), weight=0.5),
        ),
        credit=credit.group_mean(by_std=True),
        objective=(objectives.clip(low=0.2, high=0.2, normaliser="tokens"),),
        optim=sc.Optim(lr=1e-6),
        schedule=sc.Schedule(updates=1250, prompts=32),
    )
    return (sc.Stage(name="cold", run=cold), sc.Stage(name="reflective", run=reflective), sc.Stage(name="drawn", run=drawn))
