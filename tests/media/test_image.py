"""Reading pictures: every source and mode, hostile files, limits, and where crops lie."""

import base64
import io
import random
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as PILImage

from saccade.core.message import Image
from saccade.media import open_store
from saccade.media.boxes import to_root
from saccade.media.image import crop, fit, read_rgb, rotate, to_rgb


def picture(width: int = 24, height: int = 16, seed: int = 0) -> PILImage.Image:
    values = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return PILImage.fromarray(values)


def encoded(pixels: PILImage.Image, kind: str = "PNG", **settings_) -> bytes:
    out = io.BytesIO()
    pixels.save(out, kind, **settings_)
    return out.getvalue()


def read(data, **limits) -> PILImage.Image:
    return read_rgb(Image(ref="lazy:x", data=data), **limits)


def chunk(kind: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")


def png_of_claimed_size(width: int, height: int) -> bytes:
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 2, 0, 0, 0])
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100))
            + chunk(b"IEND", b""))


def test_every_way_to_name_a_picture_gives_the_same_pixels(tmp_path: Path) -> None:
    pixels, raw = picture(), encoded(picture())
    path = tmp_path / "a picture with späces.png"
    path.write_bytes(raw)
    text = base64.b64encode(raw).decode()
    store = open_store()
    images = [
        Image(ref=f"file:{path}"), Image(ref=path.as_uri()), Image(ref="lazy:pil", data=pixels),
        Image(ref="lazy:bytes", data=raw), Image(ref="lazy:array", data=bytearray(raw)),
        Image(ref="lazy:base64", data=text), Image(ref="lazy:wrapped", data=text[:20] + "\n" + text[20:]),
        Image(ref="lazy:uri", data=f"data:image/png;base64,{text}"), Image(ref=f"data:image/png;base64,{text}"),
        Image(ref="lazy:call", data=lambda: pixels), Image(ref="lazy:callbytes", data=lambda: raw),
        Image(ref="lazy:path", data=path), Image(ref="lazy:numpy", data=np.asarray(pixels)),
        Image(ref="lazy:row", data={"bytes": raw, "path": None}), Image(ref="lazy:row2", data={"path": str(path)}),
    ]
    assert len({store.adopt(image).ref for image in images}) == 1
    assert store.get(store.adopt(images[0]).ref).tobytes() == pixels.tobytes()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBa", "CMYK", "YCbCr", "HSV", "I", "F",
                                  "I;16"])
def test_every_mode_becomes_rgb(mode: str) -> None:
    if mode in ("I", "F", "I;16"):
        kind = {"I": "int32", "F": "float32", "I;16": "uint16"}[mode]
        pixels = PILImage.fromarray(np.arange(12, dtype=kind).reshape(3, 4))
    elif mode in ("PA", "RGBa"):
        pixels = picture().convert("RGBA").convert(mode)
    else:
        pixels = picture().convert(mode)
    assert pixels.mode == mode
    assert read(pixels).mode == "RGB"


def test_transparency_is_white() -> None:
    clear = PILImage.new("RGBA", (4, 4), (10, 20, 30, 0))
    assert read(encoded(clear)).getpixel((1, 1)) == (255, 255, 255)
    half = PILImage.new("RGBA", (4, 4), (0, 0, 0, 128))
    assert read(half).getpixel((0, 0)) == (127, 127, 127)
    keyed = PILImage.new("RGB", (4, 4), (1, 2, 3))
    assert read(encoded(keyed, transparency=(1, 2, 3))).getpixel((0, 0)) == (255, 255, 255)
    palette = PILImage.new("P", (4, 4), 0)
    palette.putpalette([5, 6, 7])
    assert read(encoded(palette, transparency=0)).getpixel((0, 0)) == (255, 255, 255)


def test_sixteen_bits_are_scaled_not_cut() -> None:
    deep = PILImage.fromarray(np.array([[0, 257, 32896, 65535]], dtype=np.uint16))
    for data in (encoded(deep), encoded(deep, "TIFF")):
        assert [read(data).getpixel((x, 0))[0] for x in range(4)] == [0, 1, 128, 255]
    assert to_rgb(PILImage.fromarray(np.array([[0.0, 0.5, np.nan, 1.0]], dtype=np.float32))).getpixel((1, 0)) == (128,) * 3


def test_cmyk_jpeg_keeps_its_colours() -> None:
    red = read(encoded(PILImage.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG", quality=95)).getpixel((8, 8))
    assert red[0] > 200
    assert max(red[1:]) < 60


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation: int) -> None:
    pixels = PILImage.new("RGB", (32, 16), "black")
    pixels.paste("white", (0, 0, 8, 8))  # the stored top left corner
    exif = PILImage.Exif()
    exif[0x0112] = orientation
    upright = read(encoded(pixels, "JPEG", exif=exif, quality=95))
    assert upright.size == ((32, 16) if orientation < 5 else (16, 32))
    corner = {1: (0, 0), 2: (1, 0), 3: (1, 1), 4: (0, 1), 5: (0, 0), 6: (1, 0), 7: (1, 1), 8: (0, 1)}[orientation]
    x, y = (2 if side == 0 else length - 3 for side, length in zip(corner, upright.size, strict=True))
    assert upright.getpixel((x, y))[0] > 200
    assert np.asarray(upright)[..., 0].mean() < 60


@pytest.mark.parametrize(("content", "says"), [
    (b"", "empty"), (b"hello, I am no picture", "not a picture"), (b"\x89PNG\r\n\x1a\n", "not a picture|broken"),
    (encoded(picture(200, 200))[:600], "broken or truncated"),
    (encoded(picture(200, 200), "JPEG")[:1500], "broken or truncated"),
    (encoded(picture(200, 200), "WEBP")[:500], "broken or truncated|not a picture"),
    (encoded(picture(200, 200), "GIF")[:900], "broken or truncated"),
    (encoded(picture(200, 200), "BMP")[:900], "broken or truncated"),
    (png_of_claimed_size(0, 10), "not a picture|nothing in it"),
    (png_of_claimed_size(100, 100), "broken or truncated"),
    (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture"),
    (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "not a picture"),
])
def test_hostile_files_are_named(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "holiday.png"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=says) as caught:
        open_store().adopt(Image(ref=f"file:{path}"))
    assert "holiday.png" in str(caught.value)


def test_missing_files_folders_and_other_references_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"nowhere\.png: there is no such file"):
        read_rgb(Image(ref="file:nowhere.png"))
    with pytest.raises(ValueError, match="no such file"):
        read_rgb(Image(ref=f"file:{tmp_path}"))
    with pytest.raises(ValueError, match="not downloaded"):
        read_rgb(Image(ref="https://example.org/a.png"))
    with pytest.raises(ValueError, match="no pixels"):
        read_rgb(Image(ref="px:0123"))
    for data, says in (("%%%", "no base64"), ("data:image/png,xx", "data URI"), (7, "cannot read a picture from int"),
                       (b"", "0 bytes"), (np.zeros((2, 2, 7)), "no picture"),
                       (PILImage.new("RGB", (0, 5)), "nothing in it")):
        with pytest.raises(ValueError, match=says):
            read(data)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"]), st.integers(0, 10_000), st.integers(0, 255),
       st.floats(0.3, 1.0))
@pytest.mark.filterwarnings("ignore")
def test_damaged_files_are_read_or_refused_never_anything_else(kind: str, place: int, value: int, keep: float) -> None:
    raw = bytearray(encoded(picture(40, 30), kind))
    raw = raw[:max(1, int(len(raw) * keep))]
    raw[place % len(raw)] = value
    try:
        assert read(bytes(raw), max_pixels=10_000_000).mode == "RGB"
    except ValueError as error:
        assert "lazy:x" in str(error)


def test_the_size_limit_is_read_from_the_header_and_names_the_option(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.png"
    bomb.write_bytes(png_of_claimed_size(30_000, 30_000))
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"bomb\.png.*900 megapixels.*--max-pixels"):
        open_store().adopt(Image(ref=f"file:{bomb}"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000_000
    small = open_store(max_pixels=100)
    with pytest.raises(ValueError, match="max-pixels"):
        small.adopt(Image(ref="lazy:a", data=encoded(picture())))
    with pytest.raises(ValueError, match="max-pixels"):
        read(picture(), max_pixels=100)


def test_pillow_keeps_its_own_limit_for_everybody_else() -> None:
    before = PILImage.MAX_IMAGE_PIXELS
    read(encoded(picture()))
    with pytest.raises(ValueError, match="not a picture"):
        read(b"rubbish")
    assert before == PILImage.MAX_IMAGE_PIXELS is not None


@pytest.mark.parametrize(("kind", "mode"), [("PNG", "RGB"), ("PNG", "RGBA"), ("PNG", "P"), ("JPEG", "RGB"), ("TIFF", "L"),
                                            ("JPEG", "CMYK")])
def test_large_pictures_are_halved_until_they_fit(kind: str, mode: str) -> None:
    """The same picture, smaller: the left half dark, the right half light, proportions kept."""
    large = PILImage.new("RGB", (1200, 900), (40, 40, 40))
    large.paste((200, 200, 200), (600, 0, 1200, 900))
    small = read(encoded(large.convert(mode), kind), whole_pixels=100_000)
    assert small.width * small.height <= 100_000
    assert small.width * small.height >= 100_000 / 8
    assert small.width / small.height == pytest.approx(1200 / 900, rel=0.03)
    assert small.getpixel((small.width // 4, small.height // 2))[0] == pytest.approx(40, abs=12)
    assert small.getpixel((small.width * 3 // 4, small.height // 2))[0] == pytest.approx(200, abs=12)


def test_reading_in_strips_equals_reading_whole() -> None:
    large = picture(2100, 2500, seed=4).convert("RGBA")
    small = read(large, whole_pixels=1_000_000)
    whole = to_rgb(large).crop((0, 0, small.width * 4, small.height * 4)).reduce(4)
    assert small.size == (525, 625)
    assert small.tobytes() == whole.tobytes()


boxes = st.tuples(st.floats(-20, 60), st.floats(-20, 60), st.floats(0.1, 50), st.floats(0.1, 50))


@given(boxes, st.floats(0, 1), st.integers(1, 30))
def test_crops_hold_the_visible_box_and_know_their_place(box, padding: float, least: int) -> None:
    pixels = picture(48, 32)
    x, y, w, h = box
    wanted = (x, y, x + w, y + h)
    if x >= 48 or y >= 32 or x + w <= 0 or y + h <= 0:
        with pytest.raises(ValueError, match="outside the image of 48 x 32"):
            crop(pixels, wanted)
        return
    cut, place = crop(pixels, wanted, padding=padding, min_side_px=least)
    left, top, right, bottom = to_root((0, 0, *cut.size), place)
    assert 0 <= left <= max(x, 0)
    assert 0 <= top <= max(y, 0)
    assert min(x + w, 48) <= right <= 48
    assert min(y + h, 32) <= bottom <= 32
    assert min(cut.size) >= min(least, 32)
    assert cut.tobytes() == pixels.crop((int(left), int(top), int(right), int(bottom))).tobytes()


@pytest.mark.parametrize("box", [(5, 5, 5, 9), (9, 5, 5, 9), (float("nan"), 0, 1, 1), (0, 0, float("inf"), 1)])
def test_empty_and_endless_boxes_are_refused(box) -> None:
    with pytest.raises(ValueError, match="empty or not finite"):
        crop(picture(), box)


def test_a_crop_of_a_crop_lands_on_the_root_through_the_store() -> None:
    store = open_store()
    root = store.put(picture(64, 64), source="input")
    cut, place = crop(store.get(root.ref), (10, 20, 40, 50))
    first = store.put(cut, parent=root, to_parent=place)
    cut, place = crop(store.get(first.ref), (5, 5, 15, 15))
    second = store.put(cut, parent=first, to_parent=place)
    assert to_root((0, 0, 10, 10), second.to_root) == (15, 25, 25, 35)
    assert second.root == root.ref


@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 200), st.integers(1, 20_000))
def test_fit_keeps_bounds_and_corners(width: int, height: int, side: int, budget: int) -> None:
    pixels = PILImage.new("RGB", (width, height))
    small, place = fit(pixels, max_side_px=side, max_pixels=budget)
    assert max(small.size) <= max(side, 1)
    assert small.width * small.height <= max(budget, max(small.size))
    assert to_root((0, 0, *small.size), place) == pytest.approx((0, 0, width, height))


def test_fit_enlarges_only_when_asked() -> None:
    assert fit(picture(24, 16))[0].size == (24, 16)
    assert fit(picture(24, 16), min_side_px=32)[0].size == (48, 32)
    assert fit(picture(24, 16), min_side_px=32, max_side_px=24)[0].size == (24, 16)


def test_quarter_turns_are_exact_and_clockwise() -> None:
    pixels = picture(6, 4)
    turned, place = rotate(pixels, 90)
    assert turned.size == (4, 6)
    assert place is None
    assert turned.getpixel((3, 0)) == pixels.getpixel((0, 0))
    half, place = rotate(pixels, 180)
    assert half.getpixel((0, 0)) == pixels.getpixel((5, 3))
    assert place is not None
    assert to_root((0, 0, 1, 1), place) == (5, 3, 6, 4)
    assert rotate(pixels, 360)[0].tobytes() == rotate(turned, -90)[0].tobytes() == pixels.tobytes()
    assert rotate(pixels, 45)[0].getpixel((0, 0)) == (255, 255, 255)
    with pytest.raises(ValueError, match="finite"):
        rotate(pixels, float("nan"))


def test_many_threads_read_at_once() -> None:
    from concurrent.futures import ThreadPoolExecutor

    raw = [encoded(picture(seed=seed)) for seed in range(8)]
    wanted = [picture(seed=seed).tobytes() for seed in range(8)]
    order = [random.Random(1).randrange(8) for _ in range(200)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda place: read(raw[place]).tobytes(), order))
    assert found == [wanted[place] for place in order]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "JPEG2000", "PPM", "ICO", "TGA", "MPO"])
def test_every_kind_of_file_is_opened(kind):
    """Pillow stops at a name that has no opener, so one wrong name would hide all that stand behind it."""
    assert read(encoded(picture(48, 48), kind)).size == (48, 48)
