"""What is sent to a token server and what is believed of its answers: pure functions over JSON values.

An image travels as one marker token and the name of its bytes: the server expands it, once, and sends the expanded
prompt back, which must be the record's, id by id (a server that expands what is expanded already computes silently wrong
log-probabilities). Pictures are sent at the size the family's processor gives them, so that the server's own resampling,
which differs between libraries, has nothing to do. Nothing in an answer is taken on trust.

POST, JSON, bearer key:
    /generate {id, tokens, images: [name], weights, sampling} -> {tokens, logp, finish, weights, prompt, watched?}
              or {need: {weights: held}} or {need: {images: [name]}}
    /images   {images: {name: base64}} -> {}
    /load     {weights} -> {weights}; drains what runs first
    /cancel   {id} -> {}
    /status   {} -> {weights, running}
"""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image as PILImage

from saccade.core.engine import Completion, Prompt, Sampling, token_array
from saccade.models.family import Family


def marked(family: Family, prompt: Prompt) -> list[int]:
    """The tokens of a prompt with one marker an image.

    Raises ValueError for a family that writes more than placeholders for an image: what a server makes of its marker would
    have to be compared text by text.
    """
    pieces: list[int] = []
    done = 0
    for span in prompt.media:
        if span.kind != "image" or span.feature_mask is not None or family.marker_id != family.placeholder:
            raise ValueError(
                f"{family.name} writes more than placeholders for an image, which no server engine sends in this version; "
                "use --engine local"
            )
        pieces += prompt.tokens[done : span.start].tolist()
        pieces.append(family.marker_id)
        done = span.start + span.length
    return pieces + prompt.tokens[done:].tolist()


def picture_bytes(pixels: PILImage.Image) -> tuple[str, bytes]:
    """The name of a picture's bytes (sha256 in hex) and the bytes (PNG)."""
    encoded = io.BytesIO()
    pixels.save(encoded, "PNG", compress_level=1)
    data = encoded.getvalue()
    return hashlib.sha256(data).hexdigest(), data


def images_body(pictures: dict[str, bytes]) -> dict[str, Any]:
    return {"images": {name: base64.b64encode(data).decode() for name, data in pictures.items()}}


def sampling_body(sampling: Sampling, stop: Sequence[int]) -> dict[str, Any]:
    """How to draw, as JSON values. Raises ValueError for what does not travel."""
    if sampling.logit_rules:
        raise ValueError("logit rules are functions and do not travel to a server; use --engine local")
    if sampling.temperature < 0 or not 0 < sampling.top_p <= 1 or sampling.top_k < 0 or sampling.max_tokens < 1:
        raise ValueError(
            f"temperature {sampling.temperature} and top_k {sampling.top_k} must not be negative, top_p {sampling.top_p} "
            f"must lie in (0, 1], max_tokens {sampling.max_tokens} must be at least 1"
        )
    return {
        "temperature": sampling.temperature, "top_p": sampling.top_p, "top_k": sampling.top_k,
        "max_tokens": sampling.max_tokens, "stop": sorted({*stop, *sampling.stop}), "seed": sampling.seed % 2**63,
        "watch": list(sampling.watch),
    }


def needed(reply: Any) -> dict[str, Any] | None:
    """What the server lacks before it can answer, if it says so. Raises ValueError for a reply that makes no sense."""
    if not isinstance(reply, dict):
        raise ValueError(f"an object was expected, not {type(reply).__name__}")
    need = reply.get("need")
    if need is None:
        return None
    names = need.get("images") if isinstance(need, dict) else None
    if isinstance(names, list) and names and all(isinstance(each, str) for each in names):
        return {"images": names}
    if isinstance(need, dict) and isinstance(need.get("weights"), str):
        return {"weights": need["weights"]}
    raise ValueError(f"it needs {need!r:.80}, which is neither images nor weights")


def completion_from(reply: Any, sampling: Sampling, *, stop: Sequence[int], vocabulary: int, banned: Sequence[int],
                    weights: str, version: int) -> Completion:
    """A completion, if the answer can be one. Raises ValueError naming what cannot be.

    stop:    ids that end a message; one in the middle of an answer is refused
    banned:  ids that may not be sampled
    weights: the name of the weights that were asked for
    """
    tokens = _integers(reply, "tokens", below=vocabulary)
    logp = reply.get("logp")
    if not 0 < len(tokens) <= sampling.max_tokens and reply.get("finish") != "abort":
        raise ValueError(f"{len(tokens)} tokens came where 1 to {sampling.max_tokens} were asked for")
    if not isinstance(logp, list) or len(logp) != len(tokens) or not all(_is_logp(each) for each in logp):
        raise ValueError(f"logp must be {len(tokens)} finite numbers that are not positive")
    if reply.get("weights") != weights:
        raise ValueError(f"it was drawn under the weights {reply.get('weights')!r:.60}, asked were {weights!r}")
    ends = {*stop, *sampling.stop}
    finish = reply.get("finish")
    if finish not in ("stop", "length", "abort"):
        raise ValueError(f"finish is {finish!r:.40}, not stop, length or abort")
    early = [index for index, token in enumerate(tokens[:-1]) if token in ends]
    if early or (finish == "stop") != bool(tokens and tokens[-1] in ends):
        raise ValueError(f"finish is {finish!r} and the stop ids are at {[*early, len(tokens) - 1]} of {len(tokens)} tokens")
    if finish == "length" and len(tokens) != sampling.max_tokens:
        raise ValueError(f"finish is 'length' after {len(tokens)} of {sampling.max_tokens} tokens")
    if bad := sorted(set(banned) & set(tokens)):
        raise ValueError(f"tokens {bad} were sampled, which stand for media")
    return Completion(
        tokens=token_array(tokens), logp=np.minimum(np.array(logp, np.float32), 0), finish=finish, version=version,
        watched=_watched(reply, sampling, len(tokens)),
    )


def check_prompt(reply: Any, prompt: Prompt) -> None:
    """Raise ValueError where the server saw another prompt than the record holds."""
    seen = np.array(_integers(reply, "prompt", below=2**31), dtype=np.int64)
    if len(seen) == len(prompt.tokens) and np.array_equal(seen, prompt.tokens):
        return
    shared = min(len(seen), len(prompt.tokens))
    differs = np.flatnonzero(seen[:shared] != prompt.tokens[:shared])
    place = int(differs[0]) if len(differs) else shared
    raise ValueError(
        f"the server read {len(seen)} tokens where the record holds {len(prompt.tokens)}; they differ from token "
        f"{place} on. Its image processor settings are not this policy's, or it expanded an image twice"
    )


def _integers(reply: Any, name: str, *, below: int) -> list[int]:
    values = reply.get(name) if isinstance(reply, dict) else None
    if not isinstance(values, list) or not all(type(each) is int and 0 <= each < below for each in values):
        raise ValueError(f"{name} must be a list of ids from 0 to {below - 1}")
    return values


def _is_logp(value: Any) -> bool:
    return type(value) in (int, float) and -1e30 < value <= 1e-4


def _watched(reply: dict[str, Any], sampling: Sampling, size: int) -> np.ndarray | None:
    if not sampling.watch:
        return None
    rows = reply.get("watched")
    width = len(sampling.watch)
    if not isinstance(rows, list) or len(rows) != size or not all(
        isinstance(row, list) and len(row) == width and all(type(each) in (int, float) for each in row) for row in rows
    ):
        raise ValueError(f"watched must be {size} rows of {width} numbers")
    return np.array(rows, np.float32).reshape(size, width)
