"""Answer where the evidence is there, say so where it is not (DeFacto, September 2025).

Reads ``meta["sample_type"]`` as `data.counterfactual.triples` writes it. Refusing costs as much as an unfounded answer
earns, so neither always answering nor always refusing pays.
"""

from __future__ import annotations

from collections.abc import Callable

from saccade.core.reward import reward
from saccade.core.trajectory import Score, Trajectory
from saccade.rewards._correct import correctness, read_answer
from saccade.rewards._transcript import answers
from saccade.text.equal import plain


@reward
def abstain_answer(*, unknown: str = "unknown", strict: bool = False) -> Callable[[Trajectory], Score]:
    """With evidence: 1 right, 0 wrong, -1 refused. Counterfactual samples: 1 refused, -1 anything else.

    unknown: the answer that refuses. Samples without a type count as having their evidence.
    """

    def score(trajectory: Trajectory) -> Score:
        written = answers(trajectory)
        said = read_answer(written[-1].text, strict=strict) if written else None
        refused = said is not None and plain(said) == plain(unknown)
        if trajectory.sample.meta.get("sample_type") == "counterfactual":
            return Score(value=1.0 if refused else -1.0, extracted=said)
        return Score(value=-1.0, extracted=said) if refused else correctness(trajectory, strict=strict)

    return score


EXAMPLES = [
    ("<answer>7</answer>", "7", 1.0, {}),
    ("<answer>8</answer>", "7", 0.0, {"sample_type": "random_mask"}),
    ("<answer>Unknown</answer>", "7", -1.0, {"sample_type": "positive"}),
    ("<answer>unknown</answer>", "unknown", 1.0, {"sample_type": "counterfactual"}),
    ("<answer>7</answer>", "unknown", -1.0, {"sample_type": "counterfactual"}),
    ("", "unknown", -1.0, {"sample_type": "counterfactual"}),
]
