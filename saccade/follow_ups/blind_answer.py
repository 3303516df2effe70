"""Can the question be answered from the caption alone? (Visionary-R1, arXiv 2505.14677)

The reader (the policy itself, or a client) gets the caption and the question and no picture. It says LEAK instead of
answering when the caption already holds the answer. `rewards.caption_sufficiency` reads what it says.
"""

from __future__ import annotations

from collections.abc import Sequence

from saccade.core.message import Message, user
from saccade.core.reward import FollowUp
from saccade.core.trajectory import Trajectory
from saccade.follow_ups._quote import written
from saccade.text.sections import section

ASK = ("Description of a picture that you cannot see:\n{caption}\n\nQuestion: {question}\n\nIf the description itself gives "
       "the answer to this question or reasons about it, say only LEAK. Otherwise answer from the description, in <answer> "
       "tags.")


def blind_answer(
    *, by: str = "policy", part: str = "info", instruct: str = ASK, max_tokens: int = 64, name: str = "blind_answer"
) -> FollowUp:
    """Ask for an answer from the caption in tag `part`; not asked where there is no caption.

    instruct: the text of the question, with ``{caption}`` and ``{question}`` in it. Raises ValueError where one is missing.
    """
    if "{caption}" not in instruct or "{question}" not in instruct:
        raise ValueError("blind_answer: `instruct` holds {caption} and {question}")

    def ask(trajectory: Trajectory) -> Sequence[Message] | None:
        caption = section(written(trajectory), part)
        if not caption:
            return None
        question = trajectory.sample.prompt[-1].text
        return (user(instruct.replace("{caption}", caption[:8000]).replace("{question}", question)),)

    return FollowUp(name=name, ask=ask, by=by, max_tokens=max_tokens)


EXAMPLES = [
    ("<info>Two stars.</info><answer>2</answer>", {}, "Two stars."),
    ("<answer>2</answer>", {}, None),
]
