"""Metrics of an update under the names people know from TRL, with verl's as an option.

Rewards are reported raw, before weights, over the attempts they apply to; attempts that failed on our side count in
`stop/...` and nowhere else. Times live under `step_time`, `time/` and `queue/`, and nowhere else, so that two runs can be
compared without them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from saccade.core.trajectory import Group, Stop, Trajectory

Names = Literal["trl", "verl"]
WALL_CLOCK = ("step_time", "time/", "timing_s/", "perf/", "queue/")
"""Beginnings of the metric names that depend on the machine."""

TRL_TERMS = {
    "clip/low": "clip_ratio/low_mean",
    "clip/high": "clip_ratio/high_mean",
    "clip/low/min": "clip_ratio/low_min",
    "clip/high/max": "clip_ratio/high_max",
    "kl/kl": "kl",
}

VERL = {
    "loss": "actor/pg_loss",
    "entropy": "actor/entropy",
    "kl": "actor/ppo_kl",
    "clip_ratio/region_mean": "actor/pg_clipfrac",
    "grad_norm": "actor/grad_norm",
    "lr": "actor/lr",
    "reward": "critic/score/mean",
    "completions/mean_length": "response_length/mean",
    "completions/min_length": "response_length/min",
    "completions/max_length": "response_length/max",
    "completions/clipped_ratio": "response_length/clip_ratio",
    "num_turns/mean": "num_turns/mean",
    "step_time": "timing_s/step",
    "time/rollout": "timing_s/gen",
    "time/update": "timing_s/update_actor",
}


def rollout_metrics(groups: Sequence[Group]) -> dict[str, float]:
    """What happened in the attempts: rewards, lengths, calls, stops. Empty groups give an empty result."""
    attempts = [each for group in groups for each in group.trajectories]
    members = [group.trajectories[index] for group in groups for index in group.members]
    out = {f"stop/{stop.value}": share(each.stop == stop for each in attempts) for stop in Stop} if attempts else {}
    out["num_groups"] = float(len(groups))
    out["num_attempts"] = float(len(attempts))
    out |= excluded_metrics(attempts)
    if not members:
        return out
    return {**out, **reward_metrics(groups, members), **length_metrics(members), **tool_metrics(members)}


def reward_metrics(groups: Sequence[Group], members: Sequence[Trajectory]) -> dict[str, float]:
    totals = [group.totals() for group in groups if group.total is not None and group.members]
    out: dict[str, float] = {}
    if totals:
        spread = [total_G.std(ddof=1) if len(total_G) > 1 else 0.0 for total_G in totals]
        out["reward"] = out["reward/mean"] = float(np.concatenate(totals).mean())
        out["reward_std"] = float(np.mean(spread))
        out["frac_reward_zero_std"] = share(value == 0 for value in spread)
    values: dict[str, list[float]] = {}
    errors: dict[str, int] = {}
    for each in members:
        for name, score in each.rewards.items():
            if score.value is not None:
                values.setdefault(name, []).append(score.value)
            elif score.note:
                errors[name] = errors.get(name, 0) + 1
    for name, found in values.items():
        out[f"rewards/{name}/mean"] = float(np.mean(found))
        out[f"rewards/{name}/std"] = float(np.std(found, ddof=1)) if len(found) > 1 else 0.0
    return {**out, **{f"rewards/{name}/without": count / len(members) for name, count in errors.items()}}


def length_metrics(members: Sequence[Trajectory]) -> dict[str, float]:
    """Lengths in tokens the policy wrote, and how many messages it wrote."""
    length_M = np.array([each.num_sampled for each in members], dtype=float)
    ended_M = np.array([not each.stop.cut_off for each in members])
    turns = [sum(step.message.role == "assistant" != step.speaker for step in each.steps) for each in members]
    out = {
        "completions/mean_length": float(length_M.mean()),
        "completions/min_length": float(length_M.min()),
        "completions/max_length": float(length_M.max()),
        "completions/clipped_ratio": float(1 - ended_M.mean()),
        "num_turns/mean": float(np.mean(turns)),
    }
    if ended_M.any():
        ended = length_M[ended_M]
        out |= {
            "completions/mean_terminated_length": float(ended.mean()),
            "completions/min_terminated_length": float(ended.min()),
            "completions/max_terminated_length": float(ended.max()),
        }
    return out


def tool_metrics(members: Sequence[Trajectory]) -> dict[str, float]:
    """Calls per attempt, and the share of calls that came back as an error; the same per tool."""
    events = [event for each in members for event in each.events]
    out = {
        "tools/call_frequency": len(events) / len(members),
        "tools/failure_frequency": share(event.error is not None for event in events),
    }
    for name in sorted({event.name for event in events}):
        mine = [event for event in events if event.name == name]
        out[f"tool/{name[:40] or 'unnamed'}/calls"] = len(mine) / len(members)
        out[f"tool/{name[:40] or 'unnamed'}/failures"] = share(event.error is not None for event in mine)
    return out


def excluded_metrics(attempts: Sequence[Trajectory]) -> dict[str, float]:
    """Per tool, the share of the attempts calling it that are left out because it failed on our side; and the share of all
    attempts with a call of which nobody can tell whether it was late, because our own event loop was away (``starved``).

    A share that is not near zero selects which questions are learned from, so it is reported over all attempts.
    """
    called: dict[str, int] = {}
    lost: dict[str, int] = {}
    for each in attempts:
        for name in {event.name for event in each.events}:
            called[name] = called.get(name, 0) + 1
        for name in {event.name for event in each.events if event.infrastructure}:
            lost[name] = lost.get(name, 0) + 1
    out = {f"tool/{name[:40] or 'unnamed'}/excluded": lost.get(name, 0) / called[name] for name in sorted(called)}
    return {**out, "tools/starved": share(each.metrics.get("num_starved", 0) > 0 for each in attempts)} if called else out


def share(flags) -> float:
    found = list(flags)
    return sum(map(bool, found)) / len(found) if found else 0.0


def num_tokens(groups: Sequence[Group]) -> int:
    """Tokens of all attempts, prompts and images included."""
    return sum(
        len(step.tokens) for group in groups for each in group.trajectories for step in each.steps if step.tokens is not None
    )


def named(metrics: Mapping[str, float], names: Names = "trl") -> dict[str, float]:
    """Give metrics of terms the names of TRL; with ``verl`` add that project's names beside them."""
    out = {TRL_TERMS.get(name, name): value for name, value in metrics.items()}
    if "clip_ratio/low_mean" in out:
        out["clip_ratio/region_mean"] = out["clip_ratio/low_mean"] + out["clip_ratio/high_mean"]
    if names == "verl":
        out |= {VERL[name]: value for name, value in list(out.items()) if name in VERL}
    elif names != "trl":
        raise ValueError(f"metric names are trl or verl, not {names!r}")
    return out


def timeless(line: Mapping[str, float]) -> dict[str, float]:
    """A line of metrics without what depends on the machine: what two equal runs must share bit for bit."""
    return {name: value for name, value in line.items() if not name.startswith(WALL_CLOCK)}
