"""Recompute rewards of a finished run from disk, without a model."""

from __future__ import annotations

from saccade.cli.arguments import Flag, OneRecipe, Rewards, RunFolder


def verb(run: RunFolder, *, rewards: Rewards = "", recipe: OneRecipe = "", out: str = "", json: Flag = False) -> None:
    """Recompute rewards from the trajectories a run wrote, and compare them with what was recorded.

      saccade rescore runs/deepeyes
      saccade rescore runs/deepeyes --rewards answer_match,my_reward.py:my_reward

    Args:
        run: a run folder, or one trajectories file.
        rewards: names of `saccade list reward` or package.module:function, with commas; the run's own when left out.
        recipe: take the rewards of this recipe or file.py instead.
        out: write the trajectories with the new rewards to this file.
        json: print an object.
    """
    from pathlib import Path

    from saccade.claims.rescore import recorded_groups, rescore, rewards_of_run
    from saccade.cli.asked import run_of_folder
    from saccade.cli.plan import words
    from saccade.cli.report import show_json, table
    from saccade.cli.resolve import component, recipe_module, stages_of
    from saccade.core.record import write_lines
    from saccade.core.reward import as_reward
    from saccade.learn.progress import progress_bar

    folder = Path(run)
    if not folder.exists():
        raise ValueError(f"{folder}: there is no such run")
    if rewards and recipe:
        raise ValueError("say --rewards or --recipe, not both")
    if rewards:
        chosen = tuple(as_reward(component("reward", each)) for each in words(rewards))
    elif recipe:
        chosen = stages_of(recipe_module(recipe))[-1].run.rewards
    else:
        known = run_of_folder(folder) if folder.is_dir() else None
        chosen = known.rewards if known is not None else rewards_of_run(folder)
    read = list(recorded_groups(folder))
    with progress_bar("scoring", len(read), enabled=not json, start="") as bar:
        tallies, groups = rescore(bar.over(read), chosen)
    attempts = sum(len(group.trajectories) for group in groups)
    if out:
        write_lines(Path(out), (each for group in groups for each in group.trajectories), append=False)
    if json:
        show_json({"run": str(folder), "groups": len(groups), "attempts": attempts,
                   "rewards": {name: tally.plain() for name, tally in tallies.items()}})
        return
    print(f"{attempts} attempts at {len(groups)} samples\n")
    print(table([{"reward": name, **{key: value for key, value in tally.plain().items() if key != "errors"}}
                 for name, tally in tallies.items()]))
    for name, tally in tallies.items():
        for reason, count in tally.errors.items():
            print(f"\n{name}: {count} times {reason}")
    if out:
        print(f"\nwritten to {out}")
