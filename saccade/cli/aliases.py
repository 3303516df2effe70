"""The flag names that people type for TRL and EasyR1, as changes of a run.

A name that means the same here is one row of `SAME`. A few need arithmetic (`meant`). Names that would have no effect
are refused with the reason, because a silently ignored setting is how runs differ without anybody knowing.
"""

from __future__ import annotations

import math
from typing import Any

from saccade.core.run import Run

SAME: dict[str, tuple[str, ...]] = {
    "learning_rate": ("optim.lr",),
    "weight_decay": ("optim.weight_decay",),
    "adam_epsilon": ("optim.eps",),
    "max_grad_norm": ("optim.clip",),
    "warmup_steps": ("optim.warmup",),
    "lr_scheduler_type": ("optim.shape",),
    "num_generations": ("explore.n",),
    "num_iterations": ("schedule.passes",),
    "max_steps": ("schedule.updates",),
    "eval_steps": ("schedule.eval_every",),
    "save_steps": ("schedule.save_every",),
    "max_completion_length": ("limits.sampled", "policy.sampling.max_tokens"),
    "max_tool_calling_iterations": ("limits.steps",),
    "temperature": ("policy.sampling.temperature",),
    "top_p": ("policy.sampling.top_p",),
    "top_k": ("policy.sampling.top_k",),
    "lora_r": ("policy.lora",),
    "lora_alpha": ("policy.lora_alpha",),
    "lora_target_modules": ("policy.lora_targets",),
    "max_pixels": ("policy.max_pixels",),
    "min_pixels": ("policy.min_pixels",),
    "attn_implementation": ("policy.attention",),
    "dtype": ("policy.dtype",),
    "epsilon": ("objective.clip.low", "objective.clip.high"),
    "epsilon_high": ("objective.clip.high",),
    "run_name": ("name",),
    "seed": ("seed",),
    "worker.actor.optim.lr": ("optim.lr",),
    "worker.actor.optim.weight_decay": ("optim.weight_decay",),
    "worker.actor.max_grad_norm": ("optim.clip",),
    "worker.actor.model.lora.rank": ("policy.lora",),
    "worker.actor.model.lora.alpha": ("policy.lora_alpha",),
    "worker.actor.clip_ratio_low": ("objective.clip.low",),
    "worker.actor.clip_ratio_high": ("objective.clip.high",),
    "worker.rollout.n": ("explore.n",),
    "worker.rollout.temperature": ("policy.sampling.temperature",),
    "worker.rollout.top_p": ("policy.sampling.top_p",),
    "data.rollout_batch_size": ("schedule.prompts",),
    "data.max_response_length": ("limits.sampled", "policy.sampling.max_tokens"),
    "data.max_pixels": ("policy.max_pixels",),
    "data.min_pixels": ("policy.min_pixels",),
    "data.seed": ("seed",),
    "trainer.max_steps": ("schedule.updates",),
    "trainer.val_freq": ("schedule.eval_every",),
    "trainer.save_freq": ("schedule.save_every",),
    "trainer.experiment_name": ("name",),
}
"""Their name to our paths."""

VERB: dict[str, str] = {
    "model_name_or_path": "model",
    "worker.actor.model.model_path": "model",
    "dataset_name": "data",
    "data.train_files": "data",
    "output_dir": "out",
    "trainer.save_checkpoint_path": "out",
    "resume_from_checkpoint": "resume",
}
"""Their name to the argument of the verb."""

REFUSED: dict[str, str] = {
    "use_vllm": "say --engine vllm",
    "vllm_mode": "say --engine vllm (a server for the run) or --engine http://host:port (one of `saccade serve`)",
    "max_prompt_length": "prompts are never cut, because that would cut images; bound all of it with --limits.tokens",
    "data.max_prompt_length": "prompts are never cut, because that would cut images; bound it with --limits.tokens",
    "gradient_checkpointing": "say --recompute; micro-batches are bounded by --schedule.micro_tokens",
    "deepspeed": "there is no DeepSpeed; torchrun --nproc-per-node N -m saccade train ... cuts moments over ranks",
    "fsdp": "start with torchrun --nproc-per-node N -m saccade train ...; weights and moments are cut over the ranks",
    "bf16": "say --dtype bfloat16, or under torchrun --mixed, which keeps float32 weights",
    "fp16": "say --dtype float16",
    "logging_steps": "every update is logged to metrics.jsonl",
    "per_device_eval_batch_size": "evaluation batches by itself",
    "worker.actor.micro_batch_size_per_device_for_update": "counted in tokens here: --schedule.micro_tokens",
    "worker.actor.micro_batch_size_per_device_for_experience": "counted in tokens here: --schedule.micro_tokens",
    "data.val_files": "evaluate with `saccade eval RUN --data FILE`, or name it in the recipe's `evals`",
    "trainer.n_gpus_per_node": "say it to the launcher: torchrun --nproc-per-node N -m saccade train ...",
    "trainer.nnodes": "say it to the launcher: torchrun --nnodes N ... -m saccade train ...",
    "worker.rollout.tensor_parallel_size": "say --engine 'vllm?tensor_parallel_size=2'",
    "dataset_config": "name the file or the folder with --data",
    "dataset_train_split": "name the file with --data",
    "reward_funcs": "name rewards with --rewards answer_match,tagged or package.module:function",
}
"""Their names that would have no effect here, and what to do instead."""

BATCH = ("per_device_train_batch_size", "gradient_accumulation_steps", "generation_batch_size")
MEANT = (
    *BATCH,
    "beta",
    "algorithm.kl_coef",
    "algorithm.disable_kl",
    "loss_type",
    "scale_rewards",
    "report_to",
    "trainer.logger",
    "use_peft",
    "freeze_vision_tower",
    "worker.actor.model.freeze_vision_tower",
    "num_train_epochs",
    "trainer.total_epochs",
    "algorithm.adv_estimator",
    "worker.actor.global_batch_size",
    "worker.rollout.limit_images",
    "worker.reward.reward_function",
    "data.image_key",
    "data.prompt_key",
    "data.answer_key",
    "warmup_ratio",
)
"""Their names that need the rest of the run to be understood; see `cli.meanings`."""


def translated(given: tuple[tuple[str, str], ...], run: Run) -> tuple[list[tuple[str, Any]], Run]:
    """Flags as changes of leaves, and the run with what cannot be said as a leaf.

    Raises ValueError for names that would have no effect. Names that are not theirs pass through.
    """
    from saccade.cli.meanings import meant

    out: list[tuple[str, Any]] = []
    special: dict[str, Any] = {}
    high = any(name.replace("-", "_") == "epsilon_high" for name, _ in given)
    for raw, value in given:
        name = raw.replace("-", "_")
        if name in REFUSED and not no_op(name, value):
            raise ValueError(f"--{raw} has no effect here: {REFUSED[name]}")
        if name in REFUSED:
            continue
        if name in MEANT:
            special[name] = value
        elif name in SAME:
            paths = SAME[name][:1] if name == "epsilon" and high else SAME[name]
            out.extend((path, value) for path in paths)
        else:
            out.append((raw, value))
    return meant(special, run, out)


def no_op(name: str, value: Any) -> bool:
    """A flag that says no to what we do not have changes nothing, and may stay in a configuration file."""
    return name not in ("logging_steps",) and str(value).lower() in ("false", "none", "no", "null", "")


def whole(number: float, what: str) -> int:
    if not math.isfinite(number) or number != int(number) or number < 1:
        raise ValueError(f"{what} gives {number:g} prompts an update; it must be a whole number of at least 1")
    return int(number)
