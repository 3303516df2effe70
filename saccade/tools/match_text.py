"""Ask which of several texts fits a picture best."""

from __future__ import annotations

from saccade.clients.sight import Matches, classical
from saccade.core.episode import Context
from saccade.core.message import Image
from saccade.core.tool import Tool, ToolError, tool
from saccade.tools._seen import seen


def match_text(*, client: Matches | None = None, most: int = 20, name: str = "match_text", cost: float = 1.0) -> Tool:
    """Make the tool. `client` is one that can `match`; without one, texts are compared with colours, forms and print that
    are seen without weights (extra `vision`)."""
    judge = client or classical()

    def match(texts: list[str], context: Context, target_image: Image | None = None) -> str:
        """Say how well texts fit an image, the best first.

        Args:
            texts: List of texts to compare.
            target_image: Number of the image, 1 for the first.
        """
        if not 1 <= len(texts) <= most:
            raise ToolError(f"give 1 to {most} texts, not {len(texts)}")
        scores = judge.match(seen(context, target_image), texts)
        ranked = sorted(zip(scores, texts, strict=True), key=lambda each: -each[0])
        return "\n".join(f"{score:.2f} {text:.200}" for score, text in ranked)

    return tool(match, name=name, cost=cost)


EXAMPLES = [
    ({"texts": ["a red circle", "the word harbour"]}, "0.00 the word harbour"),
    ({"texts": []}, "give 1 to 20 texts"),
    ({"texts": ["a"], "target_image": 2}, "no image 2"),
]
