"""The tool loop in three modes: the tool must be used, must not be, or may be (Look Less, Reason More, October 2025).

The mode is the branch of the attempt (`explore.modes`). It is said to the model in words, and ``never`` offers no tool at
all, so that nothing is used by accident. A free attempt sees exactly what `tool_loop` shows.
"""

from __future__ import annotations

from dataclasses import replace

from saccade.core.episode import Context, End, episode, show
from saccade.core.message import Message, Text
from saccade.core.sample import Sample
from saccade.core.trajectory import Stop

SAID = {"must": "\nUse a tool before you answer.", "never": "\nAnswer without a tool."}


@episode
async def forced_modes(
    sample: Sample, context: Context, *, max_steps: int | None = None, said: dict[str, str] | None = None,
    begin: str = "",
):
    """Show the question in the mode of the attempt, then carry out calls until a message holds none.

    said:  what is added to the question by mode, None for ours; a mode that is missing adds nothing
    begin: what the first message is made to begin with in the mode ``must`` (not trained on), for models that do not obey
           words
    """
    added = (SAID if said is None else said).get(context.branch, "")
    tools = () if context.branch == "never" else context.tools
    forced = begin if context.branch == "must" else ""
    message = yield show(with_words(sample.prompt, added), tools=tools, prefix=forced)
    written = 1
    while message.calls:
        if max_steps is not None and written >= max_steps:
            raise End(Stop.MAX_STEPS)
        message = yield show(await context.call_all(message.calls))
        written += 1


def with_words(prompt: tuple[Message, ...], words: str) -> tuple[Message, ...]:
    return (*prompt[:-1], replace(prompt[-1], parts=(*prompt[-1].parts, Text(text=words)))) if words and prompt else prompt


CALL = '<tool_call>{"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [0, 0, 9, 9]}}</tool_call>'
EXAMPLES = [
    ([CALL, "<answer>4</answer>"], "done"),
    (["<answer>4</answer>"], "done"),
    ([CALL] * 9, "max_steps", {"max_steps": 3}),
]
