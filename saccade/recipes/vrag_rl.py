"""VRAG-RL: Vision-Perception-Based RAG for Visually Rich Information Understanding by Reinforcement (arXiv 2505.22019).

New there: the model searches a corpus of page images, looks closer at the page it found, and answers. Beside the answer
the order is paid in which the right pages came up, so that a better query pays.
"""

from __future__ import annotations

from dataclasses import replace

import saccade as sc
from saccade import credit, episodes, objectives, rewards, tools
from saccade.data.published import published

DEVIATIONS = (
    "answers are compared by rule; the publication asks a judge",
    "the corpus is a folder of pages that the user names (`tools.search_pages(corpus=...)`); ``pages`` is looked for here",
    "calls are written as the checkpoint's template has them; the publication has tags of its own for search and box",
    "no answer is forced after the last turn",
    "no claim in miniature: glimpse was taught no search",
)


def run() -> tuple[sc.Stage, ...]:
    """Imitation of expert attempts, then 5 attempts, batch 32, learning rate 1e-6, penalty 0.01, four turns."""
    taught = sc.Run(
        name="vrag_rl-taught",
        mode="sft",
        data=published("VRAG expert trajectories", about="attempts of a strong agent over slides and long documents",
                       layout="swift"),
        episode=episodes.tool_loop(max_steps=5),
        tools=(tools.search_pages(corpus="pages", max_side_px=1024),
               tools.crop(target="last", from_root=True, padding=0.05, label=False)),
        policy=sc.policy("Qwen/Qwen2.5-VL-7B-Instruct", freeze=(), dtype="bfloat16",
                         sampling=sc.Sampling(temperature=1.0, max_tokens=1024)),
        limits=sc.Limits(steps=5, tokens=24576, sampled=4096),
        objective=(objectives.sft(),),
        optim=sc.Optim(lr=1e-5),
        schedule=sc.Schedule(updates=300, prompts=64),
    )
    form = rewards.format_tags()
    searched = replace(
        taught,
        name="vrag_rl",
        mode="rl",
        data=published("VRAG", about="questions of SlideVQA, ViDoSeek and MMLongBench-Doc with their pages", layout="verl"),
        explore=sc.Independent(n=5),
        rewards=(
            sc.only_if(rewards.answer_match(), form, weight=0.7),
            rewards.format_tags(weight=0.1),
            sc.only_if(rewards.retrieval_ndcg(), form, weight=0.2),
        ),
        credit=credit.group_mean(by_std=True),
        objective=(objectives.clip(low=0.2, high=0.2, normaliser="tokens"),
                   objectives.kl(coefficient=0.01, normaliser="tokens")),
        optim=sc.Optim(lr=1e-6, warmup=85),
        schedule=sc.Schedule(updates=300, prompts=32),
    )
    return (sc.Stage(name="taught", run=taught), sc.Stage(name="searched", run=searched))
