"""List the 136 published systems and how far each of them is here."""

from __future__ import annotations

from saccade.cli.arguments import Flag


def verb(*, family: str = "", status: str = "", json: Flag = False) -> None:
    """List the published systems this library is measured by, with recipe, verdict and result.

    Status is missing, parts (a recipe that does not run yet), runs, or measured. A result whose claim was changed since
    counts as not measured.

      saccade methods --status runs
      saccade methods --family video --json

    Args:
        family: only one of image_tools, rlvr, video, latent_and_architecture, agents, data_and_benchmarks.
        status: only one of missing, parts, runs, measured.
        json: print a list of objects {name, title, family, recipe, smoke, status, scale, verdict, claim_commit, result}.
    """
    import dataclasses
    from collections import Counter

    from saccade.claims.methods import FAMILIES, methods
    from saccade.cli.report import show_json, table

    if family and family not in FAMILIES:
        raise ValueError(f"--family {family}: families are {', '.join(FAMILIES)}")
    if status and status not in ("missing", "parts", "runs", "measured"):
        raise ValueError(f"--status {status}: missing, parts, runs or measured")
    every = methods()
    shown = [each for each in every if (not family or each.family == family) and (not status or each.status == status)]
    if json:
        show_json([dataclasses.asdict(each) for each in shown])
        return
    print(table([dataclasses.asdict(each) for each in shown], ("name", "family", "status", "verdict", "title")))
    counts = Counter(each.status for each in every)
    print(
        f"\n{len(every)} systems: "
        + ", ".join(f"{counts[word]} {word}" for word in ("measured", "runs", "parts", "missing"))
    )
