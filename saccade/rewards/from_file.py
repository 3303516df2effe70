"""A reward from a file of the user's: ``path.py:function``, in any of the signatures people have.

Which one is told by the names of the parameters: TRL (`completions`), verl (`solution_str`), EasyR1 (`reward_inputs`,
`reward_input`), a function of a group (`group`), or one of a trajectory. The file is Python and is run: name only files
that you trust.
"""

from __future__ import annotations

import difflib
import importlib.util
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from saccade.core.reward import Reward, as_reward, for_group, weigh
from saccade.core.signals import Ramp

Style = Literal["auto", "trl", "verl", "easyr1", "group", "trajectory"]


def from_file(spec: str, *, style: Style = "auto", weight: float | Ramp = 1.0) -> Reward:
    """Load ``path.py:function`` as a reward; a `Reward` of that name is taken as it is.

    Raises ValueError for a file or a name that is not there, a file that fails when run, or parameters of no known style.
    """
    path, colon, name = spec.rpartition(":")
    if not colon or not path.endswith(".py"):
        raise ValueError(f"a reward file is written path.py:function, not {spec!r}")
    names = run_file(Path(path).expanduser())
    if name not in names:
        near = difflib.get_close_matches(name, [key for key, value in names.items() if callable(value)], 1)
        raise ValueError(f"{path} defines no {name!r}{f'; did you mean {near[0]!r}?' if near else ''}")
    found = names[name]
    if isinstance(found, Reward):
        return found if weight == 1.0 else weigh(found, weight)
    if not callable(found):
        raise ValueError(f"{spec} is {type(found).__name__}, not a function")
    return wrapped(found, style_of(found, spec) if style == "auto" else style, weight)


def run_file(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    spec = importlib.util.spec_from_file_location(f"saccade_user_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ValueError(f"{path} fails when it is run: {type(error).__name__}: {error}") from error
    return vars(module)


def style_of(function: Callable[..., Any], spec: str) -> Style:
    parameters = list(inspect.signature(function).parameters)
    for style, signs in (("verl", ("solution_str",)), ("trl", ("completions",)),
                         ("easyr1", ("reward_inputs", "reward_input")), ("group", ("group",))):
        if set(signs) & set(parameters):
            return style  # type: ignore[return-value]
    needed = [each for each in inspect.signature(function).parameters.values()
              if each.default is each.empty and each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
    if len(needed) == 1:
        return "trajectory"
    raise ValueError(f"{spec} takes {parameters}: not the parameters of TRL (completions), verl (solution_str), EasyR1 "
                     "(reward_inputs), of a group, or one trajectory; say style=...")


def wrapped(function: Callable[..., Any], style: Style, weight: float | Ramp) -> Reward:
    from saccade import rewards  # the adapters are siblings: found by name, as every other component

    if style in ("trl", "verl", "easyr1"):
        adapters = {"trl": rewards.trl, "verl": rewards.verl, "easyr1": rewards.easyr1}
        return adapters[style](function, weight=weight)
    return weigh(as_reward(for_group(function) if style == "group" else function), weight)


def example() -> Reward:
    return wrapped(lambda trajectory: float(trajectory.answer == trajectory.sample.target), "trajectory", 1.0)


EXAMPLES = [("7", "7", 1.0, {}), ("8", "7", 0.0, {})]
