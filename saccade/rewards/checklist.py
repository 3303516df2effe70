"""How many questions of a perception checklist were answered rightly (PEARL, arXiv 2511.18437).

``meta["checklist"]`` holds pairs of question and answer. All are asked at once and answered in ``<a1>..</a1>`` to
``<aK>..</aK>``: by an attempt of origin ``probe``, or in a follow-up of that name after the attempt
(`follow_ups.checklist`). An answer that stands twice is none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from saccade.core.reward import reward
from saccade.core.trajectory import Score, Trajectory
from saccade.rewards._correct import choice
from saccade.text.equal import agrees
from saccade.text.sections import numbered_parts


@reward
def checklist(*, key: str = "checklist") -> Callable[[Trajectory], Score]:
    """Share of right answers, 0..1; None where the sample has no checklist or nobody was asked. key: name of the
    follow-up."""

    def score(trajectory: Trajectory) -> Score:
        pairs = pairs_of(trajectory.sample.meta.get("checklist"))
        probed = trajectory.origin == "probe"
        text = trajectory.answer if probed else trajectory.aux.get(key)
        if not pairs or not isinstance(text, str):
            return Score(value=None, note="no checklist" if not pairs else "nobody was asked")
        found = numbered_parts(text, len(pairs))
        right = [said is not None and judged(said, answer) for said, (_, answer) in zip(found, pairs, strict=True)]
        return Score(value=sum(right) / len(right), note="".join("+" if each else "-" for each in right))

    return score


def pairs_of(value: object) -> list[tuple[str, str]]:
    """Question and answer, as pairs or as mappings with these names."""
    given: Sequence[object] = value if isinstance(value, list | tuple) else ()
    out = []
    for each in given:
        pair = (each.get("question"), each.get("answer")) if isinstance(each, dict) else each
        if isinstance(pair, list | tuple) and len(pair) == 2:
            out.append((str(pair[0]), str(pair[1])))
    return out


def judged(said: str, answer: str) -> bool:
    letters = len(answer) == 1 and answer.isalpha() and answer.isupper()
    return bool(choice((), answer, said)) if letters else agrees(said[:500], answer, mode="strict")


TWO = [("How many stars?", "2"), ("What colour is the cross?", "red")]
EXAMPLES = [
    ("", "yes", 1.0, {"checklist": TWO, "aux": {"checklist": "<a1>2</a1><a2>red</a2>"}}),
    ("", "yes", 0.5, {"checklist": TWO, "aux": {"checklist": "<a1>2</a1><a2>red</a2><a2>blue</a2>"}}),
    ("", "yes", 0.0, {"checklist": TWO, "aux": {"checklist": "0 1 2 3 red blue"}}),
    ("", "yes", None, {"checklist": TWO}),
]
