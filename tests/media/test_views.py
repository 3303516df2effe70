"""Views: they keep the size, draw from what they are given, and do what they say."""

import numpy as np
import pytest
from PIL import Image as PILImage

from saccade.core.seed import generator
from saccade.media import views


def picture(size=(50, 33), index=0):
    rng = generator("view test", index)
    return PILImage.fromarray(rng.integers(1, 255, (size[1], size[0], 3), dtype=np.uint8))


@pytest.mark.parametrize("make", [each for each in views.VIEWS if each is not views.swapped], ids=lambda each: each.__name__)
def test_a_view_keeps_the_size_and_repeats_itself(make):
    view, given = make(), picture()
    before = np.array(given)
    first, again = (view.change(given, generator("draw", 1)) for _ in range(2))
    assert first.size == given.size and first.mode == "RGB"
    assert np.array_equal(np.array(first), np.array(again)) and not np.array_equal(np.array(first), before)
    assert np.array_equal(np.array(given), before)


def test_masked_patches_are_whole_and_their_share_is_right():
    out = np.array(views.masked(share=0.3, patch_px=7).change(picture((700, 700)), generator(2)))
    black = (out == 0).all(2).reshape(100, 7, 100, 7)
    per_patch = black.mean((1, 3))
    assert set(np.unique(per_patch)) == {0.0, 1.0} and per_patch.mean() == pytest.approx(0.3, abs=0.02)


def test_an_exact_share_is_dropped():
    out = np.array(views.dropped(share=0.25, patch_px=10).change(picture((100, 100)), generator(2)))
    assert sum(len(np.unique(p.reshape(-1, 3), axis=0)) == 1
               for p in out.reshape(10, 10, 10, 10, 3).swapaxes(1, 2).reshape(100, 10, 10, 3)) == 25


def test_noise_has_the_strength_it_says():
    grey = PILImage.new("RGB", (200, 200), (128, 128, 128))
    noise = np.array(views.noised(std=0.1).change(grey, generator(3)), float) / 255 - 128 / 255
    assert noise.std() == pytest.approx(0.1, abs=0.003)
    diffused = np.array(views.diffused(step=250).change(PILImage.new("RGB", (200, 200)), generator(3)), float) / 255
    assert (1 - np.prod(1 - views.betas()[:250])) ** 0.5 == pytest.approx(0.15, abs=0.01)  # as published
    assert diffused.max() > 0.3 and (diffused == 0).mean() == pytest.approx(0.5, abs=0.02)
    same = views.diffused(step=0).change(picture(), generator(1))
    assert np.array_equal(np.array(same), np.array(picture()))


def test_swapped_pictures_are_another_of_the_same_size():
    shown = {f"r{k}": picture(index=k) for k in range(4)} | {"alone": picture((20, 20))}
    out = views.swapped().change(shown, generator(5))
    assert out.keys() == shown.keys() and out["alone"] is shown["alone"]
    assert all(out[ref] is not shown[ref] and out[ref].size == shown[ref].size for ref in shown if ref != "alone")
    assert len({id(each) for each in out.values()}) == len(shown)


@pytest.mark.parametrize("make", [views.masked, views.dropped])
def test_a_share_is_a_share(make):
    with pytest.raises(ValueError, match="between 0 and 1"):
        make(share=1.5)
    with pytest.raises(ValueError, match="1000"):
        views.diffused(step=1001)
