"""Does a policy answer from what it looked at? One evaluation, taken apart by interventions, for any method.

First the items as they are; then the same attempts with their crops blanked, swapped for those of another item, with the
words around them deleted or exchanged, from the crops alone, and once without the tool. Answers that stay the same
whatever the crops show were not read from them, however well the boxes look (compare SCCM, October 2025, ViRL, November
2025).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from saccade import episodes, rewards
from saccade.core.record import finite, read_trajectories
from saccade.core.run import Benchmark, Run
from saccade.core.sample import Rows, Sample
from saccade.core.store import MediaStore
from saccade.core.trajectory import Trajectory
from saccade.evals.player import Player, open_player
from saccade.evals.run import completed, evaluate
from saccade.media import open_store
from saccade.rewards._correct import correctness
from saccade.rollout.traces import CHANGES, asked_again, seen
from saccade.text.equal import plain

METRICS = (
    rewards.faithful(kind="seen", name="seen"), rewards.faithful(kind="illusion", name="illusion"),
    rewards.faithful(kind="unlooked", name="unlooked"), rewards.look_share(label="correct", name="correct_looks"),
    rewards.look_share(label="redundant", name="redundant_looks"),
    rewards.look_share(label="erroneous", name="erroneous_looks"), rewards.evidence_found(name="evidence_found"),
)
"""What is read off the attempts themselves, where samples know their evidence; means over the items it applies to."""


def faithfulness(
    policy: Any, benchmark: Benchmark, folder: str | Path, *, limit: int = 0, seed: int = 0, progress: bool = True,
    store: MediaStore | None = None,
) -> dict[str, Any]:
    """Evaluate, intervene, evaluate again; figures, also in ``faithfulness.json`` of the folder.

    accuracy, n, looked:       of the items as they are; share with a picture from a tool
    seen, illusion, unlooked:  right answers by their reason, they add up to accuracy where evidence is known
    correct_looks, redundant_looks, erroneous_looks: shares of looks (precision is the first); evidence_found: recall
    sufficiency:               accuracy from the question and the crops alone, over items with crops
    flips:                     by intervention, share of answers that change (against the same conversation unchanged)
    drop:                      by intervention, accuracy lost by it
    without_tool, necessity:   accuracy when no tool is offered; share of right answers with a look that are wrong without

    policy, benchmark: as `evaluate` takes them. A figure without items is None. Raises ValueError where `evaluate` does.
    """
    folder = Path(folder)
    store = store or open_store(folder / "media")
    whole = completed(benchmark, policy if isinstance(policy, Run) else None, None)
    whole = replace(whole, name="as_is", rewards=METRICS)
    player = open_player(policy, store)
    same = {"limit": limit, "seed": seed, "progress": progress, "store": store}
    report = evaluate(player, whole, folder, **same)
    made = read_trajectories(folder / "as_is" / "trajectories.jsonl")
    first = {each.sample.id: each for each in sorted(made, key=lambda each: each.sample.id) if not each.stop.failed}
    attempts = list(first.values())
    changed = {
        name: again(player, whole, folder, name, altered(attempts, name, store), {**same, "limit": 0}) for name in CHANGES
    }
    free = again(player, replace(whole, tools=(), episode=episodes.single()), folder, "without_tool",
                 [each.sample for each in attempts], {**same, "limit": 0})
    base = changed["unchanged"]
    found = report.results[0]
    out = {
        "accuracy": found.accuracy.value, "n": found.accuracy.n,
        "looked": mean([bool(seen(each)) for each in attempts]),
        **{each.name: found.scores[each.name].value if each.name in found.scores else None for each in METRICS},
        "sufficiency": mean([right(each) for each in changed["looks_alone"].values()]),
        "flips": {name: mean([said(made) != said(base[key]) for key, made in changed[name].items() if key in base])
                  for name in ("blank", "swapped", "silent", "misquoted")},
        "drop": {name: mean([right(base[key]) - right(made) for key, made in changed[name].items() if key in base])
                 for name in ("blank", "swapped", "silent", "misquoted")},
        "without_tool": mean([right(each) for each in free.values()]),
        "necessity": mean([1.0 - right(free[key]) for key, made in first.items()
                           if key in free and seen(made) and right(made)]),
    }
    (folder / "faithfulness.json").write_text(json.dumps(finite(out), indent=1) + "\n", encoding="utf-8")
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
    made = read_trajectories(folder / name / "trajectories.jsonl")
    return {each.sample.id: each for each in made if not each.stop.failed}


def right(trajectory: Trajectory) -> float:
    return correctness(trajectory).value or 0.0


def said(trajectory: Trajectory) -> str:
    return plain(correctness(trajectory).extracted or trajectory.answer)


def mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
