"""Look again at some of the frames or pictures that were shown (arXiv 2505.08617 and others).

Clips are shown as frames with their times; a model that has found the moment asks for its frames once more, larger
where `enlarge` says so.
"""

from __future__ import annotations

from PIL import Image as PILImage

from saccade.core.episode import Context
from saccade.core.message import Part, Text
from saccade.core.tool import Tool, ToolError, tool


def select_frames(*, max_frames: int = 8, enlarge: float = 1.0, name: str = "select_frames") -> Tool:
    """Make the tool. At most `max_frames` are shown in one call; `enlarge` is how much they are scaled up."""

    def select(target_frames: list[int], context: Context) -> list[Part]:
        """Show chosen frames again.

        Args:
            target_frames: Numbers of the frames, 1 for the first.
        """
        if not 1 <= len(target_frames) <= max_frames:
            raise ToolError(f"choose 1 to {max_frames} frames, not {len(target_frames)}")
        if min(target_frames) < 1:
            raise ToolError(f"there is no image {min(target_frames)}; frames are numbered from 1")
        shown: list[Part] = []
        for number in target_frames:
            image = context.image(number)
            if image.at_s is not None:
                shown.append(Text(text=f"<{image.at_s:.1f} seconds>"))
            if enlarge == 1.0:
                shown.append(image)
                continue
            pixels = context.store.get(image.ref)
            size = (max(1, round(pixels.width * enlarge)), max(1, round(pixels.height * enlarge)))
            placed = (pixels.width / size[0], pixels.height / size[1], 0.0, 0.0)
            large = pixels.resize(size, PILImage.Resampling.BICUBIC)
            shown.append(context.store.put(large, parent=image, to_parent=placed))
        return shown

    return tool(select, name=name)


EXAMPLES = [
    ({"target_frames": [1]}, (192, 144)),
    ({"target_frames": [1, 1]}, (384, 288), {"enlarge": 2.0}),
    ({"target_frames": []}, "choose 1 to 8 frames"),
    ({"target_frames": [7]}, "no image 7"),
    ({"target_frames": ["first"]}, "must be a JSON integer"),
]
