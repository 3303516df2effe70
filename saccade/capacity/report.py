"""A plan as text for people and as plain values for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from saccade.capacity.parameters import count
from saccade.capacity.plan import GB, Plan


def report(plan: Plan) -> str:
    """The plan as a page of text."""
    setting, work, used = plan.setting, plan.work, plan.memory
    chip = setting.accelerator
    how = f"{setting.processes} x {chip.name}" + (", mixed precision" if setting.mixed else "") + (
        ", activations recomputed" if setting.recompute else "")
    blocks = [
        f"{setting.run.name}: {setting.shape.name}, {count(setting.shape).total / GB:.2f} billion parameters, "
        f"{setting.learns / GB:.3f} billion learn; {how}",
        "memory of each rank, GB (10^9 bytes)\n" + lines(
            [(name, f"{value / GB:.1f}") for name, value in {**used.always, **turns(plan)}.items()]
            + [("most at once", f"{used.peak / GB:.1f}"),
               (f"of {chip.memory_gb:g}, less {setting.guess.fragments:.0%} for fragments (guess)", f"{used.room / GB:.1f}"),
               ("fits", "yes" if used.fits else "NO")]),
        "tokens of an update\n" + lines([
            ("prompts x attempts", f"{work.prompts} x {work.attempts}"),
            ("prompt, of which pictures", f"{work.prompt}, {work.prompt_images}"),
            ("sampled, added by tools", f"{work.sampled:.0f}, {work.added:.0f}"),
            ("of all rows", f"{work.tokens:,.0f}"),
            ("with common beginnings once", f"{work.distinct:,.0f}"),
        ]),
        "seconds of an update (guesses in them; tools and rewards are not)\n" + lines(
            [(name, f"{value:.1f}") for name, value in plan.seconds.items()]
            + [("together", f"{sum(plan.seconds.values()):.1f}")]),
        f"held up by: {plan.bottleneck}",
        *(["to know, and to change\n" + "\n".join(f"  {each}" for each in plan.notes)] if plan.notes else []),
        f"Memory and tokens are formulas (docs/scale.md). Seconds assume {setting.guess.matmul:.0%} of {chip.tflops:g} "
        f"TFLOP/s, {setting.guess.bandwidth:.0%} of {chip.bandwidth_tb:g} TB/s ({chip.source}) and "
        f"{setting.guess.launch_s * 1e3:g} ms a layer and token to start kernels: guesses.",
    ]
    return "\n\n".join(blocks)


def turns(plan: Plan) -> dict[str, float]:
    """The parts that sampling and learning need in turn, said so."""
    return {**{f"learning: {name}": value for name, value in plan.memory.learning.items()},
            **{f"sampling: {name}": value for name, value in plan.memory.sampling.items()}}


def lines(rows: list[tuple[str, str]]) -> str:
    width = max(len(name) for name, _ in rows)
    right = max(len(value) for _, value in rows)
    return "\n".join(f"  {name:<{width}}  {value:>{right}}" for name, value in rows)


def as_json(plan: Plan) -> dict[str, Any]:
    """Bytes, tokens and seconds by name, with what was assumed."""
    setting, counted = plan.setting, count(plan.setting.shape)
    return {
        "run": setting.run.name, "model": setting.shape.name, "parameters": counted.total, "learning": setting.learns,
        "accelerator": asdict(setting.accelerator), "ranks": setting.processes, "mixed": setting.mixed,
        "recompute": setting.recompute, "memory": {**plan.memory.always, **turns(plan)}, "peak": plan.memory.peak,
        "room": plan.memory.room, "fits": plan.memory.fits, "tokens": {**asdict(plan.work), "of_all_rows": plan.work.tokens,
        "beginnings_once": plan.work.distinct}, "seconds": plan.seconds, "bottleneck": plan.bottleneck,
        "notes": list(plan.notes), "guesses": asdict(setting.guess),
    }
