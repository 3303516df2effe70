"""VPPO: Spotlight on Token Perception for Multimodal Reinforcement Learning (arXiv 2510.09285).

New there: how much each token depends on the picture is measured by blackening patches; attempts are weighted by their
mean dependence, and only the two fifths most dependent tokens of an attempt carry gradient.
"""

from __future__ import annotations

from dataclasses import replace

import saccade as sc
from saccade import credit, objectives, rewards, select
from saccade.data.published import published
from saccade.media import views
from saccade.models import probes
from saccade.recipes import _answering as base

DEVIATIONS = (
    base.ONE_UPDATE,
    "groups to replace those without variance are predicted from a moving average, not drawn until the batch is full",
    base.ON_SCENES + "; it is taught to name every shape before it answers, so that there are tokens to choose among",
)

CLAIM = sc.Claim(
    text="with gradient through visually dependent tokens only, accuracy after equal updates is above that of DAPO; with "
    "equally many tokens chosen by lot it is not",
    metric="accuracy",
    arms=("dapo", "vppo"),
    better="vppo",
    over="dapo",
    control="lottery",
    margin=0.01,
    seeds=(1, 2, 3),
    scale="glimpse",
)


def run() -> sc.Run:
    """DAPO's settings, accuracy alone as reward, entropy penalty 0.06; black patches of 14 pixels with probability 1/2."""
    made = base.published_run(
        "vppo",
        data=published("ViRL39K", about="39 thousand verifiable visual questions", layout="easyr1"),
        rewards=(rewards.answer_match(),),
        high=0.28,
        top_p=0.99,
        updates=608,
        select=select.oversampling(),
        probes=(probes.dependence(views.masked(share=0.5, patch_px=14), estimator="k3"),),
        credit=credit.visual_dependence(of=credit.group_mean(by_std=True, eps=1e-6), keep=0.4, low=0.9),
    )
    return replace(made, objective=(*made.objective, objectives.sft(coefficient=0.06)))


def miniature(arm: str, seed: int) -> tuple[sc.Stage, ...]:
    """dapo: credit on all tokens; vppo: the method; lottery: dependence drawn by lot."""
    small = base.miniature(
        run(),
        seed=seed,
        data=base.scenes(seed, "count", "compare", level="medium"),
        words=40,
        updates=45,
        evals=(base.held_out("count", "compare", level="medium"),),
        name=f"vppo-{arm}",
    )
    small = replace(small, select=select.zero_variance(), objective=small.objective[:1])
    changed = {
        "dapo": replace(small, probes=(), credit=credit.group_mean(by_std=True)),
        "vppo": replace(small, probes=(probes.dependence(views.masked(share=0.5, patch_px=8), estimator="k3"),)),
        "lottery": replace(small, probes=(probes.lottery(seed=seed),)),
    }
    return base.then(base.imitating(small, base.chain), changed[arm])


def enter(run: sc.Run) -> sc.Run:
    """In the league: the method on the common run; answers are short, so three fifths of their tokens are kept."""
    seen = probes.dependence(views.masked(share=0.5, patch_px=8), estimator="k3")
    return replace(run, probes=(seen,), credit=credit.visual_dependence(of=run.credit, keep=0.6))
