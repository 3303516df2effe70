"""Other pictures in the place of a picture: what an answer that rests on seeing should notice, and what it should not.

Each function makes a `View`; its options are those of the view. Pictures keep their size, so that placeholders still
fit, and what is drawn is drawn from the generator the caller hands in, by the picture's name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from PIL import Image as PILImage
from PIL import ImageFilter

from saccade.core.signals import View

Pixels = PILImage.Image


def masked(*, share: float = 0.5, patch_px: int = 14, name: str = "masked", **settings: Any) -> View:
    """Every patch black with probability `share`, each by itself (VPPO, DVRP)."""
    _check_share("masked", share)

    def change(pixels: Pixels, rng: np.random.Generator) -> Pixels:
        values = np.array(pixels.convert("RGB"))
        tall, wide = -(-values.shape[0] // patch_px), -(-values.shape[1] // patch_px)
        out = (rng.random((tall, wide)) < share).repeat(patch_px, 0).repeat(patch_px, 1)
        values[out[: values.shape[0], : values.shape[1]]] = 0
        return PILImage.fromarray(values)

    return View(name=name, change=change, **settings)


def dropped(*, share: float = 0.5, patch_px: int = 14, name: str = "dropped", **settings: Any) -> View:
    """An exact share of the patches, drawn without replacement, in the mean colour of the picture."""
    _check_share("dropped", share)

    def change(pixels: Pixels, rng: np.random.Generator) -> Pixels:
        values = np.array(pixels.convert("RGB"))
        tall, wide = -(-values.shape[0] // patch_px), -(-values.shape[1] // patch_px)
        out = np.zeros(tall * wide, bool)
        out[rng.permutation(tall * wide)[: round(share * tall * wide)]] = True
        where = out.reshape(tall, wide).repeat(patch_px, 0).repeat(patch_px, 1)[: values.shape[0], : values.shape[1]]
        values[where] = values.reshape(-1, 3).mean(0).round().astype(np.uint8)
        return PILImage.fromarray(values)

    return View(name=name, change=change, **settings)


def blurred(*, radius_px: float = 6.0, name: str = "blurred", **settings: Any) -> View:
    """Gaussian blur."""

    def change(pixels: Pixels, rng: np.random.Generator) -> Pixels:
        return pixels.convert("RGB").filter(ImageFilter.GaussianBlur(radius_px))

    return View(name=name, change=change, **settings)


def noised(*, std: float = 0.15, name: str = "noised", **settings: Any) -> View:
    """Gaussian noise of this standard deviation on pixels in [0, 1], clipped (VOGUE: 0.4 of normalised pixels, about
    0.1)."""

    def change(pixels: Pixels, rng: np.random.Generator) -> Pixels:
        values = np.asarray(pixels.convert("RGB"), dtype=np.float32) / 255
        return _picture(values + std * rng.standard_normal(values.shape, dtype=np.float32))

    return View(name=name, change=change, **settings)


def diffused(*, step: int = 250, name: str = "diffused", **settings: Any) -> View:
    """Variance-preserving diffusion after `step` of 1000 steps: sqrt(a) x + sqrt(1 - a) noise on [0, 1] (DVRP)."""
    if not 0 <= step <= 1000:
        raise ValueError(f"diffused: step is between 0 and 1000, not {step}")
    kept = float(np.prod(1 - betas()[:step]))

    def change(pixels: Pixels, rng: np.random.Generator) -> Pixels:
        values = np.asarray(pixels.convert("RGB"), dtype=np.float32) / 255
        noise = rng.standard_normal(values.shape, dtype=np.float32)
        return _picture(kept**0.5 * values + (1 - kept) ** 0.5 * noise)

    return View(name=name, change=change, **settings)


def betas() -> np.ndarray:
    """The noise schedule: a sigmoid over 1000 steps between 1e-5 and 5e-3. float64[1000]."""
    return (5e-3 - 1e-5) / (1 + np.exp(-np.linspace(-6, 6, 1000))) + 1e-5


def blank(*, value: int = 128, name: str = "blank", **settings: Any) -> View:
    """One grey everywhere: nothing is seen."""

    def change(pixels: Pixels, rng: np.random.Generator) -> Pixels:
        return PILImage.new("RGB", pixels.size, (value, value, value))

    return View(name=name, change=change, **settings)


def swapped(*, name: str = "swapped", **settings: Any) -> View:
    """Another picture of the same size among those that are looked at together; one that has no match stays.

    Which one follows from what stands in the batch, so in an objective its term must keep the batch together.
    """

    def change(pictures: Mapping[str, Pixels], rng: np.random.Generator) -> dict[str, Pixels]:
        by_size: dict[tuple[int, int], list[str]] = {}
        for ref in sorted(pictures):
            by_size.setdefault(pictures[ref].size, []).append(ref)
        out: dict[str, Pixels] = {}
        for refs in by_size.values():
            order = [refs[int(place)] for place in rng.permutation(len(refs))]
            out |= {ref: pictures[other] for ref, other in zip(order, [*order[1:], *order[:1]], strict=True)}
        return out

    return View(name=name, change=change, together=True, **settings)


def _picture(values: np.ndarray) -> Pixels:
    return PILImage.fromarray((np.clip(values, 0, 1) * 255).round().astype(np.uint8))


def _check_share(what: str, share: float) -> None:
    if not 0 <= share <= 1:
        raise ValueError(f"{what}: share is between 0 and 1, not {share}")


VIEWS: tuple[Callable[..., View], ...] = (masked, dropped, blurred, noised, diffused, blank, swapped)
"""All of them, in the order of this file."""
