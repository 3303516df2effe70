"""Does the policy see what the question needs? The whole checklist at once (PEARL, arXiv 2511.18437).

``meta["checklist"]`` holds pairs of question and answer; the answers come in ``<a1>..</a1>`` and so on. As a follow-up of
each attempt it measures; where the answers themselves are trained on, they are attempts of origin ``probe`` and need no
follow-up.
"""

from __future__ import annotations

from collections.abc import Sequence

from saccade.core.message import Message, Text, user
from saccade.core.reward import FollowUp
from saccade.core.trajectory import Trajectory


def checklist(*, by: str = "policy", max_tokens: int = 128, name: str = "checklist") -> FollowUp:
    """Ask the checklist in a fresh context that shows the pictures of the prompt; not asked of samples without one."""

    def ask(trajectory: Trajectory) -> Sequence[Message] | None:
        pairs = trajectory.sample.meta.get("checklist")
        if not isinstance(pairs, list | tuple) or not pairs:
            return None
        return (user(*trajectory.sample.images, Text(text=asked(pairs))),)

    return FollowUp(name=name, ask=ask, by=by, max_tokens=max_tokens)


def asked(pairs: Sequence[object]) -> str:
    """The questions, numbered, and how to answer them."""
    texts = [str(each["question"] if isinstance(each, dict) else each[0]) for each in pairs]  # type: ignore[index]
    lines = "\n".join(f"{number}. {text}" for number, text in enumerate(texts, 1))
    return f"{lines}\nAnswer each with a word or a number: <a1>...</a1> to <a{len(texts)}>...</a{len(texts)}>."


EXAMPLES = [
    ("<answer>yes</answer>", {"checklist": [("How many stars?", "2")]}, "1. How many stars?"),
    ("<answer>yes</answer>", {}, None),
]
