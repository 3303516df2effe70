"""Forced modes: the same policy, with what it looks at taken away or replaced. Each is a function from tool to tool.

They answer what a gain in accuracy is made of: without the tool, with its boxes put elsewhere, with the crop blanked, with
the right box. What the model wrote stays in the record; what really happened is in the tool event. Everything random is
named by sample, attempt and call, so that a forced mode can be repeated. Give the rollout the mode's name as its `branch`.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from PIL import Image as PILImage

from saccade.core.episode import Context
from saccade.core.message import Box, Image
from saccade.core.sample import Source
from saccade.core.seed import generator
from saccade.core.tool import Tool, ToolError
from saccade.media import boxes
from saccade.rollout.looks import arguments_of_type, read_image

Intervention = Callable[[Tool], Tool | None]
GREY = (128, 128, 128)


def intervene(tools: Sequence[Tool], *modes: Intervention) -> tuple[Tool, ...]:
    """Tools under some modes, applied in order; a tool that a mode takes away is not offered."""
    changed: list[Tool] = []
    for each in tools:
        kept: Tool | None = each
        for mode in modes:
            kept = mode(kept) if kept is not None else None
        if kept is not None:
            changed.append(kept)
    return tuple(changed)


def no_tool(tool: Tool) -> Tool | None:
    """Offer no tool: the prompt does not declare one."""
    return None


def refuse(tool: Tool) -> Tool:
    """Declare the tool, as in training, and refuse every call."""

    def work(arguments: dict[str, Any], context: Context) -> Any:
        raise ToolError("this tool is switched off; answer now")

    return wrapped(tool, work)


def random_box(tool: Tool) -> Tool:
    """Replace every box by one of equal size at a random place in the same image."""

    def moved(box_xyxy: boxes.Pixels, size: tuple[int, int], context: Context, rng: Any) -> boxes.Pixels:
        wide, high = box_xyxy[2] - box_xyxy[0], box_xyxy[3] - box_xyxy[1]
        x, y = (float(rng.integers(0, int(room) + 1)) for room in (size[0] - wide, size[1] - high))
        return x, y, x + wide, y + high

    return with_boxes(tool, moved, "random_box")


def oracle_box(tool: Tool, *, padding: float = 0.5) -> Tool:
    """Replace every box by the evidence box of the sample, widened by `padding` of its size on each side.

    Several evidence boxes take turns, call by call. A sample without evidence ends with Stop.ERROR: the mode cannot be
    measured on it.
    """

    def right(box_xyxy: boxes.Pixels, size: tuple[int, int], context: Context, rng: Any) -> boxes.Pixels:
        evidence = context.sample.meta.get("evidence") or ()
        if not evidence:
            raise ValueError(f"sample {context.sample.id} has no evidence box in its meta; oracle_box needs one")
        x1, y1, x2, y2 = evidence[context.call_number % len(evidence)]
        wide, high = padding * (x2 - x1), padding * (y2 - y1)
        return boxes.clip((x1 - wide, y1 - high, x2 + wide, y2 + high), size)

    return with_boxes(tool, right, "oracle_box", in_root=True)


def blank_crop(tool: Tool) -> Tool:
    """Replace every picture the tool returns by uniform grey of equal size."""

    def blank(result: Any, store: Any) -> Any:
        if isinstance(result, (list, tuple)):
            return [blank(item, store) for item in result]
        if isinstance(result, PILImage.Image):
            return PILImage.new("RGB", result.size, GREY)
        if isinstance(result, Image):
            kept = store.adopt(result)
            return replace(kept, ref=store.put(PILImage.new("RGB", store.size(kept.ref), GREY)).ref)
        return result

    async def later(result: Any, store: Any) -> Any:
        return blank(await result, store)

    def work(arguments: dict[str, Any], context: Context) -> Any:
        result = tool.function(**arguments)
        return later(result, context.store) if inspect.isawaitable(result) else blank(result, context.store)

    return wrapped(tool, work)


def grounded(share: float) -> Intervention:
    """A mode that sets how good grounding is: a box becomes the evidence box in `share` of the calls, else a random one.

    Accuracy against `share` says how much of it is a matter of looking in the right place. Raises ValueError outside 0..1.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"grounded: the share of good boxes is 0..1, not {share}")

    def mode(tool: Tool) -> Tool:
        right, random = oracle_box(tool), random_box(tool)

        def work(arguments: dict[str, Any], context: Context) -> Any:
            lot = generator("grounded", context.sample.id, context.attempt, context.call_number).random()
            return (right if lot < share else random).function(**arguments, **({} if "context" in arguments else
                                                                               {"context": context}))

        return wrapped(tool, work)

    return mode


def swapped_crop(others: Source) -> Intervention:
    """A mode in which every picture the tool returns shows the same place of another sample's picture, at equal size.

    The other sample is drawn by name from `others`. An answer that does not change under it did not depend on the look.
    """

    def mode(tool: Tool) -> Tool:
        def foreign(result: Any, context: Context) -> Any:
            if isinstance(result, (list, tuple)):
                return [foreign(item, context) for item in result]
            if not isinstance(result, Image):
                return result
            kept = context.store.adopt(result)
            size = context.store.size(kept.ref)
            root = kept.root or kept.ref
            pixels = context.store.get(other_picture(others, context).ref).resize(context.store.size(root))
            part = pixels.crop(boxes.to_root((0, 0, *size), kept.to_root)) if kept.root else pixels
            return replace(kept, ref=context.store.put(part.resize(size)).ref)

        async def later(result: Any, context: Context) -> Any:
            return foreign(await result, context)

        def work(arguments: dict[str, Any], context: Context) -> Any:
            result = tool.function(**arguments)
            return later(result, context) if inspect.isawaitable(result) else foreign(result, context)

        return wrapped(tool, work)

    def other_picture(others: Source, context: Context) -> Image:
        rng = generator("swapped_crop", context.sample.id)
        for index in rng.permutation(len(others))[:16]:
            sample = others[int(index)]
            if sample.id != context.sample.id and sample.images:
                return context.store.adopt(sample.images[0])
        raise ValueError("swapped_crop needs a source with a picture of another sample")

    return mode


def with_boxes(
    tool: Tool, change: Callable[[boxes.Pixels, tuple[int, int], Context, Any], boxes.Pixels], name: str, *,
    in_root: bool = False,
) -> Tool:
    """A tool whose `Box` arguments are changed. `change` gets and gives pixels of the image the call is about, or of its
    root image. A box that lies outside is left alone: the tool will say so."""

    def work(arguments: dict[str, Any], context: Context) -> Any:
        image = read_image(tool, arguments, context)
        size = context.store.size((image.root or image.ref) if in_root else image.ref)
        for place, key in enumerate(arguments_of_type(tool, Box)):
            if not isinstance(arguments.get(key), Box):
                continue
            own = context.store.size(image.ref)
            written = boxes.clip(boxes.to_pixels(arguments[key], own, bins=tool.bins), own)
            if boxes.area(written) <= 0:
                continue
            rng = generator(name, context.sample.id, context.attempt, context.call_number, place)
            if in_root:
                written = boxes.from_root(change(boxes.to_root(written, image.to_root), size, context, rng), image.to_root)
            else:
                written = change(written, size, context, rng)
            arguments = {**arguments, key: Box(xyxy=written, frame="px")}
        return tool.function(**arguments)

    return wrapped(tool, work)


def wrapped(tool: Tool, work: Callable[[dict[str, Any], Context], Any]) -> Tool:
    """The same tool to the model; calls go to `work(arguments, context)`, arguments as the tool's function takes them."""
    signature = inspect.signature(tool.function)
    takes_context = "context" in signature.parameters

    @functools.wraps(tool.function if inspect.isroutine(tool.function) else type(tool.function).__call__)
    def function(**arguments: Any) -> Any:
        context = arguments["context"]
        return work(arguments if takes_context else {k: v for k, v in arguments.items() if k != "context"}, context)

    if not takes_context:
        extra = inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY)
        signature = signature.replace(parameters=[*signature.parameters.values(), extra])
    function.__signature__ = signature  # type: ignore[attr-defined]
    return replace(tool, function=function)
