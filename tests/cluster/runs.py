"""Runs that one process and several train alike; ``python -m tests.cluster.runs FOLDER CHECKPOINT`` is what several run.

Every process does the same, in one start of `torchrun`, because starting costs more than training.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import saccade.core as sc
from saccade import objectives
from saccade.learn.loop import train
from tests.learn.conftest import rows, small_run

STEADY = sc.Optim(lr=1e-2, eps=1e-3, weight_decay=0.1)
"""A large epsilon: AdamW's first step is else the sign of a gradient, also of one that is nothing but rounding."""


def plain(checkpoint):
    """Everything learns; images are encoded with gradient, groups are cut over the ranks, decay would move what has none."""
    run = small_run(checkpoint, updates=2, save_every=1)
    held_out = sc.Benchmark(name="held_out", data=rows(8, 9, 11), metric="low_letters")
    return replace(
        run, evals=(held_out,), optim=STEADY,
        schedule=replace(run.schedule, eval_every=2, micro_tokens=600),
    )


def adapter(checkpoint):
    """An adapter beside a frozen tower, kept near the reference, which is the adapter switched off."""
    run = small_run(checkpoint, updates=2, save_every=1)
    objective = (objectives.clip(normaliser="tokens"), objectives.kl(coefficient=0.1))
    return replace(run, policy=replace(run.policy, lora=4, freeze=("vision",)), objective=objective,
                   optim=STEADY)


def reference(checkpoint):
    """A frozen copy of the weights as the reference, and more than one update from a batch."""
    run = small_run(checkpoint, updates=2, passes=2)
    return replace(run, objective=(objectives.clip(), objectives.kl(coefficient=0.1)), optim=STEADY)


def supervised(checkpoint):
    run = small_run(checkpoint, updates=2, prompts=3)
    return replace(run, mode="sft", objective=(objectives.sft(),), rewards=(), credit=None, optim=STEADY)


RUNS = {"plain": plain, "adapter": adapter, "reference": reference, "supervised": supervised}


def alike(folder: Path, checkpoint: str) -> None:
    """What must equal the same run in one process."""
    for name, make in RUNS.items():
        train(make(checkpoint), folder / name, progress=False)


def resumed(folder: Path, checkpoint: str) -> None:
    """Go on where a single process stopped after its first update."""
    for name in ("plain", "adapter"):
        train(RUNS[name](checkpoint), folder / f"{name}-from-one", resume=True, progress=False)


def smaller(folder: Path, checkpoint: str) -> None:
    """Less memory: layers run again in the backward pass, and bfloat16 beside float32."""
    train(plain(checkpoint), folder / "recompute", progress=False, export=False, recompute=True)
    train(plain(checkpoint), folder / "mixed", progress=False, mixed=True)


if __name__ == "__main__":
    for each in (alike, resumed, smaller):
        each(Path(sys.argv[1]), sys.argv[2])
