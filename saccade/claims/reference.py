"""The pages of the reference: one a package, filled from docstrings when the documentation is built."""

from __future__ import annotations

from pathlib import Path

from saccade.catalog import ROOT
from saccade.core.folder import about

LEFT_OUT = ("cli", "glimpse")
"""Packages whose reference is elsewhere: `saccade VERB --help`, and the model card."""


def packages() -> dict[str, str]:
    """Name and first line of every package, in order of names."""
    found = sorted(path.parent for path in ROOT.glob("*/__init__.py"))
    return {path.name: about(path / "__init__.py") for path in found if path.name not in LEFT_OUT}


def write_reference(folder: Path) -> list[Path]:
    """Write ``api/index.md`` and ``api/PACKAGE.md`` below a folder; pages of packages that are gone are removed."""
    rows = "".join(f"| [saccade.{name}]({name}.md) | {line.replace('|', '/')} |\n" for name, line in packages().items())
    head = "From the docstrings of the files. `saccade show NAME` prints the same for a component, with its examples."
    pages = {"index": f"# Reference\n\n{head}\n\n| package | what |\n|---|---|\n{rows}"}
    pages |= {name: f"# {name}\n\n::: saccade.{name}\n" for name in packages()}
    (folder / "api").mkdir(parents=True, exist_ok=True)
    for stale in set((folder / "api").glob("*.md")) - {folder / "api" / f"{name}.md" for name in pages}:
        stale.unlink()
    for name, text in pages.items():
        (folder / "api" / f"{name}.md").write_text(text, encoding="utf-8")
    return [folder / "api" / f"{name}.md" for name in pages]
