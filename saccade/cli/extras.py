"""Which extra installs a module that is not there."""

from __future__ import annotations

EXTRAS = {
    "train": ("torch", "transformers", "peft", "safetensors", "jinja2"),
    "demo": ("sklearn", "skimage"),
    "data": ("pyarrow", "datasets"),
    "video": ("av",),
    "math": ("math_verify",),
    "bench": ("trl",),
}
"""Extra to the modules it brings."""


def missing(error: ModuleNotFoundError) -> str:
    """One line for a user whose environment lacks a module."""
    name = (error.name or "").split(".")[0]
    for extra, modules in EXTRAS.items():
        if name in modules:
            return f"this needs {name}, which is not installed: pip install 'saccade[{extra}]'"
    if name == "yaml":
        return "reading YAML needs PyYAML, which is not installed: pip install 'saccade[train]' (or use a .json file)"
    if name == "saccade":
        return f"this part of saccade is not built: {error.name}"
    return f"this needs {name or error}, which is not installed: pip install {name}"
