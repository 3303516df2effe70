"""Show one component or recipe: what it does, its options, examples, where its source is."""

from __future__ import annotations

from typing import Any

from saccade.cli.arguments import Component, Flag


def verb(name: Component, *, leaves: Flag = False, json: Flag = False) -> None:
    """Show one component: docstring, signature, EXAMPLES, source path.

      saccade show answer_match
      saccade show deepeyes --leaves

    Args:
        name: a name of `saccade list`, or kind/name where two kinds share one.
        leaves: for a recipe, every path that can be set on the command line, with its value.
        json: print an object.
    """
    from saccade.catalog import docstring, examples_source, find
    from saccade.cli.report import show_json

    found = find(name)
    shown: list[dict[str, Any]] = []
    for entry in found:
        about = {"kind": entry.kind, "name": entry.name, "path": str(entry.path), "module": entry.module,
                 "signature": signature_of(entry.path, entry.name), "docstring": docstring(entry.path),
                 "examples": examples_source(entry.path)}
        if leaves:
            about["leaves"] = {path: value for path, value in leaves_of(entry.kind, entry.name).items()}
        shown.append(about)
    if json:
        show_json(shown[0] if len(shown) == 1 else shown)
        return
    for about in shown:
        print(f"{about['kind']} {about['name']}\n{about['path']}\n\n{about['docstring']}\n")
        for part in ("signature", "examples"):
            if about[part]:
                print(f"{about[part]}\n")
        for path, value in about.get("leaves", {}).items():
            print(f"--{path} {typed(value)}")


def signature_of(path: Any, name: str) -> str:
    """The definition's first lines as they are written, up to the colon."""
    import ast

    text = path.read_text(encoding="utf-8")
    for node in ast.parse(text).body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name in (name, "run"):
            kind = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
            returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
            return f"{kind} {node.name}({ast.unparse(node.args)}){returns}"
    return ""


def typed(value: Any) -> str:
    """A value as it would be typed on the command line."""
    if value is None or isinstance(value, bool):
        return {None: "none", True: "true", False: "false"}[value]
    return ",".join(map(typed, value)) if isinstance(value, tuple) else str(value)


def leaves_of(kind: str, name: str) -> dict[str, Any]:
    if kind != "recipe":
        raise ValueError(f"--leaves: {name} is a {kind}; only recipes have leaves")
    from saccade.cli.overrides import leaves
    from saccade.cli.resolve import recipe_module, stages_of

    stages = stages_of(recipe_module(name))
    return leaves(stages[0].run)
