"""What is drawn for each row of a batch: uniform streams, stop ids, truncation, log-probabilities, watched tokens.

Everything is a table over the rows of the batch, so that a token costs a few tensor operations and no loop over rows.

R rows of the batch, A rows still alive, K most tokens any row may draw, V vocabulary, W watched ids.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from saccade.core.engine import Completion, Finish, Sampling
from saccade.core.seed import generator
from saccade.models.distribution import chosen_logp, draw
from saccade.models.policy import Policy


class Draws:
    """Tokens and log-probabilities drawn so far."""

    def __init__(self, policy: Policy, samplings: Sequence[Sampling], *, vocabulary: int) -> None:
        device = policy.device
        self.samplings = samplings
        self._check(vocabulary)
        limits = [each.max_tokens for each in samplings]
        uniform_RK = np.zeros((len(samplings), max(limits)))
        for row, each in enumerate(samplings):
            uniform_RK[row, : each.max_tokens] = generator("draw", each.seed).random(each.max_tokens)
        self._uniform_RK = torch.from_numpy(uniform_RK).to(device)
        self._limit_R = torch.tensor(limits, device=device)
        self._temperature_R = torch.tensor([each.temperature for each in samplings], dtype=torch.float64, device=device)
        self._top_p_R = _unless(1.0, [each.top_p for each in samplings], device)
        self._top_k_R = _unless(0, [each.top_k for each in samplings], device)
        stops = sorted({each.stop for each in samplings})
        self._stop_R = torch.tensor([stops.index(each.stop) for each in samplings], device=device)
        self._is_stop = torch.zeros(len(stops), vocabulary, dtype=torch.bool, device=device)
        for index, each in enumerate(stops):
            self._is_stop[index, list({*each, *policy.renderer.stop})] = True
        self._token_RK = np.zeros(uniform_RK.shape, dtype=np.int32)
        self._logp_RK = np.zeros(uniform_RK.shape, dtype=np.float32)
        self._watched: list[list[np.ndarray]] = [[] for _ in samplings]
        self._count_R = np.zeros(len(samplings), dtype=np.int64)
        self._finish: list[Finish] = ["length"] * len(samplings)

    def _check(self, vocabulary: int) -> None:
        for each in self.samplings:
            if each.temperature < 0 or not 0 < each.top_p <= 1 or each.top_k < 0:
                raise ValueError(
                    f"temperature {each.temperature} must not be negative, top_p {each.top_p} must lie in (0, 1], "
                    f"top_k {each.top_k} must not be negative"
                )
            if any(not callable(rule) for rule in each.logit_rules):
                raise ValueError(f"logit rules are functions (tokens, logits_V) -> logits_V, not {each.logit_rules}")
            if any(not 0 <= token < vocabulary for token in (*each.stop, *each.watch)):
                raise ValueError(f"stop {each.stop} or watch {each.watch} names an id beyond the vocabulary of {vocabulary}")

    def take(self, allowed_AV: Tensor, alive: np.ndarray, step: int, ended_A: Tensor) -> tuple[Tensor, Tensor]:
        """Draw token number `step` for the rows `alive`. Returns tokens int64[A], and which rows end with it."""
        row_A = torch.from_numpy(alive).to(allowed_AV.device)
        shaped_AV = self._ruled(allowed_AV, alive, ended_A)
        column = min(step, self._uniform_RK.shape[1] - 1)
        token_A = draw(
            shaped_AV, self._uniform_RK[row_A, column], temperature_N=self._temperature_R[row_A],
            top_p_N=None if self._top_p_R is None else self._top_p_R[row_A],
            top_k_N=None if self._top_k_R is None else self._top_k_R[row_A],
        )
        logp_A = chosen_logp(allowed_AV, token_A)
        stopped_A = self._is_stop[self._stop_R[row_A], token_A]
        over_A = (stopped_A | (step + 1 >= self._limit_R[row_A])) & ~ended_A
        self._record(allowed_AV, alive, token_A, logp_A, stopped_A, ended_A)
        return token_A, over_A

    def _ruled(self, allowed_AV: Tensor, alive: np.ndarray, ended_A: Tensor) -> Tensor:
        ruled = [index for index, row in enumerate(alive) if self.samplings[row].logit_rules]
        if not ruled:
            return allowed_AV
        out = allowed_AV.clone()
        for index in ruled:
            if not ended_A[index]:
                barred = allowed_AV[index].isneginf()
                for rule in self.samplings[alive[index]].logit_rules:
                    out[index] = rule(self.tokens_of(alive[index]), out[index]).masked_fill(barred, float("-inf"))
        return out

    def _record(
        self, allowed_AV: Tensor, alive: np.ndarray, token_A: Tensor, logp_A: Tensor, stopped_A: Tensor, ended_A: Tensor
    ) -> None:
        going = ~ended_A.cpu().numpy()
        rows = alive[going]
        if not bool(logp_A.isfinite().cpu().numpy()[going].all()):
            raise ValueError(
                "the model gives no finite log-probabilities any more: its weights have diverged; lower the learning rate "
                "or clip gradients, and start again from an earlier checkpoint"
            )
        self._token_RK[rows, self._count_R[rows]] = token_A.cpu().numpy()[going]
        self._logp_RK[rows, self._count_R[rows]] = logp_A.cpu().numpy()[going]
        self._count_R[rows] += 1
        for row in alive[going & stopped_A.cpu().numpy()]:
            self._finish[row] = "stop"
        watchers = [index for index, row in enumerate(alive) if going[index] and self.samplings[row].watch]
        for index in watchers:
            ids = torch.tensor(self.samplings[alive[index]].watch, device=allowed_AV.device)
            self._watched[alive[index]].append(allowed_AV[index].log_softmax(0)[ids].cpu().numpy())

    def cut(self, rows: np.ndarray) -> None:
        """Mark rows as aborted."""
        for row in rows:
            self._finish[row] = "abort"

    def tokens_of(self, row: int) -> np.ndarray:
        """int32[k] drawn so far for a row."""
        return self._token_RK[row, : self._count_R[row]].copy()

    def completions(self, version: int) -> list[Completion]:
        out = []
        for row, sampling in enumerate(self.samplings):
            tokens, logp = self.tokens_of(row), self._logp_RK[row, : self._count_R[row]].copy()
            watched = np.stack(self._watched[row]) if sampling.watch and self._watched[row] else None
            out.append(Completion(tokens=tokens, logp=logp, finish=self._finish[row], version=version, watched=watched))
        return out


def _unless(neutral: float, values: list[float], device: torch.device) -> Tensor | None:
    return None if all(value == neutral for value in values) else torch.tensor(values, device=device)
