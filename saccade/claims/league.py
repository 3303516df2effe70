"""Which of these methods should one use? Every one that applies to plain question answering, on equal terms.

Same worlds, same starting model, same sampled tokens, same held-out items. A method is an entrant: a function that takes the
common run and gives it back with its own credit, objective, selection, experts or probes. Recipes whose method needs nothing
but questions and answers define ``enter(run)``; the usual losses and baselines stand here. Cells are kept like those of a
claim, so an interrupted league goes on where it was.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from saccade.claims.methods import RECIPES, RESULTS
from saccade.claims.reproduce import Measure, cell, finished, machine, write
from saccade.claims.verdict import paired
from saccade.core.engine import Sampling
from saccade.core.folder import definitions
from saccade.core.reward import Reward
from saccade.core.run import Expert, Run

Entrant = Callable[[Run], Run]

METRICS = {
    "accuracy": "accuracy",
    "decorrelated": "decorrelated/accuracy",
    "blind": "blind/accuracy",
    "pass@4": "sampled/pass_at_4",
    "words": "tokens",
    "seconds": "train_seconds",
}
"""Columns of the table and the figures of an arm they come from."""

QUICK = ("grpo", "dapo", "gspo", "vppo", "visurf", "glm_4_1v_thinking")
BASELINE = "grpo"


def usual() -> dict[str, Entrant]:
    """Losses and baselines that are no system of their own."""
    from saccade import credit, objectives, select

    def loss(*terms: Any, **changes: Any) -> Entrant:
        return lambda run: replace(run, objective=terms, **changes)

    return {
        "start": lambda run: replace(run, schedule=replace(run.schedule, updates=0)),
        "imitation": lambda run: replace(run, objective=(objectives.sft(origins=("label",)),), experts=(answers(),)),
        "grpo": lambda run: run,
        "rloo": lambda run: replace(run, credit=credit.leave_one_out()),
        "dr_grpo": loss(objectives.clip(normaliser=16.0), credit=credit.group_mean()),
        "dapo": loss(objectives.clip(high=0.28, normaliser="tokens"), select=select.oversampling()),
        "gspo": loss(objectives.clip(low=3e-4, high=4e-4, level="sequence", normaliser="rows")),
        "cispo": loss(objectives.cispo(normaliser="tokens")),
        "sapo": loss(objectives.sapo(normaliser="rows")),
        "entropy": loss(objectives.clip(normaliser="rows"), objectives.entropy(coefficient=0.01)),
        "shuffled": lambda run: replace(run, credit=credit.shuffled(of=run.credit, seed=run.seed)),
    }


def answers() -> Expert:
    return Expert(write=lambda sample: f"<answer>{sample.target}</answer>", origin="label")


def entrants() -> dict[str, Entrant]:
    """All of them by name: the usual ones, and every recipe that can enter."""
    found = usual()
    for path in sorted(RECIPES.glob("[a-z]*.py")):
        if "enter" in definitions(path):
            found[path.stem] = vars(importlib.import_module(f"saccade.recipes.{path.stem}"))["enter"]
    return found


def common(seed: int, *, quick: bool) -> Run:
    """What every entrant starts from: group-relative credit on scenes in which the wording often gives the answer away."""
    from saccade.recipes import _answering as base
    from saccade.recipes.grpo import run

    habit = base.Habit(source=base.scenes(seed, "name"), share=0.8, usual=base.usual_colour)
    size = 100 if quick else 300
    length = Reward(name="tokens", function=lambda trajectory: float(trajectory.num_sampled), weight=0.0)
    paid = {"rewards": (*run().rewards, length)}
    open_items = base.held_out("name", size=size, name="decorrelated", **paid)
    asked = replace(
        open_items, name="held_out", data=base.Habit(source=open_items.data, share=0.8, usual=base.usual_colour)
    )
    sampled = replace(open_items, name="sampled", attempts=4, sampling=Sampling(temperature=1.0))
    made = base.miniature(
        run(), seed=seed, data=habit, evals=(asked, open_items, base.blind(asked), sampled), name="league"
    )
    tokens = 12_000 if quick else 36_000
    return replace(made, schedule=replace(made.schedule, updates=30 if quick else 80, tokens=tokens))


def league(
    out: Path,
    *,
    seeds: Sequence[int] = (1, 2, 3),
    names: Sequence[str] = (),
    quick: bool = False,
    results: Path = RESULTS,
    measure: Measure,
    say: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Run the missing cells and write ``league.json``, ``league.md`` and ``league.svg`` (``league-quick.*`` for a
    quick one).

    names: entrants, all by default. Raises ValueError for one that there is not.
    """
    known = entrants()
    chosen = list(names) or (list(QUICK) if quick else list(known))
    unknown = [name for name in chosen if name not in known]
    if unknown:
        raise ValueError(f"no entrant is called {unknown[0]!r}; there are {', '.join(known)}")
    chosen = list(dict.fromkeys([BASELINE, *chosen]))
    began, values = time.perf_counter(), {name: {} for name in chosen}
    for seed in seeds:  # seed by seed, so that an early stop leaves whole comparisons
        for name in chosen:
            run = replace(known[name](common(seed, quick=quick)), name=f"league-{name}")
            folder = out / f"{name}-{seed}"
            kept = finished(folder, run)
            if kept is None:
                say(f"league: {name}, seed {seed}")
                kept = cell(run, folder, measure, metric="accuracy")
            values[name][seed] = {
                **{column: float(kept["summary"].get(key, float("nan"))) for column, key in METRICS.items()},
                "sampled": float(kept["summary"].get("sampled_tokens", 0)),
                "cell_seconds": kept["seconds"],
            }
    spent = sum(each["cell_seconds"] for by_seed in values.values() for each in by_seed.values())
    result = {
        "values": {name: {str(seed): each for seed, each in by_seed.items()} for name, by_seed in values.items()},
        "baseline": BASELINE,
        "seeds": list(seeds),
        "quick": quick,
        "seconds": round(spent, 1),
        "seconds_now": round(time.perf_counter() - began, 1),
        "machine": machine(),
    }
    stem = "league-quick" if quick else "league"
    results.mkdir(parents=True, exist_ok=True)
    write(results / f"{stem}.json", result)
    (results / f"{stem}.md").write_text(page(result), encoding="utf-8")
    (results / f"{stem}.svg").write_text(plot(result), encoding="utf-8")
    return result


def rows(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One row per entrant, the best on decorrelated items first: means over seeds, and the gap to the baseline there."""
    out: list[dict[str, Any]] = []
    for name, by_seed in result["values"].items():
        mean = {column: sum(each[column] for each in by_seed.values()) / len(by_seed) for column in METRICS}
        low, high = gap(result, name, result["baseline"])[1]
        out.append(
            {
                "method": name,
                **mean,
                f"over {result['baseline']}": gap(result, name, result["baseline"])[0],
                "95 % interval": f"{low:+.3f} to {high:+.3f}" if len(by_seed) > 1 and name != result["baseline"] else "",
            }
        )
    return sorted(out, key=lambda row: -row["decorrelated"])


def gap(
    result: Mapping[str, Any], one: str, other: str, column: str = "decorrelated"
) -> tuple[float, tuple[float, float]]:
    """Difference of two entrants, paired by seed, with its t interval."""
    first, second = ({int(seed): each[column] for seed, each in result["values"][name].items()} for name in (one, other))
    effect = paired(first, second)
    return effect.mean, effect.ci95


def page(result: Mapping[str, Any]) -> str:
    """The table in Markdown, and how it was made."""
    table = rows(result)
    columns = list(table[0])
    lines = [
        "# League",
        "",
        f"{len(table)} methods, seeds {', '.join(map(str, result['seeds']))}, {result['seconds'] / 60:.0f} "
        f"minutes of computing on {result['machine']['cores']} cores. Trained on questions whose wording gives "
        f"the answer "
        "away in four of five items; `decorrelated` items have no such habit, `blind` ones a grey picture. Equal "
        "sampled "
        "tokens; sorted by the decorrelated items. `saccade league"
        + (" --quick`" if result["quick"] else "`")
        + " makes it again.",
        "",
        "| " + " | ".join(columns) + " |",
        "|" + "---|" * len(columns),
    ]
    lines += [
        "| " + " | ".join(f"{value:.3f}" if isinstance(value, float) else str(value) for value in row.values()) + " |"
        for row in table
    ]
    lines += ["", "## Pairwise, decorrelated accuracy of the row minus the column", ""]
    names = [row["method"] for row in table]
    lines += ["| | " + " | ".join(names) + " |", "|" + "---|" * (len(names) + 1)]
    for one in names:
        lines.append(
            f"| {one} | " + " | ".join("" if one == other else said(*gap(result, one, other)) for other in names) + " |"
        )
    return "\n".join(lines) + "\n"


def said(mean: float, interval: tuple[float, float]) -> str:
    """The difference, with a star where its interval does not hold 0."""
    return f"{mean:+.3f}" + ("*" if interval[0] > 0 or interval[1] < 0 else "")


def plot(result: Mapping[str, Any]) -> str:
    """Decorrelated accuracy per entrant as a bar, one dot a seed. SVG."""
    table, left, wide, high = rows(result), 170, 420, 22
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + wide + 70}" height="{high * len(table) + 30}" '
        'font-family="sans-serif" font-size="12">'
    ]
    for place, row in enumerate(table):
        y = 10 + place * high
        parts += [
            f'<text x="{left - 8}" y="{y + 14}" text-anchor="end">{row["method"]}</text>',
            f'<rect x="{left}" y="{y + 3}" width="{wide * row["decorrelated"]:.1f}" height="{high - 8}" fill="#9bb8d3"/>',
        ]
        parts += [
            f'<circle cx="{left + wide * each["decorrelated"]:.1f}" cy="{y + high / 2 - 1:.1f}" r="3" fill="#1f4e79"/>'
            for each in result["values"][row["method"]].values()
        ]
        parts.append(f'<text x="{left + wide + 8}" y="{y + 14}">{row["decorrelated"]:.3f}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"
