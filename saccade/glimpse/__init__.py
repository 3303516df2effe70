"""glimpse, the reference model: a Qwen2.5-VL of two million parameters that can see but does not yet know where to look.

It ships inside the package so that every method can be tried on a laptop with the code that trains a large model. Its
crops are sloppy on purpose: reinforcement has something to teach. `saccade pretrain glimpse` makes it from nothing.
"""

from __future__ import annotations

from pathlib import Path


def path() -> Path:
    """The packaged checkpoint folder, for `from_pretrained`. Raises ValueError when this installation has none."""
    folder = Path(__file__).with_name("weights")
    if not (folder / "model.safetensors").exists():
        raise ValueError(f"no glimpse weights in {folder}; make them with: saccade pretrain glimpse")
    return folder
