"""What every component file must keep to, by kind; `saccade check FILE` and the tests over the folders ask here.

A fault is a sentence a person can act on. Source is looked at before anything is imported, so that a file that does not
import still gets an answer. `EXAMPLES` of a kind all have one shape, described at the kind's function.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import math
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from saccade.catalog import KINDS, ROOT, kind_of
from saccade.core.episode import Protocolled
from saccade.core.folder import definitions
from saccade.core.reward import Reward
from saccade.core.run import Job, Run, Stage
from saccade.core.signals import Credit
from saccade.core.tool import Tool
from saccade.core.world import World

HEAVY = ("torch", "transformers", "peft", "safetensors")
NEVER = ("vllm", "ray", "trl", "deepspeed")
MAY_BE_HEAVY = ("objective", "engine", "family", "recipe")
WITH_EXAMPLES = ("credit", "episode", "follow_up", "objective", "reward", "tool", "world")


def check_file(path: Path, kind: str | None = None) -> tuple[str, list[str]]:
    """The kind of a component file and its faults, empty when it keeps its contract.

    Raises ValueError when the file is not there or its kind cannot be told.
    """
    if not path.is_file():
        raise ValueError(f"{path}: there is no such file")
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise ValueError(f"{path}: not a text file in UTF-8; name a file of Python") from None
    except SyntaxError as error:
        raise ValueError(f"{path}:{error.lineno}: not Python ({error.msg})") from None
    known = kind_of(kind) if kind else kind_of_path(path)
    faults = list(faults_in_source(path, tree, known))
    if faults and not definitions(path):
        raise ValueError(f"{path}: defines nothing; see `saccade new KIND NAME` for what a component looks like")
    try:
        module = load(path)
    except Exception as error:  # the user's file: whatever it raises is the answer
        where = traceback.extract_tb(error.__traceback__)[-1]
        return known or "component", [
            *faults,
            f"does not import: {type(error).__name__}: {error} (line {where.lineno})",
        ]
    known = known or kind_of_value(path, module)
    names = vars(module)
    if known == "recipe":
        return known, [*faults, *recipe_faults(names)]
    value = names.get(path.stem)
    if value is None:
        return known, [*faults, f"defines nothing called {path.stem!r}, which is what the file is found by"]
    if known in WITH_EXAMPLES and not names.get("EXAMPLES"):
        return known, [*faults, "has no EXAMPLES: a short list of (input, expected) that documents and tests it"]
    return known, [*faults, *held(known, value, names.get("EXAMPLES") or [])]


def held(kind: str, value: Any, examples: list[Any]) -> Iterator[str]:
    """Faults that show when the component is used as its EXAMPLES say; what it raises is one of them."""
    judge = BY_KIND.get(kind)
    if judge is None:
        return
    try:
        yield from judge(value, examples)
    except Exception as error:  # the user's component
        where = traceback.extract_tb(error.__traceback__)[-1]
        yield f"its EXAMPLES raise {type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})"


def kind_of_path(path: Path) -> str | None:
    """By the folder, for files of this library."""
    folder = path.resolve().parent
    return next((kind for kind, name in KINDS.items() if folder == ROOT / name), None)


def kind_of_value(path: Path, module: ModuleType) -> str:
    """By what the file defines. Raises ValueError when that is not telling."""
    names = vars(module)
    value = names.get(path.stem)
    if "run" in names and ("CLAIM" in names or "DEVIATIONS" in names):
        return "recipe"
    if isinstance(value, World):
        return "world"
    made = value if isinstance(value, Tool) else attempted(value)
    for kind, type_ in (("tool", Tool), ("reward", Reward), ("episode", Protocolled)):
        if isinstance(made, type_):
            return kind
    if made is not None and getattr(inspect.unwrap(value), "__annotations__", {}).get("return") in ("Credit", Credit):
        return "credit"
    raise ValueError(f"{path}: cannot tell its kind; say --kind {' or --kind '.join(WITH_EXAMPLES)} ...")


def attempted(factory: Any) -> Any:
    """What a factory gives without options; None when it wants some."""
    try:
        return factory() if callable(factory) else None
    except (TypeError, ValueError):
        return None


def needs_arguments(factory: Any) -> bool:
    return any(
        each.default is each.empty
        and each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)
        for each in inspect.signature(inspect.unwrap(factory)).parameters.values()
    )


def load(path: Path) -> ModuleType:
    """Import a file under its own name in the package, or by itself where it lies outside."""
    inside = path.resolve()
    if inside.is_relative_to(ROOT):
        return importlib.import_module(".".join(("saccade", *inside.relative_to(ROOT).with_suffix("").parts)))
    spec = importlib.util.spec_from_file_location(f"saccade_checked_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up there
    spec.loader.exec_module(module)
    return module


def faults_in_source(path: Path, tree: ast.Module, kind: str | None) -> Iterator[str]:
    """Docstrings, and imports at the top of the file."""
    if not (ast.get_docstring(tree) or "").strip():
        yield "has no docstring: one sentence of what it is, then why"
    for node in tree.body:
        names = (
            [each.name for each in node.names]
            if isinstance(node, ast.Import)
            else ([node.module or ""] if isinstance(node, ast.ImportFrom) else [])
        )
        for name in names:
            top = name.split(".")[0]
            if top in NEVER:
                yield f"line {node.lineno}: imports {top}, which is never imported here"
            elif top in HEAVY and kind not in MAY_BE_HEAVY:
                yield f"line {node.lineno}: imports {top}; a {kind or 'component'} of this kind must work without it"
        own = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == path.stem
        if own and not ast.get_docstring(node):  # type: ignore[arg-type]
            yield f"line {node.lineno}: {path.stem} has no docstring"


def recipe_faults(names: dict[str, Any]) -> Iterator[str]:
    """A recipe: DEVIATIONS (strings), run() -> Run or stages; with a CLAIM, a miniature for every arm and seed."""
    if not isinstance(names.get("DEVIATIONS"), tuple) or not all(isinstance(each, str) for each in names["DEVIATIONS"]):
        yield "has no DEVIATIONS: a tuple of strings that say where it differs from the publication; () if nowhere"
    if "run" not in names:
        yield "has no run() -> Run"
        return
    yield from run_faults("run()", names["run"])
    if "CLAIM" not in names:
        return
    from saccade.claims.verdict import arms_of

    try:
        arms = arms_of(names["CLAIM"])
    except ValueError as error:
        yield str(error)
        return
    if "miniature" not in names:
        yield "states a CLAIM and has no miniature(arm, seed) to test it with"
        return
    for arm in arms:
        yield from run_faults(f"miniature({arm!r}, 1)", lambda arm=arm: names["miniature"](arm, 1), jobs=True)


def run_faults(what: str, make: Callable[[], Any], *, jobs: bool = False) -> Iterator[str]:
    try:
        made = make()
    except Exception as error:  # the user's file
        yield f"{what} raises {type(error).__name__}: {error}"
        return
    stages = made if isinstance(made, tuple) else (made,)
    if jobs and isinstance(made, Job):
        return
    if not stages or not all(isinstance(each, (Run, Stage)) for each in stages):
        yield f"{what} gives {type(made).__name__}; a Run or a tuple of stages is expected"


def credit_faults(factory: Any, examples: list[Any]) -> Iterator[str]:
    """(totals, expected[, options]): totals of one group, None for a failed attempt, and the credit of each."""
    import numpy as np

    from saccade.core.sample import Sample
    from saccade.core.trajectory import Group, Stop, Trajectory

    sample = Sample(id="example", prompt=())
    for number, (totals, expected, *options) in enumerate(examples):
        group = Group(
            sample=sample,
            trajectories=tuple(
                Trajectory(sample=sample, attempt=index, stop=Stop.ERROR if total is None else Stop.DONE)
                for index, total in enumerate(totals)
            ),
            total=np.array([np.nan if total is None else total for total in totals]),
        )
        (got,) = factory(**(options[0] if options else {}))([group])
        if not same(got, expected):
            yield f"example {number}: gives {got}, not {expected}"


def world_faults(world: Any, examples: list[Any]) -> Iterator[str]:
    """(seed, index, answer) at level easy; the oracle agrees with the question and verifies, an empty answer does not."""
    if not isinstance(world, World):
        yield f"is a {type(world).__name__}, not a World"
        return
    for level in world.levels:
        source = world.source(size=3, seed=5, level=level)
        for index in range(3):
            state, sample = world.state(5, index, source.knobs), source[index]
            if state != world.state(5, index, source.knobs):
                yield f"level {level}, item {index}: another state the second time; draw from the rng that is given"
            if not world.verify(state, world.solve(state)):
                yield f"level {level}, item {index}: verify refuses what solve says"
            if world.verify(state, ""):
                yield f"level {level}, item {index}: verify accepts an empty answer"
            if not sample.images:
                yield f"level {level}, item {index}: render gives no picture"
    for number, (seed, index, answer) in enumerate(examples):
        found = world.source(size=index + 1, seed=seed)[index].target
        if str(found) != str(answer):
            yield f"example {number}: the answer is {found!r}, not {answer!r}"


def tool_faults(value: Any, examples: list[Any]) -> Iterator[str]:
    """(arguments, expected[, options]), called on a photograph-like picture of 192 x 144 px.

    expected: a size (width, height) or "image" for a picture; a string that is part of the text or of the ToolError.
    A factory that needs something (a client, a corpus) is given the options of its first example.
    """
    from saccade.testing.tool_bench import call_on_picture
    from saccade.testing.tool_contract import hostile_faults, repeat_faults

    needed = not isinstance(value, Tool) and needs_arguments(value)
    usual = examples[0][2] if needed and examples and len(examples[0]) > 2 else {}
    made = value if isinstance(value, Tool) else value(**usual)
    if not isinstance(made, Tool):
        yield f"gives {type(made).__name__}, not a Tool"
        return
    if not made.description.strip():
        yield "has no description for the model to read"
    shown = [dict(arguments) for arguments, expected, *rest in examples if not isinstance(expected, str) and not rest]
    worked = next(iter(shown or ([dict(examples[0][0])] if needed else [])), {})
    yield from hostile_faults(made, worked)
    yield from repeat_faults(made, worked)
    for number, (arguments, expected, *rest) in enumerate(examples):
        tool = value(**rest[0]) if rest and not isinstance(value, Tool) else made
        got = call_on_picture(tool, arguments)
        fits = (
            (expected == "image" and isinstance(got, tuple))
            or got == expected
            or (isinstance(expected, str) and isinstance(got, str) and expected in got)
        )
        if not fits:
            yield f"example {number}: {arguments} gives {got!r}, not {expected!r}"


def reward_faults(factory: Any, examples: list[Any]) -> Iterator[str]:
    """(reply, target, expected[, settings]): settings of `testing.scripted`, the others become the sample's meta.

    No trick of `testing.attacks` may earn half of what the best example earns."""
    if needs_arguments(factory):
        return  # an adapter: what it gives depends on the function it is given
    made = attempted(factory)
    if not isinstance(made, Reward):
        yield f"{getattr(factory, '__name__', factory)}() gives {type(made).__name__}, not a Reward; mark it with @reward"
        return
    from saccade.testing.attacks import paid_examples, scored_alone
    from saccade.testing.scripted import scripted

    for number, (reply, target, expected, *settings) in enumerate(examples):
        scores = scored_alone(made, scripted(reply, target, **(settings[0] if settings else {})))
        got = next(iter(scores.values())).value
        if not same([got], [expected]):
            yield f"example {number}: gives {got}, not {expected}"
    yield from map(str, paid_examples(factory, examples))


def follow_up_faults(factory: Any, examples: list[Any]) -> Iterator[str]:
    """(reply, settings, expected): the attempt as in `testing.scripted`, and a part of what is asked; None: not asked."""
    from saccade.core.reward import FollowUp
    from saccade.testing.scripted import scripted

    made = factory()
    if not isinstance(made, FollowUp):
        yield f"gives {type(made).__name__}, not a FollowUp"
        return
    for number, (reply, settings, expected) in enumerate(examples):
        messages = made.ask(scripted(reply, "", **settings))
        asked = None if messages is None else "\n".join(message.text for message in messages)
        if (asked is None) != (expected is None) or (asked is not None and expected not in asked):
            yield f"example {number}: asks {asked!r:.200}, not {expected!r}"


def same(got: Any, expected: Any) -> bool:
    """Equal lists of numbers, to six digits; None only equals None."""
    return len(got) == len(expected) and all(
        (a is None) == (b is None) and (a is None or math.isclose(float(a), float(b), rel_tol=1e-6, abs_tol=1e-6))
        for a, b in zip(got, expected, strict=True)
    )


def episode_faults(factory: Any, examples: list[Any]) -> Iterator[str]:
    """(replies, expected stop[, settings]); see `testing.episode_contract`."""
    from saccade.testing import episode_contract

    yield from episode_contract.episode_faults(factory, examples)


def selector_faults(factory: Any, examples: list[Any]) -> Iterator[str]:
    """No EXAMPLES; see `testing.selector_contract`."""
    from saccade.testing import selector_contract

    yield from selector_contract.selector_faults(factory, examples)


BY_KIND: dict[str, Callable[[Any, list[Any]], Iterator[str]]] = {
    "credit": credit_faults,
    "episode": episode_faults,
    "follow_up": follow_up_faults,
    "reward": reward_faults,
    "selector": selector_faults,
    "tool": tool_faults,
    "world": world_faults,
}
