"""Check that a component file keeps the contract of its kind."""

from __future__ import annotations

from saccade.cli.arguments import File, Flag, OneKind


def verb(file: File, *, kind: OneKind = "", json: Flag = False) -> int:
    """Check one component file: reward, tool, credit, world, episode, recipe, ...

    Looks at its docstrings and imports, imports it, and runs its EXAMPLES. Exits with 1 and a list of faults when it does
    not keep its contract.

      saccade check saccade/rewards/answer_match.py
      saccade check my_tool.py --kind tool

    Args:
        file: path of the file; a name of `saccade list` works too.
        kind: what it is, where its folder and its content do not tell.
        json: print {file, kind, faults}.
    """
    from pathlib import Path

    from saccade.catalog import find
    from saccade.cli.report import show_json
    from saccade.testing.contracts import check_file

    path = Path(file)
    if not path.suffix and not path.exists():
        path = find(file)[0].path
    known, faults = check_file(path, kind or None)
    if json:
        show_json({"file": str(path), "kind": known, "faults": faults})
    elif faults:
        print(f"{path}: a {known} with {len(faults)} fault{'s' if len(faults) > 1 else ''}")
        for fault in faults:
            print(f"  - {fault}")
    else:
        print(f"{path}: a {known}, and it keeps its contract")
    return 1 if faults else 0
