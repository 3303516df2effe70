"""Show every component, or those of one kind."""

from __future__ import annotations

from saccade.cli.arguments import Flag, Kind


def verb(
    kind: Kind = "",
    *,
    json: Flag = False,
) -> None:
    """Show every component, or those of one kind, with the first line of its file.

    Nothing is imported: a component is listed because its file exists.

      saccade list
      saccade list reward --json

    Args:
        kind: reward, tool, credit, world, recipe, ...; all kinds when left out.
        json: print a list of objects {kind, name, about, path}.
    """
    from saccade.catalog import KINDS, entries
    from saccade.cli.report import show_json, table

    found = list(entries(kind or None))
    if json:
        show_json([{"kind": each.kind, "name": each.name, "about": each.about, "path": str(each.path)} for each in found])
        return
    if found:
        print(table([{"kind": each.kind, "name": each.name, "what": each.about} for each in found]))
    else:
        print(f"there is no {kind} yet")
    empty = [each for each in sorted(KINDS) if not kind and not any(entry.kind == each for entry in found)]
    if empty:
        print(f"\nkinds without a component: {', '.join(empty)}")
