"""Refuse to train blind: is what the learner sees what the sampler saw, and does it see at all?

Three measurements (images replaced by noise must change log-probabilities; the learner must agree with the sampler;
placeholders and rotary positions must follow from the pictures) are metrics. Beside them, every link between a picture
and the loss is held against something that does not depend on it: rows against the record, spans against the processor's
grid, cached features against a fresh encoding of one picture, crops against the pixels of their root. The first link that
does not hold is named in the error. The checks read; they change nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image as PILImage

from saccade.core.seed import generator
from saccade.core.tool import Tool
from saccade.core.trajectory import Trajectory
from saccade.learn.evidence import BlindError, check_masks, check_steps
from saccade.learn.features import check_features
from saccade.learn.frames import check_crops
from saccade.learn.geometry import check_geometry
from saccade.learn.learner import Learner, split
from saccade.learn.rows import Row

__all__ = ["BlindError", "check_blind", "check_record"]

ROWS = 16
"""Rows that are scored again: enough to meet every kind of image, few enough to cost a fraction of an update."""

AGREE = {torch.float32: 1e-3, torch.float64: 1e-3, torch.bfloat16: 0.25, torch.float16: 0.1}
"""Largest allowed mean difference between sampler and learner, nats per token. Single precision is a hundred times better
than this; half precisions differ by rounding in every layer."""

NOTICE = {torch.float32: 1e-4, torch.float64: 1e-4, torch.bfloat16: 2e-2, torch.float16: 5e-3}
"""Least change of some log-probability when the images are replaced by noise, nats."""


def check_blind(
    learner: Learner, rows: Sequence[Row], attempts: Sequence[Trajectory], *, tools: Sequence[Tool] = (), seed: int = 0,
    stale: bool = False,
) -> dict[str, float]:
    """Run all checks and return ``blind/noise`` (largest change), ``blind/noise_tools``, ``blind/mismatch`` (mean) and
    ``blind/mismatch_max``, in nats, and counts of what was looked at.

    stale: rows of older weights are expected; the sampler is compared with the learner on the others alone
    Raises BlindError naming the cause, the sample, and the numbers.
    """
    check_record(learner, attempts, tools=tools)
    check_masks(rows, learner.policy.renderer.decode)
    chosen = some(rows)
    metrics = {
        "blind/images": float(check_features(learner, chosen)),
        "blind/positions": float(check_geometry(learner, [row.prompt for row in chosen])),
    }
    base = learner.own(chosen)
    now = [index for index, row in enumerate(chosen) if not stale or versions(row) <= {learner.policy.version}]
    agreed = disagreement(learner, [chosen[index] for index in now], [base[index] for index in now])
    return {**metrics, **agreed, **blindness(learner, chosen, base, seed)}


def check_record(learner: Learner, attempts: Sequence[Trajectory], *, tools: Sequence[Tool] = ()) -> None:
    """What can be said without a forward pass, of failed attempts too: who wrote what, placeholders, grids, crops."""
    check_steps(attempts)
    seen: set[Any] = set()
    for trajectory in attempts:
        for leaf in trajectory.leaves():
            path = trajectory.path(leaf)
            key = tuple((span.ref, span.start) for step in path for span in step.media)
            if any(step.tokens is None for step in path) or key in seen:
                continue
            seen.add(key)
            where = f"{trajectory.sample.id}, attempt {trajectory.attempt}"
            check_geometry(learner, [trajectory.prompt(leaf)], source=where)
    check_crops(attempts, learner.store, tools)


def some(rows: Sequence[Row]) -> list[Row]:
    """A few rows, spread over the batch, those with most images first."""
    order = sorted(range(len(rows)), key=lambda index: (-len(rows[index].prompt.media), index))
    half = order[: ROWS // 2]
    rest = [index for index in range(0, len(rows), max(1, len(rows) // ROWS)) if index not in half]
    return [rows[index] for index in sorted({*half, *rest[: ROWS - len(half)]})]


def disagreement(learner: Learner, rows: Sequence[Row], base: Sequence[np.ndarray]) -> dict[str, float]:
    """Sampler against learner. Raises BlindError with the likeliest cause when they differ by more than rounding."""
    gaps = [np.abs(row.old_logp_S - own) for row, own in zip(rows, base, strict=True) if row.known and row.record]
    finite = [gap[np.isfinite(gap)] for gap in gaps]
    flat = np.concatenate(finite) if finite else np.zeros(0)
    if not len(flat):
        return {}
    found = {"blind/mismatch": float(flat.mean()), "blind/mismatch_max": float(flat.max())}
    limit = AGREE.get(learner.policy.model.dtype, 0.25)
    worst_mean = max(float(gap.mean()) for gap in finite if len(gap))
    if worst_mean > limit:
        raise BlindError(
            f"sampler and learner disagree by {worst_mean:.3g} nats per token on a row (limit {limit:g}): "
            + cause(learner, rows, base, limit)
        )
    return found


def cause(learner: Learner, rows: Sequence[Row], base: Sequence[np.ndarray], limit: float) -> str:
    """The explanation that fits the numbers: masks and features were checked before, what is left is here."""
    worst = max(
        (index for index, row in enumerate(rows) if row.known and row.record),
        key=lambda index: float(np.nanmean(np.abs(rows[index].old_logp_S - base[index]))),
    )
    row, own = rows[worst], base[worst]
    old = versions(row)
    if old - {learner.policy.version}:
        return (
            f"{row.source} was sampled under weights of version {sorted(old)}, the learner is at {learner.policy.version}: "
            "stale weights in the engine, or attempts that are off policy"
        )
    if shifted_fits(row, own, limit):
        return f"{row.source}: shifted by one token they agree: the mask of sampled tokens is shifted by one"
    gap_S = np.abs(row.old_logp_S - own)
    first = int(np.argmax(gap_S > limit))
    step = int(row.step_S[first])
    clean = all(gap_S[row.step_S < step] <= limit) if step else True
    where = f"{row.source}: it begins at token {first} of what the policy wrote, in step {step}"
    tokens = row.prompt.tokens[row.trainable_T][row.step_S == step]
    said = learner.policy.renderer.decode(tokens)
    if clean and int(np.argmax(row.step_S == step)) <= first:
        return (
            f"{where} ({said[:60]!r}); masks, images and positions are in order, so these ids are not the ones that were "
            "drawn: a re-tokenised turn (text decoded and encoded again), or log-probabilities of other tokens"
        )
    return f"{where}; the model, its precision or its attention differ between sampler and learner"


def versions(row: Row) -> set[int]:
    return {step.version for step in row.record or () if step.version is not None and step.sampled is not None}


def shifted_fits(row: Row, own: np.ndarray, limit: float) -> bool:
    """Whether the sampler's numbers agree with the learner's one token earlier or later, within every step."""
    for by in (1, -1):
        gaps = [
            np.abs(row.old_logp_S[at][max(by, 0) : len(at) + min(by, 0)] - own[at][max(-by, 0) : len(at) + min(-by, 0)])
            for step in np.unique(row.step_S)
            if len(at := np.flatnonzero(row.step_S == step)) > 1
        ]
        if gaps and float(np.nanmean(np.concatenate(gaps))) <= limit:
            return True
    return False


def blindness(learner: Learner, rows: Sequence[Row], base: Sequence[np.ndarray], seed: int) -> dict[str, float]:
    """Replace images by noise: all of them, then only those that tools returned. Some log-probability must change."""
    limit = NOTICE.get(learner.policy.model.dtype, 2e-2)
    out: dict[str, float] = {}
    shown = [row for row in rows if row.prompt.media]
    if shown:
        out["blind/noise"] = change(learner, rows, base, {s.ref for row in shown for s in row.prompt.media}, seed)
        if out["blind/noise"] <= limit:
            raise BlindError(
                f"images replaced by noise change no log-probability by more than {out['blind/noise']:.2g} nats "
                f"({len(shown)} rows, first {shown[0].source}): an image is dropped on its way into the model, or the model "
                "does not look at it"
            )
    looked = {span.ref for row in rows for span in later_images(row)}
    looked -= {span.ref for row in rows for span in row.prompt.media if span not in later_images(row)}
    if looked:
        out["blind/noise_tools"] = change(learner, rows, base, looked, seed)
        if out["blind/noise_tools"] <= limit:
            raise BlindError(
                f"the {len(looked)} images that tools returned change no log-probability by more than "
                f"{out['blind/noise_tools']:.2g} nats when they are replaced by noise: they are dropped on their way "
                "into the model"
            )
    return out


def later_images(row: Row) -> list[Any]:
    """Spans that stand after something the policy wrote and before something else it wrote."""
    written = np.flatnonzero(row.trainable_T)
    return [span for span in row.prompt.media if len(written) and written[0] < span.start < written[-1]]


def change(learner: Learner, rows: Sequence[Row], base: Sequence[np.ndarray], refs: set[str], seed: int) -> float:
    """Largest change of a log-probability when these images become noise of their own size."""
    media: Mapping[str, PILImage.Image] = {
        ref: noise(learner.store.size(ref), generator(seed, "noise", ref)) for ref in sorted(refs)
    }
    with torch.no_grad():
        other = split(rows, learner.score(rows, media=media).logp_N)
    return max(float(np.abs(left - right).max()) for left, right in zip(base, other, strict=True) if len(left))


def noise(size: tuple[int, int], rng: np.random.Generator) -> PILImage.Image:
    width, height = size
    return PILImage.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))
