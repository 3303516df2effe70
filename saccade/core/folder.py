"""The folder is the registry: a component is found because its file exists.

`Folder` is the module class of a component package. ``rewards.answer_match`` imports ``rewards/answer_match.py`` and is
the thing of that name inside, whichever way the file was imported first. Listing reads docstrings from source and
imports nothing.
"""

from __future__ import annotations

import ast
import importlib
import sys
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any


class Folder(ModuleType):
    """A package whose public names are its files."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            module = importlib.import_module(f"{self.__name__}.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"{self.__name__}.{name}":
                raise
            known = ", ".join(names(Path(self.__path__[0])))
            raise AttributeError(f"{self.__name__} has no {name!r}; it has {known}") from None
        return vars(module).get(name, module)

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, ModuleType) and value.__name__ == f"{self.__name__}.{name}":
            value = vars(value).get(name, value)  # the import system binds the module; we bind what it is for
        super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *names(Path(self.__path__[0]))})


def component_folder(package: str) -> None:
    """Make the package a `Folder`; called as the only line of its ``__init__``."""
    sys.modules[package].__class__ = Folder


def names(folder: Path) -> tuple[str, ...]:
    """Files of a component folder that define something of their own name at top level."""
    return tuple(
        sorted(
            path.stem
            for path in folder.glob("*.py")
            if not path.stem.startswith("_") and path.stem in definitions(path)
        )
    )


def definitions(path: Path) -> frozenset[str]:
    """Top-level names of a source file, without importing it."""
    state = path.stat()
    return _definitions(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=4096)
def _definitions(path: Path, changed_ns: int, num_bytes: int) -> frozenset[str]:
    """Parsed once for as long as the file stays as it is: folders are listed at every look at a name."""
    found: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found.update(target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
    return frozenset(found)


def about(path: Path) -> str:
    """First line of a file's docstring."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return text.strip().splitlines()[0] if text.strip() else ""
