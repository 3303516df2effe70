"""Evaluate a checkpoint, a run or an endpoint on held-out items, with intervals."""

from __future__ import annotations

from typing import Any

from saccade.cli.arguments import Benchmarks, Data, Flag, OneRecipe, Policy, Tools, at_least


def verb(
    policy: Policy,
    *,
    data: Data = "",
    on: Benchmarks = "",
    recipe: OneRecipe = "",
    arm: str = "",
    out: str = "",
    attempts: int = 1,
    limit: int = 0,
    temperature: float | None = None,
    seed: int = 0,
    tools: Tools = "",
    max_tokens: int = 0,
    api_model: str = "",
    again: Flag = False,
    quiet: Flag = False,
    json: Flag = False,
) -> int:
    """Evaluate with the prompts, parser and tool loop of training. Every item is on disk; an interrupted evaluation goes on.
    Exits with 1 when every item failed on our side.

      saccade eval runs/deepeyes
      saccade eval path/to/checkpoint --data rows.jsonl --tools crop
      saccade eval http://localhost:8000/v1 --api-model NAME --data rows.jsonl

    Args:
        policy: a run folder, a checkpoint folder, glimpse, or the address of an OpenAI-compatible endpoint.
        data: a source (.jsonl, .parquet, folder, world:NAME?level=real&size=500).
        on: names of benchmarks, with commas, instead of data.
        recipe: take episode, tools, rewards, limits and held-out items of this recipe or file.py; needed for protocols that
            --tools cannot say.
        arm: with --recipe, the miniature of this arm.
        out: folder of the results; runs/eval/POLICY when left out.
        attempts: per item; more than one needs a temperature above 0 and gives pass@k.
        limit: at most so many items, 0 for all.
        temperature: 0 (greedy) when left out.
        seed: of sampling.
        tools: tools to offer, with commas.
        max_tokens: of one message; 0 for 512.
        api_model: the model to ask an endpoint for.
        again: begin again instead of keeping finished items.
        quiet: no progress bar.
        json: print the report.
    """
    from pathlib import Path

    from saccade.cli.players import place_name, protocol_of
    from saccade.cli.report import show_json, table
    from saccade.media import open_store

    at_least(1, attempts=attempts)
    at_least(0, limit=limit, max_tokens=max_tokens, temperature=temperature or 0)
    folder = Path(out or f"runs/eval/{place_name(policy)}")
    store = open_store(folder / "media")
    asked = protocol_of(policy, data=data, on=on, recipe=recipe, arm=arm, tools=tools, seed=seed, max_tokens=max_tokens,
                        api_model=api_model, store=store)
    from saccade.claims.reports import eval_report
    from saccade.evals.run import evaluate

    report = evaluate(asked.player, asked.benchmarks, folder, attempts=attempts, limit=limit, seed=seed,
                      temperature=temperature, progress=not quiet and not json, resume=not again, store=store)
    unasked = all(each.accuracy.n == 0 for each in report.results)
    page = eval_report(report)
    if json:
        show_json(report.plain())
        return int(unasked)
    print(table([row(result) for result in report.results]))
    for result in report.results:
        for note in result.notes:
            print(f"note: {note}")
    print(f"\nitems and trajectories are in {folder}; look at {page}")
    return int(unasked)


def row(result: Any) -> dict[str, Any]:
    strict = result.scores.get("strict")
    return {
        "benchmark": result.benchmark, "items": result.accuracy.n, result.metric: result.accuracy.value,
        "95 % interval": f"{result.accuracy.low:.3f} to {result.accuracy.high:.3f}",
        "strict": strict.value if strict else None, "calls": result.calls_per_item, "cut off": result.cut_off,
        "failed": result.num_failed,
    }
