"""A run on given accelerators, on paper: memory of each rank, tokens and seconds of an update, what holds it up.

Memory and tokens are formulas (`formulas`, `workload`); seconds rest on `GUESS`, and say so. Gigabytes are 10^9 bytes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from saccade.capacity import formulas
from saccade.capacity.accelerators import Accelerator
from saccade.capacity.formulas import Guess
from saccade.capacity.parameters import adapter, count, learning
from saccade.capacity.shapes import Shape
from saccade.capacity.workload import Habits, Workload, workload
from saccade.core.run import Run

GB = 1e9
BATCH_TOKENS = 1 << 18
"""Tokens of one batch of the local engine, and CACHE bytes of prefixes it keeps: its defaults."""
CACHE = 2 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One way to run. ranks: processes that `torchrun` starts, 0 for one process on its own; folder: of a checkpoint that
    is local."""

    run: Run
    shape: Shape
    accelerator: Accelerator
    ranks: int = 0
    mixed: bool = False
    recompute: bool = False
    habits: Habits = Habits()
    guess: Guess = formulas.GUESS
    folder: Path | None = None

    @property
    def processes(self) -> int:
        return max(self.ranks, 1)

    @property
    def computing(self) -> int:
        """Bytes of a number in the passes. ``auto`` is the type the checkpoint has: bfloat16 for all that are known."""
        return 2 if self.mixed or self.run.policy.dtype != "float32" else 4

    @property
    def kept(self) -> int:
        """Bytes of a number in slices and moments."""
        return 4 if self.mixed else self.computing

    @property
    def learns(self) -> int:
        """Parameters that take a gradient."""
        spec = self.run.policy
        if spec.lora is not None:
            return adapter(self.shape, spec.freeze, rank=spec.lora, targets=spec.lora_targets)
        return learning(self.shape, spec.freeze)

    @property
    def held(self) -> int:
        """Parameters of the model, adapter included."""
        return count(self.shape).total + (self.learns if self.run.policy.lora is not None else 0)

    @property
    def compares(self) -> bool:
        """Whether a frozen copy is kept to compare with: a term needs one, and no adapter can be switched off instead."""
        needs = {need for each in self.run.objective for need in each.term.needs}
        return "reference" in needs and self.run.policy.lora is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Bytes on a rank. What stands in `always` is there all the time; sampling and learning take turns on top of it."""

    always: dict[str, float]
    learning: dict[str, float]
    sampling: dict[str, float]
    room: float

    @property
    def peak(self) -> float:
        return sum(self.always.values()) + max(sum(self.learning.values()), sum(self.sampling.values()))

    @property
    def fits(self) -> bool:
        return self.peak <= self.room


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """seconds: of one update, by what they are spent on, guesses included; notes: what to know or change."""

    setting: Setting
    work: Workload
    memory: Memory
    seconds: dict[str, float]
    bottleneck: str
    notes: tuple[str, ...]


def memory(setting: Setting, work: Workload) -> Memory:
    """Bytes of each part on one rank."""
    shape, ranks, e, kept = setting.shape, setting.ranks, setting.computing, setting.kept
    full = setting.run.policy.lora is None
    micro = max(setting.run.schedule.micro_tokens, work.longest)
    sharing = {"kept": kept, "ranks": ranks, "computing": e}
    always = {
        "weights": formulas.weights(setting.held, **sharing),
        "optimiser": formulas.optimiser(setting.learns, e=kept, ranks=ranks),
        "reserve (guess)": setting.guess.reserve_gb * GB,
    }
    if setting.compares:
        always["reference"] = formulas.weights(count(shape).total, kept=kept, ranks=ranks)
    whole = formulas.weights(count(shape).total, kept=0, ranks=ranks, computing=e) if setting.compares and ranks else 0.0
    learns = {
        "gradients": formulas.gradients(setting.learns, e=4 if setting.mixed else e, ranks=ranks, kept=kept),
        "activations": formulas.activations(
            shape, micro, min(work.longest, micro), e=e, norms_learn=full, checkpointed=setting.recompute,
            masked=not (setting.recompute and shape.family == "qwen2_5_vl"),
        ),
        "logits": formulas.logits(shape.text.vocabulary, round(micro * work.sampled / work.row), e=e),
    }
    one = formulas.kv_bytes(shape.text, e=e)
    samples = {"keys and values": one * batch_rows(setting, work) * work.row, "kept prefixes (at most)": float(CACHE),
               **({"reference, gathered": whole} if whole else {})}
    room = setting.accelerator.memory_gb * GB * (1 - setting.guess.fragments)
    return Memory(always=always, learning=learns, sampling=samples if setting.run.mode == "rl" else {}, room=room)


def batch_rows(setting: Setting, work: Workload) -> int:
    """Attempts the local engine samples side by side on one rank."""
    mine = math.ceil(work.prompts / setting.processes) * work.attempts
    return max(1, min(mine, int(BATCH_TOKENS // work.row)))


def seconds(setting: Setting, work: Workload) -> dict[str, float]:
    """Seconds of one update by what they are spent on. Tools, rewards and judges are not known here."""
    shape, guess, chip = setting.shape, setting.guess, setting.accelerator
    flops = chip.tflops * 1e12 * guess.matmul
    share = math.ceil(work.prompts / setting.processes) / work.prompts
    full, context = setting.run.policy.lora is None, work.row / 2
    seen = formulas.vision_flops(shape, work.patches * share)
    out: dict[str, float] = {}
    if setting.run.mode == "rl":
        shown = (work.prompts * work.prompt + work.rows * work.added) * share
        out["sampling: reading prompts and pictures"] = (formulas.forward_flops(shape, shown, context) + seen) / flops
        out["sampling: drawing tokens"] = drawing(setting, work)
    tower = 0.0 if "vision" in setting.run.policy.freeze else 3.0 * seen
    tokens = (work.tokens if setting.recompute else work.distinct) * share
    forward = formulas.forward_flops(shape, tokens, context, trained=work.rows * work.sampled * share)
    times = formulas.passes(adapter=not full, checkpointed=setting.recompute)
    out["learning: forward and backward"] = work.passes * (times * forward + tower) / flops
    if "reference" in {need for each in setting.run.objective for need in each.term.needs}:
        out["learning: reference"] = forward / flops
    if setting.ranks > 1:
        moved = setting.held * setting.computing + setting.learns * 4
        lost = (setting.ranks - 1) / setting.ranks
        out["learning: gathering weights, summing gradients"] = work.passes * moved * lost / (chip.link_gb * GB * guess.link)
    return out


def drawing(setting: Setting, work: Workload) -> float:
    """Seconds the local engine draws tokens: as many turns as an attempt has tokens, for every batch of attempts."""
    rows = batch_rows(setting, work)
    batches = math.ceil(math.ceil(work.prompts / setting.processes) * work.attempts / rows)
    held = count(setting.shape)
    weights = (held.total - held.vision - held.connector - (0 if setting.shape.text.tied else held.embedding))
    read = formulas.token_bytes(weights * setting.computing, rows, work.row - work.sampled / 2, setting.shape.text,
                                e=setting.computing)
    a_token = read / (setting.accelerator.bandwidth_tb * 1e12 * setting.guess.bandwidth)
    return batches * work.sampled * max(a_token, setting.shape.text.layers * setting.guess.launch_s)


def planned_run(setting: Setting) -> Plan:
    """Everything about one setting. Raises ValueError where the limits leave no room for the prompt."""
    work = workload(setting.run, setting.shape, setting.habits, setting.folder)
    used, spent = memory(setting, work), seconds(setting, work)
    slowest = max(spent, key=lambda name: spent[name])
    held_up = slowest if used.fits else "memory: it does not fit"
    return Plan(setting=setting, work=work, memory=used, seconds=spent, bottleneck=held_up,
                notes=tuple(advice(setting, work, used, slowest)))


def advice(setting: Setting, work: Workload, used: Memory, slowest: str) -> list[str]:
    """What to know or change, each with what it would come to."""
    said = []
    spec, schedule = setting.run.policy, setting.run.schedule
    if schedule.micro_tokens < work.longest:
        said.append(f"--schedule.micro_tokens {schedule.micro_tokens} is less than a row may have (--limits.tokens "
                    f"{work.longest}), and such a row would be refused; counted with {work.longest}")
    if work.prompts % setting.processes:
        said.append(f"{work.prompts} prompts do not divide by {setting.processes} processes: some of them wait")
    if not used.fits:
        for words, changed in changes(setting):
            then = memory(changed, workload(changed.run, changed.shape, changed.habits, changed.folder))
            said.append(f"{words}: {then.peak / GB:.0f} GB{', fits' if then.fits else ''}")
        return said
    if "drawing" in slowest:
        rows, bound = batch_rows(setting, work), setting.shape.text.layers * setting.guess.launch_s
        said.append(f"{rows} attempts are drawn side by side on a rank, and more cost little: raise --schedule.prompts or "
                    f"--explore.n, or shorten attempts with --limits.sampled (a token takes {bound * 1e3:.0f} ms to start, "
                    "a guess)")
    elif "forward" in slowest and spec.lora is None:
        said.append("--policy.lora 16 saves about a third of learning: nearly no gradients of weights")
    pictures = work.prompt_images + work.added
    if pictures > work.row / 2 and not spec.max_pixels:
        said.append(f"pictures are {pictures / work.row:.0%} of a row: --policy.max_pixels bounds them where the family has "
                    "such a bound")
    if used.peak < 0.5 * used.room:
        said.append("more than half of the memory is free: a larger --schedule.micro_tokens needs fewer passes")
    return said


def changes(setting: Setting) -> list[tuple[str, Setting]]:
    """Settings that need less memory, mildest first, each alone, then together."""
    run = setting.run
    least = min(run.schedule.micro_tokens, max(run.limits.tokens, run.schedule.micro_tokens // 2))
    smaller: Callable[[Setting], Setting] = lambda each: replace(  # noqa: E731
        each, run=replace(each.run, schedule=replace(each.run.schedule, micro_tokens=least)))
    adapted: Callable[[Setting], Setting] = lambda each: replace(  # noqa: E731
        each, run=replace(each.run, policy=replace(each.run.policy, lora=16)))
    halved: Callable[[Setting], Setting] = lambda each: replace(  # noqa: E731
        each, run=replace(each.run, policy=replace(each.run.policy, dtype="bfloat16")))
    recomputed: Callable[[Setting], Setting] = lambda each: replace(each, recompute=True)  # noqa: E731
    found = []
    if least < run.schedule.micro_tokens:
        found.append((f"--schedule.micro_tokens {least}", smaller))
    if setting.computing == 4:
        found.append(("--policy.dtype bfloat16", halved))
    if not setting.recompute:
        found.append(("--recompute", recomputed))
    if run.policy.lora is None:
        found.append(("--policy.lora 16", adapted))
    out = [(words, change(setting)) for words, change in found]
    every = setting
    for _, change in found:
        every = change(every)
    return [*out, ("all of these", every)] if len(found) > 1 else out
