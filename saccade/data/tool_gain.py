"""Keep samples for which looking matters: wrong from the overview, right with the right crop (DeepEyes, arXiv 2505.14362).

Works on recorded attempts of two forced modes: without the tool (`interventions.no_tool`), and with the right region
(`interventions.oracle_box`). What is answered blindly, from the overview, or not even with the evidence teaches no looking.
"""

from __future__ import annotations

from collections.abc import Iterable

from saccade.core.sample import Picked, Source
from saccade.core.trajectory import Trajectory


def tool_gain(
    source: Source, without: Iterable[Trajectory], with_evidence: Iterable[Trajectory], *, most: float = 0.0,
    least: float = 1.0, by: str = "answer_match",
) -> Picked:
    """The rows whose pass rate is at most `most` without the tool and at least `least` with the evidence shown.

    by: the reward that counts as passing, already computed. Rows without attempts on either side are left out.
    """
    rates = [pass_rates(attempts, by) for attempts in (without, with_evidence)]
    kept = tuple(at for at in range(len(source)) if fits(source[at].id, rates, most, least))
    return Picked(source=source, indices=kept)


def fits(name: str, rates: list[dict[str, float]], most: float, least: float) -> bool:
    alone, shown = (each.get(name) for each in rates)
    return alone is not None and shown is not None and alone <= most and shown >= least


def pass_rates(attempts: Iterable[Trajectory], by: str) -> dict[str, float]:
    """Mean of a reward by sample, over attempts that did not fail on our side."""
    values: dict[str, list[float]] = {}
    for each in attempts:
        score = each.rewards.get(by)
        if not each.stop.failed and score is not None and score.value is not None:
            values.setdefault(each.sample.id, []).append(score.value)
    return {name: sum(found) / len(found) for name, found in values.items()}
