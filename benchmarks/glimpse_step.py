"""Our own figures on the reference model: trajectories a second, seconds of a GRPO step, and where the time goes.

    python -m benchmarks.glimpse_step [--json] [--threads 2] [--runs 5] [--operators]

The run is the one of `make demo`: `hidden_detail`, a crop tool, 16 questions with 8 attempts each, so 128 trajectories, most
of them of two turns with two images. A step is rollout, rewards, credit and update, without blind checks and saving. Every
run asks new questions, so no image is known beforehand; what a generated world costs to draw is told apart.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

GOALS = {"trajectories_per_s": 150.0, "step_s": 3.0, "arithmetic": 0.6}
PRODUCTS = ("aten::mm", "aten::addmm", "aten::bmm", "aten::baddbmm", "aten::matmul", "aten::linear", "aten::mkldnn_linear",
            "aten::scaled_dot_product_attention", "aten::_scaled_dot_product_flash_attention_for_cpu", "aten::convolution",
            "aten::_scaled_dot_product_flash_attention_for_cpu_backward", "aten::mkldnn_convolution",
            "aten::convolution_backward", "aten::_convolution", "aten::conv3d", "aten::_slow_conv2d_forward",
            "aten::slow_conv3d_forward", "aten::slow_conv3d")
"""Operators that are matrix products or attention; their own time, without what they call, is added up."""


def loaded() -> tuple[Any, Any, Any]:
    from saccade.engines.local import LocalEngine
    from saccade.learn.learner import Learner
    from saccade.media import open_store
    from saccade.models.policy import load_policy
    from saccade.recipes import deepeyes

    run = deepeyes.miniature("conditional", 0)
    policy, store = load_policy(run.policy), open_store()
    learner = Learner(policy, store, replace(run.optim, lr=0.0), micro_tokens=run.schedule.micro_tokens)
    return run, learner, LocalEngine(policy, store)


def step(run: Any, learner: Any, engine: Any, number: int) -> dict[str, float]:
    """One step on questions that were never asked before, at rate 0 so that every step starts from the same weights."""
    from saccade.learn.collect import attempted
    from saccade.learn.progress import progress_bar
    from saccade.learn.update import update

    size = run.schedule.prompts
    began = time.perf_counter()
    samples = [run.data[number * size + index] for index in range(size)]
    drawn = time.perf_counter()
    with progress_bar("bench", 1, done=0, enabled=False) as bar:
        batch = attempted(run, samples, learner, engine, update=number, progress=0.0, bar=bar)
        rolled = bar.seconds["rollout"]
    collected = time.perf_counter()
    metrics = update(learner, batch.rows, run.objective, lr=0.0, micro_tokens=run.schedule.micro_tokens, seed=number)
    done = time.perf_counter()
    attempts = [each for group in batch.groups for each in group.trajectories]
    return {
        "trajectories_per_s": len(attempts) / rolled, "step_s": done - drawn, "draw_s": drawn - began, "rollout_s": rolled,
        "rewards_s": collected - drawn - rolled, "update_s": done - collected, "trajectories": float(len(attempts)),
        "two_images": sum(each.metrics["num_images"] == 2 for each in attempts) / len(attempts),
        "rows": float(len(batch.rows)), **{key: value for key, value in metrics.items() if key.startswith("plan/")},
    }


def arithmetic(work: Callable[[], Any], *, show: bool) -> float:
    """Share of wall time inside matrix products and attention, by torch's profiler."""
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU]) as seen:
        began = time.perf_counter()
        work()
        wall = time.perf_counter() - began
    averages = seen.key_averages()
    if show:
        print(averages.table(sort_by="self_cpu_time_total", row_limit=28, max_name_column_width=50))
    return sum(each.self_cpu_time_total for each in averages if each.key in PRODUCTS) / 1e6 / wall


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--operators", action="store_true", help="print the operators of an update by their own time")
    chosen = parser.parse_args()
    import torch

    from saccade.learn.update import update

    torch.set_num_threads(chosen.threads)
    run, learner, engine = loaded()
    found = [step(run, learner, engine, number) for number in range(chosen.runs + 1)][1:]
    middle = {key: statistics.median(each[key] for each in found) for key in found[0]}
    rows = rows_of(run, learner, engine, chosen.runs + 1)
    middle["arithmetic"] = arithmetic(
        lambda: update(learner, rows, run.objective, lr=0.0, micro_tokens=run.schedule.micro_tokens), show=chosen.operators
    )
    if chosen.json:
        print(json.dumps(middle, indent=1))
    else:
        for key, value in middle.items():
            goal = f"   (goal {GOALS[key]:g})" if key in GOALS else ""
            print(f"{key:<20} {value:9.3f}{goal}")
    return 0


def rows_of(run: Any, learner: Any, engine: Any, number: int) -> Any:
    from saccade.learn.collect import attempted
    from saccade.learn.progress import progress_bar

    size = run.schedule.prompts
    samples = [run.data[number * size + index] for index in range(size)]
    with progress_bar("bench", 1, done=0, enabled=False) as bar:
        return attempted(run, samples, learner, engine, update=number, progress=0.0, bar=bar).rows


if __name__ == "__main__":
    raise SystemExit(main())
