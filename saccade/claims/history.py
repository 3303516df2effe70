"""When was a claim stated? The commit that last changed the `CLAIM` of a recipe file.

A claim counts only if it was committed before its result, so both commits are kept with the result. Formatting does not
matter: claims are compared by their values, read from source without importing it.
"""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path
from typing import Any

TIMEOUT_S = 30


def git(*arguments: str, folder: Path) -> str | None:
    """Output of a git command in a folder; None where there is no git, no checkout, or it fails."""
    try:
        done = subprocess.run(("git", *arguments), cwd=folder, capture_output=True, text=True, timeout=TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def claim_in(source: str) -> dict[str, Any] | None:
    """The arguments of `CLAIM = Claim(...)` in a source text, by name; None where there is none.

    Raises ValueError when they are not plain data: a claim that is computed could change without a commit.
    """
    for node in ast.parse(source).body:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        if any(isinstance(each, ast.Name) and each.id == "CLAIM" for each in targets):
            value = node.value  # type: ignore[union-attr]
            if not isinstance(value, ast.Call) or value.args or any(each.arg is None for each in value.keywords):
                raise ValueError(f"line {node.lineno}: write CLAIM = Claim(text=..., metric=..., ...) with every name")
            try:
                return {str(each.arg): ast.literal_eval(each.value) for each in value.keywords}
            except ValueError:
                raise ValueError(f"line {node.lineno}: a CLAIM is plain data; write its values out") from None
    return None


def claim_of(path: Path) -> dict[str, Any] | None:
    """`claim_in` of a file; errors name it."""
    try:
        return claim_in(path.read_text(encoding="utf-8"))
    except SyntaxError as error:
        raise ValueError(f"{path}:{error.lineno}: not Python ({error.msg})") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def claim_commit(path: Path) -> str | None:
    """The commit that gave the claim in this file its present form.

    None where the file is in no checkout. Raises ValueError when the claim on disk is not committed.
    """
    folder = path.resolve().parent
    if git("rev-parse", "HEAD", folder=folder) is None:
        return None
    now = claim_of(path)
    if now is None:
        raise ValueError(f"{path}: states no CLAIM")
    found: str | None = None
    for commit in (git("log", "--format=%H", "--", path.name, folder=folder) or "").split():
        then = git("show", f"{commit}:./{path.name}", folder=folder)
        if then is None or not states(then, now):
            break
        found = commit
    if found is None:
        raise ValueError(f"{path}: its CLAIM is not committed; a claim is committed before its result "
                         f"(git commit -m 'State the claim of {path.stem}' {path})")
    return found


def states(source: str, claim: dict[str, Any]) -> bool:
    """Whether a version of the file states exactly this claim; one that cannot be read does not."""
    try:
        return claim_in(source) == claim
    except (SyntaxError, ValueError):
        return False


def head(folder: Path) -> str | None:
    """The commit of a checkout, with ``+`` when tracked files of the package differ from it."""
    commit = git("rev-parse", "HEAD", folder=folder)
    if commit is None:
        return None
    return commit.strip() + ("+" if (git("status", "--porcelain", "-uno", "--", ".", folder=folder) or "").strip() else "")


def is_ancestor(older: str, newer: str, *, folder: Path) -> bool:
    """Whether one commit is the other or comes before it. A ``+`` is ignored."""
    return git("merge-base", "--is-ancestor", older.rstrip("+"), newer.rstrip("+"), folder=folder) is not None
