"""Miniatures on a tabular policy: small simulators in words, where a claim is about rewards, credit or selection.

A question is one text, an answer a few words of a fixed vocabulary; what is hard about it (a long exact answer, a scorer
that can be flattered, a choice of how to look) is written into the simulator. Everything between sample and update is the
code of every other run; seconds an arm. Where nothing would ever be right by chance, imitation comes first, the same for
every arm: it teaches form, and no more of what is right than the recipe says.

No answer is the word ``a``: answers are compared leniently, and an article before a right answer is forgiven.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import saccade as sc
from saccade import objectives

ON_A_TABLE = "miniature: a tabular policy on a simulator in words; nothing is seen"


def question(number: int, text: str, target: Any, **meta: Any) -> sc.Sample:
    return sc.Sample(
        id=f"simulated-{number}",
        prompt=(sc.user(text),),
        target=target,
        meta={"answer_type": "exact", "number": number, **meta},
    )


def simulated(
    run: sc.Run,
    words: str,
    items: Sequence[sc.Sample] | sc.Source,
    *,
    seed: int,
    updates: int,
    length: int,
    lr: float = 0.2,
    n: int = 8,
    metric: str = "",
    judged_by: Sequence[sc.Reward] | None = None,
    test: Sequence[sc.Sample] | sc.Source | None = None,
    **changes: Any,
) -> sc.Run:
    """The run with a tabular policy that knows these words, on these questions, judged on them (or on `test`) greedily.

    length: most words of an answer, its end included; judged_by: rewards of the evaluation where they are not the run's
    """
    without = tuple(each for each in run.objective if each.term.name != "kl")
    held = sc.Benchmark(
        name="simulated",
        data=as_source(items if test is None else test),
        metric=metric,
        rewards=None if judged_by is None else tuple(judged_by),
    )
    policy = sc.policy(f"tabular:{words}", freeze=(), sampling=sc.Sampling(temperature=1.0, max_tokens=length))
    explore = replace(run.explore, n=n)
    return replace(
        run,
        data=as_source(items),
        policy=policy,
        evals=(held,),
        seed=seed,
        objective=without,
        explore=explore,
        limits=sc.Limits(steps=4, tokens=512, sampled=8 * length),
        optim=sc.Optim(lr=lr, clip=0.0),
        schedule=sc.Schedule(updates=updates, prompts=min(16, len(items))),
        **changes,
    )


def as_source(items: Sequence[sc.Sample] | sc.Source) -> sc.Source:
    return sc.Rows(rows=list(items)) if isinstance(items, (list, tuple)) else items  # type: ignore[return-value]


def imitating(
    run: sc.Run,
    write: Callable[[sc.Sample], str],
    *,
    updates: int,
    lr: float = 0.2,
    data: Sequence[sc.Sample] | None = None,
) -> sc.Stage:
    """A stage that teaches answers; the questions are the run's own or others. Turns of an assistant in them are taught
    too."""
    rows = [replace(each, target=write(each)) for each in (data or run.data.rows)]  # type: ignore[attr-defined]
    return sc.Stage(
        name="imitate",
        run=replace(
            run,
            name=f"{run.name}-imitate",
            mode="sft",
            data=sc.Rows(rows=rows),
            credit=None,
            rewards=(),
            follow_ups=(),
            experts=(),
            select=None,
            objective=(objectives.sft(normaliser="rows"),),
            optim=sc.Optim(lr=lr, clip=0.0),
            schedule=replace(run.schedule, updates=updates, prompts=min(16, len(rows))),
        ),
    )


def then(*made: sc.Stage | sc.Run) -> tuple[sc.Stage, ...]:
    return tuple(
        each if isinstance(each, sc.Stage) else sc.Stage(name=f"learn-{place}", run=each)
        for place, each in enumerate(made)
    )


@sc.episode
async def looking(sample: sc.Sample, context: object):
    """A thought, then what it shows."""
    thought = yield sc.show(sample.prompt)
    yield sc.show(shown(sample, thought.text))


def shown(sample: sc.Sample, thought: str) -> str:
    """The place of the answer for a look, nothing for anything else."""
    return f"it is number {sample.meta['place']}" if thought.startswith("look") else "nothing to see"


def chain(sample: sc.Sample, thought: str, answer: object = None, *, number: int = 0) -> sc.Sample:
    """A lesson of an episode of `looking`: this thought, what it shows, then an answer (by default the right one)."""
    prompt = (*sample.prompt, sc.assistant(thought), sc.user(shown(sample, thought)))
    return replace(
        sample, id=f"{sample.id}/{thought}/{number}", prompt=prompt, target=sample.target if answer is None else answer
    )
