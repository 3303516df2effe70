"""Compare two evaluations item by item."""

from __future__ import annotations

from saccade.cli.arguments import Flag, Folder


def verb(before: Folder, after: Folder, *, score: str = "lenient", json: Flag = False) -> None:
    """Compare two results of `saccade eval` on the same items: what got fixed, what broke, and whether that is chance.

    Items are paired by id; the test is McNemar's, the interval that of the paired difference.

    Args:
        before: folder of a result, or its items.jsonl.
        after: the same, of the other policy.
        score: which score: lenient, strict, or the name of a reward.
        json: print an object.
    """
    from rich.console import Console

    from saccade.cli.report import show_json
    from saccade.evals.compare import compare

    found = compare(before, after, score=score)
    if json:
        show_json(found.plain())
        return
    console = Console()
    console.print(found.table())
    for note in found.notes:
        console.print(note, markup=False)
    if found.only_before or found.only_after:
        console.print(f"left out: {found.only_before} items of the first only, {found.only_after} of the second only")
