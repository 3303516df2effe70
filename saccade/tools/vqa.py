"""Put a question about a picture, or about a part of it, to somebody else."""

from __future__ import annotations

from collections.abc import Awaitable

from saccade.clients.sight import Answers, scripted
from saccade.core.episode import Context
from saccade.core.message import Box, Frame, Image
from saccade.core.tool import Tool, ToolError, tool
from saccade.tools._pictures import inside
from saccade.tools._seen import part_of, seen


def vqa(
    *, client: Answers, frame: Frame = "px", bins: int = 16, longest: int = 500, name: str = "ask_image", cost: float = 1.0
) -> Tool:
    """Make the tool. `client` is one that can `answer`: an oracle, ``sight.chat(...)`` for a chat client, or a model of
    `saccade.models.sight`. `longest` is the greatest number of characters of a question."""

    def ask(
        question: str, context: Context, target_image: Image | None = None, bbox_2d: Box | None = None
    ) -> str | Awaitable[str]:
        """Ask a question about an image.

        Args:
            question: The question.
            target_image: Number of the image, 1 for the first.
            bbox_2d: Box [x1, y1, x2, y2] the question is about; the whole image if left out.
        """
        if not 1 <= len(question.strip()) <= longest:
            raise ToolError(f"a question has 1 to {longest} characters")
        look = seen(context, target_image)
        if bbox_2d is not None:
            look, _ = part_of(look, inside(bbox_2d, look.pixels.size, bins))
        return client.answer(look, question)

    return tool(ask, name=name, frame=frame, bins=bins, cost=cost)


EXAMPLES = [
    ({"question": "How many?"}, "three", {"client": scripted(words="three")}),
    ({"question": ""}, "1 to 500 characters", {"client": scripted()}),
    ({"question": "What?", "bbox_2d": [300, 0, 400, 9]}, "outside the image", {"client": scripted()}),
]
