"""A reward function written for EasyR1, as it is: ``compute_score(reward_inputs) -> list`` of mappings with `overall`.

Inputs are mappings with `response`, `response_length` and `ground_truth`; it gets those of a whole group. A function of the
sequential kind takes one mapping and returns one. Parts beside `overall` are kept as a note: they are in it already.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from saccade.core.reward import Reward, for_group
from saccade.core.signals import Ramp
from saccade.core.trajectory import Group, Score, Trajectory
from saccade.rewards._transcript import num_written, transcript


def easyr1(
    function: Callable[..., Any], *, sequential: bool | None = None, weight: float | Ramp = 1.0, name: str | None = None
) -> Reward:
    """Make a reward of an EasyR1 scoring function.

    sequential: whether it takes one input at a time; by default told by the name of its first parameter
    (`reward_inputs` or `reward_input`). Raises ValueError when that does not tell.
    """
    first = next(iter(inspect.signature(function).parameters), "")
    if sequential is None:
        if first not in ("reward_inputs", "reward_input"):
            raise ValueError(f"easyr1: the first parameter is {first!r}, neither reward_inputs nor reward_input; "
                             "say sequential=True or sequential=False")
        sequential = first == "reward_input"
    called = name or getattr(function, "__name__", "easyr1")

    @for_group
    def score(group: Group) -> Sequence[Score]:
        out = [Score(value=None, note="failed on our side")] * len(group.trajectories)
        inputs = [input_of(group.trajectories[index]) for index in group.members]
        try:
            results = [function(each) for each in inputs] if sequential else list(function(inputs)) if inputs else []
            scores = [as_score(each) for each in results]
            if len(scores) != len(inputs):
                raise ValueError(f"it returned {len(scores)} results for {len(inputs)} inputs")
        except Exception as error:  # the user's code: recorded at its sample, never the end of a run
            note = f"{called}: {type(error).__name__}: {error} (sample {group.sample.id})"
            scores = [Score(value=None, note=note)] * len(inputs)
        for index, value in zip(group.members, scores, strict=True):
            out[index] = value
        return out

    return Reward(name=called, function=score, weight=weight, scope="group")


def input_of(trajectory: Trajectory) -> dict[str, Any]:
    return {
        "response": transcript(trajectory),
        "response_length": num_written(trajectory)[0],
        "ground_truth": trajectory.sample.target,
    }


def as_score(result: Any) -> Score:
    if isinstance(result, Mapping):
        if "overall" not in result:
            raise ValueError(f"a result must give 'overall'; it has {sorted(result)}")
        return Score(value=float(result["overall"]),
                     note=", ".join(f"{key}={item}" for key, item in result.items() if key != "overall")[:500])
    return Score(value=float(result))


def _compute_score(reward_inputs: list[dict[str, Any]]) -> list[dict[str, float]]:
    right = [float(f"<answer>{each['ground_truth']}</answer>" == each["response"]) for each in reward_inputs]
    return [{"overall": value, "accuracy": value} for value in right]


def example() -> Reward:
    return easyr1(_compute_score)


EXAMPLES = [("<answer>7</answer>", "7", 1.0, {}), ("<answer>8</answer>", "7", 0.0, {})]
