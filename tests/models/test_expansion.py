"""Placeholder arithmetic against the stock image processors and the families' own; positions against the models'."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as PILImage

from saccade.core.engine import EMPTY_PROMPT
from saccade.core.run import PolicySpec
from saccade.models.family import check_spans
from saccade.models.loading import load_family
from saccade.testing.tiny import tiny

NAMES = ("qwen2_5_vl", "qwen3_vl", "smolvlm", "idefics3", "internvl", "gemma3")
SIZES = [(1, 1), (3, 200), (199, 1), (28, 28), (56, 41), (64, 64), (97, 33), (120, 121), (300, 200), (333, 71), (57, 640)]


@pytest.fixture(scope="module", params=NAMES)
def loaded(request, tmp_path_factory):
    folder = tiny(request.param, tmp_path_factory.mktemp("family"))
    return (*load_family(folder, PolicySpec(model=str(folder))), folder)


def noise(size):
    return PILImage.fromarray(np.random.default_rng(0).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8))


@pytest.mark.parametrize("size", SIZES)
def test_features_counted_are_features_made(loaded, size):
    """What expand() promises from the size is what the processor cuts out of the pixels."""
    family, _, _ = loaded
    patches, expansion = family.patches(noise(size)), family.expand(size)
    if family.axes == 3:
        assert patches["grid"].tolist() == expansion.inputs["grid"]
        assert len(patches["pixel_values"]) == 4 * sum(expansion.feature_mask)
    elif family.name == "gemma3":
        assert len(patches["pixel_values"]) == 1
    else:
        rows, columns = expansion.inputs["tiles"]
        tiles = rows * columns + (rows * columns != 1)
        assert len(patches["pixel_values"]) == tiles
        assert sum(expansion.feature_mask) == tiles * family.per_tile


@pytest.mark.parametrize("size", SIZES)
def test_tokens_are_those_of_the_familys_own_processor(loaded, size):
    """The text the real processor writes for an image, tokenised in place, is head + tokens + tail."""
    family, tokenizer, _ = loaded
    expansion = family.expand(size)
    expected = tokenizer("a" + written(family, noise(size)) + "b", add_special_tokens=False)["input_ids"]
    ids = [*tokenizer("a" + expansion.head, add_special_tokens=False)["input_ids"], *expansion.tokens,
           *tokenizer(expansion.tail + "b", add_special_tokens=False)["input_ids"]]
    assert ids == expected


def written(family, pixels):
    """By the stock processors' `replace_image_token`, called on an instance that needs neither torchvision nor num2words."""
    processor = family.processor
    if family.axes == 3:
        from transformers.models.qwen2_5_vl.processing_qwen2_5_vl import Qwen2_5_VLProcessor as Real

        made, out = object.__new__(Real), processor(images=[pixels], return_tensors="np")
        made.image_processor, made.image_token = processor, "<|image_pad|>"
        return made.replace_image_token(out, 0)
    if family.name == "internvl":
        from transformers.models.internvl.processing_internvl import InternVLProcessor as Real

        made, out = object.__new__(Real), processor(images=[pixels], return_tensors="np")
        made.image_seq_length, made.image_token = family.per_tile, "<IMG_CONTEXT>"
        made.start_image_token, made.end_image_token = "<img>", "</img>"
        return made.replace_image_token(out, 0)
    if family.name == "gemma3":
        from transformers.models.gemma3.processing_gemma3 import Gemma3Processor as Real

        made, out = object.__new__(Real), processor(images=[pixels], return_tensors="np")
        made.full_image_sequence = "\n\n<start_of_image>" + "<image_soft_token>" * family.count + "<end_of_image>\n\n"
        return made.replace_image_token(out, 0)
    if family.name == "smolvlm":
        from transformers.models.smolvlm.processing_smolvlm import SmolVLMProcessor as Real
    else:
        from transformers.models.idefics3.processing_idefics3 import Idefics3Processor as Real
    made, out = object.__new__(Real), processor(images=[[pixels]], return_row_col_info=True)
    made.fake_image_token, made.image_token, made.image_seq_len = "<fake_token_around_image>", "<image>", family.per_tile
    made.global_image_tag = made.global_image_token = "<global-img>"
    return made.replace_image_token(out, 0)


def test_a_span_marks_exactly_the_placeholders(loaded):
    family, _, _ = loaded
    prompt = EMPTY_PROMPT.extend([1, 2])
    for size in SIZES:
        expansion = family.expand(size)
        prompt = prompt.extend([3, *expansion.tokens, 4], [expansion.span(f"px:{size}", 1)])
    check_spans(family, prompt)
    assert sum(span.features for span in prompt.media) == (prompt.tokens == family.placeholder).sum()


@settings(max_examples=60, deadline=None)
@given(width=st.integers(1, 4000), height=st.integers(1, 4000))
def test_qwen_grids_equal_smart_resize(width, height):
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil, smart_resize

    from saccade.models.families.qwen import Qwen

    processor = Qwen2VLImageProcessorPil(min_pixels=3136, max_pixels=1003520)
    family = Qwen(name="qwen2_5_vl", marker="", marker_id=0, placeholder=0, banned=(), processor=processor,
                  processor_key="", axes=3, merge=2)
    try:
        tall, wide = smart_resize(height, width, 28, 3136, 1003520)
    except ValueError:
        with pytest.raises(ValueError, match="elongated"):
            family.expand((width, height))
        return
    assert family.expand((width, height)).inputs["grid"] == [1, tall // 14, wide // 14]


@settings(max_examples=60, deadline=None)
@given(width=st.integers(1, 4000), height=st.integers(1, 4000))
def test_internvl_tiles_equal_the_optimal_canvas(width, height):
    from transformers.models.got_ocr2.image_processing_pil_got_ocr2 import (
        GotOcr2ImageProcessorPil,
        get_optimal_tiled_canvas,
    )

    from saccade.models.families.internvl import InternVL

    family = InternVL(name="internvl", marker="", marker_id=0, placeholder=0, banned=(), start=1, end=2, tile=(448, 448),
                      processor=GotOcr2ImageProcessorPil(size={"height": 448, "width": 448}), processor_key="", per_tile=1)
    assert family.grid((width, height)) == get_optimal_tiled_canvas((height, width), (448, 448), 1, 12)


def test_qwen_positions_are_get_rope_index(tmp_path):
    from saccade.models.loading import load_model

    for name in ("qwen2_5_vl", "qwen3_vl"):
        folder = tiny(name, tmp_path / name)
        spec = PolicySpec(model=str(folder))
        family, _ = load_family(folder, spec)
        model = load_model(folder, spec)
        start, end = family.banned[:2]
        prompt = EMPTY_PROMPT.extend([1, 2, 3])
        for size in ((64, 48), (200, 30), (30, 300), (56, 56)):
            before = family.positions(prompt)
            expansion = family.expand(size)
            prompt = prompt.extend([start, *expansion.tokens, end, 5], [expansion.span("px:x", 1)])
            assert np.array_equal(family.positions(prompt)[:, : before.shape[1]], before)
        tokens = torch.from_numpy(prompt.tokens.astype(np.int64))[None]
        grids = torch.tensor([span.inputs["grid"] for span in prompt.media])
        kinds = (tokens == family.placeholder).int()
        expected, delta = model.model.get_rope_index(tokens, kinds, image_grid_thw=grids)
        assert np.array_equal(family.positions(prompt), expected[:, 0].numpy())
        assert family.next_position(prompt) == len(prompt.tokens) + int(delta)
