"""Ask once, take the answer."""

from __future__ import annotations

from saccade.core.episode import Context, episode, show
from saccade.core.sample import Sample


@episode
async def single(sample: Sample, context: Context, *, tools: bool = False):
    """One question, one answer. With `tools` they are declared, but a call is not carried out."""
    yield show(sample.prompt, tools=context.tools if tools else ())


EXAMPLES = [
    (["<answer>4</answer>"], "done"),
    (['<tool_call>{"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [0, 0, 9, 9]}}</tool_call>'], "done"),
]
