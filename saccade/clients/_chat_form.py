"""Messages in the form of OpenAI's chat completions, and back.

Pictures travel as data URIs, or by the path of their file where the server reads the same disk. Results of tools can hold
text only in that form, so pictures a tool returned follow in a user message after the results, which say so. An endpoint
without tool calling is spoken to in a dialect: tools in the system text, calls in the assistant's text, results in user
messages.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Sequence
from typing import Any

from saccade.core.message import Image, Message, Part, Text, ToolCall
from saccade.core.store import MediaStore
from saccade.core.tool import Tool
from saccade.media.image import read_rgb
from saccade.text.dialect import Dialect, Parsed, as_call

Forms = list[dict[str, Any]]


def chat_form(
    messages: Sequence[Message], tools: Sequence[Tool], *, store: MediaStore | None = None, dialect: Dialect | None = None,
    files: bool = False,
) -> Forms:
    """The conversation as JSON values. `files` sends the path of a picture that lies on disk in the store.

    Raises ValueError naming an image that cannot be read, or a part that has no form.
    """
    out: Forms = []
    declared = dialect.declare(tools) if dialect and tools else ""
    if declared and (not messages or messages[0].role != "system"):
        out.append({"role": "system", "content": declared})
    waiting: list[str] = []
    pictures: list[dict[str, Any]] = []
    for index, message in enumerate(messages):
        if message.role != "tool" and pictures:
            out.append({"role": "user", "content": pictures})
            pictures = []
        if message.role == "assistant":
            form, waiting = _assistant(message, index, dialect)
            out.append(form)
        elif message.role == "tool" and not dialect and waiting:
            number = message.text or ("The result is a picture; it follows." if message.images else "")
            out.append({"role": "tool", "tool_call_id": waiting.pop(0), "content": number})
            pictures += [_picture(image, store, files) for image in message.images]
        else:
            before, after = dialect.result if dialect and message.role == "tool" else ("", "")
            parts = (*_text(before), *message.parts, *_text(after))
            if index == 0 and declared and message.role == "system":
                parts = (*parts, *_text("\n\n" + declared))
            role = "user" if message.role == "tool" else message.role
            out.append({"role": role, "content": _content(parts, store, files)})
    if pictures:
        out.append({"role": "user", "content": pictures})
    return out


def _text(text: str) -> tuple[Part, ...]:
    return (Text(text=text),) if text else ()


def _assistant(message: Message, index: int, dialect: Dialect | None) -> tuple[dict[str, Any], list[str]]:
    if dialect:
        calls = tuple(call for call in message.calls if not call.error)
        return {"role": "assistant", "content": dialect.write(Parsed(text=message.text, calls=calls))}, []
    form: dict[str, Any] = {"role": "assistant", "content": message.text or None}
    named = [(call, call.id or f"call_{index}_{place}") for place, call in enumerate(message.calls)]
    if named:
        form["tool_calls"] = [
            {"id": name, "type": "function", "function": {
                "name": call.name or "unknown", "arguments": json.dumps(call.arguments, ensure_ascii=False)}}
            for call, name in named
        ]
    elif form["content"] is None:
        form["content"] = ""
    return form, [name for _, name in named]


def _content(parts: Sequence[Part], store: MediaStore | None, files: bool) -> str | Forms:
    if all(isinstance(part, Text) for part in parts):
        return "".join(part.text for part in parts if isinstance(part, Text))
    forms: Forms = []
    for part in parts:
        if isinstance(part, Text):
            forms.append({"type": "text", "text": part.text})
        elif isinstance(part, Image):
            forms.append(_picture(part, store, files))
        else:
            raise ValueError(f"a {type(part).__name__.lower()} cannot be sent to a chat endpoint; send frames or text")
    return forms


def _picture(image: Image, store: MediaStore | None, files: bool) -> dict[str, Any]:
    """A picture as a PNG data URI, or as the URI of its file.

    Raises ValueError naming the picture when its pixels are not at hand.
    """
    if files and store is not None and (path := store.file(store.adopt(image).ref)) is not None:
        return {"type": "image_url", "image_url": {"url": path.resolve().as_uri()}}
    if image.data is None and image.ref.startswith("px:"):
        if store is None or image.ref not in store:
            raise ValueError(f"the pixels of image {image.ref} are not at hand; give the endpoint the run's media store")
        pixels = store.get(image.ref)
    else:
        pixels = read_rgb(image)
    encoded = io.BytesIO()
    pixels.save(encoded, "PNG", compress_level=1)
    url = "data:image/png;base64," + base64.b64encode(encoded.getvalue()).decode()
    return {"type": "image_url", "image_url": {"url": url}}


def message_from_chat(reply: Any, dialect: Dialect | None = None) -> Message:
    """The assistant message of a chat completion. Raises ValueError for a reply that is none.

    Calls whose arguments are no JSON object come back with an error; they are the model's mistake, not the server's.
    """
    try:
        said = reply["choices"][0]["message"]
        content, calls = said.get("content"), said.get("tool_calls") or []
        thought = said.get("reasoning_content") or said.get("reasoning") or None
        read = tuple(_call(call) for call in calls)
    except (KeyError, IndexError, TypeError, AttributeError):
        error = reply.get("error") if isinstance(reply, dict) else None
        raise ValueError(f"no choices[0].message in it{f'; it says {error!r:.200}' if error else ''}") from None
    if isinstance(content, list):
        content = "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    if content is not None and not isinstance(content, str):
        raise ValueError(f"the content of its message is {type(content).__name__}, not text")
    text = content or ""
    if dialect:
        parsed = dialect.parse(text)
        text, read, thought = parsed.text, (*read, *parsed.calls), thought if parsed.thought is None else parsed.thought
    return Message(role="assistant", parts=_text(text), calls=read, thought=thought if isinstance(thought, str) else None)


def _call(call: Any) -> ToolCall:
    function, name = call["function"], call.get("id")
    found = as_call({"name": function["name"], "arguments": function.get("arguments") or {}})
    return ToolCall(name=found.name, arguments=found.arguments, error=found.error, id=name if isinstance(name, str) else "")
