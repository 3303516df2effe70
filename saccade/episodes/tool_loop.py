"""Let the model call tools until it answers without one."""

from __future__ import annotations

from saccade.core.episode import Context, End, episode, show
from saccade.core.message import tool_result
from saccade.core.sample import Sample
from saccade.core.trajectory import Stop


@episode
async def tool_loop(sample: Sample, context: Context, *, max_steps: int | None = None, max_calls: int | None = None):
    """Show the question with the tools, carry out what is called, until a message holds no call.

    max_steps: messages the model may write (None: `Limits.steps`); a call in the last one ends with MAX_STEPS
    max_calls: calls that are carried out; the model is told when they are used up
    """
    message = yield show(sample.prompt, tools=context.tools)
    written, called = 1, 0
    while message.calls:
        if max_steps is not None and written >= max_steps:
            raise End(Stop.MAX_STEPS)
        allowed = len(message.calls) if max_calls is None else max(max_calls - called, 0)
        results = await context.call_all(message.calls[:allowed])
        refused = tuple(
            tool_result(f"Error: all {max_calls} tool calls are used up; answer now", name=call.name)
            for call in message.calls[allowed:]
        )
        called += len(message.calls)
        message = yield show(results + refused)
        written += 1


CALL = '<tool_call>{"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [0, 0, 9, 9]}}</tool_call>'
EXAMPLES = [
    ([CALL, "<answer>4</answer>"], "done"),
    (["<answer>4</answer>"], "done"),
    ([CALL] * 9, "max_steps"),
    (["<tool_call>{not json</tool_call>", "<answer>4</answer>"], "done"),
]
