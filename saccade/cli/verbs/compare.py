"""Compare two evaluations item by item."""

from __future__ import annotations

from saccade.cli.arguments import Flag, Folder


def verb(before: Folder, after: Folder, *, score: str = "lenient", json: Flag = False) -> None:
    """Compare two results of `saccade eval` on the same items: what got fixed, what broke, and whether that is chance.

    Items are paired by id; the test is McNemar's, the interval that of the paired difference.

      saccade compare runs/eval/before runs/eval/after
      saccade compare runs/eval/before runs/eval/after --score strict --json

    Args:
        before: folder of a result, or its items.jsonl.
        after: the same, of the other policy.
        score: which score: lenient, strict, or the name of a reward.
        json: print an object.
    """
    from saccade.cli.report import show_json, table
    from saccade.evals.compare import compare

    found = compare(before, after, score=score)
    if json:
        show_json(found.plain())
        return
    n, gap = found.difference.n, found.difference
    print(f"{found.benchmark}, {n} items of both ({found.score})\n  before: {found.before}\n  after:  {found.after}\n")
    print(
        table(
            [
                {
                    "both right": len(found.both),
                    "fixed": len(found.fixed),
                    "broken": len(found.broken),
                    "both wrong": len(found.neither),
                    "difference": gap.value,
                    "95 % interval": f"{gap.low:+.3f} to {gap.high:+.3f}",
                    "McNemar p": f"{found.p:.2g}",
                }
            ]
        )
    )
    for note in found.notes:
        print(f"note: {note}")
    if found.only_before or found.only_after:
        print(f"left out: {found.only_before} items of the first only, {found.only_after} of the second only")
