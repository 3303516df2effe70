"""Evaluate a checkpoint, a run or an endpoint on held-out items, with intervals."""

from __future__ import annotations

from saccade.cli.arguments import Flag, Name


def verb(
    policy: Name,
    *,
    data: str = "",
    on: str = "",
    recipe: str = "",
    arm: str = "",
    out: str = "",
    attempts: int = 1,
    limit: int = 0,
    temperature: float | None = None,
    seed: int = 0,
    tools: str = "",
    max_tokens: int = 0,
    api_model: str = "",
    again: Flag = False,
    quiet: Flag = False,
    json: Flag = False,
) -> None:
    """Evaluate with the prompts, parser and tool loop of training. Every item is on disk; an interrupted evaluation goes on.

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

    from rich.console import Console

    from saccade.cli.players import place_name, protocol_of
    from saccade.cli.report import show_json

    asked = protocol_of(policy, data=data, on=on, recipe=recipe, arm=arm, tools=tools, seed=seed, max_tokens=max_tokens,
                        api_model=api_model)
    from saccade.evals.run import evaluate

    folder = Path(out or f"runs/eval/{place_name(policy)}")
    report = evaluate(asked.player, asked.benchmarks, folder, attempts=attempts, limit=limit, seed=seed,
                      temperature=temperature, progress=not quiet and not json, resume=not again)
    if json:
        show_json(report.plain())
        return
    console = Console()
    console.print(report.table())
    for result in report.results:
        for note in result.notes:
            console.print(f"note: {note}", markup=False)
    console.print(f"items and trajectories are in {folder}", markup=False)
