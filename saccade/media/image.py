"""Read any picture a user has into RGB pixels, and cut, fit and turn them.

Every picture of the library enters through `read_rgb`: it upholds one stated size limit, turns the picture as its EXIF
says, puts transparency on white and names the file in every error. Cuts return where they lie in their parent, so
that a box found in a crop of a crop can be placed in the root image.
"""

from __future__ import annotations

import base64
import binascii
import io
import math
import struct
import threading
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import numpy as np
from PIL import Image as PILImage

from saccade.core.message import IDENTITY, Affine, Image

MAX_PIXELS = 400_000_000
"""A picture whose header says more is refused (`--max-pixels`)."""

WHOLE_PIXELS = 50_000_000
"""A picture of more pixels is halved until it has at most so many."""

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "DIB", "TIFF", "JPEG2000", "PPM", "ICO", "TGA", "AVIF")
"""What Pillow may try. MPO is opened as JPEG: it has no entry of its own, and naming it would end the search there."""

BROKEN = (OSError, SyntaxError, EOFError, ValueError, IndexError, TypeError, OverflowError, KeyError,
          struct.error, zlib.error)
UPRIGHT = {2: PILImage.Transpose.FLIP_LEFT_RIGHT, 3: PILImage.Transpose.ROTATE_180,
           4: PILImage.Transpose.FLIP_TOP_BOTTOM, 5: PILImage.Transpose.TRANSPOSE, 6: PILImage.Transpose.ROTATE_270,
           7: PILImage.Transpose.TRANSVERSE, 8: PILImage.Transpose.ROTATE_90}
_OPENING = threading.Lock()


def read_rgb(image: Image, *, max_pixels: int = MAX_PIXELS, whole_pixels: int = WHOLE_PIXELS) -> PILImage.Image:
    """Decode what an image points at: upright RGB, transparency on white, 16 bit scaled to 8.

    `Image.data` may be a PIL image, encoded bytes, base64 or a data URI, an array (H, W[, 3 or 4]) of uint8, a mapping
    with ``bytes`` or ``path``, or a function that returns any of these; else `Image.ref` is ``file:<path>`` or a data URI.

    Above `whole_pixels` the picture is halved until it fits, and boxes refer to the smaller one. A JPEG is then decoded
    at the smaller scale and never held whole. Other formats have no partial decoder in Pillow: they are held whole
    once, in their own mode, and turned into small RGB strip by strip.

    Raises ValueError naming the file for a picture that is missing, empty, broken, truncated or over `max_pixels`.
    """
    name, data = name_of(image), image.data
    if data is None:
        data = source_of(image.ref, name)
    if callable(data) and not isinstance(data, PILImage.Image):
        data = data()
    if isinstance(data, Mapping):
        data = data.get("bytes") or Path(str(data.get("path")))
    if isinstance(data, str):
        data = decode_base64(data, name)
    if isinstance(data, np.ndarray):
        try:
            data = PILImage.fromarray(data)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{name}: an array of shape {data.shape} and type {data.dtype} is no picture") from error
    if isinstance(data, PILImage.Image):
        return _decode(data, name, max_pixels, whole_pixels)
    if isinstance(data, bytes | bytearray | memoryview):
        if not len(data):
            raise ValueError(f"{name}: the picture has 0 bytes")
        data = io.BytesIO(data)
    elif isinstance(data, Path):
        if not data.is_file():
            raise ValueError(f"{name}: there is no such file")
        if data.stat().st_size == 0:
            raise ValueError(f"{name}: the file is empty (0 bytes)")
    else:
        raise ValueError(f"{name}: cannot read a picture from {type(data).__name__}; give a path, bytes, base64 or PIL")
    try:
        with _OPENING:  # Pillow's own, lower limit is a global: lift it for the header alone, ours is checked next
            kept, PILImage.MAX_IMAGE_PIXELS = PILImage.MAX_IMAGE_PIXELS, None
            try:
                opened = PILImage.open(data, formats=FORMATS)
            finally:
                PILImage.MAX_IMAGE_PIXELS = kept
    except BROKEN as error:
        raise ValueError(f"{name}: not a picture that can be read ({error})") from error
    with opened:
        return _decode(opened, name, max_pixels, whole_pixels)


def name_of(image: Image) -> str:
    """What to call an image in an error: its path, or the head of its reference."""
    return image.ref.removeprefix("file://").removeprefix("file:") if image.ref.startswith("file:") else image.ref[:60]


def source_of(ref: str, name: str) -> Path | str:
    """Where a reference without data points. Raises ValueError for one that names no pixels here."""
    if ref.startswith("file://"):
        return Path(unquote(urlparse(ref).path))
    if ref.startswith("file:"):
        return Path(ref.removeprefix("file:")).expanduser()
    if ref.startswith("data:"):
        return ref
    if ref.startswith(("http:", "https:")):
        raise ValueError(f"{name}: pictures are not downloaded; save the file and write file:<path>")
    raise ValueError(f"{name}: this image carries no pixels; it must be adopted by the store that knows it")


def decode_base64(text: str, name: str) -> bytes:
    """Bytes of a base64 string or of a data URI. Raises ValueError naming the image."""
    if text.startswith("data:"):
        head, comma, text = text.partition(",")
        if not comma or not head.endswith(";base64"):
            raise ValueError(f"{name}: a data URI must read data:image/...;base64,<data>")
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"{name}: the string is no base64 ({error})") from error


def _decode(opened: PILImage.Image, name: str, max_pixels: int, whole_pixels: int) -> PILImage.Image:
    width, height = opened.size
    if width < 1 or height < 1:
        raise ValueError(f"{name}: the picture is {width} x {height} pixels: there is nothing in it")
    if width * height > max_pixels:
        raise ValueError(f"{name}: {width} x {height} is {width * height / 1e6:.0f} megapixels, over the limit of "
                         f"{max_pixels / 1e6:g}; make it smaller or raise --max-pixels")
    try:
        if width * height > whole_pixels:
            scale = math.sqrt(whole_pixels / (width * height))
            opened.draft("RGB", (int(width * scale), int(height * scale)))
        opened.load()
        factor = 1
        while (opened.width // factor) * (opened.height // factor) > whole_pixels:
            factor *= 2
        pixels = to_rgb(opened) if factor == 1 else _small_rgb(opened, factor)
    except BROKEN as error:
        raise ValueError(f"{name}: the picture is broken or truncated ({error})") from error
    turn = UPRIGHT.get(_orientation(opened))
    return pixels if turn is None else pixels.transpose(turn)


def _small_rgb(opened: PILImage.Image, factor: int) -> PILImage.Image:
    """RGB at 1/factor of the size, converted in strips so that no second picture of full size is held."""
    width, height = opened.width // factor, opened.height // factor
    small = PILImage.new("RGB", (width, height))
    rows = max(1, 4_000_000 // (opened.width * factor))
    for top in range(0, height, rows):
        bottom = min(height, top + rows)
        strip = opened.crop((0, top * factor, width * factor, bottom * factor))
        small.paste(to_rgb(strip).reduce(factor), (0, top))
    return small


def _orientation(opened: PILImage.Image) -> int:
    try:
        return opened.getexif().get(0x0112, 1)
    except BROKEN:  # unreadable metadata says nothing about the pixels
        return 1


def to_rgb(pixels: PILImage.Image) -> PILImage.Image:
    """Any mode to RGB: palette and CMYK converted, alpha put on white, 16-bit, integer and float modes scaled to 8 bit.

    Sixteen bits are divided by 257; floats are taken as 0..1 if none is above 1, else as 0..255.
    """
    if pixels.mode == "RGB" and "transparency" not in pixels.info:
        return pixels if type(pixels) is PILImage.Image else pixels.copy()
    if pixels.mode.startswith("I") or pixels.mode == "F":
        values = np.nan_to_num(np.asarray(pixels).astype(np.float64), posinf=0.0, neginf=0.0)
        if pixels.mode == "F":
            values = values * 255 if values.max() <= 1 else values
        elif pixels.mode != "I" or values.max() > 255:
            values = values / 257
        return PILImage.fromarray(values.round().clip(0, 255).astype(np.uint8)).convert("RGB")
    if pixels.has_transparency_data:
        layered = pixels.convert("RGBA")
        white = PILImage.new("RGB", layered.size, "white")
        white.paste(layered, mask=layered.getchannel("A"))
        return white
    return pixels.convert("RGB")


def crop(
    pixels: PILImage.Image, box_xyxy: tuple[float, float, float, float], *, padding: float = 0.0, min_side_px: int = 1
) -> tuple[PILImage.Image, Affine]:
    """Cut a box (pixels of this image) out; returns the pixels and their place in this image.

    The box is widened by `padding` times its own width and height on each side, rounded outwards to whole pixels, grown
    about its centre to `min_side_px` and moved or cut to lie inside. Raises ValueError for a box that is not finite, is
    empty, or lies wholly outside.
    """
    x1, y1, x2, y2 = box_xyxy
    if not all(math.isfinite(value) for value in box_xyxy) or x1 >= x2 or y1 >= y2:
        raise ValueError(f"the box {list(box_xyxy)} is empty or not finite")
    if x1 >= pixels.width or y1 >= pixels.height or x2 <= 0 or y2 <= 0:
        raise ValueError(f"the box {list(box_xyxy)} lies outside the image of {pixels.width} x {pixels.height} pixels")
    left, right = _side(x1, x2, pixels.width, padding, min_side_px)
    top, bottom = _side(y1, y2, pixels.height, padding, min_side_px)
    return pixels.crop((left, top, right, bottom)), (1.0, 1.0, float(left), float(top))


def _side(low: float, high: float, length: int, padding: float, least: int) -> tuple[int, int]:
    reach = padding * (high - low)
    start, end = math.floor(max(low - reach, 0.0)), math.ceil(min(high + reach, float(length)))
    lack = min(least, length) - (end - start)
    if lack > 0:
        start = min(max(start - lack // 2, 0), length - (end - start + lack))
        end = start + min(least, length)
    return start, end


def fit(
    pixels: PILImage.Image, *, max_side_px: int | None = None, max_pixels: int | None = None,
    min_side_px: int | None = None,
) -> tuple[PILImage.Image, Affine]:
    """Scale to bounds, keeping the proportions; returns the pixels and the affine from them to the given image.

    The upper bounds win where bounds contradict each other. No side becomes less than 1 pixel.
    """
    width, height = pixels.size
    scale = 1.0 if min_side_px is None else max(1.0, min_side_px / min(width, height))
    if max_side_px is not None:
        scale = min(scale, max_side_px / max(width, height))
    if max_pixels is not None:
        scale = min(scale, math.sqrt(max_pixels / (width * height)))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    if max_pixels is not None and size[0] * size[1] > max_pixels:
        size = (max(1, int(width * scale)), max(1, int(height * scale)))
    if size == pixels.size:
        return pixels, IDENTITY
    small = pixels.resize(size, PILImage.Resampling.BICUBIC)
    return small, (width / size[0], height / size[1], 0.0, 0.0)


def rotate(pixels: PILImage.Image, degrees: float) -> tuple[PILImage.Image, Affine | None]:
    """Turn clockwise, the canvas growing to hold everything, corners white.

    The affine to the given image is None where scale and offset cannot express it (all but half and full turns).
    """
    if not math.isfinite(degrees):
        raise ValueError(f"an angle must be a finite number of degrees, not {degrees}")
    turn = degrees % 360
    exact: dict[float, Any] = {90: PILImage.Transpose.ROTATE_270, 180: PILImage.Transpose.ROTATE_180,
                               270: PILImage.Transpose.ROTATE_90}
    if turn == 0:
        return pixels, IDENTITY
    if turn == 180:
        return pixels.transpose(exact[180]), (-1.0, -1.0, float(pixels.width), float(pixels.height))
    if turn in exact:
        return pixels.transpose(exact[turn]), None
    return pixels.rotate(-turn, PILImage.Resampling.BICUBIC, expand=True, fillcolor="white"), None
