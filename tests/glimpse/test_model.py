"""The trainer's shortcuts equal the stock classes; the checkpoint loads with them; small models are not blind at birth."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from PIL import Image as PILImage

from saccade.core.seed import generator
from saccade.glimpse import model as glimpse_model
from saccade.glimpse.corpus import talk, vocabulary
from saccade.glimpse.forward import collate, hidden_states, loss_of
from saccade.glimpse.model import fresh, image_processor, package
from saccade.glimpse.pixels import fitted, patch_order
from saccade.glimpse.talk import Talk, asked, ids_of, row_of
from saccade.glimpse.tokenizer import IMAGE, PAD

SIZES = [(256, 256), (64, 64), (48, 80), (80, 48), (22, 22), (300, 200), (33, 71), (640, 480), (16, 60)]


@pytest.fixture(scope="module")
def tokenizer():
    return vocabulary(num_talks=300)


@pytest.fixture(scope="module")
def model(tokenizer):
    return fresh(tokenizer, seed=3).eval()


def noise(size, seed=0):
    return PILImage.fromarray(generator("noise", size, seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))


@pytest.mark.parametrize("size", SIZES)
def test_patches_are_those_of_the_stock_processor(size):
    picture = noise(size)
    stock = image_processor()(images=[picture], return_tensors="np")
    pixels = fitted(picture)
    ours = patch_order(pixels[None])[0].reshape(-1, 3, 1, 64) / np.float32(255)
    scale = np.array(glimpse_model.STD, np.float32)[:, None, None]
    ours = (ours - np.array(glimpse_model.MEAN, np.float32)[:, None, None]) / scale
    both_frames = np.broadcast_to(ours, (len(ours), 3, 2, 64)).reshape(len(ours), -1)
    assert stock["image_grid_thw"].tolist() == [[1, pixels.shape[0] // 8, pixels.shape[1] // 8]]
    np.testing.assert_allclose(stock["pixel_values"], both_frames, atol=2e-6)


def test_the_batched_forward_equals_the_stock_one(model, tokenizer):
    """Rows of different length, several images of different shapes in a row: positions and hidden states agree."""
    image, pad = tokenizer.convert_tokens_to_ids([IMAGE, PAD])
    talks = [Talk(kind="x", messages=(asked("Which digit is this?", *(noise(size, place) for size in sizes)),), learned=())
             for place, sizes in enumerate([SIZES[:1], SIZES[2:5], SIZES[4:], []])]
    rows = [row_of(each, tokenizer) for each in talks]
    with torch.no_grad():
        ours = hidden_states(model, collate(rows, pad=pad, image_token=image))
        for place, (row, each) in enumerate(zip(rows, talks, strict=True)):
            tokens = torch.from_numpy(row.tokens_T)[None]
            pictures = [part.data for part in each.messages[0].images]
            seen = dict(image_processor()(images=pictures, return_tensors="pt")) if pictures else {}
            stock = model.model(input_ids=tokens, mm_token_type_ids=(tokens == image).long(), **seen)
            assert (stock.last_hidden_state[0] - ours[place, : tokens.shape[1]]).abs().max() < 1e-5


def test_the_packaged_folder_loads_with_stock_classes(tmp_path, model, tokenizer):
    from transformers import AutoModelForImageTextToText, AutoTokenizer, Qwen2_5_VLForConditionalGeneration

    package(tmp_path, model, tokenizer)
    assert (tmp_path / "model.safetensors").stat().st_size <= 10_000_000
    again = AutoModelForImageTextToText.from_pretrained(tmp_path)
    assert type(again) is Qwen2_5_VLForConditionalGeneration
    theirs = dict(again.named_parameters())
    assert all(torch.equal(weight, theirs[name]) for name, weight in model.named_parameters())
    assert AutoTokenizer.from_pretrained(tmp_path).chat_template == tokenizer.chat_template
    assert (tmp_path / "preprocessor_config.json").exists() and (tmp_path / "generation_config.json").exists()


def test_it_is_not_blind_at_birth(model, tokenizer):
    """Another picture changes the prediction by more than rounding (the stock initialisation hardly does)."""
    rows = [row_of(Talk(kind="x", messages=(asked("Which digit is this?", noise((64, 64), seed)),), learned=()), tokenizer)
            for seed in (1, 2)]
    image, pad = tokenizer.convert_tokens_to_ids([IMAGE, PAD])
    with torch.no_grad():
        last = hidden_states(model, collate(rows, pad=pad, image_token=image))[:, -1]
        gap = (model.lm_head(last[0]).log_softmax(-1) - model.lm_head(last[1]).log_softmax(-1)).abs().max()
    assert gap > 0.1


def test_loss_counts_learned_tokens_only(model, tokenizer):
    rows = [row_of(talk(seed=11, index=index), tokenizer) for index in range(12)]
    image, pad = ids_of(tokenizer, IMAGE)[0], ids_of(tokenizer, PAD)[0]
    with torch.no_grad():
        loss_N, right_N = loss_of(model, collate(rows, pad=pad, image_token=image))
    assert len(loss_N) == len(right_N) == sum(int(row.loss_T[1:].sum()) for row in rows)
    assert loss_N.isfinite().all()
