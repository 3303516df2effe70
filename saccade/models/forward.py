"""The forward pass: log-probabilities of chosen tokens in whole sequences, with or without gradient.

Learner, probes, blind checks and the engine's equality tests all use this one function. Rows are sorted by length and
padded, in parts under a token budget, not packed into one row with a block-diagonal mask: attention of a packed row is
quadratic in the length of the pack and a CPU computes the masked blocks too, while sorted short rows waste little. The
language-model head runs only where a log-probability is wanted, and a beginning that rows share runs once (`plan`).

N wanted tokens over all rows, V vocabulary, D hidden size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from PIL import Image as PILImage
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from saccade.core.engine import Prompt
from saccade.core.store import MediaStore
from saccade.models.distribution import allowed_logits, chosen_logp, divergence_of, entropy_of
from saccade.models.family import Features, check_spans
from saccade.models.inputs import image_features
from saccade.models.plan import Work
from saccade.models.policy import Policy
from saccade.models.shared import read

LOGITS_AT_ONCE = 1 << 26
"""More logits than this are computed in pieces, and again in the backward pass, instead of being kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """logp_N float32 on the policy's device, in row order and, within a row, by place; row_N and place_N (int64) say whose.

    entropy_N is None unless asked for. hidden_ND are the last hidden states they follow from, for `divergence`. work says
    what was run together.
    """

    logp_N: Tensor
    row_N: Tensor
    place_N: Tensor
    hidden_ND: Tensor
    entropy_N: Tensor | None = None
    work: Work = field(default_factory=Work)


def score(
    policy: Policy,
    prompts: Sequence[Prompt],
    store: MediaStore,
    *,
    wanted: Sequence[np.ndarray],
    entropy: bool = False,
    media: Mapping[str, PILImage.Image] | None = None,
    features: Mapping[str, Features] | None = None,
    max_tokens: int = 16384,
) -> Scores:
    """Log-probability of the tokens marked in `wanted` (bool[T] per prompt), each given everything before it.

    `media` replaces the pixels of a ref (same grid); `features` of refs that somebody has encoded already.
    `max_tokens` bounds the padded tokens of one pass through the model.
    Raises ValueError for a mark on a first or a banned token, and where placeholders, grids and spans disagree.
    """
    for row, (prompt, marks) in enumerate(zip(prompts, wanted, strict=True)):
        _check(policy, row, prompt, marks)
    given = dict(features or {})
    spans = [span for prompt in prompts for span in prompt.media if span.ref not in given]
    known = {**image_features(policy, spans, store, media=media), **given}
    places = [np.flatnonzero(marks) for marks in wanted]
    work = Work()
    hidden_ND = read(policy, prompts, [each - 1 for each in places], known, max_tokens=max_tokens, work=work)
    tokens = np.concatenate([prompt.tokens[at] for prompt, at in zip(prompts, places, strict=True)]).astype(np.int64)
    logp_N, entropy_N = _head(policy, hidden_ND, torch.from_numpy(tokens).to(policy.device), entropy)
    row_N = np.repeat(np.arange(len(prompts)), [len(each) for each in places])
    return Scores(
        logp_N=logp_N, row_N=torch.from_numpy(row_N).to(policy.device),
        place_N=torch.from_numpy(np.concatenate(places)).to(policy.device), entropy_N=entropy_N if entropy else None,
        hidden_ND=hidden_ND, work=work,
    )


def divergence(policy: Policy, scores: Scores, other: Scores, kind: str) -> Tensor:
    """float32[N]: divergence between the distributions of two passes over the same tokens, see `divergence_of`.

    Gradient flows into whichever pass has one. Logits are computed in pieces, as in `score`.
    """

    def head(hidden: Tensor, changed: Tensor) -> Tensor:
        both = [allowed_logits(policy.family.logits(policy.model, each), policy.banned) for each in (hidden, changed)]
        return divergence_of(*both, kind)

    size = max(1, LOGITS_AT_ONCE // (2 * policy.model.get_output_embeddings().weight.shape[0]))
    pieces = list(zip(scores.hidden_ND.split(size), other.hidden_ND.split(size), strict=True))
    if len(pieces) > 1 and torch.is_grad_enabled():
        return torch.cat([checkpoint(head, *piece, use_reentrant=False) for piece in pieces])
    return torch.cat([head(*piece) for piece in pieces])


def _head(policy: Policy, hidden_ND: Tensor, token_N: Tensor, entropy: bool) -> tuple[Tensor, Tensor | None]:
    def head(hidden: Tensor, token: Tensor) -> tuple[Tensor, Tensor]:
        allowed = allowed_logits(policy.family.logits(policy.model, hidden), policy.banned)
        return chosen_logp(allowed, token), entropy_of(allowed) if entropy else token.new_zeros(0)

    vocabulary = policy.model.get_output_embeddings().weight.shape[0]
    size = max(1, LOGITS_AT_ONCE // vocabulary)
    pieces = list(zip(hidden_ND.split(size), token_N.split(size), strict=True))
    if len(pieces) > 1 and torch.is_grad_enabled():
        out = [checkpoint(head, hidden, token, use_reentrant=False) for hidden, token in pieces]
    else:
        out = [head(hidden, token) for hidden, token in pieces]
    return torch.cat([logp for logp, _ in out]), torch.cat([each for _, each in out]) if entropy else None


def _check(policy: Policy, row: int, prompt: Prompt, marks: np.ndarray) -> None:
    if len(marks) != len(prompt.tokens):
        raise ValueError(f"row {row}: {len(marks)} marks for {len(prompt.tokens)} tokens")
    check_spans(policy.family, prompt)
    if len(marks) and marks[0]:
        raise ValueError(f"row {row}: the first token of a sequence has no log-probability; nothing stands before it")
    wrong = np.flatnonzero(marks & np.isin(prompt.tokens, policy.family.banned))
    if len(wrong):
        raise ValueError(
            f"row {row}: token {int(prompt.tokens[wrong[0]])} at place {int(wrong[0])} is marked as written by the policy, "
            "but it is an image token, which can never be sampled: the mask is shifted, or a tool result is in the loss"
        )
