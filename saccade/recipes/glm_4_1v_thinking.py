"""GLM-4.1V-Thinking: scalable reinforcement learning with curriculum sampling, RLCS (arXiv 2507.01006).

New there: a verifier for every domain, and sampling that follows the policy. Questions of middling difficulty are asked more
often, more are asked than needed by the share of groups that teach, and the most balanced groups are learned from.
"""

from __future__ import annotations

from dataclasses import replace

import saccade as sc
from saccade import rewards, select
from saccade.data.published import published
from saccade.recipes import _answering as base

DEVIATIONS = (
    "Qwen2.5-VL-7B in the place of the 9B base model, whose family is not among the supported ones",
    "difficulty is learned online; the published offline estimate by several models and people is not made",
    "an answer that exceeds its budget is cut off; the published decoding closes the thought and forces an answer",
    "of the published domains those whose verifier is a rule; the report names no batch size, 512 is proposed here",
    base.ON_SCENES,
)

CLAIM = sc.Claim(
    text="over questions of very different difficulty, sampling that follows the pass rates ends with higher accuracy than "
    "even sampling after equally many sampled tokens; pass rates that belong to other questions do not",
    metric="accuracy",
    arms=("uniform", "rlcs"),
    better="rlcs",
    over="uniform",
    control="by_lot",
    margin=0.01,
    seeds=(1, 2, 3),
    scale="glimpse",
)


def run() -> sc.Run:
    """Answers in a box by domain; no reference penalty, no entropy term, upper bound 0.28, loss by answer, top-p 1."""
    return base.published_run(
        "glm_4_1v_thinking",
        data=published("GLM-4.1V RL mix", about="mathematics, charts, text in pictures, boxes", layout="easyr1"),
        model=base.QWEN,
        prompts=512,
        high=0.28,
        normaliser="rows",
        tokens=8192,
        updates=400,
        rewards=(
            sc.only_if(
                sc.by_type(
                    {
                        "math": rewards.symbolic_match(),
                        "chart": rewards.numeric_tolerance(),
                        "ocr": rewards.text_overlap(measure="edit"),
                        "box": rewards.box_iou(),
                    },
                    otherwise=rewards.answer_match(),
                ),
                rewards.grammar(inside={"answer": "boxed"}),
            ),
        ),
        select=select.oversampling(weighted=True, balanced=True),
    )


def miniature(arm: str, seed: int) -> sc.Run:
    """uniform: every item alike; rlcs: the method; by_lot: it goes by pass rates that belong to other items."""
    topics = ("name", "place", "count", "box")
    small = base.miniature(
        run(),
        seed=seed,
        data=base.scenes(seed, *topics, level="medium", size=400),
        updates=50,
        evals=(base.held_out(*topics, level="medium"),),
        name=f"glm_4_1v_thinking-{arm}",
    )
    small = replace(
        small, rewards=(rewards.answer_match(),), schedule=replace(small.schedule, updates=120, tokens=50_000)
    )
    return {
        "uniform": lambda: replace(small, select=select.oversampling(most=1.0)),
        "rlcs": lambda: replace(small, select=select.oversampling(weighted=True, balanced=True)),
        "by_lot": lambda: replace(small, select=select.oversampling(weighted=True, lottery=True, most=1.0)),
    }[arm]()


def enter(run: sc.Run) -> sc.Run:
    """In the league: curriculum sampling over the first thousand items, so that they come back."""
    return replace(
        run,
        data=sc.Rows(rows=range(1000), make=lambda row, index: run.data[row]),
        select=select.oversampling(weighted=True, balanced=True),
    )
