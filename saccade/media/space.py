"""Simple 3-D scenes: blocks on a floor, cameras, and a depth buffer in numpy that shows what a camera sees.

x points right, y up, z away from a camera that has azimuth 0. Azimuth turns to the right, elevation upwards, in degrees.
Distances are along the camera's own axis, in units of the scene. Everything that is drawn goes through one depth buffer, so
pictures, depth maps and what hides what are exact and agree with each other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from PIL import Image as PILImage

from saccade.media.draw import PALETTE, draw_numbers

SKY = (226, 234, 242)
FLOOR = ((196, 190, 180), (180, 173, 162))
SHADE = np.array([0.82, 1.0, 0.66], np.float32)
"""Brightness of faces whose normal is along x, y, z."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A box with edges along the axes: its middle, its lengths, its colour (0..255)."""

    name: str
    centre: tuple[float, float, float]
    size: tuple[float, float, float]
    colour: tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """`fov` is the horizontal angle of view in degrees."""

    eye: tuple[float, float, float]
    azimuth: float = 0.0
    elevation: float = 0.0
    fov: float = 60.0

    @property
    def axes(self) -> np.ndarray:
        """float64[3, 3]: right, up and forward as rows."""
        a, e = math.radians(self.azimuth), math.radians(self.elevation)
        right = np.array([math.cos(a), 0.0, -math.sin(a)])
        forward = np.array([math.sin(a) * math.cos(e), math.sin(e), math.cos(a) * math.cos(e)])
        return np.stack([right, np.cross(forward, right), forward])


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """colour: uint8[H, W, 3]; depth: float64[H, W], infinite for the sky; ids: int[H, W], place of the block, else -1."""

    colour: np.ndarray
    depth: np.ndarray
    ids: np.ndarray


def render(blocks: Sequence[Block], camera: Camera, size: tuple[int, int]) -> Rendered:
    """What the camera sees at `size` (width, height): a chequered floor at y = 0, the blocks, and the sky."""
    width, height = size
    half = math.tan(math.radians(camera.fov) / 2)
    across = ((np.arange(width) + 0.5) / width * 2 - 1) * half
    down = ((np.arange(height) + 0.5) / height * 2 - 1) * half * height / width
    right, up, forward = camera.axes
    rays = forward + across[None, :, None] * right - down[:, None, None] * up
    eye = np.array(camera.eye)
    depth, ids = np.full((height, width), np.inf), np.full((height, width), -1)
    colour = np.broadcast_to(np.array(SKY, np.float32), (height, width, 3)).copy()
    with np.errstate(divide="ignore", invalid="ignore"):
        floor = np.where(rays[..., 1] * eye[1] < 0, -eye[1] / rays[..., 1], np.inf)
        seen = (floor > 0.01) & (floor < 60)
        ground = eye + np.where(seen, floor, 0)[..., None] * rays
        tile = (np.floor(ground[..., 0]) + np.floor(ground[..., 2])).astype(int) % 2
        depth = np.where(seen, floor, depth)
        colour[seen] = np.array(FLOOR, np.float32)[tile[seen]]
        for place, block in enumerate(blocks):
            low, high = (np.array(block.centre) + sign * np.array(block.size) / 2 for sign in (-1, 1))
            first, second = (low - eye) / rays, (high - eye) / rays
            enter, leave = np.fmin(first, second), np.fmax(first, second)
            near, far = enter.max(-1), leave.min(-1)
            hit = (near < far) & (near > 0.01) & (near < depth)
            depth, ids = np.where(hit, near, depth), np.where(hit, place, ids)
            shade = SHADE[enter.argmax(-1)][..., None]
            colour = np.where(hit[..., None], np.array(block.colour, np.float32) * shade, colour)
    return Rendered(colour=colour.round().astype(np.uint8), depth=depth, ids=ids)


def picture(blocks: Sequence[Block], camera: Camera, size: tuple[int, int]) -> PILImage.Image:
    """The view as a smooth picture: rendered at twice the size and averaged."""
    drawn = render(blocks, camera, (size[0] * 2, size[1] * 2)).colour
    return PILImage.fromarray(drawn).reduce(2)


def project(points: np.ndarray, camera: Camera, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Places in px float64[N, 2] and distances float64[N] of points float64[N, 3]; distances are negative behind."""
    local = (np.asarray(points, float) - np.array(camera.eye)) @ camera.axes.T
    far = np.where(np.abs(local[:, 2]) < 1e-9, 1e-9, local[:, 2])
    scale = size[0] / 2 / math.tan(math.radians(camera.fov) / 2)
    return np.stack([size[0] / 2 + local[:, 0] / far * scale, size[1] / 2 - local[:, 1] / far * scale], 1), local[:, 2]


def splat(rendered: Rendered, points: np.ndarray, colours: np.ndarray, camera: Camera, *, side_px: int = 1) -> Rendered:
    """The view with points drawn as squares, each hidden by what is nearer. points [N, 3], colours uint8[N, 3]."""
    height, width = rendered.depth.shape
    places, far = project(points, camera, (width, height))
    colour, depth = rendered.colour.copy(), rendered.depth.copy()
    for index in np.argsort(-far, kind="stable"):
        if far[index] <= 0.01 or not np.isfinite(places[index]).all() or np.abs(places[index]).max() > 1e6:
            continue
        x, y = (math.floor(value - side_px / 2 + 0.5) for value in places[index])
        rows, columns = slice(max(y, 0), max(y + side_px, 0)), slice(max(x, 0), max(x + side_px, 0))
        nearer = far[index] < depth[rows, columns]
        colour[rows, columns][nearer], depth[rows, columns][nearer] = colours[index], far[index]
    return replace(rendered, colour=colour, depth=depth)


def with_cameras(
    blocks: Sequence[Block], camera: Camera, cameras: Sequence[Camera], size: tuple[int, int]
) -> PILImage.Image:
    """The view with numbered cameras in it: a small pyramid for each, open towards what it looks at."""
    large = (size[0] * 2, size[1] * 2)
    view, reach = render(blocks, camera, large), 1.2
    for number, each in enumerate(cameras):
        right, up, forward = each.axes
        eye, wide = np.array(each.eye), reach * math.tan(math.radians(each.fov) / 2)
        tips = [eye + reach * forward + wide * (x * right + y * 0.75 * up) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
        edges = [(eye, tip) for tip in tips] + [(tips[k], tips[(k + 1) % 4]) for k in range(4)]
        along = np.linspace(0, 1, 60)[:, None]
        line = np.concatenate([start + along * (end - start) for start, end in edges])
        rgb = tuple(int(PALETTE[number % len(PALETTE)][k : k + 2], 16) for k in (1, 3, 5))
        view = splat(view, line, np.tile(np.array(rgb, np.uint8), (len(line), 1)), camera, side_px=3)
    out = PILImage.fromarray(view.colour).reduce(2)
    places, far = project(np.array([each.eye for each in cameras]), camera, size)
    shown = [(float(x), float(y)) if near > 0.01 else None for (x, y), near in zip(places, far, strict=True)]
    return draw_numbers(out, shown)


def blocks_of(scene: Mapping[str, Any]) -> tuple[Block, ...]:
    """The blocks of a scene as it stands in `Sample.meta`. Raises ValueError for what is no scene."""
    try:
        return tuple(Block(name=str(each["name"]), centre=_three(each["centre"]), size=_three(each["size"]),
                           colour=tuple(int(value) for value in _three(each["colour"])))  # type: ignore[arg-type]
                     for each in scene["blocks"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"meta['scene'] holds no blocks as media.space writes them: {error!r}") from error


def cameras_of(scene: Mapping[str, Any]) -> tuple[Camera, ...]:
    """Its cameras, one a picture of the sample. Raises ValueError for what is no scene."""
    try:
        return tuple(Camera(eye=_three(each["eye"]), azimuth=float(each["azimuth"]), elevation=float(each["elevation"]),
                            fov=float(each["fov"])) for each in scene["cameras"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"meta['scene'] holds no cameras as media.space writes them: {error!r}") from error


def size_of(scene: Mapping[str, Any]) -> tuple[int, int]:
    """Width and height of its pictures, px."""
    width, height = scene["size"]
    return int(width), int(height)


def as_scene(blocks: Sequence[Block], cameras: Sequence[Camera], size: tuple[int, int]) -> dict[str, Any]:
    """Blocks and cameras as plain JSON values, for `Sample.meta`."""
    return {
        "size": list(size),
        "blocks": [{"name": each.name, "centre": list(each.centre), "size": list(each.size), "colour": list(each.colour)}
                   for each in blocks],
        "cameras": [{"eye": list(each.eye), "azimuth": each.azimuth, "elevation": each.elevation, "fov": each.fov}
                    for each in cameras],
    }


def _three(values: Any) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in values)
    if not all(math.isfinite(value) for value in (x, y, z)):
        raise ValueError(f"{values} is not finite")
    return x, y, z
