"""Our renderings against the chat templates of real checkpoints, as trl ships them: token for token.

The tokenizer is the tiny one with the family's special tokens; what is compared is where text stands and how it merges.
"""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from saccade.core.message import Image, ToolCall, assistant, system, tool_result, user
from saccade.core.run import PolicySpec
from saccade.core.tool import tool
from saccade.media import open_store
from saccade.models.loading import load_family
from saccade.models.renderer import make_renderer
from saccade.testing.tiny import tiny

pytestmark = pytest.mark.oracle
FOUND = importlib.util.find_spec("trl")
TEMPLATES = Path(FOUND.origin).parent / "chat_templates" if FOUND and FOUND.origin else None
FAMILIES = ["qwen2_5_vl", "qwen3_vl", "smolvlm", "idefics3", "gemma3"]


@tool
def image_zoom_in_tool(bbox_2d: list[float], label: str = "") -> str:
    """Zoom in on a region.

    Args:
        bbox_2d: the box
        label: what is in it
    """
    return ""


@pytest.fixture(params=[(name, suffix) for name in FAMILIES for suffix in ("", "_training")], ids=lambda pair: "".join(pair))
def kit(request, tmp_path):
    if TEMPLATES is None:
        pytest.skip("trl is not installed; pip install 'saccade[bench]'")
    name, suffix = request.param
    path = TEMPLATES / f"{name}{suffix}.jinja"
    if not path.is_file():
        pytest.skip(f"this trl ships no {path.name}")
    folder = tiny(name, tmp_path)
    (folder / "chat_template.jinja").write_text(path.read_text(encoding="utf-8"))
    family, tokenizer = load_family(folder, PolicySpec(model=str(folder)))
    return name, family, tokenizer, make_renderer(folder, family)


def picture(width=112, height=84):
    from PIL import Image as PILImage

    return Image(ref=f"lazy:{width}", data=PILImage.new("RGB", (width, height)))


def forms_of(messages):
    return [{"role": message.role, "content": [
        {"type": "image"} if isinstance(part, Image) else {"type": "text", "text": part.text} for part in message.parts
    ] or "", **({"tool_calls": [{"type": "function", "function": {"name": call.name, "arguments": call.arguments}}
                                for call in message.calls]} if message.calls else {})} for message in messages]


def theirs(family, tokenizer, messages, tools, store):
    """Text by their template and `transformers`, one mark a picture expanded as the stock processors do, then encoded."""
    text = tokenizer.apply_chat_template(
        forms_of(messages), tools=tools or None, tokenize=False, add_generation_prompt=messages[-1].role != "assistant"
    )
    head, *rest = text.split(family.marker)
    for image, after in zip([image for message in messages for image in message.images], rest, strict=True):
        expansion = family.expand(store.size(store.adopt(image).ref))
        inside = "".join(tokenizer.convert_ids_to_tokens(expansion.tokens)).replace("Ċ", "\n")
        head += expansion.head + inside + expansion.tail + after
    return tokenizer.encode(head, add_special_tokens=False)


TALKS = [
    (user("What is it?"),),
    (system("You look closely."), user(picture(), "What?"), assistant("A cat.\n"), user("Sure? ", picture(200, 100))),
    (user("One ", picture(), " two ", picture(150, 60), "\n\nthree."), assistant("ok."), user("\n- 3"), assistant("4"),
     user("5")),
]


@pytest.mark.parametrize("which", range(len(TALKS)))
def test_a_conversation(kit, which):
    _, family, tokenizer, renderer = kit
    store = open_store()
    ours = np.concatenate([piece.tokens for piece in renderer.encode(TALKS[which], (), store)]).tolist()
    assert ours == theirs(family, tokenizer, TALKS[which], (), store)


def test_tools_where_the_template_has_them(kit):
    name, family, tokenizer, renderer = kit
    if name != "qwen3_vl":
        assert renderer.dialect.name == "tags" and "cannot render tools" in renderer.notes[0]
        return
    assert renderer.dialect.name == "hermes" and renderer.notes == ()
    store = open_store()
    call = ToolCall(name="image_zoom_in_tool", arguments={"bbox_2d": [1, 2, 3, 4], "label": "ü"})
    messages = (
        system("You look closely."), user(picture(), "Which?"), assistant("Look.", calls=(call, call)),
        tool_result(picture(60, 150), "A crop."), tool_result("Nothing."), assistant(calls=(call,)), tool_result(picture()),
    )
    ours = np.concatenate([piece.tokens for piece in renderer.encode(messages, [image_zoom_in_tool], store)]).tolist()
    assert ours == theirs(family, tokenizer, messages, [image_zoom_in_tool.schema], store)


def test_the_templates_of_the_tests_render_as_the_real_ones(kit, tmp_path):
    """The templates of `saccade.testing` are written anew; on these conversations they must say the same."""
    name, _, tokenizer, _ = kit
    own = (tiny(name, tmp_path / "own") / "chat_template.jinja").read_text(encoding="utf-8")
    for messages in TALKS:
        shown = tokenizer.apply_chat_template(forms_of(messages), tokenize=False, add_generation_prompt=True)
        ours = tokenizer.apply_chat_template(
            forms_of(messages), tokenize=False, add_generation_prompt=True, chat_template=own
        )
        assert ours == shown
