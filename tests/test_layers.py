"""Layers point downwards, and the light ones work where torch is not installed."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LIGHT = (
    "core",
    "media",
    "text",
    "tools",
    "rewards",
    "credit",
    "episodes",
    "select",
    "data",
    "worlds",
    "clients",
    "follow_ups",
    "rollout",
    "sandbox",
    "explore",
    "viewer",
    "cli",
)

IMPORT_ALL = """
import importlib, pkgutil, sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "transformers", "peft", "safetensors"):
            raise ImportError("blocked: " + name)
sys.meta_path.insert(0, Block())
package = importlib.import_module("saccade.{layer}")
for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    importlib.import_module(found.name)
"""


def test_import_contracts_hold():
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert "0 broken" in done.stdout


@pytest.mark.parametrize("layer", LIGHT)
def test_light_layers_import_without_torch(layer):
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL.format(layer=layer)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_a_layer_that_points_upwards_is_caught(tmp_path):
    """The contract itself works: core importing learn breaks it."""
    import shutil

    shutil.copytree(ROOT / "saccade", tmp_path / "saccade", ignore=shutil.ignore_patterns("weights", "__pycache__"))
    shutil.copyfile(ROOT / "pyproject.toml", tmp_path / "pyproject.toml")
    (tmp_path / "saccade" / "core" / "upwards.py").write_text('"""Wrong."""\nfrom saccade.learn import loop\n')
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode != 0
    assert "saccade.core.upwards -> saccade.learn" in done.stdout


FAMILIES = ("rewards", "tools", "credit", "episodes", "objectives", "recipes", "clients", "select", "explore", "follow_ups")


def siblings(source, family):
    """Modules of its own family that a file imports, those shared by the family (an underscore) left out."""
    import ast

    for node in ast.walk(ast.parse(source)):
        names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module == f"saccade.{family}":
            names = [f"{node.module}.{each.name}" for each in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        for name in names:
            if name.startswith(f"saccade.{family}.") and not name.split(".")[2].startswith("_"):
                yield name


@pytest.mark.parametrize("family", FAMILIES)
def test_components_of_a_family_do_not_import_each_other(family):
    found = {path.name: list(siblings(path.read_text(encoding="utf-8"), family))
             for path in (ROOT / "saccade" / family).glob("[!_]*.py")}
    assert not {name: names for name, names in found.items() if names}


def test_a_sibling_import_is_seen():
    assert list(siblings("from saccade.rewards.length import length", "rewards")) == ["saccade.rewards.length"]
    assert list(siblings("from saccade.rewards import length", "rewards")) == ["saccade.rewards.length"]
    assert list(siblings("from saccade.rewards._correct import correctness", "rewards")) == []
