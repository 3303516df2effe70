"""Recipes about looking: arms differ in what their claim is about, and the equivalences between the methods hold."""

from __future__ import annotations

import dataclasses
import json

import pytest

from saccade.claims.verdict import arms_of
from saccade.cli.resolve import recipe_module
from saccade.core import Run, describe
from saccade.recipes import _looking

ALLOWED = {
    "virl": {("outcome", "virl"): {"rewards", "credit"}, ("virl", "misplaced"): {"data"}, ("outcome", "bonus"): {"rewards"}},
    "visrl": {("start", "visrl"): {"schedule"}, ("visrl", "by_lot"): {"credit"},
              ("visrl", "chosen"): {"credit", "objective"}},
    "pixel_reasoner": {("outcome", "curiosity"): {"rewards"}, ("curiosity", "random_box"): {"tools"}},
    "look_less_reason_more": {
        ("aligned", "exchanged"): {"rewards"},
        ("bonus", "aligned"): {"rewards", "credit", "explore", "episode", "schedule"}},
    "chain_of_focus": {("bonus", "adaptive"): {"rewards"}, ("adaptive", "by_lot"): {"credit"}},
    "grip": {("alike", "salient"): {"rewards"}, ("salient", "exchanged"): {"data"}},
    "defacto": {("positives", "triples"): {"rewards", "data"}, ("triples", "misplaced"): {"data"}},
    "sccm": {("bonus", "sccm"): {"rewards", "follow_ups"}, ("sccm", "by_lot"): {"credit"}},
    "vlm_r3": {("grounding_0.4", "grounding_0.9"): {"tools"}, ("grounding_0.9", "blank"): {"tools"}},
    "mindwatcher": {("start", "steps"): {"schedule"}, ("steps", "by_lot"): {"credit"}},
    "codevision": {("outcome", "strategy"): {"rewards"}, ("strategy", "misplaced"): {"data"}},
    "openthinkimg": {("no_tool", "tool"): {"tools", "episode"}, ("tool", "random_box"): {"tools"}},
    "vigorl": {("direct", "grounded"): {"tools", "episode", "rewards"}, ("grounded", "random_box"): {"tools"}},
    "vts_v": {("start", "preferred"): {"schedule"}, ("preferred", "by_lot"): {"credit"}},
    "vitar": {("single_pass", "two_rounds"): {"tools", "episode", "rewards"}, ("two_rounds", "sham"): {"tools"}},
}


def differing(first, second):
    """Fields that differ, the name left out; sources are compared by a row, for they close over themselves."""
    fields = {each.name for each in dataclasses.fields(Run)} - {"name", "data", "evals"}
    found = {name for name in fields if describe(getattr(first, name)) != describe(getattr(second, name))}
    same = all(first.data[at].meta == second.data[at].meta for at in range(4))
    return found | (set() if same else {"data"})


@pytest.mark.parametrize("name", ALLOWED)
def test_arms_differ_in_what_the_claim_is_about(name):
    module = recipe_module(name)
    arms = {arm: module.miniature(arm, 2) for arm in arms_of(module.CLAIM)}
    for (first, second), expected in ALLOWED[name].items():
        assert differing(arms[first], arms[second]) == expected, (first, second)
    trained = [arm for arm in arms.values() if arm.schedule.updates]
    assert len({arm.schedule.tokens for arm in trained}) == bool(trained) and all(arm.schedule.tokens for arm in trained)
    assert len({json.dumps(describe(arm.evals[0].rewards)) for arm in arms.values()}) == 1
    assert len({arm.evals[0].data[0].id for arm in arms.values()}) == 1
    assert module.CLAIM.metric in {"accuracy", *(each.name for each in _looking.figures())}
    assert module.CLAIM.seeds == (1, 2, 3)


@pytest.mark.parametrize("name", ALLOWED)
def test_items_are_held_out_and_the_same_for_every_seed(name):
    module = recipe_module(name)
    first, other = (module.miniature(module.CLAIM.better, seed) for seed in (1, 2))
    assert first.data[0].meta["knobs"]["split"] == "train" and first.data[0].id != other.data[0].id
    assert first.evals[0].data[0].meta["knobs"]["split"] == "test"
    assert (first.evals[0].data[0].id == other.evals[0].data[0].id) == (name != "vlm_r3")


def test_misplaced_evidence_moves_and_nothing_else_does():
    plain = _looking.items(1, size=4)
    moved = _looking.misplaced(plain)
    for at in range(4):
        assert moved[at].meta["evidence"] != plain[at].meta["evidence"] and moved[at].target == plain[at].target
        assert moved[at].meta["evidence"] == _looking.misplaced(plain)[at].meta["evidence"]
        (x1, y1, x2, y2), (u1, v1, u2, v2) = moved[at].meta["evidence"][0], plain[at].meta["evidence"][0]
        assert (x2 - x1, y2 - y1) == pytest.approx((u2 - u1, v2 - v1)) and x1 >= 0 and x2 <= 256 and y1 >= 0 and y2 <= 256


def test_miniatures_stay_within_their_budget():
    """At most some 600 updates of 128 attempts over all arms and seeds of a claim: twenty minutes on two cores."""
    for name in ALLOWED:
        module = recipe_module(name)
        arms = [module.miniature(arm, 1) for arm in arms_of(module.CLAIM)]
        tokens = sum(arm.schedule.tokens for arm in arms if arm.schedule.updates) * len(module.CLAIM.seeds)
        assert tokens <= 600 * _looking.ATTEMPTS * _looking.TOKENS, name
        assert all(arm.schedule.prompts * arm.explore.n == _looking.ATTEMPTS for arm in arms)
