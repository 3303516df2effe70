"""Drawing marks a copy, where it was told to, whatever the label says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as PILImage

from saccade.media.draw import draw_boxes, draw_grid, draw_label, draw_points


def paper(width: int = 80, height: int = 60) -> PILImage.Image:
    return PILImage.new("RGB", (width, height), "white")


def marked(picture: PILImage.Image) -> np.ndarray:
    return (np.asarray(picture) != 255).any(axis=2)


def test_a_box_is_outlined_in_place_and_the_original_stays() -> None:
    before = paper()
    after = draw_boxes(before, [(10, 20, 40, 50)], width_px=1)
    ys, xs = np.nonzero(marked(after))
    assert (xs.min(), ys.min(), xs.max(), ys.max()) == (10, 20, 40, 50)
    assert not marked(after)[21:50, 11:40].any()
    assert not marked(before).any()


def test_boxes_over_the_border_are_cut_and_inverted_ones_refused() -> None:
    assert marked(draw_boxes(paper(), [(-50, -50, 500, 500)]))[0].all()
    for box in ((40, 0, 10, 10), (0, 0, float("nan"), 1), (0, 0, 1)):
        with pytest.raises(ValueError, match=r"inverted|finite"):
            draw_boxes(paper(), [box])
    with pytest.raises(ValueError, match="2 labels for 1 boxes"):
        draw_boxes(paper(), [(0, 0, 1, 1)], labels=["a", "b"])


def test_points_lie_where_they_are_put() -> None:
    ys, xs = np.nonzero(marked(draw_points(paper(), [(30, 40)], radius_px=3)))
    assert abs(xs.mean() - 30) < 0.6
    assert abs(ys.mean() - 40) < 0.6
    with pytest.raises(ValueError, match="outside the image of 80 x 60"):
        draw_points(paper(), [(300, 40)])


def test_a_grid_rules_all_edges() -> None:
    shown = marked(draw_grid(paper(80, 64), bins=8, numbered=False))
    assert shown[:, ::10].all()
    assert shown[::8, :].all()
    assert draw_grid(paper(), bins=4).tobytes() != draw_grid(paper(), bins=4, numbered=False).tobytes()
    with pytest.raises(ValueError, match="at least 1 bin"):
        draw_grid(paper(), bins=0)


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=200))
def test_any_text_can_be_a_label(text: str) -> None:
    assert draw_label(paper(), text).size == (80, 60)
    assert draw_boxes(paper(), [(70, 50, 79, 59)], labels=[text]).size == (80, 60)


def test_labels_are_seen() -> None:
    assert marked(draw_label(paper(), "cat")).sum() > 40
    assert not marked(draw_label(paper(), " \n\t")).any()
