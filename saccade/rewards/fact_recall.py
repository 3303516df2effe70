"""Which facts about the picture a text states: the keyword reward of PeBR-R1 (arXiv 2509.13031), made safe.

``meta["facts"]`` lists what is true, each a phrase or several spellings of one; ``meta["false_facts"]`` what is not. Recall
alone is paid by saying everything there is to say, so by default the share of false facts that are stated is taken off it,
and, where nothing is known to be false, a text much longer than the facts counts less. ``measure="recall"`` is the published
rule.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from saccade.core.reward import reward
from saccade.core.trajectory import Score, Trajectory
from saccade.rewards._transcript import last_words
from saccade.text.equal import bare
from saccade.text.sections import section


@reward
def fact_recall(
    *, measure: Literal["informed", "recall"] = "informed", part: str | None = None, words_per_fact: int = 20
) -> Callable[[Trajectory], Score]:
    """0..1; None for samples without facts.

    part:           the tag whose text is read (``info``), by default the whole last message
    words_per_fact: without known false facts, a text longer than this many words a fact loses in proportion
    """
    if measure not in ("informed", "recall"):
        raise ValueError(f"fact_recall: measure is informed or recall, not {measure!r}")

    def score(trajectory: Trajectory) -> Score:
        meta = trajectory.sample.meta
        facts, false = spelled(meta.get("facts")), spelled(meta.get("false_facts"))
        if not facts:
            return Score(value=None, note="the sample knows no facts")
        said = last_words(trajectory)
        text = f" {bare((section(said, part) or '') if part else said)[:20_000]} "
        told, wrong = sum(states(text, each) for each in facts), sum(states(text, each) for each in false)
        recall = told / len(facts)
        note = f"{told} of {len(facts)} facts, {wrong} false"
        if measure == "recall" or not told:
            return Score(value=recall, note=note)
        if false:
            return Score(value=max(0.0, recall - wrong / len(false)), note=note)
        return Score(value=recall * min(1.0, words_per_fact * len(facts) / len(text.split())), note=note)

    return score


def spelled(value: object) -> list[tuple[str, ...]]:
    """Facts as spellings without case, articles and punctuation."""
    given: Sequence[object] = value if isinstance(value, list | tuple) else ()
    each = ((one,) if isinstance(one, str) else tuple(map(str, one)) for one in given if isinstance(one, str | list | tuple))
    return [tuple(bare(spelling) for spelling in spellings) for spellings in each]


def states(text: str, fact: Sequence[str]) -> bool:
    return any(spelling and f" {spelling} " in text for spelling in fact)


SCENE = {"facts": ["red star", ["two circles", "2 circles"]], "false_facts": ["blue star", "three circles"]}
EXAMPLES = [
    ("A red star and two circles.", "7", 1.0, SCENE),
    ("A red star and 3 squares.", "7", 0.5, SCENE),
    ("Red star, blue star, two circles, three circles.", "7", 0.0, SCENE),
    ("7", "7", 0.0, SCENE),
    ("A red star.", "7", None, {}),
]
