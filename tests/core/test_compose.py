"""Gates, dispatch and group transforms: what they pay, and that nothing is lost on the way to the total."""

import math

import numpy as np
import pytest

from saccade.core import (
    Group,
    Score,
    Stop,
    as_reward,
    by_type,
    composed,
    evaluate,
    for_group,
    only_if,
    weigh,
    weighted_sum,
)
from saccade.core.compose import raw
from saccade.core.ramp import after, cosine, exponential, linear, sigmoid
from saccade.core.run import describe
from saccade.testing.scripted import scripted


def formed(trajectory):
    return float(trajectory.answer.startswith("<answer>"))


def right(trajectory):
    return float(str(trajectory.sample.target) in trajectory.answer)


def absent(trajectory):
    return None


def group(*replies, **meta):
    made = tuple(scripted(reply, "7", **meta) for reply in replies)
    return Group(sample=made[0].sample, trajectories=made)


def test_a_closed_gate_pays_nothing_and_an_open_one_the_reward():
    gated = only_if(weigh(right, 2.0), formed)
    done = evaluate(group("<answer>7</answer>", "7", "<answer>8</answer>"), [gated])
    assert done.total.tolist() == [2.0, 0.0, 0.0]
    assert "formed is 0.0" in done.trajectories[1].rewards["right"].note
    assert evaluate(group("7"), [only_if(right, formed, otherwise=-1.0)]).total.tolist() == [-1.0]
    assert evaluate(group("7"), [only_if(right, absent)]).total.tolist() == [0.0]


def test_dispatch_follows_the_sample_and_weighs_its_parts():
    chosen = by_type({"number": weigh(right, 3.0), "box": formed}, otherwise=absent, weight=0.5)
    assert evaluate(group("7", answer_type="number"), [chosen]).total.tolist() == [1.5]
    assert evaluate(group("<answer>7", answer_type="box"), [chosen]).total.tolist() == [0.5]
    assert evaluate(group("7"), [chosen]).trajectories[0].rewards["by_type"].value is None
    lost = evaluate(group("7", answer_type="poem"), [by_type({"number": right})])
    assert "answer_type 'poem'; there are rewards for number" in lost.trajectories[0].rewards["by_type"].note


def test_group_rewards_and_ramps_cannot_hide_inside():
    @for_group
    def whole(group):
        return [0.0] * len(group.trajectories)

    with pytest.raises(ValueError, match="whole group"):
        only_if(whole, formed)
    with pytest.raises(ValueError, match="changes over the run"):
        by_type({"number": weigh(right, linear(0, 1))})
    with pytest.raises(ValueError, match="no rewards"):
        by_type({})


def test_transforms_see_weighted_terms_and_the_sum_without_any_is_the_weighted_sum():
    rewards = [weigh(right, linear(1.0, 3.0)), weigh(formed, 0.5), as_reward(absent)]
    failed = scripted("7", "7", stop=Stop.ERROR)
    attempts = (*group("<answer>7</answer>", "7", "8").trajectories, failed)
    attempts = Group(sample=attempts[0].sample, trajectories=attempts)
    done = evaluate(attempts, rewards, progress=0.5)
    assert np.array_equal(composed()(done, rewards, 0.5), weighted_sum(done, rewards, 0.5), equal_nan=True)
    assert done.total[:3].tolist() == [2.5, 2.0, 0.0] and math.isnan(done.total[3])

    def halve_form_where_all_are_right(group, terms, progress):
        assert np.isnan(terms["absent"]).all() and np.isnan(terms["right"][3])
        scale = 0.5 if np.nanmean(raw(group, "right")) > 0.6 else 1.0
        return {**terms, "formed": terms["formed"] * scale}

    total = evaluate(attempts, rewards, progress=0.5, total=composed(halve_form_where_all_are_right)).total
    assert total[:3].tolist() == [2.25, 2.0, 0.0]


def test_several_scores_of_one_reward_are_one_term():
    def parts(trajectory):
        return {"a": 1.0, "b": 0.25}

    assert evaluate(group("7"), [weigh(parts, 2.0)]).total.tolist() == [2.5]
    assert evaluate(group("7"), [only_if(parts, lambda trajectory: Score(value=1.0))]).total.tolist() == [1.25]


def test_ramps_meet_their_ends():
    assert [linear(0.5, 0.0)(p) for p in (0, 0.5, 1)] == [0.5, 0.25, 0.0]
    assert linear(1, 0, until=0.5)(0.75) == 0.0
    assert cosine(0.04)(0) == pytest.approx(0.04) and cosine(0.04)(1) == pytest.approx(0, abs=1e-12)
    assert cosine(0.04)(0.5) == pytest.approx(0.02)
    assert exponential(0.3)(1) == pytest.approx(0.3 / math.e)
    assert sigmoid(500)(0.5) == pytest.approx(250)
    assert [after(0.8, 0.05)(p) for p in (0.79, 0.8)] == [0.0, 0.05]
    assert describe(cosine(0.04)) == {"type": "Cosine", "start": 0.04, "end": 0.0}
    with pytest.raises(ValueError, match="until"):
        linear(0, 1, until=0)
