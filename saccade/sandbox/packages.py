"""Which files of this machine an isolated interpreter is shown: the standard library and a few installed packages."""

from __future__ import annotations

import importlib.metadata
import os
import re
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache", "/usr/share/fonts")
"""Shared libraries that extension modules load, and fonts. No program is among them that could be executed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """paths: shown, read-only, at their own places; hidden: folders within them that are not; search: `sys.path` inside."""

    paths: tuple[str, ...]
    hidden: tuple[str, ...]
    search: tuple[str, ...]


def shown(packages: Sequence[str]) -> Shown:
    """The interpreter and these distributions with what they need. Raises ValueError for one that is not installed."""
    standard = sysconfig.get_path("stdlib")
    files = [path for name in closure(packages) for path in top_level(name)]
    folders = tuple(dict.fromkeys(str(path.parent) for path in files))
    elsewhere = (os.path.join(standard, "site-packages"), os.path.join(standard, "dist-packages"),
                 *(str(path) for path in Path("/usr/local/lib").glob("python3*/*-packages")),
                 *(str(path) for path in Path("/usr/lib").glob("python3*/*-packages")))
    return Shown(
        paths=(*LIBRARIES, *libpython(), standard, *map(str, files)),
        hidden=tuple(dict.fromkeys((*elsewhere, *(f for f in folders if os.path.isdir(f))))),
        search=(standard, os.path.join(standard, "lib-dynload"), *folders),
    )


def libpython() -> tuple[str, ...]:
    """The interpreter's own library, where it is a file of its own beside the standard library."""
    folder, name = sysconfig.get_config_var("LIBDIR"), sysconfig.get_config_var("INSTSONAME")
    path = os.path.join(folder or "", name or "")
    return (path,) if path.endswith(".so") or ".so." in path else ()


def closure(packages: Sequence[str]) -> tuple[str, ...]:
    """The distributions and, of what they require without an extra, all that is installed."""
    found: dict[str, None] = {}
    waiting = list(packages)
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop(0)).lower()
        if name in found:
            continue
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            if name in (re.sub(r"[-_.]+", "-", each).lower() for each in packages):
                raise ValueError(f"the package {name!r} that code is to use is not installed: pip install {name}") from None
            continue
        found[name] = None
        needs = [need for need in distribution.requires or () if "extra" not in need.partition(";")[2]]
        waiting += [re.match(r"[\w.-]+", need).group() for need in needs]  # type: ignore[union-attr]
    return tuple(found)


def top_level(name: str) -> list[Path]:
    """Files and folders of a distribution directly in its site-packages folder."""
    distribution = importlib.metadata.distribution(name)
    listed = [path for path in distribution.files or () if ".." not in path.parts and path.parts]
    firsts = dict.fromkeys(path.parts[0] for path in listed if path.parts[0] != "__pycache__")
    return [place for first in firsts if (place := Path(str(distribution.locate_file(first)))).exists()]


def interpreter() -> str:
    return sys.executable
