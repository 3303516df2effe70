"""Write a run's best weights as a complete checkpoint that stock transformers loads."""

from __future__ import annotations

from saccade.cli.arguments import Flag, Folder, RunFolder


def verb(run: RunFolder, to: Folder, *, force: Flag = False, json: Flag = False) -> None:
    """Write a complete checkpoint: adapters folded in, tokenizer and processor beside it.

      saccade export runs/deepeyes my-checkpoint
      saccade export runs/deepeyes my-checkpoint --force --json

    Args:
        run: a run folder of `saccade train`.
        to: the folder to write.
        force: write over what is there.
        json: print an object.
    """
    from pathlib import Path

    from saccade.claims.exporting import export_run
    from saccade.cli.report import show_json, waiting

    with waiting(f"writing {to}", enabled=not json):
        found = export_run(Path(run), Path(to), force=force)
    if json:
        show_json(found)
        return
    print(f"wrote {found['folder']} ({found['megabytes']:.1f} MB); load it with\n"
          f"  AutoModelForImageTextToText.from_pretrained({found['folder']!r})")
