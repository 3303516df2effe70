"""The links between a picture and the loss, each held against something that does not depend on it.

Nothing here asks the part under suspicion whether it is right: masks are compared with what was recorded as sampled,
spans with the grid the image processor makes of the stored pixels, positions with a raster drawn from that grid, features
in use with a fresh encoding of one picture alone, and crops with the pixels of the picture they were cut from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from saccade.core.engine import MediaSpan, Prompt
from saccade.core.message import Image
from saccade.core.store import MediaStore
from saccade.core.tool import Tool
from saccade.core.trajectory import Step, ToolEvent, Trajectory, concatenate
from saccade.learn.learner import Learner
from saccade.learn.rows import Row
from saccade.models.family import check_spans
from saccade.models.inputs import image_features

IMAGES = 12
"""Pictures that are encoded again on their own."""


class BlindError(ValueError):
    """Training would be blind, or would learn from the wrong tokens. The message names the cause."""


def check_steps(attempts: Sequence[Trajectory]) -> None:
    """Who wrote what: only assistant messages hold sampled tokens, and a step holds the images its message shows."""
    for trajectory in attempts:
        for index, step in enumerate(trajectory.steps):
            if step.tokens is None:
                continue
            where = f"{trajectory.sample.id}, attempt {trajectory.attempt}, step {index} ({step.message.role})"
            if step.message.role != "assistant" and step.sampled is not None and step.sampled.any():
                raise BlindError(
                    f"{where}: {int(step.sampled.sum())} of its tokens are marked as the policy's: a tool result (or a "
                    "prompt) is in the loss"
                )
            shown, held = [image.ref for image in step.message.images], [span.ref for span in step.media]
            if step.message.role != "assistant" and shown != held:
                kind = "images are swapped" if sorted(shown) == sorted(held) else "an image is dropped"
                raise BlindError(f"{where}: the message shows {shown}, its tokens hold {held}: {kind}")


def check_masks(rows: Sequence[Row], decode: Callable[[np.ndarray], str]) -> None:
    """Rows against the record they were made of: tokens, images, and which tokens are trained."""
    for row in rows:
        if row.record is None:
            continue
        prompt = concatenate(row.record)
        if not np.array_equal(row.prompt.tokens, prompt.tokens):
            same = decode(row.prompt.tokens) == decode(prompt.tokens)
            raise BlindError(
                f"{row.source}: the row holds {len(row.prompt.tokens)} tokens, the record {len(prompt.tokens)}, "
                + ("and both say the same: a re-tokenised turn" if same else "and they say different things")
            )
        if row.prompt.media != prompt.media:
            here, there = [span.ref for span in row.prompt.media], [span.ref for span in prompt.media]
            kind = "images are swapped" if sorted(here) == sorted(there) else "an image is dropped"
            raise BlindError(f"{row.source}: the row shows {here}, the record {there}: {kind}")
        check_mask(row)


def check_mask(row: Row) -> None:
    assert row.record is not None
    own = np.concatenate([step.sampled & (step.speaker == row.speaker) for step in row.record])  # type: ignore[operator]
    extra = row.trainable_T & ~own
    if not extra.any():
        return
    for by in (1, -1):
        if np.array_equal(np.roll(own, by)[1:-1], row.trainable_T[1:-1]):
            raise BlindError(f"{row.source}: the mask of trained tokens is shifted by one ({by:+d}) against what was sampled")
    at = int(np.argmax(extra))
    step = step_at(row.record, at)
    what = "a tool result is in the loss" if step.message.role == "tool" else f"a {step.message.role} message is in the loss"
    raise BlindError(f"{row.source}: {int(extra.sum())} trained tokens were not sampled, the first at {at}: {what}")


def step_at(steps: Sequence[Step], token: int) -> Step:
    bounds = np.cumsum([len(step.tokens) for step in steps])  # type: ignore[arg-type]
    return steps[int(np.searchsorted(bounds, token, side="right"))]


def check_geometry(learner: Learner, prompts: Sequence[Prompt], *, source: str = "") -> int:
    """Placeholders, grids and rotary positions against what the image processor makes of the stored pixels.

    Returns how many images were looked at.
    """
    family, store = learner.policy.family, learner.store
    checked = 0
    for prompt in prompts:
        try:
            check_spans(family, prompt)
        except ValueError as error:
            raise BlindError(f"{source}: placeholder count: {error}") from error
        for span in prompt.media:
            check_span(learner, span, source)
            checked += 1
        expected = raster(prompt, family.axes)
        actual = family.positions(prompt)
        if expected is not None and not np.array_equal(expected, actual):
            at = int(np.argmax((expected != actual).any(0)))
            inside = next((span for span in prompt.media if span.start <= at < span.start + span.length), None)
            raise BlindError(
                f"{source}: wrong rotary grid: token {at} stands at {actual[:, at].tolist()}, it should be at "
                f"{expected[:, at].tolist()}"
                + (f" (image {inside.ref} of {store.size(inside.ref)} pixels, grid {inside.inputs})" if inside else "")
            )
    return checked


def check_span(learner: Learner, span: MediaSpan, source: str) -> None:
    family, store = learner.policy.family, learner.store
    pixels = store.get(span.ref)
    key = ("checked", span.ref, family.processor_key)
    made = store.patches.get(key)
    if made is None:
        made = {name: value for name, value in family.patches(pixels).items() if name == "grid"}
        store.patches.put(key, made, 64)
    if "grid" in made and "grid" in span.inputs and list(map(int, made["grid"])) != list(span.inputs["grid"]):
        raise BlindError(
            f"{source}: wrong rotary grid: image {span.ref} of {pixels.size} pixels has the patch grid "
            f"{list(map(int, made['grid']))}, {list(span.inputs['grid'])} was recorded"
        )
    expected = features_of(family, made, pixels.size)
    if expected is not None and expected != span.features:
        raise BlindError(
            f"{source}: placeholder count is off by {span.features - expected:+d}: image {span.ref} of {pixels.width} x "
            f"{pixels.height} pixels gives {expected} features, its span holds {span.features} placeholders"
        )


def features_of(family: Any, made: Mapping[str, Any], size: tuple[int, int]) -> int | None:
    """How many feature vectors an image of this size gives, from the processor's own grid where there is one."""
    merge = vars_of(family).get("merge")
    if "grid" in made and merge:
        return int(np.prod(made["grid"])) // merge**2
    return sum(family.expand(size).feature_mask)


def vars_of(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


def raster(prompt: Prompt, axes: int) -> np.ndarray | None:
    """Positions int64[A, T] drawn anew: text goes on by one on all axes; with three axes an image is a raster of its merged
    grid, and text goes on after its longer side. None where an image of a three-axis family records no grid."""
    if axes == 1:
        return np.arange(len(prompt.tokens), dtype=np.int64)[None]
    out = np.zeros((axes, len(prompt.tokens)), dtype=np.int64)
    at = done = 0
    for span in prompt.media:
        if "grid" not in span.inputs:
            return None
        frames, tall, wide = span.inputs["grid"]
        merge = round((frames * tall * wide / span.features) ** 0.5)
        rows, columns = tall // merge, wide // merge
        out[:, done : span.start] = at + np.arange(span.start - done)
        at += span.start - done
        for token in range(span.length):
            row, column = divmod(token % (rows * columns), columns)
            out[:, span.start + token] = at + token // (rows * columns), at + row, at + column
        at, done = at + max(frames, rows, columns), span.start + span.length
    out[:, done:] = at + np.arange(len(prompt.tokens) - done)
    return out


def check_features(learner: Learner, rows: Sequence[Row]) -> int:
    """The features in use (from the cache, and from a batch) against each picture encoded alone. Returns their number."""
    policy, store = learner.policy, learner.store
    spans = {span.ref: span for row in rows for span in row.prompt.media}
    refs = sorted(spans)[:IMAGES]
    if not refs:
        return 0
    with torch.no_grad():
        patches = {ref: policy.family.patches(store.get(ref)) for ref in refs}
        alone = {ref: vectors(policy.family.encode(policy.model, [patches[ref]])[0]) for ref in refs}
        for ref in refs:
            if len(alone[ref]) != spans[ref].features:
                raise BlindError(
                    f"placeholder count is off by {spans[ref].features - len(alone[ref]):+d}: image {ref} of "
                    f"{store.size(ref)} pixels gives {len(alone[ref])} features, its span holds {spans[ref].features}"
                )
        batch = policy.family.encode(policy.model, [patches[ref] for ref in refs])
        together = {ref: vectors(each) for ref, each in zip(refs, batch, strict=True)}
        compare(together, alone, store, "encoded in one batch")
        cached = image_features(policy, [spans[ref] for ref in refs], store)
        compare({ref: vectors(cached[ref]) for ref in refs}, alone, store, "kept in the cache")
    return len(refs)


def vectors(features: Any) -> torch.Tensor:
    return features.embeds.detach().float()


def compare(used: Mapping[str, torch.Tensor], alone: Mapping[str, torch.Tensor], store: MediaStore, how: str) -> None:
    """Raise BlindError where features in use are not those of their picture: swapped, or of older weights."""
    for ref, mine in used.items():
        if close(mine, alone[ref]):
            continue
        other = next((each for each, fresh in alone.items() if each != ref and close(mine, fresh)), None)
        if other is not None:
            raise BlindError(f"images are swapped within a batch: {ref}, {how}, carries the features of {other}")
        if how == "kept in the cache":
            raise BlindError(
                f"stale image embedding: the features of {ref} {how} differ from a fresh encoding by "
                f"{distance(mine, alone[ref]):.2g}; the vision tower or its connector was updated and the cache was not emptied"
            )
        raise BlindError(
            f"the features of {ref} ({store.size(ref)} pixels), {how}, differ from those it has alone by "
            f"{distance(mine, alone[ref]):.2g}: images of a batch see each other"
        )


def distance(left: torch.Tensor, right: torch.Tensor) -> float:
    if left.shape != right.shape:
        return float("inf")
    return float((left - right).abs().max() / right.abs().max().clamp(min=1e-6))


def close(left: torch.Tensor, right: torch.Tensor) -> bool:
    return distance(left, right) < (1e-3 if left.dtype == torch.float32 else 5e-2)


def check_crops(attempts: Sequence[Trajectory], store: MediaStore, tools: Sequence[Tool]) -> None:
    """Boxes against pixels: a crop must show the place its record names, and the box the model wrote must mean it."""
    bins = {tool.name: tool.bins for tool in tools}
    for trajectory in attempts:
        shown = {image.ref: image for step in trajectory.steps for image in step.message.images}
        for event in trajectory.events:
            if event.error is None and event.box_xyxy is not None and event.image in store and event.result in shown:
                where = f"{trajectory.sample.id}, attempt {trajectory.attempt}, call of {event.name}"
                check_pixels(shown[event.result], store, where)
                check_frame(event, shown, store, bins.get(event.name, 16), where)


def check_pixels(made: Image, store: MediaStore, where: str) -> None:
    """The stored crop against the same place cut from its root again."""
    if made.root is None or made.root not in store:
        return
    root, part = store.get(made.root), store.get(made.ref)
    sx, sy, ox, oy = made.to_root
    if sx <= 0 or sy <= 0:
        return
    box = (ox, oy, ox + part.width * sx, oy + part.height * sy)
    again = root.resize(part.size, resample=2, box=clipped(box, root.size))
    error = gap(again, part)
    if error > 0.1:
        raise BlindError(
            f"{where}: wrong coordinate frame: {made.ref} should show {[round(edge) for edge in box]} of {made.root} "
            f"({root.width} x {root.height} pixels), but its pixels differ from that place by {error:.0%}"
        )


def check_frame(event: ToolEvent, shown: Mapping[str, Image], store: MediaStore, bins: int, where: str) -> None:
    """The box the model wrote, placed by arithmetic of our own, against the box that was looked at."""
    box = next((each for each in event.arguments.values() if isinstance(each, Mapping) and each.get("kind") == "box"), None)
    if box is None or event.image is None or event.box_xyxy is None:
        return
    read = next((shown[each] for each in event.arguments.values() if isinstance(each, str) and each in shown), None)
    source = read or Image(ref=event.image)
    if (source.root or source.ref) != event.image:
        return
    placed = {frame: place(box["xyxy"], frame, source, store, bins) for frame in ("px", "unit", "per_mille", "grid")}
    stated = placed[box.get("frame", "px")]
    overlaps = {frame: overlap(each, event.box_xyxy) for frame, each in placed.items()}
    best = max(overlaps, key=lambda frame: overlaps[frame])
    if overlap(stated, event.box_xyxy) < 0.2 and overlaps[best] > 0.9:
        raise BlindError(
            f"{where}: wrong coordinate frame: the model wrote {list(box['xyxy'])} in {box.get('frame', 'px')}, which is "
            f"{[round(edge) for edge in stated]} in pixels; {[round(edge) for edge in event.box_xyxy]} was looked at, as if "
            f"the numbers were {best}"
        )


def place(xyxy: Sequence[float], frame: str, source: Image, store: MediaStore, bins: int) -> tuple[float, ...]:
    """A box in pixels of the root image, clipped to the picture it was written about."""
    width, height = store.size(source.ref)
    unit = {"px": (1.0, 1.0), "unit": (width, height), "per_mille": (width / 1000, height / 1000)}.get(
        frame, (width / bins, height / bins)
    )
    x1, y1, x2, y2 = clipped((xyxy[0] * unit[0], xyxy[1] * unit[1], xyxy[2] * unit[0], xyxy[3] * unit[1]), (width, height))
    sx, sy, ox, oy = source.to_root
    return x1 * sx + ox, y1 * sy + oy, x2 * sx + ox, y2 * sy + oy


def clipped(box: Sequence[float], size: tuple[int, int]) -> tuple[float, float, float, float]:
    return max(box[0], 0.0), max(box[1], 0.0), min(box[2], float(size[0])), min(box[3], float(size[1]))


def overlap(left: Sequence[float], right: Sequence[float]) -> float:
    wide = min(left[2], right[2]) - max(left[0], right[0])
    tall = min(left[3], right[3]) - max(left[1], right[1])
    common = max(wide, 0.0) * max(tall, 0.0)
    whole = sum(max(each[2] - each[0], 0.0) * max(each[3] - each[1], 0.0) for each in (left, right)) - common
    return common / whole if whole > 0 else 0.0


def gap(left: Any, right: Any) -> float:
    """Mean absolute difference of two pictures of one size, 0..1."""
    return float(np.abs(np.asarray(left, np.float32) - np.asarray(right, np.float32)).mean() / 255)
