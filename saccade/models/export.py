"""Write a complete checkpoint that stock `transformers` loads: adapters folded in, tokenizer and processor beside it."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from saccade.models import adapters
from saccade.models.policy import Policy

WEIGHTS = (".safetensors", ".bin", ".pt", ".pth", ".h5", ".msgpack", ".index.json")


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the bars of `transformers` from writing over ours while the block runs."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def write_model(policy: Policy, folder: str | Path) -> Path:
    """Write the policy's weights and everything its checkpoint folder holds beside weights. Replaces an older export.

    A policy with adapters is copied first (as much memory again), so that it can go on learning.
    """
    target = Path(folder)
    aside = target.with_name(f".{target.name}.tmp")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    for path in policy.folder.iterdir():
        if path.is_file() and not path.name.endswith(WEIGHTS):
            shutil.copy2(path, aside / path.name)
    model = policy.model
    if adapters.adapter_layers(model):
        model = copy.deepcopy(model)
        adapters.merge(model)
    with quiet():
        model.save_pretrained(aside)
    shutil.rmtree(target, ignore_errors=True)
    aside.rename(target)
    return target
