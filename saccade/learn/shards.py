"""Weights, gradients and moments cut over ranks by torch FSDP2; whole only where they compute.

Every rank keeps its slice of the weights and of AdamW's moments. The weights that compute are gathered after each update and
stay until the next, for the local engine, probes and checks read them at any time. Gradients add up whole over all
micro-batches of a rank and are summed over ranks once, into slices. So ranks meet at fixed places of an update and nowhere
else: how many passes, images and rows each of them runs is its own affair, which is what a forward pass planned by common
beginnings and lengths needs. FSDP's usual way, layer by layer in the pass, would bind all ranks to equally many passes.

Bytes a parameter, of n ranks: 4/n slice + 8/n moments + 4 gathered + 4 gradient; with `mixed` 2 gathered + 4 gradient.
Parameters that are frozen cost 4/n + 4 (mixed: 4/n + 2).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, MixedPrecisionPolicy, fully_shard

from saccade.learn.ranks import Ranks


class Shards:
    """A model cut in place. `parameters` are this rank's slices (DTensors) by name, those that learn.

    mixed: gathered weights and the passes are bfloat16; slices, moments and the sum of gradients stay float32
    """

    def __init__(self, model: nn.Module, ranks: Ranks, device: torch.device, *, mixed: bool) -> None:
        from transformers.modeling_layers import GradientCheckpointingLayer

        self.ranks = ranks
        mesh = init_device_mesh(device.type, (ranks.size,))
        kept = MixedPrecisionPolicy(
            param_dtype=torch.bfloat16 if mixed else None, reduce_dtype=torch.float32, cast_forward_inputs=False
        )
        for layer in [each for each in model.modules() if isinstance(each, GradientCheckpointingLayer)]:
            fully_shard(layer, mesh=mesh, mp_policy=kept, reshard_after_forward=False)
        self.root = fully_shard(_Root(model), mesh=mesh, mp_policy=kept, reshard_after_forward=False)
        self.parts = [each for each in self.root.modules() if isinstance(each, FSDPModule)]
        self.parameters = {name: each for name, each in model.named_parameters() if each.requires_grad}
        self.touched: set[str] = set()
        self.root.set_reshard_after_backward(False)
        self.root.set_requires_gradient_sync(False)
        for part in self.parts:  # a sum: what a token counts is known over the whole update
            part.set_gradient_divide_factor(1.0)
            part.set_force_sum_reduction_for_comms(True)
        with self.whole(), torch.no_grad():
            self.root()
            for name, each in model.named_parameters():
                if each.requires_grad:
                    each.register_post_accumulate_grad_hook(lambda _, name=name: self.touched.add(name))

    def gather(self) -> None:
        """Put whole weights, as the slices are now, into the model."""
        for part in self.parts:
            part.reshard()
        for part in self.parts:
            part.unshard()

    @contextmanager
    def whole(self) -> Iterator[None]:
        """Whole weights while the block runs, slices afterwards: for a reference policy that is seldom asked."""
        self.gather()
        try:
            yield
        finally:
            for part in self.parts:
                part.reshard()

    def reduce(self) -> None:
        """Sum the gradients of all ranks into ``grad`` of `parameters`; None where no rank's rows touched a parameter.

        FSDP sums what a rank has a gradient for, so every rank is given one of zeros for everything first.
        """
        mine = json.dumps(sorted(self.touched)).encode()
        touched = {name for names in self.ranks.gather(mine) for name in json.loads(names)}
        for sync in (False, True):  # the first brings zeros to the dtype of the sum
            self.root.set_requires_gradient_sync(sync)
            self.root().backward()
        self.root.set_requires_gradient_sync(False)
        self.touched.clear()
        for name, each in self.parameters.items():
            if name not in touched:
                each.grad = None


class _Root(nn.Module):
    """Holds what no layer holds (embeddings, norms, head), so that they are gathered and summed as one."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self) -> Tensor:
        """Zero, with a gradient of zeros for every parameter that learns."""
        learning = [each for each in self.model.parameters() if each.requires_grad]
        return torch.stack([each.flatten()[0].float() * 0.0 for each in learning]).sum() if learning else torch.zeros(())
