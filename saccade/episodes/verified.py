"""A verifier decides after every look whether another one would bring anything (VTS-V, June 2025).

It is a client that answers the conversation so far with one number: how far the attempt has what it needs. Where the number
hardly moves any more, the policy is told to answer. Without a verifier the policy decides by itself, as in `tool_loop`.
"""

from __future__ import annotations

from saccade.core.episode import Context, episode, show
from saccade.core.message import Message, user
from saccade.core.sample import Sample
from saccade.text.numbers import number

GO_ON, STOP = "Use a tool once more.", "Answer now."
ASKED = "How far is the question answered by what was seen so far? Reply with one number."


@episode
async def verified(
    sample: Sample, context: Context, *, verifier: str | None = None, least: int = 1, most: int = 10, eps: float = 0.05,
):
    """Let the policy call tools until the verifier's number changes by less than `eps`, or `most` rounds are over.

    least: rounds before the verifier may stop. A reply of the verifier that holds no number stops nothing.
    """
    history: list[Message] = list(sample.prompt)
    message = yield show(sample.prompt, tools=context.tools)
    before: float | None = None
    for round_number in range(1, most + 1):
        if not message.calls:
            return
        results = await context.call_all(message.calls)
        history += [message, *results]
        if verifier is None:
            message = yield show(results)
            continue
        judged = yield show(*history, user(ASKED), speaker=verifier, after="new")
        said = number(judged.text, mode="lenient")
        now = None if said is None else said.value
        settled = now is not None and before is not None and abs(now - before) < eps
        before = now if now is not None else before
        if (settled and round_number >= least) or round_number == most:
            yield show(*results, STOP, tools=())
            return
        message = yield show(*results, GO_ON)


CALL = '<tool_call>{"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [0, 0, 9, 9]}}</tool_call>'
EXAMPLES = [
    ([CALL, "<answer>4</answer>"], "done"),
    (["<answer>4</answer>"], "done"),
    ([CALL] * 3, "done", {"most": 2}),
]
