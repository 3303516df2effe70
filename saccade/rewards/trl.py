"""A reward function written for TRL, as it is: ``f(prompts, completions, completion_ids, **columns) -> list``.

It sees the whole group at once, as there. Columns are those of the data file; `answer`, `solution` and `ground_truth`
are filled from the target where the file has none of that name. Functions may be async, may return None for "does not
apply", and may raise: then every attempt gets no score and the reason is kept.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

from saccade.core.message import Message
from saccade.core.reward import Reward, for_group
from saccade.core.sample import Sample
from saccade.core.signals import Ramp
from saccade.core.trajectory import Group, Score, Trajectory
from saccade.rewards._transcript import as_chat, completion, transcript

TARGET_COLUMNS = ("answer", "solution", "ground_truth")
Form = Literal["auto", "messages", "answer", "text"]


def trl(
    function: Callable[..., Any], *, form: Form = "auto", weight: float | Ramp = 1.0, name: str | None = None
) -> Reward:
    """Make a reward of a TRL reward function.

    form: what a completion is. ``messages``: every message after the prompt, tool results included (TRL's conversational
          form); ``answer``: the last message alone, as a list of one; ``text``: a string. ``auto`` is ``text`` where the
          `prompt` column of the data is a string, else ``messages``. Choose ``answer`` for a function that reads
          ``completion[0]["content"]`` when the model takes several turns.
    """
    if form not in ("auto", "messages", "answer", "text"):
        raise ValueError(f"trl: form is auto, messages, answer or text, not {form!r}")
    called = name or getattr(function, "__name__", type(function).__name__)

    @for_group
    def score(group: Group) -> Sequence[Score]:
        out = [Score(value=None, note="failed on our side")] * len(group.trajectories)
        members = [group.trajectories[index] for index in group.members]
        if not members:
            return out
        try:
            values = values_of(function, members, form)
        except Exception as error:  # the user's code: recorded at its sample, never the end of a run
            values = [Score(value=None, note=f"{called}: {type(error).__name__}: {error} "
                                             f"(sample {group.sample.id})")] * len(members)
        for index, value in zip(group.members, values, strict=True):
            out[index] = value
        return out

    return Reward(name=called, function=score, weight=weight, scope="group")


def values_of(function: Callable[..., Any], members: Sequence[Trajectory], form: Form) -> list[Score]:
    """Call the function on a group. Raises ValueError when it does not return one number (or None) per completion."""
    sample = members[0].sample
    prompt = sample.meta.get("columns", {}).get("prompt")
    as_text = form == "text" or (form == "auto" and isinstance(prompt, str))
    given: dict[str, Any] = {
        "prompts": [prompt if as_text and isinstance(prompt, str) else [as_chat(each) for each in sample.prompt]]
        * len(members),
        "completions": [transcript(each) if as_text else chat_of(each, form) for each in members],
        "completion_ids": [sampled_ids(each) for each in members],
    }
    given |= {key: [value] * len(members) for key, value in columns_of(sample).items() if key not in given}
    result = run(function, given if takes_all(function) else
                 {key: value for key, value in given.items() if key in inspect.signature(function).parameters})
    if not isinstance(result, Sequence) or len(result) != len(members):
        raise ValueError(f"it returned {type(result).__name__} "
                         f"{len(result) if isinstance(result, Sequence) else ''} for {len(members)} completions; "
                         "expected a list with one number or None for each")
    return [Score(value=None if value is None else float(value)) for value in result]


def chat_of(trajectory: Trajectory, form: Form) -> list[dict[str, Any]]:
    said: tuple[Message, ...] = completion(trajectory)
    shown = [message for message in said if message.role == "assistant"][-1:] if form == "answer" else said
    return [as_chat(message) for message in shown] or [{"role": "assistant", "content": ""}]


def sampled_ids(trajectory: Trajectory) -> list[int]:
    """Ids of the tokens the policy drew; empty for a trajectory made by a client."""
    return [int(token) for step in trajectory.path() if step.tokens is not None and step.sampled is not None
            for token in step.tokens[step.sampled]]


def columns_of(sample: Sample) -> dict[str, Any]:
    """The columns of the data file this sample came from (`prompt` and `completion` are TRL's own), and the target."""
    own = {key: value for key, value in sample.meta.get("columns", {}).items() if key not in ("prompt", "completion")}
    return {**{key: sample.target for key in TARGET_COLUMNS}, **own}


def takes_all(function: Callable[..., Any]) -> bool:
    return any(each.kind is each.VAR_KEYWORD for each in inspect.signature(function).parameters.values())


def run(function: Callable[..., Any], given: dict[str, Any]) -> Any:
    """Call a function, sync or async; a coroutine runs on a thread of its own, because a loop may be running here."""
    result = function(**given)
    if not inspect.isawaitable(result):
        return result

    async def wait() -> Any:
        return await result

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, wait()).result()


def _solved(completions: list[list[dict[str, str]]], solution: list[str], **columns: Any) -> list[float]:
    said = [completion[-1]["content"] for completion in completions]
    return [float(text == f"<answer>{gold}</answer>") for text, gold in zip(said, solution, strict=True)]


def example() -> Reward:
    return trl(_solved)


EXAMPLES = [("<answer>7</answer>", "7", 1.0, {}), ("<answer>8</answer>", "7", 0.0, {}), ("", "7", 0.0, {})]
