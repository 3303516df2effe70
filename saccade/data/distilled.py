"""Good attempts become conversations to imitate: distillation from a teacher, or from oneself, with rejection.

Also the filters that published traces went through: right answers (nearly all), no failed call, a correction of one's own
mark (reflective rejection sampling of ViLaSR, arXiv 2506.09965).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from saccade.core.sample import Rows, Sample
from saccade.core.trajectory import ToolEvent, Trajectory

Wanted = Callable[[Trajectory], bool]


def distilled(attempts: Iterable[Trajectory], *wanted: Wanted, per_sample: int = 1) -> Rows:
    """A source for ``mode="sft"``: the conversations of attempts that every condition holds for, the first `per_sample` of
    each sample. Attempts that failed on our side or ended without an answer are never among them."""
    kept: list[Sample] = []
    counts: dict[str, int] = {}
    for each in attempts:
        name = each.sample.id
        ended = bool(each.steps) and each.messages[-1].role == "assistant" and not each.stop.failed and not each.stop.cut_off
        if ended and counts.get(name, 0) < per_sample and all(condition(each) for condition in wanted):
            kept.append(replace(each.sample, id=f"{name}#{each.attempt}", prompt=each.messages))
            counts[name] = counts.get(name, 0) + 1
    return Rows(rows=kept)


def passed(by: str = "answer_match", least: float = 1.0) -> Wanted:
    """A reward, already computed, reaches `least`."""

    def condition(trajectory: Trajectory) -> bool:
        score = trajectory.rewards.get(by)
        return score is not None and score.value is not None and score.value >= least

    return condition


def clean(trajectory: Trajectory) -> bool:
    """Every call ran."""
    return all(event.error is None for event in trajectory.events)


def revised(trajectory: Trajectory) -> bool:
    """A mark with a label was drawn again in another place: the attempt corrected itself."""
    places: dict[tuple[str, str], Sequence[object]] = {}
    for event in trajectory.events:
        label = str(event.arguments.get("label") or "")
        if event.error is None and label:
            place = where(event)
            if places.setdefault((event.name, label), place) != place:
                return True
    return False


def where(event: ToolEvent) -> Sequence[object]:
    return [value for name, value in sorted(event.arguments.items()) if name not in ("label", "target_image")]
