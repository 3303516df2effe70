"""Credits that build on another one, against arithmetic done by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saccade import credit
from saccade.core.message import Message, Text
from saccade.core.sample import Sample
from saccade.core.trajectory import Group, Score, Step, Stop, Trajectory
from saccade.credit.trust_weight import trust
from saccade.credit.visual_dependence import kept, weights


def written(size):
    message = Message(role="assistant", parts=(Text(text="x"),))
    return Step(parent=None, speaker="policy", message=message, tokens=np.arange(size), sampled=np.ones(size, bool),
                body=np.ones(size, bool), logp=np.zeros(size, np.float32))


def member(index=0, *, size=0, rewards=(), origin="policy", probe=None, version=0, failed=False, meta=None):
    made = Trajectory(sample=Sample(id="s", prompt=(), meta=meta or {}), attempt=index, origin=origin, version=version,
                      steps=(written(size),) if size else (), stop=Stop.ERROR if failed else Stop.DONE)
    return replace(made, rewards={name: Score(value=value) for name, value in dict(rewards).items()},
                   aux={} if probe is None else {"probe/dependence": probe})


def group(totals, members=None, **settings):
    members = members or [member(index, **settings) for index in range(len(totals))]
    return Group(sample=members[0].sample, trajectories=tuple(members), total=np.asarray(totals, dtype=float))


def test_trust_is_one_unless_wrong_attempts_are_liked_better():
    assert trust(np.array([1, 0.0]), np.array([0.9, 0.3])) == 1
    assert trust(np.array([1, 1, 0.0]), np.array([0.2, 0.4, 0.9])) == pytest.approx(math.exp(0.3 - 0.9))
    assert trust(np.array([1, 1.0]), np.array([0.2, 0.4])) == 1
    assert trust(np.array([1, 0.0]), np.array([np.nan, 0.4])) == 1


def test_quality_is_paid_by_trust_and_fades():
    made = credit.trust_weight(quality="q", alpha=0.5, decay=10.0)
    members = [member(k, rewards={"q": q}, version=5) for k, q in enumerate((0.2, 0.8))]
    fade = math.exp(-0.5)
    (got,) = made([group([1.0, 0.0], members)])
    paid = 1 + math.exp(0.2 - 0.8) * 0.5 * fade * 0.2  # the failed one is below the floor and gets nothing
    assert got == pytest.approx([paid / 2, -paid / 2])
    (plain,) = credit.trust_weight(quality="q", alpha=0.5, trusts=False, floor=0.0)([group([1.0, 0.0], members)])
    assert plain == pytest.approx([(1.1 - 0.4) / 2, -(1.1 - 0.4) / 2])
    assert made([group([1.0, 1.0], members)])[0] == pytest.approx([0, 0])  # saturated: no second opinion


def test_a_weight_of_the_sample_scales_credit_unless_it_is_divided_by_its_spread():
    hard = group([1.0, 0.0], meta={"weight": 1.5})
    assert credit.difficulty_weight()([hard])[0] == pytest.approx([0.75, -0.75])
    scaled = credit.difficulty_weight(of=credit.group_mean(by_std=True, eps=0))([hard])[0]
    assert scaled == pytest.approx(credit.group_mean(by_std=True, eps=0)([group([1.0, 0.0])])[0])


def test_a_label_pulls_until_the_policy_is_as_good():
    def with_label(own):
        members = [member(k) for k in range(len(own))] + [member(len(own), origin="label")]
        return group([*own, 1.0], members)

    assert credit.label_smoothing()([with_label([0.0, 0.0])])[0] == pytest.approx([-1 / 3, -1 / 3, 2 / 3])
    assert credit.label_smoothing()([with_label([1.0, 0.0])])[0] == pytest.approx([0.5, -0.5, 0.0])
    assert credit.label_smoothing(smooth=False)([with_label([1.0, 0.0])])[0] == pytest.approx([1 / 3, -2 / 3, 1 / 3])


def test_an_expert_is_heard_while_the_policy_fails():
    members = [member(0), member(1), member(2, origin="expert")]
    assert credit.expert_gate(least=1)([group([0.0, 0.0, 1.0], members)])[0] == [0, 0, 1]
    assert credit.expert_gate(least=1)([group([1.0, 0.0, 1.0], members)])[0] == [0.5, -0.5, 0]
    assert credit.expert_gate(least=9)([group([1.0, 0.0, 1.0], members)])[0] == [0.5, -0.5, 1]


def probed(reasoned, checked):
    members = [member(k) for k in range(len(reasoned))]
    members += [member(len(members) + k, origin="probe", rewards={"checklist": v}) for k, v in enumerate(checked)]
    return group([*reasoned, *[7.0] * len(checked)], members)


def test_nothing_is_reasoned_about_what_was_not_perceived():
    got = credit.gated_perception()([probed([1.0, 0.0], [0.0, 0.0])])[0]
    assert got == [None, None, 0, 0]
    assert credit.gated_perception(closed=-1.0)([probed([1.0, 0.0], [0.0, 0.0])])[0] == [0.25, -0.25, 0, 0]


@pytest.mark.parametrize(("checked", "weight"), [([0.5, 0.0], 0.5), ([1.0, 0.5], 0.75), ([1.0, 1.0], 1.0)])
def test_reasoning_counts_as_much_as_was_perceived(checked, weight):
    got = credit.gated_perception()([probed([1.0, 0.0], checked)])[0]
    middle = sum(checked) / 2
    assert got == pytest.approx([0.5 * weight, -0.5 * weight, checked[0] - middle, checked[1] - middle])


def seeing(value, entropy=None):
    streams = {"value": np.asarray(value, dtype=float)}
    if entropy is not None:
        streams["entropy"] = np.asarray(entropy, dtype=float)
    return streams


def test_dependence_picks_tokens_and_weighs_attempts():
    members = [member(0, size=5, probe=seeing([0, 5, 1, 4, 0])), member(1, size=5, probe=seeing([0, 0, 1, 0, 0]))]
    (got,) = credit.visual_dependence(keep=0.4, low=0.9)([group([1.0, 0.0], members)])
    assert got[0] == pytest.approx(0.5 * 1.1 * np.array([0, 1, 0, 1, 0]))
    assert got[1] == pytest.approx(-0.5 * 0.9 * np.array([1, 0, 1, 0, 0]))
    with pytest.raises(ValueError, match="no probe 'dependence'"):
        credit.visual_dependence()([group([1.0, 0.0], [member(0, size=2), member(1, size=2)])])


@given(st.lists(st.floats(0, 10), min_size=1, max_size=20))
def test_weights_average_one_and_keep_their_order(means):
    found = weights(np.array(means), 0.9, None)
    assert found.mean() == pytest.approx(1.0) and found.min() >= 0.9 - 1e-9
    order = np.argsort(means, kind="stable")
    assert (np.diff(found[order]) >= -1e-9).all()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.floats(0.05, 1))
def test_as_many_tokens_are_kept_as_was_said(depends, share):
    mask = kept(np.array(depends), share)
    assert mask.sum() == min(len(depends), math.ceil(share * len(depends) - 1e-9)) >= 1
    assert mask.sum() == len(depends) or min(np.array(depends)[mask == 1]) >= max(np.array(depends)[mask == 0])


def test_bonus_is_capped_and_only_for_some_groups():
    members = [member(0, size=2, probe=seeing([3, 1], [0.1, 9])), member(1, size=2, probe=seeing([0, 0], [0, 0]))]
    always = credit.uncertainty_bonus(share=(1.0, 1.0))([group([1.0, 0.0], members)])[0]
    assert always[0] == pytest.approx([0.5 + 0.25 + 0.04, 0.5 + 0.25 + 0.25])
    assert always[1] == pytest.approx([-0.5, -0.5])  # an unchanged picture earns nothing
    never = credit.uncertainty_bonus(share=(0.0, 0.0))([group([1.0, 0.0], members)])[0]
    assert never == [0.5, -0.5]
    late = [replace(each, version=200) for each in members]
    assert credit.uncertainty_bonus(share=(1.0, 0.0), updates=200)([group([1.0, 0.0], late)])[0] == [0.5, -0.5]


@given(st.floats(-5, 5), st.floats(0, 50))
def test_one_bonus_never_turns_bad_into_good(value, divergence):
    members = [member(0, size=1, probe=seeing([divergence]))]
    made = credit.uncertainty_bonus(of=lambda groups: [[value]], entropy=0.0, visual_cap=1.0, share=(1.0, 1.0))
    (got,) = made([group([0.0], members)])
    assert got[0] <= 0 if value < 0 else got[0] >= value
