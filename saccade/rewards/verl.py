"""A reward function written for verl, as it is: ``compute_score(data_source, solution_str, ground_truth, extra_info)``.

It returns a number or a mapping with `score`; other entries of the mapping are kept as a note. `solution_str` is the
whole completion, calls and tool results in their tags.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from saccade.core.reward import Reward
from saccade.core.signals import Ramp
from saccade.core.trajectory import Score, Trajectory
from saccade.rewards._transcript import transcript


def verl(function: Callable[..., Any], *, weight: float | Ramp = 1.0, name: str | None = None) -> Reward:
    """Make a reward of a verl scoring function. Where the data has no `data_source` it is an empty text."""

    def score(trajectory: Trajectory) -> Score:
        meta = trajectory.sample.meta
        value = function(
            data_source=meta.get("data_source") or meta.get("columns", {}).get("data_source") or "",
            solution_str=transcript(trajectory),
            ground_truth=trajectory.sample.target,
            extra_info=meta.get("extra_info") or {},
        )
        if isinstance(value, Mapping):
            if "score" not in value:
                raise ValueError(f"a verl function that returns a mapping must give 'score'; it has {sorted(value)}")
            note = ", ".join(f"{key}={item}" for key, item in value.items() if key != "score")
            return Score(value=float(value["score"]), note=note[:500])
        return Score(value=float(value))

    return Reward(name=name or getattr(function, "__name__", "verl"), function=score, weight=weight)


def _compute_score(data_source: str, solution_str: str, ground_truth: str, extra_info: Any = None) -> dict[str, Any]:
    return {"score": float(f"<answer>{ground_truth}</answer>" in solution_str), "source": data_source}


def example() -> Reward:
    return verl(_compute_score)


EXAMPLES = [("<answer>7</answer>", "7", 1.0, {"data_source": "mine"}), ("<answer>8</answer>", "7", 0.0, {})]
