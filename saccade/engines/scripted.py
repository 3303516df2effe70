"""An engine that says what it is told: replies from a list or a function, as tokens of a real renderer.

For episodes, rewards and trainers to be tried without a model. Everything around it is real: the tokens are the
renderer's, a reply longer than allowed is cut off, and log-probabilities, invented from the request's own seed, are the
same in any batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from saccade.core.engine import Completion, Prompt, Sampling, token_array
from saccade.core.message import Message
from saccade.core.seed import generator
from saccade.text.dialect import Parsed

Reply = str | Message


@dataclass(slots=True, kw_only=True)
class ScriptedEngine:
    """`replies` are taken in order, or made by a function of what the prompt says (decoded text) and how often anybody
    asked before. `renderer` must have `write` (that of `models.renderer` does). `prompts` keeps what was asked."""

    replies: Sequence[Reply] | Callable[[str, int], Reply]
    renderer: Any
    version: int = 0
    prompts: list[Prompt] = field(default_factory=list)

    async def generate(self, prompt: Prompt, sampling: Sampling) -> Completion:
        """Raises ValueError when the list is used up."""
        turn = len(self.prompts)
        self.prompts.append(prompt)
        if callable(self.replies):
            reply = self.replies(self.renderer.decode(prompt.tokens), turn)
        elif turn < len(self.replies):
            reply = self.replies[turn]
        else:
            raise ValueError(f"the script has {len(self.replies)} replies and was asked for one more")
        whole = token_array([*self.renderer.write(self._text(reply)), self.renderer.stop[0]])
        tokens = whole[: sampling.max_tokens]
        rng = generator("scripted", sampling.seed, turn)
        return Completion(
            tokens=tokens,
            logp=-rng.exponential(0.5, len(tokens)).astype(np.float32),
            finish="stop" if len(tokens) == len(whole) else "length",
            version=self.version,
        )

    def _text(self, reply: Reply) -> str:
        if isinstance(reply, str):
            return reply
        return self.renderer.dialect.write(Parsed(text=reply.text, thought=reply.thought, calls=reply.calls))


def scripted(renderer: Any, *replies: Reply) -> ScriptedEngine:
    """An engine with these replies, in order."""
    return ScriptedEngine(replies=replies, renderer=renderer)
