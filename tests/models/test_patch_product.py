"""A tower that multiplies its patches is the stock tower: the same values, gradients and names of weights."""

import pytest
import torch
from torch import nn

from saccade.models.patch_product import PatchProduct, multiply_patches_


@pytest.mark.parametrize("bias", [False, True])
def test_values_and_gradients_are_those_of_the_convolution(bias):
    torch.manual_seed(0)
    stock = nn.Sequential(nn.Conv3d(3, 16, (2, 4, 4), stride=(2, 4, 4), bias=bias))
    ours = nn.Sequential(nn.Conv3d(3, 16, (2, 4, 4), stride=(2, 4, 4), bias=bias))
    ours.load_state_dict(stock.state_dict())
    multiply_patches_(ours)
    assert type(ours[0]) is PatchProduct and list(ours.state_dict()) == list(stock.state_dict())
    patches = torch.randn(5, 3, 2, 4, 4)
    for model in (stock, ours):
        model(patches).square().sum().backward()
    torch.testing.assert_close(ours(patches), stock(patches), atol=1e-5, rtol=1e-5)
    for mine, theirs in zip(ours.parameters(), stock.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, theirs.grad, atol=1e-4, rtol=1e-5)


def test_an_input_larger_than_the_kernel_is_convolved():
    model = nn.Sequential(nn.Conv3d(1, 2, 2, stride=2))
    whole = torch.randn(1, 1, 4, 4, 4)
    expected = model(whole)
    multiply_patches_(model)
    assert torch.equal(model(whole), expected) and expected.shape == (1, 2, 2, 2, 2)


@pytest.mark.parametrize("settings", [{"stride": 1}, {"stride": 2, "padding": 1}, {"stride": 2, "groups": 2}])
def test_other_convolutions_stay_what_they_are(settings):
    model = nn.Sequential(nn.Conv3d(2, 2, 2, **settings))
    multiply_patches_(model)
    assert type(model[0]) is nn.Conv3d
