"""Write the pages of the documentation that are made from the code: the methods gallery and the reference."""

from __future__ import annotations

from saccade.cli.arguments import Flag


def verb(*, out: str = "docs", runs: str = "runs/reproduce", check: Flag = False) -> int:
    """Write methods.md and methods/NAME.md from recipes and results, and api/PACKAGE.md for the reference, as Markdown.

    Systems without a recipe get a page that says so.

      saccade gallery
      saccade gallery --check

    Args:
        out: the folder of the documentation.
        runs: folder of the runs of `saccade reproduce`; an attempt is shown where there is one.
        check: write nothing; exit with 1 when methods.md is not what would be written now.
    """
    from pathlib import Path

    from saccade.claims.gallery import stale_pages, write_gallery
    from saccade.claims.reference import write_reference

    folder = Path(out)
    if check:
        if not (folder / "methods.md").is_file():
            raise ValueError(f"{folder}/methods.md: there is no such file; write it with: saccade gallery --out {folder}")
        stale = stale_pages(folder)
        for name in stale:
            print(f"{folder / name} is stale; write it again with: saccade gallery --out {folder}")
        return 1 if stale else 0
    if not folder.is_dir():
        raise ValueError(f"--out {folder}: there is no such folder")
    pages = write_gallery(folder, runs=Path(runs))
    reference = write_reference(folder)
    print(f"wrote {pages[0]}, {len(pages) - 1} pages in {folder / 'methods'} and {len(reference)} in {folder / 'api'}")
    return 0
