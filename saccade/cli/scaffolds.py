"""What `saccade new` writes: the smallest file of a kind that keeps its contract, with the words left to fill in."""

from __future__ import annotations

REWARD = '''"""Pay for an answer that is not empty. (Say here what it measures, and why.)"""

from __future__ import annotations

from collections.abc import Callable

from saccade.core import Trajectory, reward


@reward
def {name}() -> Callable[[Trajectory], float | None]:
    """1 when the model answered anything, else 0. Give None where the reward does not apply: that is not zero."""

    def score(trajectory: Trajectory) -> float | None:
        return float(bool(trajectory.answer.strip()))

    return score


EXAMPLES = [
    ("It is 7.", "7", 1.0),
    ("", "7", 0.0),
]
'''

TOOL = '''"""Show a picture mirrored. (Say here what the model gets out of it.)"""

from __future__ import annotations

from PIL import ImageOps

from saccade.core import Context, Image, ToolError, tool


@tool(name="{name}")
def {name}(context: Context, image: Image, axis: str = "vertical"):
    """Show an image mirrored.

    Args:
        image: Number of the image, 1 for the first.
        axis: vertical or horizontal.
    """
    if axis not in ("vertical", "horizontal"):
        raise ToolError(f"axis is vertical or horizontal, not {{axis!r}}")
    pixels = context.store.get(image.ref)
    return context.store.put(ImageOps.mirror(pixels) if axis == "vertical" else ImageOps.flip(pixels))


EXAMPLES = [
    ({{"image": 1}}, (192, 144)),
    ({{"image": 1, "axis": "diagonal"}}, "axis is vertical or horizontal"),
]
'''

CREDIT = '''"""Credit above the worst attempt of the group. (Say here why this should learn faster.)"""

from __future__ import annotations

import numpy as np

from saccade.core import Credit, Group, per_group


def {name}() -> Credit:
    """Total reward minus the lowest one. Attempts that failed on our side are left out before this is asked."""

    @per_group
    def credit(group: Group) -> np.ndarray:
        reward_G = group.totals()
        return reward_G - reward_G.min()

    return credit


EXAMPLES = [
    ([1.0, 0.0, 0.5], [1.0, 0.0, 0.5]),
    ([1.0, None, 0.0], [1.0, None, 0.0]),
]
'''

EPISODE = '''"""Show the question, then ask once whether the model is sure. (Say here what this protocol is for.)"""

from __future__ import annotations

from saccade.core.episode import Context, episode, show
from saccade.core.sample import Sample


@episode
async def {name}(sample: Sample, context: Context, *, ask: str = "Are you sure? Answer again."):
    """One question, one reconsideration. `ask` is what is said in between."""
    yield show(sample.prompt, tools=context.tools)
    yield show(ask)


EXAMPLES = [
    (["<answer>4</answer>", "<answer>4</answer>"], "done"),
]
'''

WORLD = '''"""Which half of the picture is brighter? (Say here what makes it hard, and which knobs make it harder.)"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image as PILImage

from saccade.core.sample import Truth
from saccade.core.world import Question, World


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """difference: grey levels between the halves"""

    difference: int = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    left: int
    right: int


def generate(rng: np.random.Generator, knobs: Knobs) -> State:
    dark = int(rng.integers(20, 235 - knobs.difference))
    levels = (dark, dark + knobs.difference)
    left, right = levels if rng.random() < 0.5 else levels[::-1]
    return State(left=left, right=right)


def render(state: State) -> tuple[PILImage.Image, ...]:
    row = np.repeat(np.array([state.left, state.right], np.uint8), 32)
    return (PILImage.fromarray(np.tile(row, (64, 1))).convert("RGB"),)


def ask(state: State) -> Question:
    return Question(text="Which half is brighter?", answer=solve(state), choices=("left", "right"))


def questions(state: State) -> tuple[Question, ...]:
    return (ask(state),)


def describe(state: State) -> str:
    return f"The left half has grey level {{state.left}}, the right half {{state.right}}."


def solve(state: State) -> str:
    return "left" if state.left > state.right else "right"


def verify(state: State, answer: str) -> float:
    return float(answer.strip().lower() == solve(state))


def truth(state: State) -> Truth:
    half = [0.0, 0.0, 32.0, 64.0] if solve(state) == "left" else [32.0, 0.0, 64.0, 64.0]
    return Truth(evidence=[half], distractors=[], overview_suffices=True)


{name} = World(
    name="{name}",
    knobs=Knobs,
    levels={{"easy": Knobs(), "hard": Knobs(difference=10)}},
    generate=generate, render=render, ask=ask, describe=describe, solve=solve, verify=verify, truth=truth,
)

EXAMPLES = [(0, 0, "{answer}")]
'''

OBJECTIVE = '''"""Pull the policy towards tokens with credit, without a bound. (Say what it minimises, and where from.)"""

from __future__ import annotations

from collections.abc import Callable

import torch

from saccade.core.signals import Signals, TermOut, term


@term()
def {name}() -> Callable[[Signals], TermOut]:
    """Minus credit times log-probability, over tokens that have both."""

    def function(s: Signals) -> TermOut:
        if s.credit_T is None:
            raise ValueError("{name} needs credit: set Run.credit (for example credit.group_mean())")
        member_T = s.trainable_T & s.credit_T.isfinite()
        return TermOut(value=-torch.where(member_T, s.credit_T, 0.0) * s.logp_T, member=member_T)

    return function


EXAMPLES = [
    ({{"logp": [-1.0, -2.0], "old_logp": [-1.0, -2.0], "credit": [1.0, -0.5]}}, [1.0, -1.0]),
]
'''

RECIPE = '''"""{name}: title of the publication (its identifier).

New there: one or two sentences.
"""

from __future__ import annotations

import saccade as sc
from saccade import credit, episodes, objectives, rewards, worlds

DEVIATIONS = ("say here where this differs from the publication",)


def run() -> sc.Run:
    """The published settings. Add a CLAIM and a miniature(arm, seed) to make it testable: see `saccade show deepeyes`."""
    return sc.Run(
        name="{name}",
        data=worlds.hidden_detail.source(size=10_000, seed=1),
        episode=episodes.single(),
        policy=sc.policy("glimpse"),
        explore=sc.Independent(n=8),
        rewards=(rewards.answer_match(),),
        credit=credit.group_mean(by_std=True),
        objective=(objectives.clip(low=0.2, high=0.2),),
        optim=sc.Optim(lr=1e-6),
        schedule=sc.Schedule(updates=100, prompts=16),
    )
'''

SCAFFOLDS: dict[str, str] = {
    "credit": CREDIT,
    "episode": EPISODE,
    "objective": OBJECTIVE,
    "recipe": RECIPE,
    "reward": REWARD,
    "tool": TOOL,
    "world": WORLD,
}


def scaffold(kind: str, name: str) -> str:
    """Source text of a new component. Raises ValueError for a kind without a scaffold."""
    if kind not in SCAFFOLDS:
        raise ValueError(
            f"there is no scaffold for a {kind}; there is one for {', '.join(sorted(SCAFFOLDS))}. "
            f"Copy a file that exists: saccade list {kind}"
        )
    return SCAFFOLDS[kind].format(name=name, answer=first_answer(name))


def first_answer(name: str) -> str:
    """What the scaffold of a world answers at seed 0, item 0: its draw depends on the world's name."""
    from saccade.core.seed import generator

    rng = generator(name, 0, 0)
    rng.integers(20, 235 - 80)
    return "right" if rng.random() < 0.5 else "left"
