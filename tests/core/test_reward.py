"""Rewards: normalisation, group rewards, weights, failures that stay where they happen."""

import math

import numpy as np
import pytest

from saccade.core import (
    Group,
    Sample,
    Score,
    Stop,
    Trajectory,
    as_reward,
    assistant,
    evaluate,
    for_group,
    reward,
    weigh,
)
from saccade.core.trajectory import Step


def attempt(text: str, stop: Stop = Stop.DONE) -> Trajectory:
    step = Step(parent=None, speaker="policy", message=assistant(text))
    return Trajectory(sample=Sample(id="s", prompt=(), target="7"), steps=(step,), stop=stop)


def group(*texts: str) -> Group:
    return Group(sample=Sample(id="s", prompt=(), target="7"), trajectories=tuple(attempt(text) for text in texts))


def right(t: Trajectory) -> float:
    return float(t.answer == t.sample.target)


def test_total_is_the_weighted_sum_of_what_applies() -> None:
    only_long = lambda t: None if len(t.answer) < 2 else 1.0  # noqa: E731
    done = evaluate(group("7", "77"), [weigh(right, 2.0), weigh(as_reward(only_long), 0.5)])
    assert done.totals().tolist() == [2.0, 0.5]
    assert done.trajectories[0].rewards["<lambda>"].value is None


def test_a_failed_attempt_has_no_total_and_leaves_the_statistics() -> None:
    crashed = attempt("7", Stop.ERROR)
    done = evaluate(
        Group(sample=crashed.sample, trajectories=(attempt("7"), crashed, attempt("8"))), [as_reward(right)]
    )
    assert done.members == (0, 2)
    assert math.isnan(done.total[1])  # type: ignore[index]
    assert done.totals().tolist() == [1.0, 0.0]
    assert done.trajectories[1].rewards == {}


def test_group_rewards_run_last_and_see_the_others() -> None:
    @for_group
    def rank(g: Group) -> list[float]:
        return [t.rewards["right"].value or 0.0 for t in g.trajectories]

    done = evaluate(group("7", "8"), [as_reward(rank), as_reward(right)])
    assert done.totals().tolist() == [2.0, 0.0]


def test_a_group_reward_of_the_wrong_length_is_named() -> None:
    short = for_group(lambda g: [1.0])
    with pytest.raises(ValueError, match="1 values for 2 attempts at s"):
        evaluate(group("7", "8"), [as_reward(short)])


def test_a_reward_that_raises_costs_its_own_score_only() -> None:
    def fragile(t: Trajectory) -> float:
        return 1 / (len(t.answer) - 1)

    done = evaluate(group("7", "77"), [as_reward(fragile)])
    assert done.trajectories[0].rewards["fragile"] == Score(
        value=None, note="ZeroDivisionError: division by zero (sample s)"
    )
    assert done.totals().tolist() == [0.0, 1.0]


def test_dicts_and_bools_become_named_scores() -> None:
    done = evaluate(group("7"), [as_reward(lambda t: {"a": True, "b": 0.5})])
    assert {name: score.value for name, score in done.trajectories[0].rewards.items()} == {
        "<lambda>/a": 1.0,
        "<lambda>/b": 0.5,
    }
    assert done.totals().tolist() == [1.5]


def test_a_factory_gives_its_name_and_takes_a_weight_and_a_ramp() -> None:
    @reward
    def bonus(*, size: float = 1.0):
        """A bonus."""
        return lambda t: size

    half = bonus(size=2.0, weight=lambda progress: progress)
    assert half.name == "bonus"
    assert evaluate(group("x"), [half], progress=0.25).totals().tolist() == [0.5]
    assert bonus(name="other").name == "other"


def test_totals_before_rewards_is_an_error() -> None:
    with pytest.raises(ValueError, match="not computed"):
        group("7").totals()


def test_total_may_be_replaced() -> None:
    best = evaluate(group("7", "8"), [as_reward(right)], total=lambda g, rewards, progress: np.ones(2))
    assert best.totals().tolist() == [1.0, 1.0]
