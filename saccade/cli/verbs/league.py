"""Compare the methods that learn to answer questions, on equal terms."""

from __future__ import annotations

from saccade.cli.arguments import Flag, Recipes


def verb(*, quick: Flag = False, out: str = "", results: str = "", methods: Recipes = "", seeds: str = "1,2,3",
         json: Flag = False) -> None:
    """Train every method that applies to plain question answering on the same items, model and number of sampled tokens,
    evaluate all on the same held-out items, and write the table and a plot.

    Finished arms stay on disk and are not run again, so it can be interrupted.

      saccade league --quick
      saccade league --methods dapo,vppo,visurf --seeds 1,2,3

    Args:
        quick: six methods, one seed, a third of the training; about a quarter of an hour on two cores.
        out: folder of the runs; runs/league (runs/league-quick) when left out.
        results: folder of league.json, league.md and league.svg; the repository's own when left out.
        methods: names separated by commas; all when left out.
        seeds: separated by commas.
        json: print the result.
    """
    from pathlib import Path

    from saccade.claims.league import league, rows
    from saccade.claims.measure import measure
    from saccade.claims.methods import RESULTS
    from saccade.claims.reports import league_report
    from saccade.cli.report import show_json, table

    try:
        numbers = (1,) if quick else tuple(int(each) for each in seeds.split(","))
    except ValueError:
        raise ValueError(f"--seeds {seeds}: whole numbers separated by commas are expected") from None
    where = Path(results) if results else RESULTS
    place = Path(out or ("runs/league-quick" if quick else "runs/league"))
    result = league(
        place, seeds=numbers, quick=quick, results=where,
        names=[each.strip() for each in methods.split(",") if each.strip()], measure=measure,
        say=(lambda text: None) if json else print,
    )
    page = league_report(rows(result), place, seconds=result["seconds"])
    if json:
        show_json(result)
        return
    print("\n" + table(rows(result)))
    print(f"\n{result['seconds'] / 60:.1f} minutes of computing; written to {where}; look at {page}")
