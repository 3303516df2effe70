"""Write a new component file that keeps its contract, ready to be changed."""

from __future__ import annotations

from saccade.cli.arguments import Flag, Kind, Name


def verb(kind: Kind, name: Name, *, out: str = "", force: Flag = False) -> None:
    """Write the smallest file of a kind that passes `saccade check`.

    Kinds: reward, tool, credit, world, episode, objective, recipe.

      saccade new reward mentions_colour
      saccade new recipe mine --out .

    Args:
        kind: what it is.
        name: its name, which is its file's name.
        out: the folder; that of the library when this is a checkout, else the current one.
        force: write over a file that is there.
    """
    import keyword
    import os
    from pathlib import Path

    from saccade.catalog import KINDS, ROOT, kind_of
    from saccade.cli.scaffolds import scaffold

    known = kind_of(kind)
    if not name.isidentifier() or keyword.iskeyword(name) or name != name.lower():
        raise ValueError(
            f"{name!r} is no name for a file of Python: lower-case letters, digits and _, for example my_{known}"
        )
    inside = ROOT / KINDS[known]
    folder = (
        Path(out) if out else inside if (ROOT.parent / ".git").exists() and os.access(inside, os.W_OK) else Path.cwd()
    )
    if not folder.is_dir():
        raise ValueError(f"--out {folder}: there is no such folder")
    path = folder / f"{name}.py"
    if path.exists() and not force:
        raise ValueError(f"{path} exists; choose another name, or write over it with --force")
    text = scaffold(known, name)
    path.write_text(text, encoding="utf-8")
    print(f"wrote {path}\nchange it, then: saccade check {path}")
