"""Whether a policy answers from what it looked at: one evaluation, taken apart."""

from __future__ import annotations

from collections.abc import Mapping
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
    modes: str = "no_tool,random_box,blank_crop,oracle_box,swapped",
    limit: int = 200,
    seed: int = 0,
    tools: Tools = "",
    max_tokens: int = 0,
    api_model: str = "",
    again: Flag = False,
    quiet: Flag = False,
    json: Flag = False,
) -> int:
    """Evaluate as it is, then with what the tool shows taken away or replaced, and say what the answers depend on.

    Forced modes make new attempts: without the tool, with boxes at random places, with blank crops, with the right box,
    with crops of another item. Interventions ask finished attempts again after their crops or words were changed.
    Everything is on disk; what was interrupted goes on. Exits with 1 when every item failed on our side.

      saccade faithful runs/deepeyes
      saccade faithful path/to/checkpoint --data rows.jsonl --tools crop
      saccade faithful glimpse --data "world:hidden_detail?level=real&size=200" --modes no_tool,blank_crop

    Args:
        policy: a run folder, a checkpoint folder, glimpse, or the address of an OpenAI-compatible endpoint.
        data: a source (.jsonl, .parquet, folder, world:NAME?level=real&size=500).
        on: name of one benchmark, instead of data.
        recipe: take episode, tools, limits and held-out items of this recipe or file.py.
        arm: with --recipe, the miniature of this arm.
        out: folder of the results; runs/faithful/POLICY when left out.
        modes: forced modes, with commas.
        limit: at most so many items, 0 for all.
        seed: of sampling.
        tools: tools to offer, with commas.
        max_tokens: of one message; 0 for 512.
        api_model: the model to ask an endpoint for.
        again: begin again instead of keeping finished items.
        quiet: no progress bar.
        json: print the figures.
    """
    from pathlib import Path

    from saccade.cli.players import place_name, protocol_of, split
    from saccade.cli.report import show_json, table
    from saccade.evals.benchmarks import named
    from saccade.evals.faithfulness import faithfulness
    from saccade.media import open_store

    at_least(0, limit=limit, max_tokens=max_tokens)
    folder = Path(out or f"runs/faithful/{place_name(policy)}")
    store = open_store(folder / "media")
    asked = protocol_of(policy, data=data, on=on, recipe=recipe, arm=arm, tools=tools, seed=seed, max_tokens=max_tokens,
                        api_model=api_model, store=store)
    (chosen, *more) = asked.benchmarks
    if more:
        raise ValueError(f"one benchmark at a time: say which with --on NAME, or give --data; there are {1 + len(more)}")
    found = faithfulness(
        asked.player, named(chosen) if isinstance(chosen, str) else chosen, folder, limit=limit, seed=seed, store=store,
        progress=not quiet and not json, modes=split(modes), resume=not again,
    )
    if json:
        show_json(found)
    else:
        print(table(forced_rows(found)))
        print(f"\n{table(figure_rows(found))}\n\nfigures and trajectories are in {folder}")
    return int(found["n"] == 0)


def forced_rows(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Accuracy as it is and under every mode, with the change on the items of both."""
    rows = [{"mode": "as it is", "accuracy": found["accuracy"], "95 % interval": interval(found, "accuracy"),
             "change": None, "its interval": None}]
    for name, each in found.get("modes", {}).items():
        rows.append({"mode": name, "accuracy": each["accuracy"], "95 % interval": interval(found, f"modes/{name}/accuracy"),
                     "change": each["change"], "its interval": interval(found, f"modes/{name}/change")})
    return rows


MEANING = {
    "looked": "attempts with a picture from a tool", "seen": "right after a look at the evidence",
    "illusion": "right after looks elsewhere", "unlooked": "right without a look",
    "correct_looks": "looks at the evidence", "redundant_looks": "looks that repeat", "erroneous_looks": "looks elsewhere",
    "evidence_found": "evidence that was looked at", "sufficiency": "right from the crops alone",
    "flips/blank": "answers that change when crops are blanked", "flips/swapped": "... are those of another item",
    "flips/silent": "... when the words beside the calls are deleted", "flips/misquoted": "... are those of another attempt",
    "drop/blank": "accuracy lost by blank crops", "drop/swapped": "... by crops of another item",
    "necessity": "right with a look that are wrong without the tool",
}


def figure_rows(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = []
    for name, meaning in MEANING.items():
        above, _, last = name.rpartition("/")
        value = (found[above] if above else found)[last]
        rows.append({"figure": name, "value": value, "95 % interval": interval(found, name), "what it is": meaning})
    return rows


def interval(found: Mapping[str, Any], name: str) -> str | None:
    given = found["ci95"].get(name)
    return None if given is None else f"{given[0]:.3f} to {given[1]:.3f}"
