"""glimpse was trained on tokens that are those of the renderer: piece by piece, with no regular expression between them."""

from dataclasses import replace
from itertools import count

import numpy as np
import pytest
from PIL import Image as PILImage

from saccade.core.message import Image, ToolCall, assistant, tool_result, user
from saccade.core.tool import Tool
from saccade.glimpse.corpus import talk, vocabulary
from saccade.glimpse.pixels import fitted, num_visual_tokens
from saccade.glimpse.talk import row_of
from saccade.media import open_store
from saccade.models.family import Expansion
from saccade.models.renderer import make_renderer


class Visual:
    """The expansion of glimpse, from the size its own pixels have after fitting."""

    name, marker = "glimpse", "<|image_pad|>"

    def __init__(self, tokenizer):
        self.marker_id = self.placeholder = tokenizer.convert_tokens_to_ids(self.marker)
        self.banned = (self.placeholder,)

    def expand(self, size):
        size = num_visual_tokens(fitted(PILImage.new("RGB", size)))
        return Expansion(tokens=(self.placeholder,) * size, feature_mask=(True,) * size)


@pytest.fixture(scope="module")
def kit(tmp_path_factory):
    tokenizer = vocabulary(num_talks=200)
    folder = tmp_path_factory.mktemp("glimpse")
    tokenizer.save_pretrained(folder)
    return tokenizer, make_renderer(folder, Visual(tokenizer))


def as_tool(schema):
    declared = schema["function"]
    made = Tool(**{key: declared[key] for key in ("name", "description", "parameters")}, function=print)
    assert made.schema == schema
    return made


def distinct(messages):
    """The same messages, each picture under a name of its own, as a store wants them."""
    names = count()
    return tuple(
        replace(message, parts=tuple(
            replace(part, ref=f"lazy:{next(names)}") if isinstance(part, Image) else part for part in message.parts
        ))
        for message in messages
    )


@pytest.mark.parametrize("index", range(40))
def test_a_rollout_gives_the_tokens_of_the_training_row(kit, index):
    tokenizer, renderer = kit
    made = talk(seed=11, index=index)
    rendered = renderer.encode(distinct(made.messages), [as_tool(schema) for schema in made.tools], open_store())
    ours = np.concatenate([piece.tokens for piece in rendered])
    row = row_of(made, tokenizer)
    trained = row.tokens_T[:-1] if made.messages[-1].role == "assistant" else row.tokens_T  # no line break after the end
    assert ours.tolist() == trained.tolist()
    learned = np.concatenate([np.full(len(piece.tokens), place in made.learned) for place, piece in enumerate(rendered)])
    assert learned.tolist() == row.loss_T[: len(learned)].tolist()


def test_a_call_in_grid_tokens_is_read_back(kit):
    _, renderer = kit
    said = assistant(calls=(ToolCall(name="image_zoom_in_tool", arguments={"bbox_2d": "<3><4><9><8>"}),))
    rendered = renderer.encode((user("q"), said, tool_result("ok")), (), open_store())
    assert renderer.parse(rendered[1].tokens) == said
    assert renderer.dialect.name == "hermes" and renderer.notes == ()
