"""What `saccade doctor` looks at: what this machine can do, what each thing lacks, and the one command that adds it.

Nothing heavy is imported: versions come from package metadata.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import platform
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saccade.cli.extras import EXTRAS, install

DISTRIBUTION = {"PIL": "pillow", "sklearn": "scikit-learn", "skimage": "scikit-image", "math_verify": "math-verify"}
PLAIN = ("numpy", "PIL", "tyro", "rich", "rapidfuzz")
FREE_GB, MEMORY_GB = 2.0, 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ability:
    """Something people come for: the extras it takes, and how it is used."""

    what: str
    extras: tuple[str, ...] = ()
    use: str = ""


ABILITIES = (
    Ability(what="evaluate an OpenAI-compatible endpoint", use="saccade eval http://HOST/v1 --api-model NAME --data FILE"),
    Ability(what="ask, evaluate and train a checkpoint", extras=("train",), use="saccade ask IMAGE QUESTION --model FOLDER"),
    Ability(what="run the demo and the claims", extras=("train", "demo"), use="saccade demo"),
    Ability(what="read Parquet and datasets folders", extras=("data",), use="saccade eval FOLDER --data rows.parquet"),
    Ability(what="read video files", extras=("video",), use="rows with a column `video`"),
    Ability(what="compare answers as mathematics", extras=("math",), use="answers of type `math`"),
    Ability(what="draw SVG", extras=("draw",), use="--tools render_svg"),
    Ability(what="offer and use tools by MCP", extras=("mcp",), use="saccade tools serve crop --images FOLDER"),
)


def version(module: str) -> str | None:
    """Installed version of a module, None where it is not installed."""
    if importlib.util.find_spec(module) is None:
        return None
    try:
        return importlib.metadata.version(DISTRIBUTION.get(module, module))
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def examine() -> dict[str, Any]:
    """{machine, extras, abilities, glimpse, problems, command}: plain values.

    problems: what the demo lacks, as sentences that say what to do; command: adds every extra that is missing, or None
    """
    from saccade import __version__

    extras = {name: {module: version(module) for module in modules} for name, modules in EXTRAS.items()}
    missing = {name: [module for module, found in modules.items() if found is None] for name, modules in extras.items()}
    free_gb, memory_gb = shutil.disk_usage(Path.cwd()).free / 1e9, memory()
    machine = {
        "saccade": __version__, "python": f"{platform.python_version()} at {sys.executable}", "system": platform.platform(),
        "cores": usable_cores(), "memory_gb": None if memory_gb is None else round(memory_gb, 1),
        "free_disk_gb": round(free_gb, 1), "accelerator": accelerator(extras["train"]["torch"]),
    }
    abilities = [*(ability(each, missing) for each in ABILITIES), code_ability()]
    glimpse, problem = reference_model()
    problems = [f"the demo lacks {', '.join(each['lacks'])}: {each['command']}"
                for each in abilities if each["use"] == "saccade demo" and not each["works"]]
    problems += [problem] if problem else []
    problems += machine_problems(free_gb, memory_gb)
    wanted = [extra for extra in EXTRAS if missing[extra] and any(extra in each.extras for each in ABILITIES)]
    return {
        "machine": machine, "extras": {"saccade": {name: version(name) for name in PLAIN}, **extras},
        "abilities": abilities, "glimpse": glimpse, "problems": problems, "command": install(wanted) if wanted else None,
    }


def code_ability() -> dict[str, Any]:
    """Whether something here isolates code that models write, found by opening a session of it."""
    from saccade.sandbox.chosen import available

    found = available()
    works = [name for name, lack in found.items() if not lack]
    return {"what": "run code that models write", "works": bool(works), "lacks": [] if works else list(found.values()),
            "use": f"--tools run_python (isolated by {', '.join(works)})", "command": None}


def ability(wanted: Ability, missing: Mapping[str, list[str]]) -> dict[str, Any]:
    """{what, works, lacks, use, command}: `command` adds what is lacking, None where nothing is."""
    lacks = [name for extra in wanted.extras for name in missing[extra]]
    command = install(extra for extra in wanted.extras if missing[extra]) if lacks else None
    return {"what": wanted.what, "works": not lacks, "lacks": lacks, "use": wanted.use, "command": command}


def machine_problems(free_gb: float, memory_gb: float | None) -> Iterator[str]:
    if free_gb < FREE_GB:
        yield (f"{free_gb:.1f} GB of disk are free in {Path.cwd()}; a run with its media wants {FREE_GB:g} GB: "
               "choose another --out")
    if memory_gb is not None and memory_gb < MEMORY_GB:
        yield f"{memory_gb:.1f} GB of memory; training glimpse wants {MEMORY_GB:g} GB: lower --schedule.micro_tokens"


def usable_cores() -> int:
    """Cores this process may use, which in a container are fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory() -> float | None:
    """Memory in GB, no more than the control group of a container allows; None where it cannot be known."""
    names = os.sysconf_names if hasattr(os, "sysconf_names") else {}
    if "SC_PHYS_PAGES" not in names:
        return None
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
    limit = Path("/sys/fs/cgroup/memory.max")
    allowed = limit.read_text().strip() if limit.is_file() else "max"
    return min(total, int(allowed) / 1e9) if allowed.isdigit() else total


def accelerator(torch_version: str | None) -> str:
    """What the driver shows; torch is not imported for it."""
    if shutil.which("nvidia-smi") and Path("/proc/driver/nvidia/version").exists():
        if torch_version is not None and "+cpu" in torch_version:
            return "an NVIDIA driver is loaded, but this torch is built for the CPU: install torch for your CUDA version"
        return "an NVIDIA driver is loaded"
    if sys.platform == "darwin" and platform.machine() == "arm64":
        return "Apple silicon; not tested, --policy.device cpu works"
    return "none; the CPU is used"


def reference_model() -> tuple[dict[str, Any], str | None]:
    """The packaged checkpoint: where it is and what its card measured; and what is wrong with it, if anything."""
    from saccade.catalog import ROOT

    folder = ROOT / "glimpse" / "weights"
    if not (folder / "config.json").is_file() or not any(folder.glob("*.safetensors")):
        return {}, "the reference model glimpse is not in this installation: saccade pretrain glimpse"
    size = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
    found: dict[str, Any] = {"folder": str(folder), "megabytes": round(size / 1e6, 2)}
    for path in sorted(folder.glob("*card*.json")):
        found["card"] = json.loads(path.read_text(encoding="utf-8"))
    return found, None
