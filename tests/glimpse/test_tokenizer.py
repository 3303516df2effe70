"""The tokenizer: any text survives, the scaffold is short, answers are tokens, templates agree with training."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("transformers")

from saccade.core.message import assistant, user
from saccade.glimpse.corpus import talk, vocabulary
from saccade.glimpse.talk import ZOOM, Talk, answered, called, pieces, row_of, shown, written, zoom_schema
from saccade.glimpse.tokenizer import GRID, TAGS, call_text, preamble


@pytest.fixture(scope="module")
def tokenizer():
    return vocabulary(num_talks=400)


def ids(tokenizer, text):
    return tokenizer.encode(text, add_special_tokens=False)


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=60))
def test_any_text_survives(tokenizer, text):
    assert tokenizer.decode(ids(tokenizer, text), skip_special_tokens=False) == text


def test_the_scaffold_is_short(tokenizer):
    assert len(ids(tokenizer, preamble([zoom_schema()]))) <= 45
    assert len(ids(tokenizer, call_text(ZOOM, {"bbox_2d": "<3><4><9><8>"}))) <= 15


@pytest.mark.parametrize("answer", [*"0123456789", *"ACEFHJKLMNPRTUVXY", "red", "square", "yes"])
def test_an_answer_is_one_token_between_its_tags(tokenizer, answer):
    whole = ids(tokenizer, f"<answer>{answer}</answer>")
    assert whole == [*ids(tokenizer, "<answer>"), *ids(tokenizer, answer), *ids(tokenizer, "</answer>")]
    assert len(whole) == 3


def test_digits_never_merge(tokenizer):
    for text in ("12", "a7", "7b", " 40", "1.5s"):
        single = [tokenizer.decode([token]) for token in ids(tokenizer, text)]
        assert all(sum(character.isdigit() for character in token) <= 1 for token in single)
        assert all(len(token) == 1 for token in single if any(character.isdigit() for character in token))


def test_tags_and_coordinates_are_single_tokens_and_stay_in_the_text(tokenizer):
    for token in (*TAGS, *GRID):
        assert len(ids(tokenizer, token)) == 1
        assert tokenizer.decode(ids(tokenizer, token), skip_special_tokens=True) == token


@pytest.mark.parametrize("index", range(60))
def test_training_tokens_are_those_of_the_chat_template(tokenizer, index):
    """Piece by piece and all at once give the same tokens, and the template renders what training saw."""
    made = talk(seed=7, index=index)
    row = row_of(made, tokenizer)
    text = tokenizer.apply_chat_template(as_dicts(made), tools=list(made.tools) or None, tokenize=False)
    counts = [int(count) for count in image_counts(row, tokenizer)]
    for count in counts:
        text = text.replace("<|image_pad|>", "\0" * count, 1)
    assert ids(tokenizer, text.replace("\0", "<|image_pad|>")) == row.tokens_T.tolist()


def image_counts(row, tokenizer):
    return [pixels.shape[0] * pixels.shape[1] // 256 for pixels in row.images]


def as_dicts(made: Talk):
    out = []
    for message in made.messages:
        content = [{"type": "text", "text": part.text} if hasattr(part, "text") else {"type": "image"}
                   for part in message.parts]
        calls = [{"type": "function", "function": {"name": call.name, "arguments": call.arguments}}
                 for call in message.calls]
        out.append({"role": message.role, "content": content, **({"tool_calls": calls} if calls else {})})
    return out


def test_the_mask_covers_answers_and_their_end_and_nothing_else(tokenizer):
    from PIL import Image

    picture = Image.new("RGB", (64, 64))
    made = Talk(kind="x", messages=(user("?"), called(ZOOM, (1, 2, 3, 4)), shown(picture), answered("7")), learned=(3,),
                tools=(zoom_schema(),))
    row = row_of(made, tokenizer)
    assert tokenizer.decode(row.tokens_T[row.loss_T], skip_special_tokens=False) == "<answer>7</answer><|im_end|>"
    assert written((1, 2, 3, 4)) in tokenizer.decode(row.tokens_T)


def test_pieces_of_a_thoughtless_answer():
    texts, head = pieces(assistant("x"), [])
    assert texts == ["<|im_start|>", "assistant\n", "x", "<|im_end|>", "\n"] and head == 2
