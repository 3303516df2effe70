"""Run all arms and seeds of a recipe's claim and give the verdict."""

from __future__ import annotations

from saccade.cli.arguments import Flag, Recipe, at_least


def verb(method: Recipe, *, out: str = "", results: str = "", arm: str = "", seed: int | None = None,
         jobs: int = 1, smoke: Flag = False, json: Flag = False) -> int:
    """Run a recipe's claim in miniature: every arm on every seed, the control included.

    Finished arms and seeds stay on disk and are not run again, so it can be interrupted. The verdict is holds, fails or
    untestable; "fails" is a result too. Exits with 1 while cells are missing.

      saccade reproduce deepeyes --jobs 2
      saccade reproduce grpo --arm shuffled --seed 1

    Args:
        method: a recipe with a claim.
        out: folder of the runs; runs/reproduce/METHOD when left out.
        results: folder of result files; the repository's own when left out.
        arm: run only this arm.
        seed: run only this seed.
        jobs: arms and seeds that run at a time, each with its share of the cores.
        smoke: instead, train two updates on a tiny random checkpoint of the recipe's family, and record whether it works.
        json: print the result.
    """
    from pathlib import Path

    from saccade.claims.methods import RESULTS
    from saccade.claims.reproduce import read_recipe, reproduce, rows, unfinished
    from saccade.claims.verdict import arms_of
    from saccade.cli.report import show_json, table
    from saccade.cli.resolve import recipe_module

    at_least(1, jobs=jobs)
    module = recipe_module(method)
    name = Path(str(module.__file__)).stem
    where = Path(results) if results else RESULTS
    if smoke:
        from saccade.claims.smoke import record_smoke

        entry = record_smoke(module, where)
        show_json(entry) if json else print(f"{name}: smoke run {'passed' if entry['passed'] else 'failed'} {entry['note']}")
        return 0 if entry["passed"] else 1
    recipe = read_recipe(name, module)
    arms = arms_of(recipe.claim)
    if arm and arm not in arms:
        raise ValueError(f"--arm {arm}: {name} has the arms {', '.join(arms)}")
    if seed is not None and seed not in recipe.claim.seeds:
        raise ValueError(f"--seed {seed}: the claim of {name} names the seeds {', '.join(map(str, recipe.claim.seeds))}")
    only = [(each, number) for each in arms for number in recipe.claim.seeds
            if (not arm or each == arm) and (seed is None or number == seed)]
    cells, say = Path(out or f"runs/reproduce/{name}"), (lambda text: None) if json else print
    from saccade.claims.beside import beside
    from saccade.claims.measure import measure
    from saccade.claims.reports import claim_report

    if jobs > 1:
        beside(method, unfinished(recipe, cells, only), out=cells, jobs=jobs, say=say)
    result = reproduce(recipe, out=cells, results=where, measure=measure, only=only, say=say)
    page = claim_report(result, cells) if cells.is_dir() else None
    if json:
        show_json(result)
    else:
        print(f"\n{recipe.claim.text}\n\n{table(rows(result))}\n\n{result['verdict']}: {result['why']}")
        if result["missing"]:
            print(f"{result['missing']} arms and seeds are missing; nothing was written to {where}")
        else:
            print(f"written to {where / (name + '.json')}")
        if page is not None:
            print(f"look at {page}")
    return 1 if result["missing"] else 0
