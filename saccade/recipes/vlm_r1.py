"""VLM-R1: A Stable and Generalizable R1-style Large Vision-Language Model (arXiv 2504.07615).

New there: rewards for boxes that cannot be had by listing more of them. Average precision never falls when boxes are added
at the end of a list; scaled by the number there is over the number listed, it does.
"""

from __future__ import annotations

from dataclasses import replace

import saccade as sc
from saccade import rewards
from saccade.data.published import published
from saccade.recipes import _answering as base

DEVIATIONS = (
    "of the published tasks (referring expressions, detection) the run is detection",
    "one update per batch of rollouts; the published runs allow several",
    base.ON_SCENES + "; listing boxes is taught by imitation first, with boxes too many in half of the lessons, so that a "
    "policy that lists everything is near",
)

CLAIM = sc.Claim(
    text="paid by average precision a policy goes on listing boxes that are not there; scaled by length its F1 ends higher; "
    "with credit dealt out by lot it does not",
    metric="accuracy",
    arms=("plain", "length_scaled"),
    better="length_scaled",
    over="plain",
    control="shuffled",
    margin=0.025,
    seeds=(1, 2, 3),
    scale="glimpse",
)


def run() -> sc.Run:
    """Eight attempts, penalty 0.04, 2048 tokens, average precision scaled by length and the form; Qwen2.5-VL-3B."""
    return base.published_run(
        "vlm_r1", data=published("D3", about="detection from descriptions, with hard negatives", layout="trl"),
        model="Qwen/Qwen2.5-VL-3B-Instruct", prompts=32, kl=0.04, normaliser="rows", updates=600,
        rewards=(rewards.detection_ap(length_scaled=True), rewards.grammar(inside={"answer": "boxes"})),
    )


KINDS = ("circle", "star")


def crowded(sample: sc.Sample) -> str:
    """The list, and in half of the lessons everything else in the picture behind it."""
    shapes = base.shapes_of(sample)
    wanted = [each for each in shapes if each.kind in KINDS]
    extra = [each for each in shapes if each.kind not in KINDS] if sample.meta["index"] % 2 else []
    return f"<answer>{base.listed([*wanted, *extra])}</answer>"


def miniature(arm: str, seed: int) -> tuple[sc.Stage, ...]:
    """plain: average precision; length_scaled: the method; shuffled: its credit dealt out by lot."""
    data = base.detecting(base.scenes(seed, "name", least=2), KINDS)
    test = sc.Benchmark(name="held_out", data=base.detecting(base.held_out("name", knobs={"least": 2}).data, KINDS),
                        metric="detection_f1", rewards=(rewards.detection_f1(), rewards.detection_ap(length_scaled=False)))
    small = base.miniature(run(), seed=seed, data=data, evals=(test,), words=56, updates=40, name=f"vlm_r1-{arm}")
    scaled = rewards.detection_ap(thresholds=(0.5,), length_scaled=arm != "plain")
    small = replace(small, rewards=(scaled, rewards.format_tags(weight=0.2)))
    if arm == "shuffled":
        small = replace(small, credit=base.by_lot(small, seed))
    return base.then(base.imitating(small, crowded, updates=80), small)
