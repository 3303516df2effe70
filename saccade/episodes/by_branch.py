"""One question, one answer, and which question it is depends on the branch of the attempt.

An explorer that makes several kinds of attempts at a sample (reasoning and a checklist about the picture, with a hint and
without) names their branches; the prompts are made from the sample here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from saccade.core.episode import Context, episode, show
from saccade.core.message import Message
from saccade.core.sample import Sample

Ask = Callable[[Sample], Sequence[Message]]


@episode
async def by_branch(sample: Sample, context: Context, *, prompts: Mapping[str, Ask] | None = None, tools: bool = False):
    """Show ``prompts[branch](sample)``, or the sample's own prompt where the branch has none.

    tools: declare the run's tools; a call is not carried out
    """
    ask: Any = (prompts or {}).get(context.branch)
    yield show(ask(sample) if ask else sample.prompt, tools=context.tools if tools else ())


EXAMPLES = [
    (["<answer>4</answer>"], "done"),
    (["<answer>4</answer>"], "done", {"prompts": {"": lambda sample: sample.prompt}}),
]
