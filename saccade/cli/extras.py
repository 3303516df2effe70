"""Which extra installs a module that is not there, and how it is installed in this place."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

EXTRAS = {
    "train": ("torch", "transformers", "peft", "safetensors", "jinja2"),
    "demo": ("sklearn", "skimage"),
    "data": ("pyarrow", "datasets"),
    "video": ("av",),
    "math": ("math_verify",),
    "track": ("trackio",),
    "wandb": ("wandb",),
    "browser": ("playwright", "axe_playwright_python"),
    "bench": ("trl",),
    "draw": ("resvg_py",),
    "mcp": ("mcp",),
    "environments": ("gymnasium", "openenv"),
}
"""Extra to the modules it brings."""

CHECKOUT = Path(__file__).resolve().parents[2]


def install(extras: Iterable[str]) -> str:
    """The command that adds extras to this installation."""
    return local(f"pip install 'saccade[{','.join(extras)}]'")


def local(text: str) -> str:
    """Advice on installing, written for a checkout where this is one: there the package is installed from its folder."""
    if not (CHECKOUT / "pyproject.toml").is_file():
        return text
    return text.replace("pip install 'saccade[", f"pip install -e '{CHECKOUT}[")


def missing(error: ImportError) -> str:
    """One line for a user whose environment lacks a module."""
    if not isinstance(error, ModuleNotFoundError):
        return local(" ".join(str(error).split()))
    name = (error.name or "").split(".")[0]
    for extra, modules in EXTRAS.items():
        if name in modules:
            return f"this needs {name}, which is not installed: {install([extra])}"
    if name == "yaml":
        return f"reading YAML needs PyYAML, which is not installed: {install(['train'])} (or use a .json file)"
    if name == "saccade":
        return f"this part of saccade is not built: {error.name}"
    return f"this needs {name or error}, which is not installed: pip install {name}"
