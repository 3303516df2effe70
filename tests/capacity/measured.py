"""What a small real model holds: parameters, gradients, moments, what a forward pass keeps, the sampler's cache."""

from __future__ import annotations

import numpy as np
import torch

from saccade.core.engine import Prompt
from saccade.core.run import PolicySpec
from saccade.models.forward import score
from saccade.models.policy import load_policy

ROWS, LENGTH = 4, 128


def prompts_for(policy):
    """Rows without a common beginning, of tokens that may stand anywhere."""
    rng = np.random.default_rng(0)
    banned = {*policy.banned.tolist(), policy.family.placeholder}
    allowed = [each for each in range(policy.model.get_output_embeddings().weight.shape[0]) if each not in banned]
    return [Prompt(tokens=rng.choice(allowed, LENGTH).astype(np.int32)) for _ in range(ROWS)]


def opened(folder, **settings):
    return load_policy(PolicySpec(model=str(folder), **settings))


def forward(policy, store):
    """Scores of each row's last four tokens; bytes autograd keeps, each storage once, without weights; tokens that ran."""
    ours = (*policy.model.parameters(), *policy.model.buffers())
    weights = {each.untyped_storage().data_ptr() for each in ours}
    kept, held = {}, []

    def keep(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
            held.append(tensor)  # so that no other storage gets its address
        return tensor

    wanted = [np.arange(LENGTH) >= LENGTH - 4] * ROWS
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        scores = score(policy, prompts_for(policy), store, wanted=wanted)
    return scores, sum(kept.values()), scores.work.ran


def bytes_of(tensors):
    return sum(each.numel() * each.element_size() for each in tensors)
