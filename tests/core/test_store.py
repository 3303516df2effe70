"""The media store: one name per picture, provenance through crops, byte budgets, hostile refs."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as PILImage

from saccade.core.message import Image
from saccade.core.store import Cache, MediaStore, pixel_hash, size_of


def picture(seed: int = 0, size: tuple[int, int] = (12, 9)) -> PILImage.Image:
    pixels = np.random.default_rng(seed).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    return PILImage.fromarray(pixels)


def reader(image: Image) -> PILImage.Image:
    if isinstance(image.data, PILImage.Image):
        return image.data
    return PILImage.open(image.ref.removeprefix("file:")).convert("RGB")


def test_the_same_pixels_have_one_name_whatever_they_came_from(tmp_path: Path) -> None:
    picture().save(tmp_path / "a.png")
    store = MediaStore(read=reader)
    from_path = store.adopt(Image(ref=f"file:{tmp_path / 'a.png'}"))
    from_memory = store.adopt(Image(ref="lazy:a", data=picture()))
    assert from_path.ref == from_memory.ref == pixel_hash(picture())
    assert from_path.data is None
    assert store.size(from_path.ref) == (12, 9)


def test_size_is_part_of_the_name() -> None:
    flat = PILImage.new("RGB", (4, 6))
    assert pixel_hash(flat) != pixel_hash(PILImage.new("RGB", (6, 4)))


def test_adopting_is_idempotent_and_keeps_notes(tmp_path: Path) -> None:
    store = MediaStore(tmp_path, read=reader)
    once = store.adopt(Image(ref="lazy:a", note="overview", data=picture()))
    assert store.adopt(once) == once
    assert once.note == "overview"
    assert len(list(tmp_path.glob("*.png"))) == 1


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(0.2, 3), st.floats(0.2, 3), st.floats(-50, 50), st.floats(-50, 50)), min_size=1, max_size=4
    )
)
def test_a_crop_of_a_crop_knows_its_place_on_the_root(chain: list[tuple[float, float, float, float]]) -> None:
    store = MediaStore(read=reader)
    image = store.put(picture(), source="input")
    point = (3.0, 2.0)
    for number, affine in enumerate(chain):
        image = store.put(picture(number + 1), parent=image, to_parent=affine)
    for sx, sy, ox, oy in reversed(chain):
        point = (point[0] * sx + ox, point[1] * sy + oy)
    sx, sy, ox, oy = image.to_root
    assert (3.0 * sx + ox, 2.0 * sy + oy) == pytest.approx(point, rel=1e-6, abs=1e-6)
    assert image.root == pixel_hash(picture())


def test_two_crops_with_equal_pixels_keep_their_own_places() -> None:
    store = MediaStore(read=reader)
    root = store.put(PILImage.new("RGB", (100, 100)), source="input")
    flat = PILImage.new("RGB", (10, 10))
    left = store.put(flat, parent=root, to_parent=(1, 1, 0, 0))
    right = store.put(flat, parent=root, to_parent=(1, 1, 90, 0))
    assert left.ref == right.ref
    assert left.to_root != right.to_root


def test_a_store_on_disk_is_read_by_the_next_process(tmp_path: Path) -> None:
    ref = MediaStore(tmp_path, read=reader).put(picture()).ref
    later = MediaStore(tmp_path, read=reader)
    assert ref in later
    assert later.get(ref).tobytes() == picture().tobytes()


@pytest.mark.parametrize("ref", ["px:../../etc/passwd", "px:", "px:" + "z" * 32, "/etc/passwd", "px:" + "A" * 32])
def test_a_hostile_ref_opens_no_file(tmp_path: Path, ref: str) -> None:
    (tmp_path / "media").mkdir()
    store = MediaStore(tmp_path / "media", read=reader)
    assert ref not in store
    with pytest.raises(KeyError, match="no media"):
        store.get(ref)


def test_the_pixel_budget_evicts_only_what_disk_can_give_back(tmp_path: Path) -> None:
    store = MediaStore(tmp_path, read=reader, max_bytes=400)
    refs = [store.put(picture(seed)).ref for seed in range(5)]
    assert store.pixels.bytes <= 400
    assert [store.get(ref).tobytes() for ref in refs] == [picture(seed).tobytes() for seed in range(5)]
    in_memory = MediaStore(read=reader, max_bytes=400)
    refs = [in_memory.put(picture(seed)).ref for seed in range(5)]
    assert all(ref in in_memory for ref in refs)


def test_grey_and_alpha_are_stored_as_rgb() -> None:
    store = MediaStore(read=reader)
    assert store.get(store.put(picture().convert("L")).ref).mode == "RGB"


def test_cache_forgets_the_least_recently_used() -> None:
    cache = Cache(max_bytes=30)
    for key in "abc":
        cache.put(key, key, 10)
    cache.get("a")
    cache.put("d", "d", 10)
    assert [cache.get(key) for key in "abcd"] == ["a", None, "c", "d"]
    cache.put("a", "again", 25)
    assert cache.bytes <= 30
    cache.drop(lambda key: key == "a")
    assert cache.get("a") is None


def test_size_of_counts_nested_arrays() -> None:
    assert size_of({"a": np.zeros(4, np.float32), "b": {"c": np.zeros(2, np.int64)}}) == 32


def test_png_on_disk_is_what_was_stored(tmp_path: Path) -> None:
    store = MediaStore(tmp_path, read=reader)
    image = store.put(picture(3))
    written = next(tmp_path.glob("*.png")).read_bytes()
    assert PILImage.open(io.BytesIO(written)).tobytes() == store.get(image.ref).tobytes()
