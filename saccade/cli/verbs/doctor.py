"""Say what this machine can do, what is missing, and the one command that adds it."""

from __future__ import annotations

from saccade.cli.arguments import Flag


def verb(*, json: Flag = False) -> int:
    """Report what works here, what is missing and the command that adds it, versions, memory, disk and accelerator.

    Exits with 1 when something that the demo needs is missing.

      saccade doctor
      saccade doctor --json

    Args:
        json: print an object, with the version of every package.
    """
    from saccade.cli.health import examine
    from saccade.cli.report import show_json

    found = examine()
    if json:
        show_json(found)
        return 1 if found["problems"] else 0
    machine = found["machine"]
    print(f"saccade {machine['saccade']} on Python {machine['python']}")
    gb = "unknown" if machine["memory_gb"] is None else f"{machine['memory_gb']:g} GB"
    print(f"{machine['cores']} cores, {gb} of memory, {machine['free_disk_gb']:g} GB of disk free here")
    print(f"accelerator: {machine['accelerator']}\n")
    for each in found["abilities"]:
        print(f"  {'yes' if each['works'] else 'no ':<4}{each['what']:<40}"
              + (each["use"] if each["works"] else f"lacks {', '.join(each['lacks'])}"))
    glimpse = found["glimpse"]
    print(f"\nglimpse: {glimpse['megabytes']:.1f} MB in {glimpse['folder']}" if glimpse else "")
    for problem in found["problems"]:
        print(f"\n! {problem}")
    if found["command"]:
        print(f"\nThis adds what is missing:\n  {found['command']}")
    if not found["problems"]:
        print("\nEverything the demo needs is here: saccade demo")
    return 1 if found["problems"] else 0
