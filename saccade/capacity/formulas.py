"""Memory, work and time as formulas of a model's sizes. Pure functions; each docstring derives its formula.

Letters, as in docs/scale.md: D hidden size, F inner size of the perceptron, L layers, Hd heads x head size, Kd key heads x
head size, V vocabulary, P parameters, e bytes of a number (2 in bf16, 4 in float32), n tokens, T tokens of a row, R ranks.
Bytes unless another unit is named. What is a guess and no formula stands in `GUESS` and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass

from saccade.capacity.parameters import connector_linears, head_norms, norms, size, text_linears, vision_linears
from saccade.capacity.shapes import Shape, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """What no formula gives. Measure yours: `time/...` of metrics.jsonl against what was planned.

    matmul:     share of the published FLOP/s that a forward and backward pass reaches
    bandwidth:  share of the published memory bandwidth that drawing a token reaches
    link:       share of the published link bandwidth that gathering weights reaches
    launch_s:   what starting the kernels of one layer costs the local engine at every token it draws
    reserve_gb: the driver's own memory and workspaces; fragments: share of memory lost to fragmentation
    sampled:    share of what an attempt may write that it writes on average
    """

    matmul: float = 0.35
    bandwidth: float = 0.5
    link: float = 0.7
    launch_s: float = 0.0006
    reserve_gb: float = 2.0
    fragments: float = 0.08
    sampled: float = 0.5


GUESS = Guess()
LOGITS_AT_ONCE = 1 << 26
"""Logits that are computed together, as in `models.forward`; more are computed in pieces and once more going backward."""


def weights(parameters: int, *, kept: int, ranks: int = 0, computing: int = 0) -> float:
    """Bytes of weights on a rank: P x `kept` in one process.

    Over R ranks a slice of P / R x `kept`, and all of them once more as they compute, P x `computing`: the sampler and the
    checks read whole weights at any time, so they stay gathered between updates. `ranks` 0 is one process without slices.
    """
    return parameters * (kept / ranks + computing if ranks else kept)


def gradients(learning: int, *, e: int, ranks: int = 0, kept: int = 0) -> float:
    """As many numbers as parameters that learn; micro-batches add into the same ones.

    Over R ranks they add up whole, P e, and their sum over ranks arrives in slices of P / R x `kept`.
    """
    return learning * (e + (kept / ranks if ranks else 0))


def optimiser(learning: int, *, e: int, ranks: int = 0) -> float:
    """2 P e / R: AdamW keeps the mean of the gradient and of its square, each in the type of the parameter, in slices.

    (And one float32 counter a tensor, which is left out.)
    """
    return 2 * learning * e / max(ranks, 1)


def text_saved(text: Text, *, e: int, norms_learn: bool, masked: bool) -> float:
    """Bytes a token that one decoder layer keeps for the backward pass, in the stock classes; masks apart.

    A norm computes in float32 and keeps its input there (4 D), what it normalised where its own weight learns (e D), and its
    output, which the matrices after it need (e D; with a norm after the branch, as in Gemma 3, nobody needs that).
    Attention keeps queries and result (2 e Hd), keys and values (2 e Kd; e Hd each under a mask, for which `transformers`
    repeats them for every head), and a float32 a head. Norms of queries and keys: the same as above on Hd + Kd.
    The perceptron keeps both branches, the activated one and the product: 4 e F. Residual sums keep nothing, and the input
    of a norm is the residual stream itself.
    """
    queries, keys = text.heads * text.head_dim, text.kv_heads * text.head_dim
    norm = norm_saved(text, e=e, norms_learn=norms_learn)
    per_norm = norms(text) * (text.hidden * norm + 4) + 2 * text.hidden * e
    heads = head_norms(text) * ((queries + keys) * norm + 4 * (text.heads + text.kv_heads))
    held = 2 * (queries if masked else keys)
    return per_norm + heads + e * (2 * queries + held) + 4 * text.heads + 4 * e * text.intermediate


def norm_saved(text: Text, *, e: int, norms_learn: bool) -> int:
    """Bytes a number that a norm keeps, its output left out: the input in float32, and what it normalised, in the type of
    the pass (float32 in Gemma 3), for the gradient of its own weight."""
    return 4 + norms_learn * (4 if text.kind == "gemma3" else e)


def activations(shape: Shape, tokens: int, row: float, *, e: int, norms_learn: bool, masked: bool = True,
                checkpointed: bool = False) -> float:
    """Bytes that `tokens` tokens of one micro-batch, in rows of `row` tokens, keep for the backward pass.

    L layers keep `text_saved`, and each its mask as numbers, e T a token, where there is one: rows that go on from a shared
    beginning have one, and all families but Qwen2.5-VL always. Once: the last norm, and sine and cosine of the positions.
    With checkpointing a layer keeps its input alone (e D), and one layer at a time is computed again.
    The vision tower adds nothing while it is frozen.
    """
    text = shape.text
    layer = text_saved(text, e=e, norms_learn=norms_learn, masked=masked) + masked * e * row
    once = text.hidden * norm_saved(text, e=e, norms_learn=norms_learn) + 4 + 2 * e * text.head_dim
    kept = text.layers * e * text.hidden + layer if checkpointed else text.layers * layer
    return tokens * (kept + once)


def logits(vocabulary: int, tokens: int, *, e: int) -> float:
    """Bytes at the head for `tokens` trained tokens, at most `LOGITS_AT_ONCE` logits at a time.

    The matrix gives V numbers a token (e V); the softmax is taken in float32 (4 V), whose gradient arrives (4 V) and is
    masked into another (4 V).
    """
    return min(vocabulary * tokens, LOGITS_AT_ONCE) * (e + 12)


def kv_bytes(text: Text, *, e: int) -> int:
    """Bytes a token in the sampler's cache: keys and values, 2 L Kd e. The local engine keeps sliding layers whole."""
    return 2 * text.layers * text.kv_heads * text.head_dim * e


def forward_flops(shape: Shape, tokens: float, context: float, *, trained: float = 0.0) -> float:
    """FLOPs of the decoder over tokens that see `context` keys on average, with the head at `trained` of them.

    A matrix of P numbers costs 2 P a token, a multiplication and an addition each. Attention costs 2 Hd a key for the
    products with the queries and 2 Hd for the sum of values, in every layer.
    """
    text = shape.text
    matrices = text.layers * size((a, b, False) for a, b, _ in text_linears(text).values())
    attention = 4 * text.heads * text.head_dim * context * text.layers
    return tokens * (2 * matrices + attention) + trained * 2 * text.vocabulary * text.hidden


def vision_flops(shape: Shape, patches: float) -> float:
    """FLOPs of the tower and what joins it, over patches (of which merge² become one token); attention is left out."""
    tower = shape.vision.layers * size((a, b, False) for a, b, _ in vision_linears(shape.vision).values())
    join = size((a, b, False) for a, b, _ in connector_linears(shape).values()) / shape.vision.merge**2
    return 2 * patches * (tower + join)


def passes(*, adapter: bool, checkpointed: bool) -> int:
    """Forward passes an update costs: one forward, one for gradients of activations, one for those of weights (which an
    adapter hardly has), and one more where layers are computed again."""
    return 2 + (not adapter) + checkpointed


def token_bytes(weight_bytes: float, rows: float, context: float, text: Text, *, e: int) -> float:
    """Bytes read to draw one token for each of `rows` rows: the decoder's weights once, and every row's keys and values."""
    return weight_bytes + rows * context * kv_bytes(text, e=e)
