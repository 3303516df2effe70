"""The card reads replies strictly, and the packaged weights do what their card says they must for the main job."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from saccade import glimpse
from saccade.glimpse.card import answer_of, box_of, load, look, page, widened
from saccade.glimpse.skills import SKILLS
from saccade.glimpse.talk import zoom_schema

CALL = '<tool_call>\n{"name": "image_zoom_in_tool", "arguments": {"bbox_2d": "%s"}}\n</tool_call><|im_end|>'


@pytest.mark.parametrize(("reply", "answer"), [
    ("<answer>7</answer><|im_end|>", "7"), ("<answer><3><4><9><8></answer><|im_end|>", "<3><4><9><8>"),
    ("<answer>7</answer>", None), ("7<|im_end|>", None), ("<answer>7<|im_end|>", None),
    ("<answer>7</answer>x<|im_end|>", None), ("", None),
])
def test_answers_are_read_strictly(reply, answer):
    assert answer_of(reply) == answer


@pytest.mark.parametrize(("box", "fits"), [("<3><4><9><8>", True), ("<9><4><3><8>", False), ("<3><4><9>", False)])
def test_calls_are_read_strictly(box, fits):
    found = box_of(CALL % box)
    assert (found is not None) == fits
    assert not fits or found.xyxy == (3, 4, 9, 8)
    assert box_of((CALL % box).removesuffix("<|im_end|>")) is None


def test_a_wider_box_stays_inside():
    assert widened((0, 5, 3, 16)) == (0, 4, 4, 16)


def test_the_packaged_folder_is_small_and_its_card_complete():
    folder = glimpse.path()
    assert sum(file.stat().st_size for file in folder.iterdir()) <= 10_000_000
    card = json.loads((folder / "card.json").read_text())
    assert set(card["skills"]) == set(SKILLS)
    assert (folder / "MODEL_CARD.md").read_text() == page(card)


def test_the_packaged_tokenizer_is_short_on_the_declaration_it_was_trained_with():
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(glimpse.path())
    text = tokenizer.apply_chat_template([{"role": "user", "content": ""}], tools=[zoom_schema()], tokenize=False)
    system = text[: text.index("<|im_end|>")]
    assert len(tokenizer.encode(system)) <= 45


def test_a_folder_without_weights_says_how_to_make_them(monkeypatch, tmp_path):
    monkeypatch.setattr(glimpse, "__file__", str(tmp_path / "__init__.py"))
    with pytest.raises(ValueError, match="saccade pretrain glimpse"):
        glimpse.path()


@pytest.mark.slow
def test_the_packaged_weights_call_answer_and_read_as_their_card_says():
    """Fewer items than the card: within three standard errors of it."""
    folder = Path(glimpse.path())
    card = json.loads((folder / "card.json").read_text())["hidden_detail"]
    found = look(*load(folder), 120)
    for name in ("calls", "sampled_calls", "answers_after_crop", "no_tool", "oracle_box", "oracle_box_wider"):
        error = max(card[name] * (1 - card[name]) / 120, 0.0004) ** 0.5
        assert abs(found[name] - card[name]) <= 3 * error + 0.01, name
