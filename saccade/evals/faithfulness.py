"""Does a policy answer from what it looked at? One evaluation, taken apart by interventions, for any method.

First the items as they are; then the same attempts with their crops blanked, swapped for those of another item, with the
words around them deleted or exchanged, from the crops alone, and once without the tool. Answers that stay the same
whatever the crops show were not read from them, however well the boxes look (compare SCCM, October 2025, ViRL, November
2025). Forced modes then make whole new attempts, in which the tool shows something else from the first call on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from saccade import episodes, rewards
from saccade.core.record import finite, read_trajectories
from saccade.core.run import Benchmark, Run
from saccade.core.sample import Rows, Sample, Source
from saccade.core.store import MediaStore
from saccade.core.trajectory import Trajectory
from saccade.evals.player import Player, open_player
from saccade.evals.run import completed, evaluate
from saccade.evals.stats import Estimate, paired_difference, proportion
from saccade.media import open_store
from saccade.rewards._correct import correctness
from saccade.rollout.interventions import Intervention, blank_crop, intervene, oracle_box, random_box, swapped_crop
from saccade.rollout.traces import CHANGES, asked_again, seen
from saccade.text.equal import plain

METRICS = (
    rewards.faithful(kind="seen", name="seen"), rewards.faithful(kind="illusion", name="illusion"),
    rewards.faithful(kind="unlooked", name="unlooked"), rewards.look_share(label="correct", name="correct_looks"),
    rewards.look_share(label="redundant", name="redundant_looks"),
    rewards.look_share(label="erroneous", name="erroneous_looks"), rewards.evidence_found(name="evidence_found"),
)
"""What is read off the attempts themselves, where samples know their evidence; means over the items it applies to."""


MODES: Mapping[str, Callable[[Source], Intervention]] = {
    "random_box": lambda data: random_box, "blank_crop": lambda data: blank_crop, "oracle_box": lambda data: oracle_box,
    "swapped": swapped_crop,
}
"""Forced modes by name, each made for the items; beside them ``no_tool``, which is always measured."""

SAID = ("blank", "swapped", "silent", "misquoted")
"""Interventions on finished attempts of which flips and drops are told."""


def faithfulness(
    policy: Any, benchmark: Benchmark, folder: str | Path, *, limit: int = 0, seed: int = 0, progress: bool = True,
    store: MediaStore | None = None, modes: Sequence[str] = (), resume: bool = True,
) -> dict[str, Any]:
    """Evaluate, intervene, evaluate again; figures, also in ``faithfulness.json`` of the folder.

    accuracy, n, looked:       of the items as they are; share with a picture from a tool
    seen, illusion, unlooked:  right answers by their reason, they add up to accuracy where evidence is known
    correct_looks, redundant_looks, erroneous_looks: shares of looks (precision is the first); evidence_found: recall
    sufficiency:               accuracy from the question and the crops alone, over items with crops
    flips:                     by intervention, share of answers that change (against the same conversation unchanged)
    drop:                      by intervention, accuracy lost by it
    without_tool, necessity:   accuracy when no tool is offered; share of right answers with a look that are wrong without
    modes:                     by forced mode (of `MODES`, those asked for), accuracy and its change, on the items it
                               applies to: ``oracle_box`` needs evidence
    ci95:                      95 % interval of every figure above by name (``flips/blank``), clustered nowhere

    policy, benchmark: as `evaluate` takes them. resume: keep what is there; False begins again. A figure without items is
    None. Raises ValueError where `evaluate` does, and for an unknown mode.
    """
    unknown = sorted(set(modes) - {*MODES, "no_tool"})
    if unknown:
        raise ValueError(f"there is no forced mode {unknown[0]!r}; there are no_tool, {', '.join(MODES)}")
    folder = Path(folder)
    store = store or open_store(folder / "media")
    whole = completed(benchmark, policy if isinstance(policy, Run) else None, None)
    whole = replace(whole, name="as_is", rewards=METRICS)
    player = open_player(policy, store)
    same = {"limit": limit, "seed": seed, "progress": progress, "store": store, "resume": resume}
    report = evaluate(player, whole, folder, **same)
    first = kept(folder / "as_is")
    attempts = list(first.values())
    changed = {
        name: again(player, whole, folder, name, altered(attempts, name, store), {**same, "limit": 0}) for name in CHANGES
    }
    free = again(player, replace(whole, tools=(), episode=episodes.single()), folder, "without_tool",
                 [each.sample for each in attempts], {**same, "limit": 0})
    base, found = changed["unchanged"], report.results[0]
    figures: dict[str, Estimate | None] = {
        "accuracy": found.accuracy, "looked": share([float(bool(seen(each))) for each in attempts]),
        **{each.name: found.scores.get(each.name) for each in METRICS},
        "sufficiency": share([right(each) for each in changed["looks_alone"].values()]),
        **{f"flips/{name}": flips(changed[name], base) for name in SAID},
        **{f"drop/{name}": gained(base, over=changed[name]) for name in SAID},
        "without_tool": share([right(each) for each in free.values()]),
        "necessity": share([1.0 - right(free[key]) for key, made in first.items()
                            if key in free and seen(made) and right(made)]),
    }
    for name in modes:
        made = free if name == "no_tool" else forced(player, whole, folder, name, attempts, {**same, "limit": 0})
        figures[f"modes/{name}/accuracy"] = share([right(each) for each in made.values()])
        figures[f"modes/{name}/change"] = gained(made, over=first)
    out = {**nested({name: None if each is None else each.value for name, each in figures.items()}), "n": found.accuracy.n,
           "ci95": {name: [each.low, each.high] for name, each in figures.items() if each is not None}}
    (folder / "faithfulness.json").write_text(json.dumps(finite(out), indent=1) + "\n", encoding="utf-8")
    return out


def forced(
    player: Player, benchmark: Benchmark, folder: Path, name: str, attempts: Sequence[Trajectory], settings: dict[str, Any]
) -> dict[str, Trajectory]:
    """New attempts at the items with the tools under a mode; none without tools."""
    samples = [each.sample for each in attempts if name != "oracle_box" or each.sample.meta.get("evidence")]
    if not samples or not benchmark.tools:
        return {}
    asked = replace(benchmark, name=f"forced_{name}", data=Rows(rows=samples), rewards=(), metric="lenient",
                    tools=intervene(benchmark.tools, MODES[name](benchmark.data)))
    evaluate(player, asked, folder, **settings)
    return kept(folder / asked.name)


def share(values: Sequence[float]) -> Estimate | None:
    return proportion(values) if values else None


def gained(by: Mapping[str, Trajectory], *, over: Mapping[str, Trajectory]) -> Estimate | None:
    """How much more accurate some attempts are than others, on the items of both."""
    keys = [key for key in by if key in over]
    return paired_difference([right(over[key]) for key in keys], [right(by[key]) for key in keys]) if keys else None


def flips(changed: Mapping[str, Trajectory], base: Mapping[str, Trajectory]) -> Estimate | None:
    """The share of answers that change."""
    return share([float(said(each) != said(base[key])) for key, each in changed.items() if key in base])


def nested(figures: Mapping[str, float | None]) -> dict[str, Any]:
    """``{"flips/blank": 1.0}`` as ``{"flips": {"blank": 1.0}}``."""
    out: dict[str, Any] = {}
    for name, value in figures.items():
        *above, last = name.split("/")
        place = out
        for each in above:
            place = place.setdefault(each, {})
        place[last] = value
    return out


def altered(attempts: Sequence[Trajectory], name: str, store: MediaStore) -> list[Sample]:
    """Samples to ask again; the other attempt is the next one that saw something."""
    looked = [each for each in attempts if seen(each)]
    out: list[Sample] = []
    for place, each in enumerate(looked):
        talk = CHANGES[name](each, looked[(place + 1) % len(looked)], store)
        if talk is not None:
            out.append(asked_again(each, talk))
    return out


def again(
    player: Player, benchmark: Benchmark, folder: Path, name: str, samples: list[Sample], settings: dict[str, Any]
) -> dict[str, Trajectory]:
    """Ask these samples once, tools declared and not carried out; attempts by sample."""
    if not samples:
        return {}
    asked = replace(benchmark, name=name, data=Rows(rows=samples), rewards=(), metric="lenient",
                    episode=episodes.single(tools=bool(benchmark.tools) and name not in ("looks_alone", "without_tool")))
    evaluate(player, asked, folder, **settings)
    return kept(folder / name)


def kept(folder: Path) -> dict[str, Trajectory]:
    """Attempts that did not fail on our side, by sample, in the order of their names."""
    made = sorted(read_trajectories(folder / "trajectories.jsonl"), key=lambda each: each.sample.id)
    return {each.sample.id: each for each in made if not each.stop.failed}


def right(trajectory: Trajectory) -> float:
    return correctness(trajectory).value or 0.0


def said(trajectory: Trajectory) -> str:
    return plain(correctness(trajectory).extracted or trajectory.answer)
