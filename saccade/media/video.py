"""A clip becomes frames, each after its time in words: models see pictures and text, never a video.

The clip is cut into equal spans and the middle of each is shown, so that frames cover it evenly and no time is rounded
to a boundary. Sources are a video file (PyAV, the extra `video`), a folder of pictures, or pictures in memory.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image as PILImage

from saccade.core.message import Image, Part, Text, Video
from saccade.core.store import pixel_hash
from saccade.media.image import MAX_PIXELS, to_rgb

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff")
SEEK_S = 4.0
"""A gap longer than this is jumped over by seeking, a shorter one is decoded through."""


def as_frames(video: Video, max_frames: int) -> tuple[Part, ...]:
    """The clip as pairs of a timestamp (``<1.5 seconds>``) and a frame that knows `at_s` and `frame_index`.

    At most `max_frames` frames, fewer where the span holds fewer at `video.fps`. Raises ValueError naming the file for
    a clip that is missing, broken, empty, or that ends before `start_s`.
    """
    if max_frames < 1 or video.fps <= 0:
        raise ValueError(f"{video.ref}: at least 1 frame and fps above 0 are needed, not {max_frames} and {video.fps}")
    name = video.ref.removeprefix("file:")
    if video.data is not None and not isinstance(video.data, bytes | bytearray):
        chosen = _of_list(video, _timed(video.data, video.fps), max_frames)
    elif video.data is None and video.ref.startswith("file:") and Path(name).is_dir():
        files = sorted((path for path in Path(name).iterdir() if path.suffix.lower() in SUFFIXES), key=_natural)
        chosen = _of_list(video, _timed([Image(ref=f"file:{path}") for path in files], video.fps), max_frames)
    else:
        if video.data is None and not Path(name).is_file():
            raise ValueError(f"{name}: there is no such video file or folder of frames")
        chosen = _of_file(video, io.BytesIO(video.data) if video.data is not None else name, max_frames)
    if not chosen:
        raise ValueError(f"{name}: the clip has no frames between {video.start_s} s and {video.end_s or 'its end'}")
    parts: list[Part] = []
    for frame in chosen:
        parts += [Text(text=f"<{frame.at_s:.1f} seconds>"), frame]
    return tuple(parts)


def frame_times(start_s: float, end_s: float, *, fps: float, max_frames: int) -> tuple[float, ...]:
    """Middles of equal spans: as many as fps gives for this time, at least 1 and at most `max_frames`."""
    num = max(1, min(max_frames, int((end_s - start_s) * fps + 1e-6)))
    return tuple(start_s + (place + 0.5) * (end_s - start_s) / num for place in range(num))


def _natural(path: Path) -> list[Any]:
    """frame2 before frame10."""
    return [(0, int(piece), "") if piece.isdigit() else (1, 0, piece) for piece in re.split(r"(\d+)", path.name)]


def _timed(frames: Sequence[Any], fps: float) -> list[tuple[float, Image]]:
    """(seconds, image) of a sequence of images or of such pairs; images stand 1/fps apart."""
    out = []
    for place, each in enumerate(frames):
        at_s, image = each if isinstance(each, tuple | list) else (place / fps, each)
        if isinstance(image, PILImage.Image):
            rgb = to_rgb(image)
            image = Image(ref=pixel_hash(rgb), data=rgb)
        out.append((float(at_s), replace(image, at_s=float(at_s), frame_index=place)))
    return out


def _of_list(video: Video, frames: list[tuple[float, Image]], max_frames: int) -> list[Image]:
    """Evenly chosen frames of the span; all of them where they are few enough."""
    end_s = float("inf") if video.end_s is None else video.end_s
    inside = [image for at_s, image in frames if video.start_s <= at_s <= end_s]
    num = min(max_frames, len(inside))
    return [inside[int((place + 0.5) * len(inside) / num)] for place in range(num)]


def _of_file(video: Video, source: Any, max_frames: int) -> list[Image]:
    try:
        import av
    except ImportError as error:
        raise ValueError("video files need the extra: pip install 'saccade[video]'") from error
    name = video.ref.removeprefix("file:")
    try:
        with av.open(source) as container:
            if not container.streams.video:
                raise ValueError(f"{name}: the file has no video stream")
            stream = container.streams.video[0]
            if stream.width * stream.height > MAX_PIXELS:
                raise ValueError(f"{name}: frames of {stream.width} x {stream.height} px are over the limit of "
                                 f"{MAX_PIXELS / 1e6:g} megapixels")
            origin_s = float((stream.start_time or 0) * stream.time_base)
            end_s = _length_s(container, stream)
            end_s = end_s if video.end_s is None else min(video.end_s, end_s)
            if video.start_s >= end_s:
                raise ValueError(f"{name}: the clip ends at {end_s:.2f} s, before its start at {video.start_s:g} s")
            times = frame_times(video.start_s, end_s, fps=video.fps, max_frames=max_frames)
            return [Image(ref=pixel_hash(pixels), data=pixels, at_s=at_s, frame_index=place)
                    for place, (at_s, pixels) in enumerate(_decoded(container, stream, times, origin_s))]
    except av.error.FFmpegError as error:
        raise ValueError(f"{name}: not a video that can be read ({error.strerror})") from error


def _length_s(container: Any, stream: Any) -> float:
    """Length in seconds by the header, or by the packets where the header does not say."""
    if stream.duration:
        return float(stream.duration * stream.time_base)
    if container.duration:
        return container.duration / 1_000_000
    ends = [float((packet.pts + (packet.duration or 0)) * stream.time_base)
            for packet in container.demux(stream) if packet.pts is not None]
    container.seek(0)
    return max(ends, default=0.0)


def _decoded(
    container: Any, stream: Any, times: Sequence[float], origin_s: float
) -> Iterator[tuple[float, PILImage.Image]]:
    """The frame on show at each time (ascending), with the time of that frame; a last frame is not given twice."""
    frames, current, following = container.decode(stream), None, None
    for wanted in times:
        if following is not None and wanted - (following.time - origin_s) > SEEK_S:
            container.seek(int((wanted + origin_s) / stream.time_base), stream=stream)
            frames, current, following = container.decode(stream), None, None
        changed = current is None
        while following is None or following.time - origin_s <= wanted + 1e-6:
            if following is not None:
                current, changed = following, True
            following = next(frames, None)
            if following is None:
                break
        shown = current if current is not None else following
        if shown is not None and changed:
            current = shown
            turned = shown.to_image()
            rotation = int(shown.rotation) % 360
            yield shown.time - origin_s, turned.rotate(rotation, expand=True) if rotation else turned
        if following is None:
            return
