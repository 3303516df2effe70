"""Patches are multiplied, not convolved: where the kernel is exactly one patch, a convolution is a matrix product.

Stock towers cut an image into patches and hand them one by one to a three-dimensional convolution, for which libraries have
slow paths on processors and on accelerators. The weight stays the parameter it was, so checkpoints, adapters and shards
see no difference; values agree up to rounding.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import linear


class PatchProduct(nn.Conv3d):
    """A Conv3d [N, C, T, H, W] -> [N, D, 1, 1, 1] of inputs that are one kernel large; others are convolved as ever."""

    def forward(self, input: Tensor) -> Tensor:
        if tuple(input.shape[2:]) != tuple(self.kernel_size):
            return super().forward(input)
        return linear(input.flatten(1), self.weight.flatten(1), self.bias)[:, :, None, None, None]


def multiply_patches_(model: nn.Module) -> None:
    """Give every plain Conv3d whose steps are its kernel that shape of computation; nothing else of it changes."""
    for each in model.modules():
        if type(each) is nn.Conv3d and each.stride == each.kernel_size and each.groups == 1 and not any(each.padding):
            each.__class__ = PatchProduct
