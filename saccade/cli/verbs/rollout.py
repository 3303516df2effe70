"""Sample attempts over a source and keep every one of them."""

from __future__ import annotations

from saccade.cli.arguments import Data, Flag, OneRecipe, Policy, Tools, at_least


def verb(
    policy: Policy,
    *,
    data: Data = "",
    recipe: OneRecipe = "",
    arm: str = "",
    out: str = "",
    attempts: int = 4,
    limit: int = 0,
    temperature: float | None = None,
    seed: int = 0,
    tools: Tools = "",
    max_tokens: int = 0,
    api_model: str = "",
    quiet: Flag = False,
    json: Flag = False,
) -> None:
    """Sample attempts: trajectories as JSON lines with their pictures, scored by the recipe's rewards where there is one.

    Samples that are in the folder already are not asked again.

      saccade rollout runs/deepeyes --attempts 8 --limit 50
      saccade rollout glimpse --recipe deepeyes --arm start --limit 20

    Args:
        policy: a run folder, a checkpoint folder, glimpse, or the address of an OpenAI-compatible endpoint.
        data: a source (.jsonl, .parquet, folder, world:NAME?level=real&size=500); the recipe's when left out.
        recipe: take episode, tools, rewards and limits of this recipe or file.py.
        arm: with --recipe, the miniature of this arm.
        out: folder of the trajectories; runs/rollout/POLICY when left out.
        attempts: per sample.
        limit: at most so many samples, 0 for all.
        temperature: of sampling; the recipe's, else 1, when left out.
        seed: of sampling.
        tools: tools to offer, with commas.
        max_tokens: of one message; 0 for the recipe's, else 512.
        api_model: the model to ask an endpoint for.
        quiet: no progress.
        json: print an object.
    """
    from dataclasses import replace
    from pathlib import Path

    from saccade.claims.rollouts import roll_out
    from saccade.cli.players import place_name, plain_run, player_of, protocol_run
    from saccade.cli.report import show_json, table
    from saccade.cli.resolve import read_source
    from saccade.learn.progress import progress_bar
    from saccade.media import open_store

    at_least(1, attempts=attempts)
    at_least(0, limit=limit, max_tokens=max_tokens, temperature=temperature or 0)
    run = protocol_run(policy, recipe=recipe, arm=arm, tools=tools, seed=seed, max_tokens=max_tokens)
    if run is None and not data:
        raise ValueError("say what to ask about: --data FILE, or a --recipe that has data")
    folder = Path(out or f"runs/rollout/{place_name(policy)}")
    store = open_store(folder / "media")
    player = player_of(policy, run, api_model=api_model, max_tokens=max_tokens, store=store)
    run = run or plain_run(policy)
    if data:
        run = replace(run, data=read_source(data))

    size = min(len(run.data), limit or len(run.data))
    with progress_bar("attempts", size, enabled=not quiet and not json, start="") as bar:
        found = roll_out(player, run, folder, store=store, attempts=attempts, limit=limit, temperature=temperature,
                         seed=seed, advance=lambda more, total: bar.advance("", more))
    if json:
        show_json(found)
        return
    print(table([{key: found[key] for key in ("samples", "attempts", "calls", "failed", "kept")}]))
    if found["rewards"]:
        print("\n" + table([{"reward": name, "mean": value} for name, value in found["rewards"].items()]))
    for note in found["notes"]:
        print(f"note: {note}")
    print(f"\ntrajectories are in {found['folder']}")
