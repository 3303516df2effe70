"""Watch a small vision-language model learn to look: evaluate, train, evaluate again, take it apart."""

from __future__ import annotations

from saccade.cli.arguments import Flag, at_least


def verb(
    *,
    out: str = "runs/demo",
    seed: int = 0,
    updates: int = 120,
    items: int = 0,
    again: Flag = False,
    quiet: Flag = False,
    json: Flag = False,
) -> None:
    """A model of two million parameters that can see, but looks in the wrong places, learns by reinforcement to zoom into
    the place where the answer is. About ten minutes on two cores; nothing is downloaded.

    Writes summary.json and report.html. Interrupted, it goes on where it was.

      saccade demo
      saccade demo --seed 1 --updates 20 --items 100 --out runs/short

    Args:
        out: folder of everything it writes.
        seed: of training data, sampling and order.
        updates: length of the training.
        items: held-out items to evaluate on; 0 for all 500.
        again: begin again where a demo was interrupted.
        quiet: no progress bars.
        json: print the summary as JSON and nothing else.
    """
    from pathlib import Path

    from saccade.claims.demo import demo, rows
    from saccade.cli.report import show_json, table

    at_least(1, updates=updates)
    at_least(0, items=items)
    summary = demo(
        Path(out),
        seed=seed,
        updates=updates,
        items=items,
        again=again,
        progress=not quiet and not json,
        say=(lambda text: None) if json or quiet else print,
    )
    if json:
        show_json(summary)
        return
    print("\n" + table(rows(summary)))
    print(
        f"\n{summary['updates']} updates, {summary['seconds']:.0f} seconds in all; look at {Path(out) / 'report.html'}"
    )
