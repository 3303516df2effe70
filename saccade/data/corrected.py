"""Right attempts that begin with somebody else's wrong look: traces that notice a mistake and mend it.

A policy that has only seen looks that hit does not know what to do after one that missed. The error is a real one, taken
from another attempt at the same sample with what the tool really showed; then a sentence, then the right attempt. The wrong
call itself is shown and not learned (Pixel Reasoner, arXiv 2505.15966): `Sample.meta["unlearned"]` names its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from saccade.core.message import Message, Text
from saccade.core.sample import Rows, Sample
from saccade.core.trajectory import ToolEvent, Trajectory
from saccade.data.distilled import Wanted
from saccade.media import boxes

SAYS = "That is not the place I need; I look elsewhere."
NUMBERED = ("target_image", "image", "image_index", "index")
"""Arguments in which tools take the number of a picture."""

Astray = Callable[[ToolEvent, Sample], bool]


def misses(event: ToolEvent, sample: Sample) -> bool:
    """A look that shows nothing of any evidence; False where no evidence is known, for then nobody can tell."""
    evidence = sample.meta.get("evidence") or ()
    return (event.error is None and event.box_xyxy is not None and bool(evidence)
            and all(boxes.shared(event.box_xyxy, each) == 0 for each in evidence))


def corrected(
    attempts: Iterable[Trajectory], *wanted: Wanted, astray: Astray = misses, says: str = SAYS, per_sample: int = 1
) -> Rows:
    """A source for ``mode="sft"``: the first `per_sample` right attempts of each sample, each after a wrong first look of
    another one.

    wanted: what a right attempt fulfils (`data.distilled.passed`, `clean`); it has a look of its own that is not astray
    astray: which first looks of the others are wrong
    Attempts that name pictures they were shown later by number are left out: one more picture before them would change the
    numbers. Raises ValueError without a condition, for then wrong attempts would be learned.
    """
    if not wanted:
        raise ValueError("corrected: say what a right attempt is, for example corrected(attempts, passed())")
    groups: dict[str, list[Trajectory]] = {}
    for each in attempts:
        if not each.stop.failed:
            groups.setdefault(each.sample.id, []).append(each)
    rows: list[Sample] = []
    for group in groups.values():
        errors = [look for each in group if (look := first_look(each)) and astray(each.events[0], each.sample)]
        right = [each for each in group if not each.stop.cut_off and all(condition(each) for condition in wanted)
                 and first_look(each) and not astray(each.events[0], each.sample) and not names_later_pictures(each)]
        rows += [mended(each, errors[place % len(errors)], says) for place, each in enumerate(right[:per_sample]) if errors]
    return Rows(rows=rows)


def first_look(trajectory: Trajectory) -> Sequence[Message]:
    """The first message of the policy with the one result it got; empty where it called nothing, or several at once."""
    begin = len(trajectory.sample.prompt)
    found = trajectory.messages[begin : begin + 2]
    whole = len(found) == 2 and found[0].role == "assistant" and found[1].role == "tool" and len(found[0].calls) == 1
    return found if whole and trajectory.events else ()


def names_later_pictures(trajectory: Trajectory) -> bool:
    given = sum(len(message.images) for message in trajectory.sample.prompt)
    return any(isinstance(value := event.arguments.get(key), int) and value > given
               for event in trajectory.events for key in NUMBERED)


def mended(trajectory: Trajectory, error: Sequence[Message], says: str) -> Sample:
    """The conversation with the wrong look and the sentence put in after the question."""
    begin, said = len(trajectory.sample.prompt), trajectory.messages
    first = said[begin]
    if first.thought is not None:
        first = replace(first, thought=f"{says} {first.thought}".strip())
    else:
        first = replace(first, parts=(Text(text=f"{says} "), *first.parts))
    talk = (*said[:begin], *error, first, *said[begin + 1 :])
    return replace(trajectory.sample, id=f"{trajectory.sample.id}#{trajectory.attempt}-corrected", prompt=talk,
                   meta={**trajectory.sample.meta, "unlearned": [begin]})
