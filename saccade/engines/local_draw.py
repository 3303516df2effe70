"""What is drawn for each row: uniform streams, stop ids, truncation, log-probabilities, watched tokens.

A `Stream` is one request and what it has drawn; it outlives the batch. `Draws` are tables over the streams that are being
sampled now, so that a token costs a few tensor operations and no loop over rows; they are made anew when rows come or go.

R rows, K most tokens any row may draw, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from saccade.core.engine import Completion, Finish, Prompt, Sampling
from saccade.core.seed import generator
from saccade.models.distribution import chosen_logp, draw
from saccade.models.policy import Policy


@dataclass(slots=True, kw_only=True, eq=False)
class Stream:
    """A request, the numbers its tokens follow from (float64[K], named by its seed alone), and its tokens so far."""

    prompt: Prompt
    sampling: Sampling
    uniform_K: np.ndarray
    tokens: list[int] = field(default_factory=list)
    logp: list[float] = field(default_factory=list)
    watched: list[np.ndarray] = field(default_factory=list)
    finish: Finish = "length"
    over: bool = False

    @property
    def size(self) -> int:
        """Tokens of prompt and answer."""
        return len(self.prompt.tokens) + len(self.tokens)

    def completion(self, version: int) -> Completion:
        return Completion(
            tokens=np.array(self.tokens, np.int32), logp=np.array(self.logp, np.float32), finish=self.finish,
            version=version, watched=np.stack(self.watched) if self.watched else None,
        )


def stream(prompt: Prompt, sampling: Sampling, *, vocabulary: int) -> Stream:
    """Begin a request. Raises ValueError for settings that cannot work."""
    if sampling.temperature < 0 or not 0 < sampling.top_p <= 1 or sampling.top_k < 0:
        raise ValueError(
            f"temperature {sampling.temperature} must not be negative, top_p {sampling.top_p} must lie in (0, 1], "
            f"top_k {sampling.top_k} must not be negative"
        )
    if any(not callable(rule) for rule in sampling.logit_rules):
        raise ValueError(f"logit rules are functions (tokens, logits_V) -> logits_V, not {sampling.logit_rules}")
    if any(not 0 <= token < vocabulary for token in (*sampling.stop, *sampling.watch)):
        raise ValueError(f"stop {sampling.stop} or watch {sampling.watch} names an id beyond the vocabulary of {vocabulary}")
    return Stream(prompt=prompt, sampling=sampling, uniform_K=generator("draw", sampling.seed).random(sampling.max_tokens))


class Draws:
    """Tables over the streams of a batch, in the order of its rows."""

    def __init__(self, policy: Policy, streams: Sequence[Stream], *, vocabulary: int) -> None:
        device = policy.device
        self.streams = streams
        samplings = [each.sampling for each in streams]
        uniform_RK = np.zeros((len(streams), max(each.max_tokens for each in samplings)))
        for row, each in enumerate(streams):
            uniform_RK[row, : len(each.uniform_K)] = each.uniform_K
        self._uniform_RK = torch.from_numpy(uniform_RK).to(device)
        self._count_R = np.array([len(each.tokens) for each in streams])
        self._limit_R = np.array([each.max_tokens for each in samplings])
        self._temperature_R = torch.tensor([each.temperature for each in samplings], dtype=torch.float64, device=device)
        self._top_p_R = _unless(1.0, [each.top_p for each in samplings], device)
        self._top_k_R = _unless(0, [each.top_k for each in samplings], device)
        stops = sorted({each.stop for each in samplings})
        self._stop_R = np.array([stops.index(each.stop) for each in samplings])
        self._is_stop = np.zeros((len(stops), vocabulary), dtype=bool)
        for index, each in enumerate(stops):
            self._is_stop[index, list({*each, *policy.renderer.stop})] = True
        self._ruled = [row for row, each in enumerate(samplings) if each.logit_rules]
        self._watching = [row for row, each in enumerate(samplings) if each.watch]

    def take(self, allowed_RV: Tensor) -> Tensor:
        """Draw the next token of every stream that is not over. Returns int64[R]; rows that are over get anything."""
        going = np.array([not each.over for each in self.streams])
        shaped_RV = self._by_rules(allowed_RV)
        column_R = torch.from_numpy(np.minimum(self._count_R, self._uniform_RK.shape[1] - 1)).to(allowed_RV.device)
        token_R = draw(
            shaped_RV, self._uniform_RK.gather(1, column_R[:, None])[:, 0], temperature_N=self._temperature_R,
            top_p_N=self._top_p_R, top_k_N=self._top_k_R,
        )
        logp = chosen_logp(allowed_RV, token_R).cpu().numpy()
        if not np.isfinite(logp[going]).all():
            raise ValueError(
                "the model gives no finite log-probabilities any more: its weights have diverged; lower the learning rate "
                "or clip gradients, and start again from an earlier checkpoint"
            )
        for row in self._watching:
            if going[row]:
                ids = torch.tensor(self.streams[row].sampling.watch, device=allowed_RV.device)
                self.streams[row].watched.append(allowed_RV[row].log_softmax(0)[ids].cpu().numpy())
        tokens = token_R.cpu().numpy()
        self._count_R += going
        stopped = self._is_stop[self._stop_R, tokens]
        over = stopped | (self._count_R >= self._limit_R)
        for row in np.flatnonzero(going):
            each = self.streams[row]
            each.tokens.append(int(tokens[row]))
            each.logp.append(float(logp[row]))
            if over[row]:
                each.over = True
                each.finish = "stop" if stopped[row] else "length"
        return token_R

    def _by_rules(self, allowed_RV: Tensor) -> Tensor:
        if not self._ruled:
            return allowed_RV
        out = allowed_RV.clone()
        for row in self._ruled:
            each = self.streams[row]
            if not each.over:
                barred = allowed_RV[row].isneginf()
                for rule in each.sampling.logit_rules:
                    out[row] = rule(np.array(each.tokens, np.int32), out[row]).masked_fill(barred, float("-inf"))
        return out


def _unless(neutral: float, values: list[float], device: torch.device) -> Tensor | None:
    return None if all(value == neutral for value in values) else torch.tensor(values, device=device)
