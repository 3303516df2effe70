"""The methods gallery: one page a system, and a map of all of them by axis, as Markdown.

Nothing is written by hand: names come from ``methods.json``, what is new and how it differs from the recipe's source, the
claim from its `CLAIM`, the figures from the result file. What is missing is said to be missing.
"""

from __future__ import annotations

import ast
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from saccade.catalog import ROOT, docstring
from saccade.claims.composition import AXES, Choice, composition
from saccade.claims.history import claim_of
from saccade.claims.methods import RECIPES, RESULTS, Method, methods, read_result, slug, states_same, systems
from saccade.claims.reproduce import rows

STATES = {
    "missing": "There is no recipe for this system yet.",
    "parts": "There are parts of a recipe; it does not train yet.",
    "runs": "There is a recipe, and no smoke run of it has failed; its claim has not been measured.",
    "measured": "The claim was measured.",
}


def write_gallery(folder: Path, *, recipes: Path = RECIPES, results: Path = RESULTS, runs: Path | None = None) -> list[Path]:
    """Write ``methods.md`` and ``methods/NAME.md`` below a folder; pages that are there and belong to nothing are removed.

    runs: folder of `saccade reproduce`'s runs; one attempt of the better arm is shown where it holds any.
    """
    pages = gallery(recipes=recipes, results=results)
    (folder / "methods").mkdir(parents=True, exist_ok=True)
    for stale in set((folder / "methods").glob("*.md")) - {folder / name for name in pages}:
        stale.unlink()
    for name, text in pages.items():
        key = Path(name).stem
        if runs is not None and name.startswith("methods/") and attempt_page(runs / key, folder / "methods" / f"{key}.html"):
            text += f"\n## One attempt\n\n[What the model looked at]({key}.html) in one attempt at a held-out sample.\n"
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != text:
            (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in pages]


def gallery(*, recipes: Path = RECIPES, results: Path = RESULTS) -> dict[str, str]:
    """Every page by its name."""
    dates = {each["name"]: each.get("date", "") for each in systems()}
    every = methods(recipes=recipes, results=results)
    known = {slug(each.name) for each in every}
    others = sorted(path for path in recipes.glob("*.py") if not path.stem.startswith("_") and path.stem not in known)
    made = {slug(each.name): composition(recipes / f"{slug(each.name)}.py") for each in every if each.recipe}
    made |= {path.stem: composition(path) for path in others}
    pages: dict[str, str] = {}
    for each in every:
        key = slug(each.name)
        pages[f"methods/{key}.md"] = system_page(each, dates[each.name], made.get(key, ()), recipes, results)
    pages |= {f"methods/{path.stem}.md": recipe_page(path, made[path.stem], results) for path in others}
    return {"methods.md": map_page(every, dates, made, [path.stem for path in others]), **pages}


def map_page(every: Sequence[Method], dates: Mapping[str, str], made: Mapping[str, Sequence[Choice]],
             others: Sequence[str]) -> str:
    """All systems, how far each is, and for those with a recipe the choice on every axis."""
    counts = Counter(each.status for each in every)
    titles = {slug(each.name): each.name for each in every} | {name: name for name in others}
    table = ["| method | " + " | ".join(AXES) + " |", "|---" * (len(AXES) + 1) + "|"]
    for key, choices in made.items():
        cells = [", ".join(link(each) for each in choices if each.axis == axis) or "-" for axis in AXES]
        table.append(f"| [{titles[key]}](methods/{key}.md) | " + " | ".join(cells) + " |")
    families: list[str] = []
    for family in dict.fromkeys(each.family for each in every):
        heading = "Reinforcement with verifiable rewards" if family == "rlvr" else family.replace("_", " ").capitalize()
        families += [f"\n### {heading}\n", "| system | title | date | state |", "|---|---|---|---|"]
        families += [
            f"| {named(each)} | {cell(each.title)} | {dates[each.name]} | {each.status}"
            f"{f', {each.verdict}' if each.verdict else ''} |"
            for each in every if each.family == family
        ]
    return "\n".join((
        "# Methods", "",
        "<!-- written by `saccade gallery`; change recipes and results, not this file -->", "",
        f"{len(every)} published systems are the measure of this library: "
        + ", ".join(f"{counts[word]} {word}" for word in ("measured", "runs", "parts", "missing")) + ".", "",
        *(f"- **{word}**: {said}" for word, said in STATES.items()), "",
        "## Map by axis", "",
        "A method is a choice on each of ten axes. A dash is the plain choice.", "", *table, "",
        "## All systems", *families, "",
    ))


def named(method: Method) -> str:
    return f"[{cell(method.name)}](methods/{slug(method.name)}.md)"


def system_page(method: Method, date: str, choices: Sequence[Choice], recipes: Path, results: Path) -> str:
    head = [f"# {method.name}", "", f"*{method.title}*, {date}, {method.family.replace('_', ' ')}.", "",
            f"**{method.status}**: {STATES[method.status]}"]
    if method.recipe is None:
        return "\n".join((*head, "", f"To add it, write `saccade/recipes/{slug(method.name)}.py`: "
                                     "see [write a recipe](../write/recipe.md).", ""))
    path = recipes / f"{slug(method.name)}.py"
    smoke = {True: "trains two updates on a tiny random checkpoint", False: "does not get through its smoke run",
             None: "has not been run since it was last changed"}[method.smoke]
    return "\n".join((*head, f"The recipe as it stands {smoke}.", "", *recipe_parts(path, choices, results)))


def recipe_page(path: Path, choices: Sequence[Choice], results: Path) -> str:
    """A recipe that is none of the systems: a baseline."""
    return "\n".join((f"# {path.stem}", "", "A baseline that other recipes are compared with.", "",
                      *recipe_parts(path, choices, results)))


def recipe_parts(path: Path, choices: Sequence[Choice], results: Path) -> list[str]:
    """What is new, components, claim, result, deviations."""
    claim = claim_of(path)
    result = read_result(results / f"{path.stem}.json")
    stale = result is not None and not states_same(result, path)
    components = [f"| {axis} | {', '.join(link(each, up='../') for each in choices if each.axis == axis)} |"
                  for axis in AXES if any(each.axis == axis for each in choices)]
    return [
        "## What is new", "", docstring(path).partition("\n\n")[2].strip() or docstring(path), "",
        f"Recipe: `{relative(path)}`", "",
        "## Components", "", "| axis | choice |", "|---|---|", *components, "",
        "## Claim", "", *claim_lines(claim), "",
        "## Result", "", *result_lines(result, stale=stale), "",
        *failure_lines(path, None if stale or result is None else result["verdict"]),
        "## Deviations from the publication", "", *(f"- {each}" for each in deviations(path)), "",
    ]


def claim_lines(claim: Mapping[str, Any] | None) -> list[str]:
    if claim is None:
        return ["No claim is stated yet."]
    over, seeds = claim.get("over") or "the first other arm", ", ".join(map(str, claim["seeds"]))
    return [f"> {claim['text']}", "",
            f"Metric {claim['metric']}, {claim['better']} over {over} by at least {claim['margin']}, seeds {seeds}, at the "
            f"scale of {claim.get('scale', 'glimpse')}. The control that must not show it: {claim['control']}."]


def result_lines(result: Mapping[str, Any] | None, *, stale: bool) -> list[str]:
    if result is None:
        return ["Not measured yet. `saccade reproduce` runs every arm and the control on every seed."]
    if stale:
        return ["The result that is stored is of an older claim and does not count. Run `saccade reproduce` again."]
    table = rows(result)
    names = list(table[0])
    lines = ["| " + " | ".join(names) + " |", "|---" * len(names) + "|"]
    lines += ["| " + " | ".join(written(row[name]) for name in names) + " |" for row in table]
    stated, measured = (str(result.get(key))[:10] for key in ("claim_commit", "commit"))
    return [f"**{result['verdict']}**: {result['why']}", "", *lines, "", plot(result), "",
            f"Claim committed in `{stated}`, measured at `{measured}` in {result.get('seconds', 0) / 60:.0f} minutes."]


def failure_lines(path: Path, verdict: str | None) -> list[str]:
    """What the recipe's `FAILURE` says of a claim that failed: why, with figures, and what was tried."""
    return [*(f"- {each}" for each in texts_of("FAILURE", path)), ""] if verdict == "fails" else []


def plot(result: Mapping[str, Any]) -> str:
    """Means of the arms with the interval of their effect over the baseline, as a figure in the page."""
    from saccade.viewer.chart import intervals

    shown: dict[str, tuple[float, float, float, int]] = {}
    for arm, by_seed in result["values"].items():
        values = [value for value in by_seed.values() if value is not None]
        if not values:
            continue
        mean, effect = math.fsum(values) / len(values), result["effects"].get(arm)
        half = (effect["ci95"][1] - effect["ci95"][0]) / 2 if effect and None not in effect["ci95"] else 0.0
        shown[arm] = (mean, mean - half, mean + half, len(values))
    return intervals(shown)


def attempt_page(run: Path, page: Path) -> bool:
    """Write one attempt of the evaluation of a reproduced claim as a page; False where there is none."""
    from saccade.core.record import read_trajectories
    from saccade.media import open_store
    from saccade.viewer.page import attempts_page

    for path in sorted(run.glob("*/eval/*/trajectories.jsonl")):
        attempt = next((each for each in read_trajectories(path) if each.calls), None)
        if attempt is not None:
            arm = path.relative_to(run).parts[0]
            store = open_store(path.parent.parent / "media")
            page.write_text(attempts_page(f"{run.name}, {arm}", [attempt], store), encoding="utf-8")
            return True
    return False


def deviations(path: Path) -> tuple[str, ...]:
    """The `DEVIATIONS` of a recipe, read from source; those it shares with others are read from the module it names."""
    return tuple(texts_of("DEVIATIONS", path)) or ("none are stated",)


def texts_of(name: str, path: Path) -> Iterator[str]:
    """Texts of a tuple that a file defines: written out, by the name of another one, or as `_shared.NAME`."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and name in [each.id for each in node.targets if isinstance(each, ast.Name)]:
            yield from texts_in(node.value, path)


def texts_in(node: ast.expr, path: Path) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.Name):
        yield from texts_of(node.id, path)
    elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        shared = path.parent / f"{node.value.id}.py"
        yield from texts_of(node.attr, shared) if shared.is_file() else ()
    else:
        for inner in ast.iter_child_nodes(node):
            if isinstance(inner, ast.expr):
                yield from texts_in(inner, path)


def link(choice: Choice, up: str = "") -> str:
    if choice.path is None:
        return cell(choice.name)
    return f"[{choice.name}]({up}api/{api_page(choice.path)}.md#{'.'.join(Path(choice.path).with_suffix('').parts)})"


def api_page(path: str) -> str:
    """The page of the reference that holds a file: its first folder below the package."""
    return Path(path).parts[1]


def relative(path: Path) -> str:
    try:
        return str(path.resolve().relative_to(ROOT.parent))
    except ValueError:
        return path.name


def cell(text: str) -> str:
    """Text that cannot break a table."""
    return text.replace("|", "\\|").replace("\n", " ")


def written(value: Any) -> str:
    return "-" if value is None else f"{value:.3f}" if isinstance(value, float) else cell(str(value))


def stale_pages(folder: Path, *, recipes: Path = RECIPES, results: Path = RESULTS) -> list[str]:
    """Names of pages below a folder that differ from what would be written now."""
    return [name for name, text in gallery(recipes=recipes, results=results).items()
            if (folder / name).is_file() and not (folder / name).read_text(encoding="utf-8").startswith(text)]
