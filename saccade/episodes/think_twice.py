"""Think, mark, think again, answer: exactly two rounds, the second on the marked picture (ViTAR, October 2025)."""

from __future__ import annotations

from saccade.core.episode import Context, episode, show
from saccade.core.sample import Sample

AGAIN = "Look at the marked picture again and answer."


@episode
async def think_twice(sample: Sample, context: Context, *, again: str = AGAIN):
    """Show the question with the tools; carry out one call; show its result and take the answer, no tool on offer any more.

    again: said with the result; an empty text says nothing. A first message without a call is the answer.
    """
    message = yield show(sample.prompt, tools=context.tools)
    if message.calls:
        results = await context.call_all(message.calls[:1])
        yield show(*results, *([again] if again else ()), tools=())


CALL = '<tool_call>{"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [0, 0, 9, 9]}}</tool_call>'
EXAMPLES = [
    ([CALL, "<answer>4</answer>"], "done"),
    (["<answer>4</answer>"], "done"),
    ([CALL, CALL, CALL], "done"),
]
