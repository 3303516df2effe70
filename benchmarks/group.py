"""A group of attempts with given tokens, for both sides: prompt, one image, responses, credit.

Ours are rows of the learner; theirs is the dictionary that the trainer's own scoring hands to its loss.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.checkpoint import build, described

BEFORE_IMAGE = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """prompt: tokens, those of the image included; responses: tokens of each; image_px: side of the square image, or 0."""

    prompt: int
    responses: tuple[int, ...]
    image_px: int = 448

    @property
    def size(self) -> int:
        return len(self.responses)


def prepare(folder: Path, shape: Shape) -> None:
    """Write the checkpoint, the picture and the tokens. The image stands after the first `BEFORE_IMAGE` tokens."""
    from PIL import Image as PILImage

    from saccade.core.run import PolicySpec
    from saccade.models.loading import load_family

    place = build(folder / "model")
    family, _ = load_family(place, PolicySpec(model=str(place)))
    rng = np.random.default_rng(0)
    side = max(shape.image_px, 28)
    pixels = rng.integers(0, 256, (side // 8, side // 8, 3), dtype=np.uint8)
    PILImage.fromarray(pixels).resize((side, side), PILImage.Resampling.BICUBIC).save(folder / "image.png")
    start, end, pad, _ = family.banned
    count = len(family.expand((shape.image_px,) * 2).tokens) if shape.image_px else 0

    def words(number: int) -> np.ndarray:
        return rng.integers(0, 256, number).astype(np.int32)  # the ids of single bytes: no control tokens

    prompt = words(shape.prompt)
    if count:
        prompt[BEFORE_IMAGE - 1 : BEFORE_IMAGE + count + 1] = [start, *[pad] * count, end]
    assert len(prompt) == shape.prompt
    np.savez(folder / "tokens.npz", prompt=prompt, responses=words(sum(shape.responses)),
             credit=np.array([1.0 if index % 2 else -0.5 for index in range(shape.size)], np.float32))


def read(folder: Path, shape: Shape) -> tuple[np.ndarray, list[np.ndarray], np.ndarray]:
    held = np.load(folder / "tokens.npz")
    return held["prompt"], np.split(held["responses"], np.cumsum(shape.responses)[:-1]), held["credit"]


def our_learner(folder: Path, shape: Shape, *, freeze: tuple[str, ...] = ()) -> tuple[Any, list[Any]]:
    """A learner on the checkpoint and the group's rows.

    The library removes ids that may never be sampled from the distribution; trl does not, so here none is removed: both
    sides then speak of the same softmax.
    """
    import torch

    from saccade.core.engine import Prompt
    from saccade.core.message import Image
    from saccade.core.run import Optim, PolicySpec
    from saccade.learn.learner import Learner
    from saccade.learn.rows import Row
    from saccade.media import open_store
    from saccade.models.policy import load_policy

    policy = load_policy(PolicySpec(model=str(folder / "model"), freeze=freeze, dtype="float32"))
    policy.banned = torch.zeros(0, dtype=torch.int64)
    store = open_store()
    ref = store.adopt(Image(ref=f"file:{folder / 'image.png'}")).ref
    prompt, responses, credit = read(folder, shape)
    media = (policy.family.expand((shape.image_px,) * 2).span(ref, BEFORE_IMAGE),) if shape.image_px else ()
    rows = [
        Row(prompt=Prompt(tokens=prompt, media=media).extend(response),
            trainable_T=np.arange(len(prompt) + len(response)) >= len(prompt),
            old_logp_S=np.zeros(len(response), np.float32), credit_S=np.full(len(response), value, np.float32),
            step_S=np.zeros(len(response), np.int32))
        for response, value in zip(responses, credit, strict=True)
    ]
    learner = Learner(policy, store, Optim(lr=0.0, weight_decay=0.0))
    rows = [replace(row, old_logp_S=each) for row, each in zip(rows, learner.own(rows), strict=True)]
    return learner, rows


def our_update(learner: Any, rows: list[Any]) -> None:
    """One optimiser step at rate 0, so that every run starts from the same weights."""
    from saccade.learn.update import update
    from saccade.objectives.clip import clip

    update(learner, rows, (clip(),), lr=0.0, clip=1.0)


def our_gradients(learner: Any, rows: list[Any]) -> dict[str, np.ndarray]:
    """grad/<parameter> of the same update, taken where the optimiser would step."""
    found: dict[str, np.ndarray] = {}

    def seen(**_: Any) -> float:
        found.update({f"grad/{name}": each.grad.numpy().copy() for name, each in learner.parameters.items()
                      if each.grad is not None})
        learner.zero()
        return 0.0

    step, learner.step = learner.step, seen
    try:
        our_update(learner, rows)
    finally:
        learner.step = step
    return found


def their_inputs(trainer: Any, folder: Path, shape: Shape) -> dict[str, Any]:
    """The group as the trainer's scoring hands it on: prompts padded on the left, responses on the right, one copy of the
    pixel rows for every member."""
    import torch
    from PIL import Image as PILImage

    prompt, responses, credit = read(folder, shape)
    width = max(shape.responses)
    completion = np.zeros((shape.size, width), np.int64)
    mask = np.zeros((shape.size, width), np.int64)
    for row, response in enumerate(responses):
        completion[row, : len(response)], mask[row, : len(response)] = response, 1
    ids = torch.from_numpy(np.tile(prompt.astype(np.int64), (shape.size, 1)))
    kinds = torch.cat([(ids == trainer._image_pad_token_id).long(), torch.zeros(completion.shape, dtype=torch.long)], 1)
    mask_t = torch.from_numpy(mask)
    inputs = {
        "prompt_ids": ids, "prompt_mask": torch.ones_like(ids), "completion_ids": torch.from_numpy(completion),
        "completion_mask": mask_t, "advantages": torch.from_numpy(credit), "num_items_in_batch": mask_t.sum(),
    }
    if not shape.image_px:
        return inputs
    with PILImage.open(folder / "image.png") as opened:
        images = trainer.processing_class.image_processor(images=[opened.convert("RGB")] * shape.size, return_tensors="pt")
    return {**inputs, "pixel_values": images["pixel_values"], "image_grid_thw": images["image_grid_thw"],
            "mm_token_type_ids": kinds, "num_images": [1] * shape.size}


def their_logp(trainer: Any, inputs: dict[str, Any]) -> Any:
    """Log-probabilities [group, width] by the trainer's own pass, without gradient."""
    import torch

    media = ("pixel_values", "image_grid_thw", "mm_token_type_ids", "num_images")
    given = {key: inputs[key] for key in media if key in inputs}
    ids = torch.cat([inputs["prompt_ids"], inputs["completion_ids"]], 1)
    mask = torch.cat([inputs["prompt_mask"], inputs["completion_mask"]], 1)
    with torch.no_grad():
        return trainer._get_per_token_logps_and_entropies(
            trainer.model, ids, mask, inputs["completion_ids"].shape[1], batch_size=len(ids), **given
        )[0]


def flat(logp: Any, inputs: dict[str, Any]) -> np.ndarray:
    return logp.detach()[inputs["completion_mask"].bool()].numpy()


def our_logp(learner: Any, rows: list[Any]) -> np.ndarray:
    return np.concatenate(learner.own(rows))


def forget_images(learner: Any) -> None:
    """A new batch shows new images: nothing is known of them."""
    learner.store.embeddings.drop(lambda key: True)


def layers_work(folder: Path, prompt: int, responses: list[int]) -> float:
    """Multiply-adds of the language layers and the tower for sequences prompt + response run apart, head left out."""
    about = described(folder / "model")
    total = 0.0
    for size in responses:
        tokens = prompt + size
        total += about["layers"] * (tokens * about["layer"] + about["width"] * tokens**2)  # causal: half of 2 T^2 D
    return total


def shared_work(folder: Path, prompt: int, responses: list[int]) -> float:
    """The same with the prompt run once."""
    about = described(folder / "model")
    total = about["layers"] * (prompt * about["layer"] + about["width"] * prompt**2)
    for size in responses:
        total += about["layers"] * (size * about["layer"] + about["width"] * (2 * prompt * size + size**2))
    return total


def tower_work(folder: Path, image_px: int, copies: int) -> float:
    """Multiply-adds of the tower's matrix products for so many copies of the image."""
    return copies * described(folder / "model")["tower"] * (image_px // 14) ** 2
