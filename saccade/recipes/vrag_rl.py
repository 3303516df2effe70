"""VRAG-RL: Vision-Perception-Based RAG for Visually Rich Information Understanding by Reinforcement (arXiv 2505.22019).

New there: the model searches a corpus of page images, looks closer at the page it found, and answers. Beside the answer
the order is paid in which the right pages came up, so that a better query pays.
"""

from __future__ import annotations

from dataclasses import replace

import saccade as sc
from saccade import credit, episodes, objectives, rewards, tools
from saccade.data.published import published
from saccade.recipes import _simulated as table
from saccade.recipes._searching import WORDS, library, questions, searched_and_answered, searching, traces

DEVIATIONS = (
    "answers are compared by rule; the publication asks a judge",
    "the corpus is a folder of pages that the user names (`tools.search_pages(corpus=...)`); ``pages`` is looked for here",
    "calls are written as the checkpoint's template has them; the publication has tags of its own for search and box",
    "no answer is forced after the last turn",
    table.ON_A_TABLE + ": the search is the real one, over 96 page images whose titles say other words than the questions; "
    "what a page and a crop of it show comes as words",
)

CLAIM = sc.Claim(
    text="where users' words are not those of the pages, paying for the order in which the right page comes up, beside the "
    "answer, leads to more right answers after the same number of updates than the answer alone (a fixed search and a "
    "search without a closer look are run beside it); paying for other pages does not",
    metric="answer_match",
    arms=("fixed", "search", "outcome", "full"),
    better="full",
    over="outcome",
    control="other_pages",
    margin=0.015,
    seeds=(1, 2, 3),
    scale="tabular",
)

UPDATES = 12

FAILURE = (
    "paying for the order of pages gave 0.389 right answers against 0.375 without: +0.014, 95 % -0.046 to +0.074, which is "
    "below the margin",
    "the right page came up about as often either way (0.360 against 0.318 on seed 1, 0.583 against 0.583 on seed 2): a "
    "search that finds it is here nearly the same event as a search of the right form, which is paid in every arm",
    "of what could help nothing was tried yet: more than 12 updates, several results a search so that their order can "
    "differ, pages that resemble each other more",
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


def miniature(arm: str, seed: int) -> tuple[sc.Stage, ...]:
    """fixed: the user's words, one search, no closer look; search: no closer look; outcome: without the order of pages;
    full: the method; other_pages: the method, the page that is paid for being that of another question."""
    items = questions()
    if arm == "other_pages":
        other = [items[(place + 5) % len(items)].meta["pages"] for place in range(len(items))]
        items = [replace(each, meta={**each.meta, "pages": pages}) for each, pages in zip(items, other, strict=True)]
    form = searched_and_answered()
    ordered = sc.only_if(rewards.retrieval_ndcg(), form, weight=0.2)
    paid = (sc.only_if(rewards.answer_match(), form, weight=0.7), replace(form, weight=0.1))
    small = table.simulated(
        run()[-1].run, " ".join(["crop", *WORDS, *WORDS.values(), *"0123456789"]), items, seed=seed,
        updates=0 if arm == "fixed" else UPDATES, length=2, metric="answer_match", test=questions(),
        judged_by=(rewards.answer_match(), rewards.retrieval_ndcg()), tools=(tools.search_pages(corpus=library()),),
        episode=searching(fixed=arm == "fixed", closer=arm not in ("fixed", "search")), name=f"vrag_rl-{arm}",
        rewards=paid if arm == "outcome" else (*paid, ordered),
    )
    sampled = replace(small.evals[0], sampling=sc.Sampling(temperature=1.0, max_tokens=2))
    small = replace(small, evals=(sampled,))
    return table.then(table.imitating(small, lambda sample: str(sample.target), updates=200, data=traces(seed)), small)
