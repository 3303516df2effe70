"""A policy that is a table: an exact softmax over a few words, for claims about rewards, credit and selection.

Its checkpoint's name is its vocabulary: ``tabular:red green ... yes no``. A shown message is one token, whatever it says,
and what follows it is drawn word by word from a row of logits found by everything shown and the last words written. It
renders, samples and scores through the same types as a model, so rollouts, rewards, credit, terms and the update are those
of every other run; what it cannot do is see, or carry over from one question to another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from saccade.core.engine import Completion, Finish, Prompt, Rendered, Sampling
from saccade.core.message import Message, Text
from saccade.core.run import PolicySpec
from saccade.core.seed import generator
from saccade.core.tool import Tool
from saccade.models.distribution import chosen_logp, entropy_of
from saccade.models.forward import Scores

PREFIX, END = "tabular:", 0
ROOM = 1 << 14
"""Rows of the table; every (shown, last words) that is ever met takes one."""

MEMORY = 3
"""How many of its last words, beside their number, the policy knows."""


def is_tabular(spec: PolicySpec) -> bool:
    return spec.model.startswith(PREFIX)


class Words:
    """A `Renderer`: token 0 ends a message, then the vocabulary, then one token for every text that was shown."""

    def __init__(self, words: Sequence[str]) -> None:
        if len(set(words)) != len(words) or not words:
            raise ValueError("a tabular policy needs a vocabulary of different words: tabular:yes no 1 2 3")
        self.words = ("", *words)
        self.ids = {word: index for index, word in enumerate(self.words) if word}
        self.shown: dict[str, int] = {}
        self.banned, self.stop, self.notes = (), (END,), ()

    def encode(self, messages: Sequence[Message], tools: Sequence[Tool], store: Any) -> tuple[Rendered, ...]:
        return tuple(self.piece(message) for message in messages)

    def extend(self, messages: Sequence[Message], store: Any, *, finish: Finish = "stop") -> tuple[Rendered, ...]:
        return self.encode(messages, (), store)

    def inside(self, messages: Sequence[Message], store: Any) -> tuple[Rendered, ...]:
        raise ValueError("a tabular policy has no messages that stay open")

    def piece(self, message: Message) -> Rendered:
        """What the policy wrote, word by word with its end; anything else as one token."""
        if message.role == "assistant":
            tokens = np.append(self.write(message.text), END).astype(np.int32)
        else:
            place = self.shown.setdefault(f"{message.role}: {message.text}", len(self.words) + len(self.shown))
            tokens = np.array([place], np.int32)
        return Rendered(tokens=tokens, body=np.ones(len(tokens), bool))

    def write(self, text: str) -> np.ndarray:
        unknown = [word for word in text.split() if word not in self.ids]
        if unknown:
            raise ValueError(f"the word {unknown[0]!r} is not in the vocabulary of this tabular policy")
        return np.array([self.ids[word] for word in text.split()], np.int32)

    def parse(self, tokens: np.ndarray, *, finish: Finish = "stop") -> Message:
        return Message(role="assistant", parts=(Text(text=self.decode(tokens)),))

    def decode(self, tokens: np.ndarray) -> str:
        return " ".join(self.words[int(token)] for token in tokens if 0 < token < len(self.words))


class Table(nn.Module):
    """logits_KV: a row for every key met so far."""

    def __init__(self, num_words: int) -> None:
        super().__init__()
        self.logits_KV = nn.Parameter(torch.zeros(ROOM, num_words))


@dataclass(slots=True, kw_only=True)
class TabularPolicy:
    """Stands where a `Policy` stands in `Learner` and engine. `keys` maps (shown, number of words, last words) to rows."""

    spec: PolicySpec
    model: Table
    renderer: Words
    banned: Tensor = field(default_factory=lambda: torch.zeros(0, dtype=torch.long))
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    folder: Path = Path()
    version: int = 0
    tower_version: int = 0
    notes: tuple[str, ...] = ()
    keys: dict[tuple[Any, ...], int] = field(default_factory=dict)

    def updated(self) -> None:
        self.version += 1

    def row(self, before: Sequence[int]) -> int:
        """The row of the distribution after these tokens. Raises ValueError when the table is full."""
        count = len(self.renderer.words)
        last = max((at for at, token in enumerate(before) if token >= count), default=-1)
        shown = tuple(token for token in before if token >= count)
        key = (shown, len(before) - last, *before[max(last + 1, len(before) - MEMORY):])
        place = self.keys.setdefault(key, len(self.keys))
        if place >= ROOM:
            raise ValueError(f"the table of {ROOM} rows is full; use a smaller simulator or shorter answers")
        return place

    def score(self, prompts: Sequence[Prompt], *, wanted: Sequence[np.ndarray], entropy: bool = False) -> Scores:
        """As `models.forward.score`."""
        places = [(row, int(place)) for row, marks in enumerate(wanted) for place in np.flatnonzero(marks)]
        before = [self.row([int(token) for token in prompts[row].tokens[:place]]) for row, place in places]
        token_N = torch.tensor([int(prompts[row].tokens[place]) for row, place in places], dtype=torch.long)
        logits_NV = self.model.logits_KV[torch.tensor(before, dtype=torch.long)].float()
        row_N, place_N = (torch.tensor([each[axis] for each in places], dtype=torch.long) for axis in (0, 1))
        return Scores(logp_N=chosen_logp(logits_NV, token_N), row_N=row_N, place_N=place_N, hidden_ND=logits_NV,
                      entropy_N=entropy_of(logits_NV) if entropy else None)


def tabular(spec: PolicySpec) -> TabularPolicy:
    """The untrained table of a checkpoint name: every word equally likely everywhere. Raises ValueError for a bad name."""
    renderer = Words(spec.model.removeprefix(PREFIX).split())
    return TabularPolicy(spec=spec, model=Table(len(renderer.words)), renderer=renderer)


@dataclass(slots=True, kw_only=True)
class TabularEngine:
    """Draws from the table. An `Engine`; log-probabilities are those of temperature 1."""

    policy: TabularPolicy
    rows: dict[int, np.ndarray] = field(default_factory=dict)
    drawn_at: int = -1

    @property
    def version(self) -> int:
        return self.policy.version

    async def generate(self, prompt: Prompt, sampling: Sampling) -> Completion:
        rng = generator("tabular", sampling.seed)
        tokens, written, chosen = [int(token) for token in prompt.tokens], [], []
        while len(written) < sampling.max_tokens and (not written or written[-1] != END):
            logp_V = self.logp(self.policy.row(tokens))
            if sampling.temperature == 0:
                token = int(logp_V.argmax())
            else:
                odds_V = np.exp((logp_V - logp_V.max()) / sampling.temperature)
                token = int(np.searchsorted(np.cumsum(odds_V), rng.random() * odds_V.sum(), side="right"))
            written.append(token)
            tokens.append(token)
            chosen.append(logp_V[token])
        return Completion(tokens=np.array(written, np.int32), logp=np.array(chosen, np.float32), version=self.version,
                          finish="stop" if written and written[-1] == END else "length")

    def logp(self, row: int) -> np.ndarray:
        """float64[V], kept while the weights stay the same."""
        if self.drawn_at != self.version:
            self.rows, self.drawn_at = {}, self.version
        if row not in self.rows:
            self.rows[row] = self.policy.model.logits_KV[row].detach().double().log_softmax(0).numpy()
        return self.rows[row]
