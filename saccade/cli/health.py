"""What `saccade doctor` looks at. Nothing heavy is imported: versions come from package metadata."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import shutil
from pathlib import Path
from typing import Any

from saccade.cli.extras import EXTRAS

DISTRIBUTION = {"sklearn": "scikit-learn", "skimage": "scikit-image", "math_verify": "math-verify"}
PLAIN = ("numpy", "PIL", "tyro", "rich", "rapidfuzz")
NEEDED = ("train", "demo")
FREE_GB = 2.0


def version(module: str) -> str | None:
    """Installed version of a module, None where it is not installed."""
    if importlib.util.find_spec(module) is None:
        return None
    try:
        return importlib.metadata.version({"PIL": "pillow", **DISTRIBUTION}.get(module, module))
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def examine() -> dict[str, Any]:
    """{machine, extras, glimpse, problems}: plain values, problems as sentences that say what to do."""
    from saccade import __version__

    extras = {"": {name: version(name) for name in PLAIN},
              **{extra: {name: version(name) for name in modules} for extra, modules in EXTRAS.items()}}
    free_gb = shutil.disk_usage(Path.cwd()).free / 1e9
    machine = {
        "saccade": __version__, "python": platform.python_version(), "system": platform.platform(),
        "cores": os.cpu_count() or 1, "memory": memory(), "free disk": f"{free_gb:.1f} GB in {Path.cwd()}",
        "accelerator": accelerator(extras["train"]["torch"]),
    }
    problems = [f"the extra '{extra}' lacks {', '.join(lacks)}: pip install 'saccade[{extra}]'" for extra in NEEDED
                if (lacks := [name for name, found in extras[extra].items() if found is None])]
    glimpse, problem = reference_model()
    if problem:
        problems.append(problem)
    if free_gb < FREE_GB:
        problems.append(f"{free_gb:.1f} GB of disk are free here; a run with its media wants {FREE_GB:g} GB")
    return {"machine": machine, "extras": {name or "saccade": found for name, found in extras.items()},
            "glimpse": glimpse, "problems": problems}


def memory() -> str:
    pages, size = (os.sysconf(name) if name in os.sysconf_names else 0 for name in ("SC_PHYS_PAGES", "SC_PAGE_SIZE"))
    return f"{pages * size / 1e9:.1f} GB" if pages and size else "unknown"


def accelerator(torch_version: str | None) -> str:
    """What the driver shows; torch is not imported for it."""
    if torch_version is None:
        return "none (torch is not installed)"
    if shutil.which("nvidia-smi") and Path("/proc/driver/nvidia/version").exists():
        return "an NVIDIA driver is loaded" + (" but this torch is built for the CPU" if "+cpu" in torch_version else "")
    return "none; the CPU is used"


def reference_model() -> tuple[dict[str, Any] | str, str | None]:
    """The packaged checkpoint: its size and what its card measured, and what is wrong with it."""
    import json

    from saccade.catalog import ROOT

    folder = ROOT / "glimpse" / "weights"
    if not (folder / "config.json").is_file() or not any(folder.glob("*.safetensors")):
        return "missing", "the reference model glimpse is not in this installation: saccade pretrain glimpse"
    size = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
    found: dict[str, Any] = {"folder": str(folder), "megabytes": round(size / 1e6, 2)}
    for path in sorted(folder.glob("*card*.json")):
        found["card"] = json.loads(path.read_text(encoding="utf-8"))
    return found, None
