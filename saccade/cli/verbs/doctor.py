"""Say what is installed, what is missing, and whether this machine can train."""

from __future__ import annotations

from saccade.cli.arguments import Flag


def verb(*, json: Flag = False) -> int:
    """Report versions, extras, cores, memory, disk and the packaged reference model.

    Exits with 1 when something that the demo needs is missing, and says how to install it.

    Args:
        json: print an object.
    """
    from saccade.cli.health import examine
    from saccade.cli.report import show_json

    found = examine()
    if json:
        show_json(found)
    else:
        for name, value in found["machine"].items():
            print(f"{name:<14} {value}")
        print()
        for extra, modules in found["extras"].items():
            missing = [name for name, version in modules.items() if version is None]
            have = ", ".join(f"{name} {version}" for name, version in modules.items() if version)
            print(f"[{extra}]".ljust(10), "missing " + ", ".join(missing) if missing else "ok     ", have)
        print(f"\nglimpse        {found['glimpse']}")
        for problem in found["problems"]:
            print(f"\n! {problem}")
        if not found["problems"]:
            print("\nEverything the demo needs is here: saccade demo")
    return 1 if found["problems"] else 0
