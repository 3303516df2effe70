"""Draw what the model describes in SVG: auxiliary lines, sketches, marks over a picture that was shown.

The drawing is read with an allow-list (`saccade.media.svg`): scripts, external references, entities and everything else
that reaches outside or multiplies work are refused in words the model can act on. ``<image href="1">`` stands for the
first picture shown, so that lines can be drawn over it.
"""

from __future__ import annotations

import base64
import io

from saccade.core.episode import Context
from saccade.core.message import Image
from saccade.core.tool import Tool, ToolError, tool
from saccade.media.svg import drawn, sanitised


def render_svg(*, max_pixels: int = 1 << 20, name: str = "render_svg", cost: float = 1.0) -> Tool:
    """Make the tool. Needs the extra `draw`. `max_pixels` bounds width times height."""

    def render(svg: str, context: Context) -> Image:
        """Draw an SVG and show it. <image href="1" .../> stands for the first image shown.

        Args:
            svg: The markup, from <svg width=... height=...> to </svg>.
        """

        def picture(reference: str) -> str:
            if not reference.strip().removeprefix("image_").isdigit():
                raise ValueError(f"<image> is written with the number of a picture: href=\"1\", not {reference!r:.40}")
            held = io.BytesIO()
            image = context.image(int(reference.strip().removeprefix("image_")))
            context.store.get(image.ref).save(held, "PNG", compress_level=1)
            return f"data:image/png;base64,{base64.b64encode(held.getvalue()).decode()}"

        try:
            clean, _ = sanitised(svg, picture, max_pixels=max_pixels)
            return context.store.put(drawn(clean))
        except ValueError as error:
            raise ToolError(str(error)) from error

    return tool(render, name=name, cost=cost)


SQUARE = '<svg width="40" height="30"><rect x="5" y="5" width="9" height="9" fill="red"/>{}</svg>'
EXAMPLES = [
    ({"svg": SQUARE.format("")}, (40, 30)),
    ({"svg": SQUARE.format('<image href="1" width="40" height="30"/><line x2="9" y2="9" stroke="red"/>')}, (40, 30)),
    ({"svg": SQUARE.format("<text x='3' y='20'>A</text>")}, (40, 30)),
    ({"svg": SQUARE.format("<script>alert(1)</script>")}, "<script> is not allowed"),
    ({"svg": SQUARE.format('<image href="file:///etc/passwd"/>')}, "number of a picture"),
    ({"svg": SQUARE.format('<image href="4"/>')}, "no image 4"),
    ({"svg": '<!DOCTYPE x [<!ENTITY a "b">]>' + SQUARE.format("")}, "entity is declared"),
    ({"svg": "<svg width='99999' height='99999'/>"}, "at most"),
    ({"svg": "a drawing"}, "no well-formed SVG"),
]
