"""Clips become timestamps and frames: even cover, honest times, clear errors."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as PILImage

from saccade.core.message import Image, Text, Video
from saccade.media import open_store
from saccade.media.image import read_rgb
from saccade.media.video import as_frames, frame_times


def grey(value: int) -> PILImage.Image:
    return PILImage.new("RGB", (32, 32), (value, value, value))


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten seconds at ten frames a second; the grey level of a frame is 2 x its number."""
    av = pytest.importorskip("av")
    path = tmp_path_factory.mktemp("films") / "film.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt, stream.time_base = 64, 48, "yuv420p", Fraction(1, 10)
        stream.gop_size = 12
        for number in range(100):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 2 * number, np.uint8), format="rgb24")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def shown(parts) -> list[tuple[float, int]]:
    """(seconds, frame number told by the grey level) of every frame."""
    return [(part.at_s, round(np.asarray(read_rgb(part)).mean() / 2)) for part in parts if isinstance(part, Image)]


def test_frames_of_a_file_are_those_on_show_at_their_time(film: Path) -> None:
    parts = as_frames(Video(ref=f"file:{film}", fps=1.0), 32)
    frames = shown(parts)
    assert len(frames) == 10
    for at_s, number in frames:
        assert abs(at_s * 10 - number) <= 1.5
    assert [round(at_s, 1) for at_s, _ in frames] == [place + 0.5 for place in range(10)]
    texts = [part.text for part in parts if isinstance(part, Text)]
    assert texts[:2] == ["<0.5 seconds>", "<1.5 seconds>"]
    assert [type(part) for part in parts] == [Text, Image] * 10
    assert [part.frame_index for part in parts if isinstance(part, Image)] == list(range(10))


def test_few_frames_jump_over_gaps_and_still_tell_the_time(film: Path) -> None:
    frames = shown(as_frames(Video(ref=f"file:{film}"), 2))
    assert [round(at_s, 1) for at_s, _ in frames] == [2.5, 7.5]
    assert all(abs(at_s * 10 - number) <= 1.5 for at_s, number in frames)


def test_a_span_is_kept_to(film: Path) -> None:
    frames = shown(as_frames(Video(ref=f"file:{film}", start_s=4, end_s=6, fps=5.0), 100))
    assert len(frames) == 10
    assert all(4 <= at_s <= 6 for at_s, _ in frames)
    single = as_frames(Video(ref=f"file:{film}", start_s=4, end_s=4.05), 8)
    assert len(single) == 2


def test_films_from_memory_equal_those_from_disk(film: Path) -> None:
    store = open_store()
    one = [store.adopt(part).ref for part in as_frames(Video(ref=f"file:{film}"), 4) if isinstance(part, Image)]
    data = film.read_bytes()
    two = [store.adopt(part).ref for part in as_frames(Video(ref="bytes:x", data=data), 4) if isinstance(part, Image)]
    assert one == two
    assert len(set(one)) == 4


def test_broken_films_are_named(film: Path, tmp_path: Path) -> None:
    cases = {"rubbish.mp4": b"this is no film at all", "empty.mp4": b"", "cut.mp4": film.read_bytes()[:800]}
    for name, content in cases.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=name):
            as_frames(Video(ref=f"file:{tmp_path / name}"), 4)
    with pytest.raises(ValueError, match="no such video file"):
        as_frames(Video(ref="file:nowhere.mp4"), 4)
    with pytest.raises(ValueError, match="before its start at 60"):
        as_frames(Video(ref=f"file:{film}", start_s=60), 4)
    with pytest.raises(ValueError, match="at least 1 frame"):
        as_frames(Video(ref=f"file:{film}"), 0)


def test_a_folder_of_frames_is_in_natural_order(tmp_path: Path) -> None:
    for number in (1, 2, 10, 11):
        grey(number * 2).save(tmp_path / f"frame{number}.png")
    (tmp_path / "notes.txt").write_text("not a frame")
    frames = shown(as_frames(Video(ref=f"file:{tmp_path}", fps=2.0), 8))
    assert frames == [(0.0, 1), (0.5, 2), (1.0, 10), (1.5, 11)]
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="no frames"):
        as_frames(Video(ref=f"file:{tmp_path / 'empty'}"), 8)


def test_pictures_in_memory_keep_the_times_they_were_given() -> None:
    timed = [(0.0, Image(ref="lazy:0", data=grey(0))), (7.25, grey(20)), (9.0, grey(40))]
    parts = as_frames(Video(ref="frames:x", data=timed), 8)
    assert shown(parts) == [(0.0, 0), (7.25, 10), (9.0, 20)]
    assert parts[2] == Text(text="<7.2 seconds>")
    later = as_frames(Video(ref="frames:x", data=timed, start_s=5), 1)
    assert [part.at_s for part in later if isinstance(part, Image)] == [9.0]


@given(st.floats(0, 100), st.floats(0.01, 1000), st.floats(0.1, 30), st.integers(1, 64))
def test_times_are_ascending_inside_and_symmetric(start: float, length: float, fps: float, most: int) -> None:
    times = frame_times(start, start + length, fps=fps, max_frames=most)
    assert 1 <= len(times) <= most
    assert list(times) == sorted(times)
    assert start < times[0]
    assert times[-1] < start + length
    assert times[0] - start == pytest.approx(start + length - times[-1], abs=1e-6)
