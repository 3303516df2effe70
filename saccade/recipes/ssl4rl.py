"""SSL4RL: Revisiting Self-supervised Learning as Intrinsic Reward for Visual-Language Reasoning (arXiv 2510.16416).

New there: rewards without labels. A picture is rotated, cut up, cropped or paired, and the policy is paid for saying what
was done to it; which of these tasks helps depends on what the answers need to see.
"""

from __future__ import annotations

from dataclasses import replace

import saccade as sc
from saccade import credit, rewards
from saccade.core.message import Image, user
from saccade.data.published import published
from saccade.recipes import _answering as base

DEVIATIONS = (
    base.ONE_UPDATE,
    "of the four pretexts (rotation, jigsaw, position, contrastive) the run is the position of a crop",
    base.ON_SCENES.removesuffix("; its vision tower does not learn") + "; the crop is shown as a second picture",
)

CLAIM = sc.Claim(
    text="paid only for saying which quarter of a picture a crop is from, a policy gets better at questions of place "
    "that it "
    "is never trained on; with credit dealt out by lot it does not",
    metric="accuracy",
    arms=("start", "position"),
    better="position",
    over="start",
    control="shuffled",
    margin=0.015,
    seeds=(1, 2, 3),
    scale="glimpse",
)

QUARTERS = ("top left", "top right", "bottom left", "bottom right")


def run() -> sc.Run:
    """Five attempts, 128 questions an update, penalty 0.01, 2048 tokens, up to 20 epochs over the benchmark's pictures."""
    return base.published_run(
        "ssl4rl",
        data=published("MMBench pictures, position task", about="crops and the quarter they are from", layout="verl"),
        model="Qwen/Qwen2.5-VL-3B-Instruct",
        rewards=(rewards.answer_match(),),
        n=5,
        kl=0.01,
        updates=600,
    )


def position(sample: sc.Sample) -> sc.Sample:
    """The picture, a crop of between a half and all of one quarter of it, and which quarter that is."""
    rng = sc.generator("position", sample.id)
    picture, quarter = sample.images[0].data.convert("RGB"), int(rng.integers(4))
    side = picture.width // 2
    width, height = (int(rng.integers(side // 2, side + 1)) for _ in range(2))
    left = side * (quarter % 2) + int(rng.integers(side - width + 1))
    top = side * (quarter // 2) + int(rng.integers(side - height + 1))
    crop = picture.crop((left, top, left + width, top + height)).resize(picture.size)
    shown = (Image(ref=f"{sample.images[0].ref}/whole", data=picture), Image(ref=f"{sample.images[0].ref}/crop", data=crop))
    meta = {"answer_type": "exact", "index": sample.meta["index"]}
    return sc.Sample(
        id=f"{sample.id}/position",
        prompt=(user(*shown, "Which corner is the second picture from?"),),
        target=QUARTERS[quarter],
        meta=meta,
    )


def miniature(arm: str, seed: int) -> sc.Run:
    """start: nothing is learned; position: the method; shuffled: its credit dealt out by lot."""
    data = base.Changed(source=base.scenes(seed, "name", least=2), change=position)
    small = base.miniature(run(), seed=seed, data=data, evals=(base.held_out("place"),), updates=60, name=f"ssl4rl-{arm}")
    small = replace(small, policy=replace(small.policy, freeze=()), optim=replace(small.optim, lr=1e-4))
    if arm == "start":
        return replace(small, schedule=replace(small.schedule, updates=0))
    return replace(small, credit=credit.shuffled(of=small.credit, seed=seed)) if arm == "shuffled" else small
