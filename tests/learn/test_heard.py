"""What an update knew about each token stands beside the attempts, aligned with their sampled tokens."""

from dataclasses import replace

import numpy as np
import torch

import saccade as sc
from saccade.core.message import assistant, user
from saccade.core.record import read_trajectories
from saccade.core.sample import Sample
from saccade.core.signals import ViewSignals
from saccade.core.trajectory import Group, Step, Trajectory
from saccade.learn.heard import TOKENS, Heard, told
from saccade.learn.loop import train
from saccade.learn.rows import trajectory_rows
from saccade.learn.signals import known_of, signals_of
from saccade.viewer.signals import TOKENS as SHOWN
from saccade.viewer.signals import signals_of as shown_signals


def test_a_run_keeps_credit_and_the_learners_own_numbers(having, tmp_path):
    train(having(updates=1, explore=sc.Independent(n=2)), tmp_path / "run", progress=False, export=False)
    attempts = list(read_trajectories(tmp_path / "run" / "trajectories" / "update_000001.jsonl"))
    kept = [each.aux[TOKENS] for each in attempts if TOKENS in each.aux]
    assert kept, "no attempt was credited"
    assert SHOWN == TOKENS
    for each in attempts:
        if TOKENS in each.aux:
            said = each.aux[TOKENS]
            assert {len(values) for values in said.values()} == {each.num_sampled}
            sampled = np.concatenate([step.logp for step in each.steps if step.logp is not None])
            assert np.allclose(said["learner"], sampled, atol=1e-3)  # before the update, learner and sampler agree
            assert np.abs(shown_signals(each)["mismatch"]).max() < 1e-3
    assert (tmp_path / "run" / "tokenizer.json").is_file()


def step(parent, tokens, sampled):
    return Step(
        parent=parent,
        speaker="policy" if any(sampled) else "user",
        message=assistant("x") if any(sampled) else user("x"),
        tokens=np.arange(tokens, dtype=np.int32),
        sampled=np.array(sampled, bool),
        body=np.ones(tokens, bool),
        logp=np.full(sum(sampled), -1.0, np.float32) if any(sampled) else None,
    )


def test_branches_give_each_token_its_own_numbers_once():
    steps = (step(None, 3, [0, 0, 0]), step(0, 2, [1, 1]), step(1, 3, [1, 1, 1]), step(1, 1, [1]))
    made = Trajectory(sample=Sample(id="a", prompt=()), steps=steps)
    other = replace(made, steps=(step(None, 2, [0, 0]), step(0, 1, [1])))
    rows = trajectory_rows(made, np.arange(6, dtype=float)) + trajectory_rows(other, None)
    heard = Heard()
    for chosen in ([1], [2, 0]):
        part = [rows[index] for index in chosen]
        logp = torch.cat(
            [torch.full((row.num_trainable,), float(-10 - index)) for index, row in zip(chosen, part, strict=True)]
        )
        view = {"noise": ViewSignals(logp_T=logp - 1)}
        heard.take(chosen, part, signals_of(known_of(part), logp, view=view))
    (group,) = told([Group(sample=made.sample, trajectories=(made, other))], rows, heard)
    first, second = (each.aux[TOKENS] for each in group.trajectories)
    assert first["credit"] == [0, 1, 2, 3, 4, 5]
    assert first["learner"] == [-10, -10, -10, -10, -10, -11] and first["view/noise"][0] == -11
    assert second == {"learner": [-12], "view/noise": [-13]}  # no credit: nothing is said about it
