"""Whether the right class was named, a longer or shorter name counting as the same (Visual-RFT, arXiv 2503.01785).

The published rule, `contains="anywhere"`: without spaces, underscores and case, either text contains the other. It is paid
by a list of all classes, by a single letter and by the question said back. The default keeps what the rule is for (``golden
retriever dog`` is ``golden retriever``) and asks for whole words, few of them, and no other class of the sample among them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from saccade.core.reward import reward
from saccade.core.sample import Sample
from saccade.core.trajectory import Score, Trajectory
from saccade.rewards._correct import final_answer
from saccade.text.equal import bare


@reward
def class_match(
    *, contains: Literal["words", "anywhere"] = "words", extra: int = 3, strict: bool = False
) -> Callable[[Trajectory], Score]:
    """1 or 0. extra: words an answer may have beyond the class. Other classes are ``meta["classes"]`` or the choices."""
    if contains not in ("words", "anywhere"):
        raise ValueError(f"class_match: contains is words or anywhere, not {contains!r}")

    def score(trajectory: Trajectory) -> Score:
        sample, found = trajectory.sample, final_answer(trajectory, strict=strict)
        if found is None:
            return Score(value=0.0, note="no answer")
        target = str(sample.target)
        if contains == "anywhere":
            one, other = ("".join(each.lower().replace("_", "").split()) for each in (found, target))
            return Score(value=float(one in other or other in one), extracted=found[:500])
        return Score(value=float(names(sample, found, target, extra)), extracted=found[:500])

    return score


def names(sample: Sample, found: str, target: str, extra: int) -> bool:
    said, wanted = words(found), words(target)
    if not said or not wanted or len(said) > len(wanted) + extra:
        return False
    classes = [words(str(each)) for each in sample.meta.get("classes", sample.choices)]
    others = [each for each in classes if each and each != wanted and not within(each, wanted)]
    return (within(wanted, said) or within(said, wanted)) and not any(within(each, said) for each in others)


def words(text: str) -> list[str]:
    return bare(text.replace("_", " ")[:2000]).split()


def within(inner: list[str], outer: list[str]) -> bool:
    """Whether the words stand in the others as one run."""
    return any(outer[at: at + len(inner)] == inner for at in range(len(outer) - len(inner) + 1))


EXAMPLES = [
    ("<answer>Golden Retriever</answer>", "golden_retriever", 1.0, {}),
    ("<answer>a golden retriever dog</answer>", "golden retriever", 1.0, {"classes": ("golden retriever", "poodle")}),
    ("<answer>golden retriever or poodle</answer>", "golden retriever", 0.0, {"classes": ("golden retriever", "poodle")}),
    ("<answer>r</answer>", "golden retriever", 0.0, {}),
    ("", "poodle", 0.0, {}),
]
