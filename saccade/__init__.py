"""saccade: vision-language models learn to think with images.

    import saccade as sc
    from saccade import credit, episodes, objectives, rewards, tools

    run = sc.Run(name="zoom", data=sc.source("zoom.parquet"), episode=episodes.tool_loop(max_steps=4),
                 tools=(tools.crop,), policy=sc.policy("path/to/checkpoint", lora=32),
                 rewards=(rewards.answer_match(), rewards.tool_bonus(only_if_correct=True, weight=0.2)),
                 credit=credit.group_mean(), objective=(objectives.clip(low=0.2, high=0.28),))
    sc.train(run, "runs/zoom")

Every public name is loaded when it is first used, so that importing saccade costs nothing and needs no torch.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

FOLDERS = ("claims", "credit", "data", "episodes", "evals", "follow_ups", "glimpse", "learn", "models", "objectives",
           "recipes", "rewards", "select", "tools", "worlds")
"""Component folders and packages that are attributes of saccade without an import of their own."""

PLACES = {
    "saccade.core": (
        "Audio", "Benchmark", "Box", "Claim", "Context", "Group", "Image", "Independent", "Limits", "Message", "Optim",
        "Point", "PolicySpec", "Probe", "Question", "Reply", "Reward", "Rows", "Run", "Sample", "Sampling", "Schedule",
        "Score", "Signals", "Stage", "Step", "Stop", "Term", "TermOut", "Text", "Tool", "ToolCall", "ToolError",
        "Trajectory", "Video", "View", "Weighted", "World", "assistant", "by_type", "composed", "describe", "episode",
        "for_group", "generator", "head", "mix", "only_if", "per_group", "policy", "reward", "show", "shuffle", "system",
        "term", "tool", "user", "weigh",
    ),
    "saccade.core.ramp": ("after", "cosine", "exponential", "linear", "sigmoid"),
    "saccade.data": ("source",),
    "saccade.learn.loop": ("train",),
    "saccade.evals.run": ("evaluate",),
    "saccade.evals.compare": ("compare",),
}
"""Which module defines which public name."""

HOMES = {name: module for module, names in PLACES.items() for name in names}

__all__ = sorted([*HOMES, *FOLDERS])  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name in FOLDERS:
        return importlib.import_module(f"saccade.{name}")
    if name not in HOMES:
        raise AttributeError(f"saccade has no {name!r}; it has {', '.join(__all__)}")
    value = vars(importlib.import_module(HOMES[name]))[name]
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
