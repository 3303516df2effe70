"""Find things by their name: boxes as text, and drawn on the picture."""

from __future__ import annotations

from saccade.clients.sight import Finds, classical
from saccade.core.episode import Context
from saccade.core.message import Frame, Image, Part, Text
from saccade.core.tool import Tool, ToolError, tool
from saccade.media.draw import draw_boxes
from saccade.tools._pictures import picture, written
from saccade.tools._seen import seen


def detect(
    *, client: Finds | None = None, frame: Frame = "px", bins: int = 16, least: float = 0.0, most: int = 20,
    draw: bool = True, name: str = "detect", cost: float = 1.0,
) -> Tool:
    """Make the tool.

    client: one that can `find`; without one, coloured areas are found by colour and form (extra `vision`)
    least:  things of a lower score are left out; most: of the others, the first so many are given
    draw:   show the picture with the boxes drawn as well
    """
    finder = client or classical()

    def find(phrase: str, context: Context, target_image: Image | None = None) -> list[Part]:
        """Find what a phrase names in an image. Gives the box of every thing found.

        Args:
            phrase: What to look for.
            target_image: Number of the image, 1 for the first.
        """
        if not phrase.strip():
            raise ToolError("say what to look for")
        image, pixels = picture(context, target_image)
        found = [each for each in finder.find(seen(context, image), phrase) if each.score >= least][:most]
        if not found:
            return [Text(text="Nothing was found.")]
        lines = (f"{number}: {each.label} {written(each.box_xyxy, pixels.size, frame, bins)}"
                 for number, each in enumerate(found, start=1))
        text = Text(text="\n".join(lines))
        if not draw:
            return [text]
        shown = draw_boxes(pixels, [each.box_xyxy for each in found], labels=[str(k + 1) for k in range(len(found))])
        return [context.store.put(shown, parent=image), text]

    return tool(find, name=name, frame=frame, bins=bins, cost=cost)


EXAMPLES = [
    ({"phrase": "the red circle"}, "Nothing was found."),
    ({"phrase": "  "}, "say what to look for"),
    ({"phrase": "cat", "target_image": 2}, "no image 2"),
]
