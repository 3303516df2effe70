"""Whether a reply is built as it was asked to be: tags in order, headed sections, numbered answers, a box in the last part.

One reward for the formats of many methods; `format_tags` is the one for thought, calls and answer over several turns. Among
those it covers: ``info, think, answer`` (Visionary-R1, arXiv 2505.14677); think and a boxed answer (Perception-R1, arXiv
2506.07218); four headings (PeBR-R1, arXiv 2509.13031); a JSON box in the answer (VLM-R1, arXiv 2504.07615). Form is never
worth much by itself: gate the answer with it (`only_if`) or give it a small weight.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from saccade.core.reward import reward
from saccade.core.trajectory import Score, Trajectory
from saccade.rewards._correct import boxed
from saccade.rewards._transcript import last_words
from saccade.text.detections import detections
from saccade.text.numbers import number
from saccade.text.sections import headed_parts, tagged_parts

Inside = Literal["boxed", "boxes", "number"]


@reward
def grammar(
    *, tags: Sequence[str] = ("think", "answer"), headings: Sequence[str] = (), inside: Mapping[str, Inside] | None = None,
) -> Callable[[Trajectory], Score]:
    """1 when the last message keeps the form, else 0.

    tags:     exactly these, each once and not empty, nothing outside them
    headings: instead of tags, sections that begin with ``### Heading``, in this order
    inside:   what a part must hold besides: one ``\\boxed{}``, a list of boxes, or a number
    """
    parts, held = tuple(headings or tags), dict(inside or {})
    if not parts or set(held) - set(parts):
        raise ValueError(f"grammar: the parts are {parts}; `inside` speaks of {sorted(held)}")
    if set(held.values()) - {"boxed", "boxes", "number"}:
        raise ValueError(f"grammar: a part can hold boxed, boxes or number, not {sorted(held.values())}")

    def score(trajectory: Trajectory) -> Score:
        text = last_words(trajectory)
        found = headed_parts(text, headings) if headings else tagged_parts(text, tags)
        if found is None:
            return Score(value=0.0, note=f"not the parts {', '.join(parts)}")
        empty = next((part for part in parts if not found[part]), None)
        if empty:
            return Score(value=0.0, note=f"{empty} is empty")
        lacking = next((part for part, what in held.items() if not holds(found[part], what)), None)
        return Score(value=float(lacking is None), note=f"{lacking} holds no {held[lacking]}" if lacking else "")

    return score


def holds(text: str, what: Inside) -> bool:
    if what == "boxed":
        return len(boxed(text)) == 1
    return detections(text) is not None if what == "boxes" else number(text, mode="strict") is not None


EXAMPLES = [
    ("<think>It is red.</think><answer>red</answer>", "red", 1.0, {}),
    ("<answer>red</answer>", "red", 0.0, {}),
    ("<think></think><answer>red</answer>", "red", 0.0, {}),
    ("<think>a</think><answer>red</answer> and more", "red", 0.0, {}),
]
