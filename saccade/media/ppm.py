"""Pictures as plain bytes (binary PPM), for crossing a border at which no decoder may be fooled."""

from __future__ import annotations

import re

from PIL import Image as PILImage

HEAD = re.compile(rb"P6\s(\d{1,7})\s(\d{1,7})\s255\s")


def to_ppm(pixels: PILImage.Image) -> bytes:
    rgb = pixels.convert("RGB")
    return b"P6 %d %d 255\n" % rgb.size + rgb.tobytes()


def from_ppm(data: bytes, *, max_pixels: int = 100_000_000) -> PILImage.Image:
    """The picture. Raises ValueError for anything but exactly one, of at least one and at most `max_pixels` pixels."""
    head = HEAD.match(data)
    if head is None:
        raise ValueError("these bytes are no binary PPM")
    width, height = int(head[1]), int(head[2])
    if not 0 < width * height <= max_pixels:
        raise ValueError(f"a picture of {width} x {height} pixels; 1 to {max_pixels} pixels are allowed")
    if len(data) - head.end() != 3 * width * height:
        raise ValueError(f"{len(data) - head.end()} bytes of pixels, where {width} x {height} need {3 * width * height}")
    return PILImage.frombytes("RGB", (width, height), data[head.end() :])
