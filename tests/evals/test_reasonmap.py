"""ReasonMap without any model: the oracle gets everything, every damage costs, guesses get next to nothing."""

import random

import pytest

from saccade import rewards
from saccade.core.record import write_lines
from saccade.core.trajectory import Trajectory
from saccade.evals.benchmarks import named
from saccade.evals.benchmarks.reasonmap import by_difficulty, reasonmap, weight_of
from saccade.evals.report import Item
from saccade.testing.scripted import scripted
from saccade.text.routes import route


def said(sample, text) -> Trajectory:
    from dataclasses import replace

    return replace(scripted(f"<answer>{text}</answer>", sample.target), sample=sample)


def scores(benchmark, sample, text):
    return {each.name: each.function(said(sample, text)).value for each in benchmark.rewards}


@pytest.mark.parametrize("long", [False, True])
def test_the_oracle_gets_everything_and_damage_costs(long):
    benchmark = reasonmap(size=12, level="medium", long=long)
    rng = random.Random(0)
    for index in range(12):
        sample = benchmark.data[index]
        whole = scores(benchmark, sample, sample.target)
        assert whole["route_accuracy"] == 1.0 and whole["map_share"] == pytest.approx(1.0)
        rides = str(sample.target).split("; ")
        lines = list(sample.meta["lines"])
        shortened = "; ".join(rides[:-1]) if len(rides) > 1 else ""
        first, _, rest = rides[0].partition(":")
        swapped = "; ".join([f"{next(line for line in lines if line != first)}:{rest}", *rides[1:]])
        for damaged in (shortened, swapped):
            got = scores(benchmark, sample, damaged)
            assert got["map_share"] < 1.0 and got["map_score"] < whole["map_score"], damaged
        letters = sorted({stop for stops in sample.meta["lines"].values() for stop in stops})
        guesses = [f"{rng.choice(lines)}: {rng.choice(letters)} - {rng.choice(letters)}" for _ in range(40)]
        assert sum(scores(benchmark, sample, guess)["route_accuracy"] for guess in guesses) <= 4


def test_another_route_that_can_be_ridden_is_right_and_worth_less():
    benchmark = reasonmap(size=40, level="medium")
    for index in range(40):
        sample = benchmark.data[index]
        (one, *more) = route(str(sample.target))
        stops = sample.meta["lines"][one.line]
        if more or len(stops) < 3:
            continue
        middle = next(stop for stop in stops if stop not in (one.start, one.end))
        detour = f"{one.line}: {one.start} - {middle}; {one.line}: {middle} - {one.end}"
        got = scores(benchmark, sample, detour)
        assert got["route_accuracy"] == 1.0 and 0.5 < got["map_share"] < 1.0
        return
    raise AssertionError("no direct trip among 40")


def test_long_questions_ask_for_the_stops_between():
    benchmark = named("reasonmap?long=true&level=medium&size=6")
    assert benchmark.name == "reasonmap-long-medium" and benchmark.metric == "route_accuracy"
    for index in range(6):
        sample = benchmark.data[index]
        assert "brackets" in sample.prompt[-1].text and sample.prompt[-1].images
        assert all(each.via is not None for each in route(sample.target))


def test_weights_by_difficulty(tmp_path):
    benchmark = reasonmap(size=8, level="medium")
    samples = [benchmark.data[index] for index in range(8)]
    assert {weight_of(sample) for sample in samples} <= {1.2, 1.7}
    items = [Item(benchmark=benchmark.name, id=sample.id, target=sample.target, answers=("",), stops=("done",),
                  cluster=sample.id,
                  scores={"route_accuracy": (float(sample.meta["difficulty"]["change"]),), "map_score": (2.0,)})
             for sample in samples]
    write_lines(tmp_path / "items.jsonl", items)
    found = by_difficulty(tmp_path, benchmark)
    hard = sum(weight_of(sample) for sample in samples if sample.meta["difficulty"]["change"])
    assert found["weighted/route_accuracy"] == pytest.approx(hard / sum(map(weight_of, samples)))
    assert found["weighted/map_score"] == pytest.approx(2.0)
    with pytest.raises(ValueError, match="holds no items"):
        by_difficulty(tmp_path, reasonmap(size=1, level="easy"))


def test_the_rewards_of_the_benchmark_are_those_of_the_methods():
    sample = reasonmap(size=1, level="easy").data[0]
    assert rewards.route_detail().function(said(sample, sample.target)).value > 0
