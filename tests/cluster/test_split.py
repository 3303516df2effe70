"""Work over ranks without processes: what one rank says, all hear, and hear alike."""

import json
from dataclasses import dataclass, field, replace
from threading import Barrier, Thread

import numpy as np
import pytest
import torch

import saccade.core as sc
from saccade.core.trajectory import Group, Score, Step, Trajectory
from saccade.learn.heard import Heard
from saccade.learn.ranks import ALONE, Ranks
from saccade.learn.split import gathered_streams, part_of, together
from saccade.learn.update import Means


@dataclass
class Hall:
    """Where the threads of a test meet."""

    size: int
    said: dict = field(default_factory=dict)

    def __post_init__(self):
        self.door = Barrier(self.size, timeout=20)


class ThreadRanks(Ranks):
    """Ranks that are threads of one process."""

    def __init__(self, hall, rank):
        object.__setattr__(self, "rank", rank)
        object.__setattr__(self, "size", hall.size)
        object.__setattr__(self, "sharded", False)
        self.__dict__["hall"] = hall

    def gather(self, mine):
        hall = self.__dict__["hall"]
        hall.said[self.rank] = mine
        hall.door.wait()
        found = [hall.said[rank] for rank in range(hall.size)]
        hall.door.wait()
        return found


def on_all(size, work):
    """What `work(ranks)` returns on every rank."""
    hall, out = Hall(size), {}

    def run(rank):
        out[rank] = work(ThreadRanks(hall, rank))

    threads = [Thread(target=run, args=(rank,)) for rank in range(size)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return [out[rank] for rank in range(size)]


def attempt(sample, number):
    step = Step(
        parent=None, speaker="policy", message=sc.assistant(f"{sample.id} \ud83d says {number}"),
        tokens=np.arange(4, dtype=np.int32), sampled=np.array([False, True, True, True]),
        body=np.array([False, True, True, False]), logp=np.array([-0.1, -1 / 3, -np.pi], np.float32), version=3,
    )
    return Trajectory(
        sample=sample, attempt=number, steps=(step,), rewards={"r": Score(value=1 / 3), "no": Score(value=None, note="why")},
        aux={"probe/p": {"weight": np.array([0.5, np.nan, 1.0], np.float32)}}, version=3,
    )


def explored(samples):
    return [
        Group(sample=each, trajectories=tuple(attempt(each, k) for k in range(2)), total=np.array([1 / 3, np.nan]))
        for each in samples
    ]


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("count", [1, 2, 5])
def test_groups_come_back_in_order_and_unchanged(size, count):
    samples = [sc.Sample(id=f"s{k}", prompt=(sc.user("?"),), target=("kept", k)) for k in range(count)]
    made = {}

    def work(ranks):
        mine = part_of(ranks, samples)
        made[ranks.rank] = [each.id for each in mine]
        return together(ranks, samples, explored(mine))

    found = on_all(size, work)
    assert made == {rank: [f"s{k}" for k in range(rank, count, size)] for rank in range(size)}
    for groups in found:
        assert [group.sample for group in groups] == samples
        for group, alone in zip(groups, explored(samples), strict=True):
            np.testing.assert_array_equal(group.total, alone.total)
            for one, other in zip(group.trajectories, alone.trajectories, strict=True):
                assert one.sample is group.sample and one.sample.target[0] == "kept"
                assert one.rewards == other.rewards and one.version == 3 and one.answer == other.answer
                np.testing.assert_array_equal(one.steps[0].tokens, other.steps[0].tokens)
                assert one.steps[0].sampled.dtype == bool and (one.steps[0].sampled == other.steps[0].sampled).all()
                assert one.steps[0].logp.tobytes() == other.steps[0].logp.tobytes()
                np.testing.assert_array_equal(one.aux["probe/p"]["weight"], other.aux["probe/p"]["weight"])


def test_one_process_keeps_its_own_objects():
    samples = [sc.Sample(id="s", prompt=(sc.user("?"),))]
    made = explored(samples)
    assert together(ALONE, samples, made) == made and part_of(ALONE, samples) == samples


def test_streams_of_rows_meet():
    def work(ranks):
        mine = {index: {"logp": np.full(index, index / 3, np.float32)} for index in range(ranks.rank, 5, 2)}
        return gathered_streams(ranks, mine, 6)

    for found in on_all(2, work):
        assert [each.get("logp", np.zeros(0)).tolist() for each in found[:5]] == [
            np.full(index, index / 3, np.float32).tolist() for index in range(5)
        ]
        assert found[5] == {}


def test_means_over_ranks_are_those_of_one_process():
    values = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0], dtype=torch.float64)
    member = torch.tensor([True, True, False, True, True])
    flags, row_T = values > 1.5, torch.tensor([0, 0, 0, 1, 1])

    def count(means, chosen):
        means.add("mismatch", values[chosen], member[chosen])
        means.add("loss/x", values[chosen].sum(), None)
        means.shares("clip", flags[chosen], member[chosen], row_T[chosen])

    alone = Means()
    count(alone, torch.arange(0, 3))
    count(alone, torch.arange(3, 5))

    def work(ranks):
        means = Means()
        if ranks.rank < 2:  # the third has no rows
            count(means, torch.arange(0, 3) if ranks.rank == 0 else torch.arange(3, 5))
        means.join(ranks)
        return means.read()

    for found in on_all(3, work):
        assert found == alone.read()
    assert alone.read() == {"loss/x": 15.0, "mismatch": 3.0, "clip/min": 0.5, "clip/max": 1.0, "mismatch/max": 5.0}


def test_what_was_heard_is_known_to_all():
    def work(ranks):
        heard = Heard(by_row={ranks.rank: {"learner": np.array([ranks.rank + 0.5], np.float32)}})
        heard.join(ranks, 2)
        return {index: found["learner"].tolist() for index, found in heard.by_row.items()}

    assert on_all(2, work) == [{0: [0.5], 1: [1.5]}] * 2


def test_decisions_are_those_of_the_first():
    assert on_all(3, lambda ranks: ranks.told("stop" if ranks.first else "")) == ["stop"] * 3
    assert ALONE.told({"a": 1}) == {"a": 1}
    assert json.loads(json.dumps(replace(ALONE).told([1.5]))) == [1.5]


def test_only_a_launcher_makes_ranks(monkeypatch):
    from saccade.learn import ranks

    for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RANK", "0")
    assert ranks.joined.__wrapped__() == ALONE


def test_mixed_precision_without_a_launcher_is_refused(run):
    from saccade.learn.learner import Learner
    from saccade.media import open_store
    from saccade.models.policy import load_policy

    with pytest.raises(ValueError, match="torchrun --nproc-per-node 1"):
        Learner(load_policy(run.policy), open_store(), run.optim, mixed=True)
