"""Train a recipe, a file of your own, or your checkpoint on your data."""

from __future__ import annotations

from saccade.cli.arguments import Data, Flag, OneModel, Recipe
from saccade.cli.signature import Overrides


def verb(
    recipe: Recipe = "grpo",
    *,
    model: OneModel | None = None,
    data: Data | None = None,
    out: str | None = None,
    config: str | None = None,
    arm: str | None = None,
    seed: int | None = None,
    resume: str | None = None,
    contaminated: str = "warn",
    names: str = "trl",
    engine: str = "local",
    track: str = "",
    mixed: Flag = False,
    recompute: Flag = False,
    quiet: Flag = False,
    json: Flag = False,
    overrides: Overrides = (),
) -> None:
    """Train. Any leaf of the run can be set by its path:

      saccade train deepeyes --arm conditional --optim.lr 2e-4 --explore.n 4 --schedule.updates 20
      saccade train grpo --model path/to/checkpoint --data rows.jsonl
      saccade train my_recipe.py --config settings.yaml

    Processes that torchrun starts learn as one, with weights and moments cut over them:

      torchrun --nproc-per-node 8 -m saccade train grpo --model path/to/checkpoint --data rows.jsonl --mixed --recompute

    `saccade show RECIPE --leaves` lists the paths. Flag names of TRL (--learning_rate, --num_generations, --beta ...) and of
    EasyR1 (worker.rollout.n=5 ...) are understood where they mean something here, and refused with the reason where not.

    Args:
        recipe: a name of `saccade list recipe`, or a file.py with run() -> Run.
        model: a checkpoint folder, or glimpse; instead of the recipe's.
        data: a .jsonl, .parquet, datasets folder or world:NAME?size=500.
        out: the run folder; runs/NAME when left out.
        config: a YAML or JSON file of the same settings; flags win over it.
        arm: train the recipe's miniature on glimpse, this arm.
        seed: of data order, sampling and initialisation.
        resume: go on in this run folder; true for the one of --out.
        contaminated: evaluation pictures among those of training: warn, raise, ignore.
        engine: what samples: local, vllm, or the address of a server.
        track: show the metrics in trackio or wandb too; with a comma, both.
        names: of the metrics: trl, or verl for that project's too.
        mixed: compute in bfloat16, keep weights in float32 (torchrun).
        recompute: keep no activations: less memory, more time.
        quiet: no progress bar.
        json: print the summary as JSON.
    """
    from pathlib import Path

    from saccade.claims.asked import remember
    from saccade.claims.stages import train_stages
    from saccade.cli.engines import opener
    from saccade.cli.plan import planned
    from saccade.cli.report import show_json, table
    from saccade.learn.ranks import joined

    asked = planned(
        recipe, model=model, data=data, out=out, resume=resume, config=config, arm=arm, seed=seed, overrides=overrides
    )
    for option, value, allowed in (
        ("names", names, ("trl", "verl")),
        ("contaminated", contaminated, ("warn", "raise", "ignore")),
    ):
        if value not in allowed:
            raise ValueError(f"--{option} is {', '.join(allowed)}, not {value!r}")
    again = asked.resume is not None and asked.resume.lower() not in ("false", "no", "0", "none")
    place = asked.resume if again and asked.resume.lower() not in ("true", "yes", "1") else asked.out
    folder = Path(place or f"runs/{asked.stages[0].run.name}")
    if again and not folder.is_dir():
        raise ValueError(f"--resume {folder}: there is no such run folder")
    summaries = train_stages(
        asked.stages, folder, engine=opener(engine), resume=again, progress=not quiet and not json, names=names,
        contaminated=contaminated, track=tuple(name.strip() for name in track.split(",") if name.strip()), mixed=mixed,
        recompute=recompute,
    )
    if not joined().first:
        return
    remember(folder, recipe=recipe, arm=arm, seed=seed, model=model, data=data, config=config, overrides=overrides)
    if json:
        show_json(summaries[-1] if len(summaries) == 1 else summaries)
        return
    for summary in summaries:
        print(table([{key: summary[key] for key in ("name", "updates", "seconds", "stopped") if key in summary}]))
    print(f"\nthe run is in {folder}; evaluate it with: saccade eval {folder}")
