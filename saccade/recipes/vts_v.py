"""VTS-V: Multi-Step Visual Reasoning with Visual Tokens Scaling and Verification (June 2025).

New there: a model spends more visual tokens, look by look, until a verifier says that another look brings nothing. Model
and verifier are trained on whole traces, preferring right ones to wrong ones: the multi-step form of direct preference
optimisation.
"""

from __future__ import annotations

from dataclasses import replace

import saccade as sc
from saccade import credit, episodes, objectives, rewards, tools
from saccade.data.published import published
from saccade.recipes import _looking

DEVIATIONS = (
    "pairs are own attempts at one question, right against wrong; the publication takes traces of a 72B model, the wrong "
    "ones asked for",
    "the verifier is a client that `episodes.verified` asks after each round (name one in `others` and `verifier=`); the "
    "publication takes the log-ratio of the trained model to its reference",
    "zoom, marks, overlay and measuring of its tools; detector, segmenter, depth and reader come as clients of other tools",
    "miniature: preference training alone, without a verifier",
)

CLAIM = sc.Claim(
    text="preferring whole right attempts to whole wrong ones improves accuracy over the start; the same pairs with right "
    "and wrong dealt out by lot do not",
    metric="accuracy",
    arms=("start", "preferred"),
    better="preferred",
    over="start",
    control="by_lot",
    margin=0.05,
    seeds=(1, 2, 3),
    scale="glimpse",
)

UPDATES = 80
PAIRS = credit.best_worst()


def run() -> tuple[sc.Stage, ...]:
    """Imitation of 315 thousand right traces (LoRA 8, rate 3e-5), then pairs of whole traces (5e-6), at most ten rounds."""
    taught = sc.Run(
        name="vts_v-taught",
        mode="sft",
        data=published("VTS-SFT", about="315 thousand traces over 83 tasks, run and judged right", layout="swift"),
        episode=episodes.verified(most=10),
        tools=(tools.crop(target="indexed", padding=0.05), tools.mark(), tools.measure()),
        policy=sc.policy("Qwen/Qwen2.5-VL-7B-Instruct", lora=8, dtype="bfloat16",
                         sampling=sc.Sampling(temperature=1.0, max_tokens=1024)),
        limits=sc.Limits(steps=10, tokens=32768, sampled=8192),
        objective=(objectives.sft(),),
        optim=sc.Optim(lr=3e-5),
        schedule=sc.Schedule(updates=5000, prompts=64),
    )
    preferred = replace(
        taught,
        name="vts_v",
        mode="rl",
        data=published("VTS-DPO", about="questions of 301 thousand pairs of traces", layout="verl"),
        explore=sc.Independent(n=8),
        rewards=(rewards.answer_match(),),
        credit=PAIRS,
        objective=(objectives.dpo(beta=0.1, by="attempt"),),
        optim=sc.Optim(lr=5e-6),
        schedule=sc.Schedule(updates=4700, prompts=64),
    )
    return (sc.Stage(name="taught", run=taught), sc.Stage(name="preferred", run=preferred))


def miniature(arm: str, seed: int) -> sc.Run:
    """start: nothing is learned; preferred: pairs of whole attempts; by_lot: the same pairs, turned round by lot."""
    method = replace(run()[-1].run, name=f"vts_v-{arm}")
    small = _looking.miniature(method, seed=seed, updates=UPDATES)
    if arm == "start":
        return _looking.untrained(small)
    return replace(small, credit=credit.mirrored(of=PAIRS, seed=seed)) if arm == "by_lot" else small
