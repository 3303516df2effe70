"""Preference pairs from attempts on disk: the clearly right and the clearly wrong attempt at one sample (VisRL, VTS-V).

The offline sister of `credit.best_worst`: the same bounds, over recorded attempts of any origin. A pair says where its
attempts part, so that step-level learning knows which decision is the better one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from saccade.core.trajectory import Pair, Trajectory


def preferences(
    attempts: Iterable[Trajectory], *, by: str = "answer_match", along: str = "", high: float = 0.8, low: float = 0.2
) -> Iterator[Pair]:
    """One pair for every sample with an attempt of at least `high` and one of at most `low`, in order of first appearance.

    by:    the reward that is compared; along: one that both bounds must hold for too, where it applies
    Attempts that failed on our side do not count. Raises ValueError unless low < high.
    """
    if not low < high:
        raise ValueError(f"preferences: low must be below high, not {low} and {high}")
    gathered: dict[str, list[Trajectory]] = {}
    for each in attempts:
        if not each.stop.failed and value_of(each, by) is not None:
            gathered.setdefault(each.sample.id, []).append(each)
    for group in gathered.values():
        good = [each for each in group if reaches(each, by, high) and reaches(each, along, high, missing=True)]
        bad = [each for each in group if stays(each, by, low) and stays(each, along, low, missing=True)]
        if good and bad:
            chosen = max(good, key=lambda each: value_of(each, by) or 0.0)
            rejected = min(bad, key=lambda each: value_of(each, by) or 0.0)
            yield Pair(sample=chosen.sample, chosen=chosen, rejected=rejected, from_step=parting(chosen, rejected))


def parting(first: Trajectory, second: Trajectory) -> int:
    """The first step whose message differs."""
    same = 0
    for one, other in zip(first.steps, second.steps, strict=False):
        if one.message != other.message:
            break
        same += 1
    return same


def value_of(trajectory: Trajectory, name: str) -> float | None:
    score = trajectory.rewards.get(name)
    return None if score is None else score.value


def reaches(trajectory: Trajectory, name: str, high: float, *, missing: bool = False) -> bool:
    value = value_of(trajectory, name)
    return missing if value is None else value >= high


def stays(trajectory: Trajectory, name: str, low: float, *, missing: bool = False) -> bool:
    value = value_of(trajectory, name)
    return missing if value is None else value <= low
