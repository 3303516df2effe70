"""The 136 published systems this library is measured by, and how far each of them is.

Names, titles and families are written once, in ``methods.json``; everything else is read from recipe and result files,
so the table cannot claim what is not there. A recipe belongs to the system whose `slug` is its file's name.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from saccade.catalog import ROOT
from saccade.claims.history import claim_of
from saccade.core.folder import definitions

FAMILIES = ("image_tools", "rlvr", "video", "latent_and_architecture", "agents", "data_and_benchmarks")
RESULTS = ROOT.parent / "results"
RECIPES = ROOT / "recipes"

Status = Literal["missing", "parts", "runs", "measured"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One system.

    status: ``missing``: no recipe file; ``parts``: a recipe file without `run`, or one whose smoke run failed; ``runs``:
            a recipe whose smoke run trains; ``measured``: a result of the claim as it stands
    smoke:  whether the smoke run of the recipe as it stands trained; None when it was not run since the last change
    verdict, scale, claim_commit: of that result; None before
    recipe, result: paths relative to the repository, or None
    """

    name: str
    title: str
    family: str
    recipe: str | None
    smoke: bool | None
    status: Status
    scale: str | None
    verdict: str | None
    claim_commit: str | None
    result: str | None


def slug(name: str) -> str:
    """The file name of a system's recipe: lower case, what stands in brackets dropped. `VLM-R^3` is ``vlm_r3``."""
    words = re.sub(r"\([^)]*\)", "", name.lower()).replace("^", "")
    return re.sub(r"[^a-z0-9]+", "_", words).strip("_")


def systems() -> list[dict[str, str]]:
    """Names, titles, families and dates, as written."""
    return json.loads((ROOT / "claims" / "methods.json").read_text(encoding="utf-8"))


def methods(*, recipes: Path = RECIPES, results: Path = RESULTS) -> list[Method]:
    """All systems in the order of the data file."""
    smoked = smoke_record(results)
    return [method(each, recipes=recipes, results=results, smoked=smoked) for each in systems()]


def method(system: Mapping[str, str], *, recipes: Path, results: Path, smoked: Mapping[str, Any]) -> Method:
    key = slug(system["name"])
    path, result_path = recipes / f"{key}.py", results / f"{key}.json"
    said = {"name": system["name"], "title": system["title"], "family": system["family"]}
    if not path.is_file():
        return Method(**said, recipe=None, smoke=None, status="missing", scale=None, verdict=None, claim_commit=None,
                      result=None)
    smoke = smoke_of(path, smoked)
    result = read_result(result_path)
    fresh = result is not None and states_same(result, path)
    status: Status = "measured" if fresh else "runs" if "run" in definitions(path) and smoke is not False else "parts"
    return Method(
        **said, recipe=relative(path), smoke=smoke, status=status,
        scale=scale_of(path),
        verdict=result["verdict"] if fresh and result else None,
        claim_commit=result.get("claim_commit") if fresh and result else None,
        result=relative(result_path) if result is not None else None,
    )


def read_result(path: Path) -> dict[str, Any] | None:
    """A result file, None where there is none. Raises ValueError naming the file for one that is no result."""
    if not path.is_file():
        return None
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}:{error.lineno}: not JSON ({error.msg}); write it again with `saccade reproduce`") from None
    lacking = [key for key in ("method", "verdict", "values", "claim") if key not in result]
    if lacking:
        raise ValueError(f"{path}: no result of `saccade reproduce`, it lacks {', '.join(lacking)}")
    return result


def states_same(result: Mapping[str, Any], recipe: Path) -> bool:
    """Whether a result is of the claim as the recipe states it now; otherwise it is stale."""
    claim = claim_of(recipe)
    return claim is not None and json.loads(json.dumps(claim)) == result["claim"]


def scale_of(path: Path) -> str | None:
    """`scale` of the claim, read from source; None for a recipe without a claim."""
    claim = claim_of(path)
    return None if claim is None else claim.get("scale", "glimpse")


def file_digest(path: Path) -> str:
    return hashlib.blake2b(path.read_bytes(), digest_size=8).hexdigest()


def smoke_record(results: Path) -> dict[str, Any]:
    path = results / "smoke.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def smoke_of(path: Path, record: Mapping[str, Any]) -> bool | None:
    entry = record.get(path.stem)
    return bool(entry["passed"]) if entry and entry["recipe"] == file_digest(path) else None


def relative(path: Path) -> str:
    """Relative to the repository, or as it is for a path elsewhere."""
    try:
        return str(path.resolve().relative_to(ROOT.parent))
    except ValueError:
        return str(path)
