"""A picture of an episode as a client of sight gets it."""

from __future__ import annotations

from dataclasses import replace

from saccade.clients.sight import Look
from saccade.core.episode import Context
from saccade.core.message import Image
from saccade.media import boxes
from saccade.media.image import crop


def seen(context: Context, image: Image | None) -> Look:
    """The image that was named, else the first one, with its place among the sample's own pictures."""
    image = image or context.image(1)
    root = image.root or image.ref
    own = (context.store.adopt(each).ref for each in context.sample.images)
    number = next((place for place, ref in enumerate(own) if ref == root), None)
    whole = context.store.size(root if root in context.store else image.ref)
    return Look(pixels=context.store.get(image.ref), image=image, sample=context.sample, whole=whole, number=number)


def part_of(look: Look, box_xyxy: boxes.Pixels) -> tuple[Look, tuple[float, float]]:
    """A box of what is looked at as a look of its own, and where its corner lies, px."""
    pixels, (_, _, x, y) = crop(look.pixels, box_xyxy)
    sx, sy, ox, oy = look.image.to_root
    image = replace(look.image, root=look.image.root or look.image.ref, to_root=(sx, sy, ox + x * sx, oy + y * sy))
    return replace(look, pixels=pixels, image=image), (x, y)
