"""Vision-R1: Incentivizing Reasoning Capability in Multimodal Large Language Models (arXiv 2503.06749).

New there: progressive thinking suppression. After a cold start on long chains the right answers are the short ones, so the
first stage of reinforcement allows short answers only, with more attempts, and a later one long answers with fewer: length
times attempts stays the same. The reward is one only where form and answer are both right.
"""

from __future__ import annotations

from dataclasses import replace

import saccade as sc
from saccade import rewards
from saccade.data.published import published
from saccade.recipes import _answering as base

DEVIATIONS = (
    "the cold start on 200 thousand chains, made by describing pictures to a text model, is not repeated: start from a "
    "checkpoint that had it",
    "updates per stage are proposed here: 100 each",
    base.ON_SCENES + "; the cold start imitates chains of which seven in ten are padded, and padded ones err more often",
)

CLAIM = sc.Claim(
    text="after a cold start on padded chains, allowing short answers first and long ones later ends with higher accuracy "
    "than long ones throughout, at equal sampled tokens; with the two lengths in the other order it does not",
    metric="accuracy",
    arms=("long", "short", "staged"),
    better="staged",
    over="long",
    control="reversed",
    margin=0.01,
    seeds=(1, 2, 3),
    scale="glimpse",
)


def run() -> tuple[sc.Stage, ...]:
    """4096 tokens and 16 attempts, then 8192 and 8; ten thousand questions; form and answer together."""
    hard = sc.only_if(rewards.answer_match(), rewards.grammar())
    whole = base.published_run(
        "vision_r1", data=published("Vision-R1-rl", about="ten thousand questions of mathematics", layout="easyr1"),
        model="Osilly/Vision-R1-CI-7B-Qwen2.5-VL", rewards=(hard,), kl=0.04, updates=100,
    )
    return tuple(stage(whole, name, tokens, n) for name, tokens, n in (("short", 4096, 16), ("long", 8192, 8)))


def stage(run: sc.Run, name: str, most: int, n: int, **schedule: int) -> sc.Stage:
    """The run with at most this many tokens an answer, and attempts a question."""
    return sc.Stage(name=name, run=replace(
        run, name=f"{run.name}-{name}", explore=sc.Independent(n=n), schedule=replace(run.schedule, **schedule),
        policy=replace(run.policy, sampling=replace(run.policy.sampling, max_tokens=most)),
        limits=replace(run.limits, sampled=most, tokens=max(run.limits.tokens, most + 960)),
    ))


def padded(sample: sc.Sample) -> str:
    """A chain that names every shape; seven in ten say it all again, and two in ten of those get a shape wrong."""
    rng, words = sc.generator("padded", sample.id), base.in_words(sample)
    if rng.random() >= 0.7:
        return base.chain(sample)
    said = words
    if rng.random() < 0.2:
        said = words.replace(words.split()[0], sorted(base.COLOURS)[int(rng.integers(len(base.COLOURS)))], 1)
    return f"<think>{words}, {said}, {said}</think>{base.answer(sample)}"


SHORT, LONG = 24, 48


def miniature(arm: str, seed: int) -> tuple[sc.Stage, ...]:
    """long: 48 tokens, 8 attempts; short: 24 and 16; staged: short, then long; reversed: long, then short."""
    small = base.miniature(run()[0].run, seed=seed, data=base.scenes(seed, "count", "compare"), words=LONG, updates=50,
                           evals=(base.held_out("count", "compare"),), name=f"vision_r1-{arm}")
    small = replace(small, rewards=(rewards.answer_match(),))
    plans = {"long": ((LONG, 8, 1),), "short": ((SHORT, 16, 1),), "staged": ((SHORT, 16, 2), (LONG, 8, 2)),
             "reversed": ((LONG, 8, 2), (SHORT, 16, 2))}
    made = [stage(small, f"{place}-{most}", most, n, updates=40 // parts, tokens=120_000 // parts)
            for place, (most, n, parts) in enumerate(plans[arm])]
    last = replace(made[-1], run=replace(made[-1].run, evals=small.evals))
    return (base.imitating(small, padded), *made[:-1], last)
