"""VOGUE: Guiding Exploration with Visual Uncertainty Improves Multimodal Reasoning (arXiv 2510.01444).

New there: exploration is led by the picture. Attempts whose words would change most if the picture were disturbed get a
bonus on their credit, beside a smaller one for undecided tokens; both are capped and fade out over the run.
"""

from __future__ import annotations

from dataclasses import replace

import saccade as sc
from saccade import credit, rewards
from saccade.data.published import published
from saccade.media import views
from saccade.models import probes
from saccade.recipes import _answering as base

DEVIATIONS = (
    "attempts are sampled from the clean picture and the bonus measured against the noised one; the paper also trains on a "
    "branch that sees the noised picture",
    "the capped form of the bonus follows from the published constants; that half of the groups get it at first and none at "
    "the end is proposed here",
    base.ON_SCENES,
)

CLAIM = sc.Claim(
    text="with a bonus for visual uncertainty the chance that one of four answers is right ends higher than with plain "
    "group-relative credit; with uncertainties drawn by lot it does not",
    metric="pass_at_4",
    arms=("grpo", "entropy", "vogue"),
    better="vogue",
    over="grpo",
    control="lottery",
    margin=0.01,
    seeds=(1, 2, 3),
    scale="glimpse",
)


def run() -> sc.Run:
    """200 steps; noise of 0.4 in normalised pixels; bonuses 1.0 and 0.4, each at most half the size of the credit."""
    return base.published_run(
        "vogue", data=published("MMRL30k", about="verifiable visual mathematics", layout="easyr1"),
        rewards=(rewards.answer_match(),), kl=0.01, updates=200,
        probes=(probes.dependence(views.noised(std=0.1), estimator="symmetric", entropy=True),),
        credit=credit.uncertainty_bonus(of=credit.group_mean(by_std=True), updates=200),
    )


def miniature(arm: str, seed: int) -> sc.Run:
    """grpo: no bonus; entropy: that of undecided tokens alone; vogue: both; lottery: uncertainty drawn by lot."""
    sampled = base.held_out("count", "name", size=150, attempts=8, sampling=sc.Sampling(temperature=1.0))
    small = base.miniature(run(), seed=seed, data=base.scenes(seed, "count", "name"), evals=(sampled,), name=f"vogue-{arm}")
    plain = credit.group_mean(by_std=True)

    def bonus(visual: float, entropy: float) -> sc.Run:
        made = credit.uncertainty_bonus(of=plain, visual=visual, entropy=entropy, updates=small.schedule.updates, seed=seed)
        return replace(small, credit=made)

    return {
        "grpo": lambda: replace(small, credit=plain, probes=()),
        "entropy": lambda: bonus(0.0, 0.4),
        "vogue": lambda: bonus(1.0, 0.4),
        "lottery": lambda: replace(bonus(1.0, 0.0), probes=(probes.lottery(seed=seed),)),
    }[arm]()


def enter(run: sc.Run) -> sc.Run:
    """In the league: the bonus on the common credit."""
    seen = probes.dependence(views.noised(std=0.1), estimator="symmetric", entropy=True)
    return replace(run, probes=(seen,), credit=credit.uncertainty_bonus(
        of=run.credit, updates=max(run.schedule.updates, 1), seed=run.seed))
