"""A tool loop of a hundred turns: only the last results stay in view (LMM-Searcher, April 2026).

What a tool found stays in the context until `keep` others have come after it; then its place says that it was left out, and
the model may ask again. Nothing that was seen is rewritten: where a result drops out, a fresh context begins with the whole
conversation as it now stands, and what the model writes there is trained on in that context alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from saccade.core.episode import Context, End, episode, show
from saccade.core.message import Message, Text, tool_result
from saccade.core.sample import Sample
from saccade.core.trajectory import Stop

LEFT_OUT = "(left out; call again to see it)"


@episode
async def windowed(sample: Sample, context: Context, *, keep: int = 5, max_steps: int | None = None):
    """Show the question with the tools, carry out what is called, until a message holds no call.

    keep:      results in view; more than so many in one message all stay until the next
    max_steps: messages the model may write (None: `Limits.steps`); a call in the last one ends with MAX_STEPS
    Raises ValueError for a `keep` below 1.
    """
    if keep < 1:
        raise ValueError(f"windowed: keep is {keep}; at least the last result must stay in view")
    talk: list[Message] = list(sample.prompt)
    message = yield show(talk, tools=context.tools)
    written = 1
    while message.calls:
        if max_steps is not None and written >= max_steps:
            raise End(Stop.MAX_STEPS)
        results = await context.call_all(message.calls)
        before = [*talk, message]
        talk = [*shortened(before, max(keep - len(results), 0)), *results]
        if talk[: len(before)] == before:
            message = yield show(results)
        else:
            talk = [writable(each) for each in talk]
            message = yield show(talk, tools=context.tools, after="new")
        written += 1


def shortened(talk: Sequence[Message], keep: int) -> list[Message]:
    """The conversation with all but the last `keep` results left out; their places and what the model wrote stay."""
    results = [place for place, each in enumerate(talk) if each.role == "tool"]
    old = set(results[: len(results) - keep])
    return [tool_result(Text(text=LEFT_OUT), name=each.name or "tool") if place in old else each
            for place, each in enumerate(talk)]


def writable(message: Message) -> Message:
    """The message without calls that could not be read: no template can write those again. Their text stays."""
    if not any(call.error for call in message.calls):
        return message
    return replace(message, calls=tuple(call for call in message.calls if not call.error))


CALL = '<tool_call>{"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [0, 0, 9, 9]}}</tool_call>'
EXAMPLES = [
    ([CALL, "<answer>4</answer>"], "done"),
    ([CALL, CALL, CALL, "<answer>4</answer>"], "done", {"keep": 1}),
    ([CALL] * 9, "max_steps", {"keep": 2}),
    (["<tool_call>{not json</tool_call>", "<answer>4</answer>"], "done"),
]
