"""The peer at its best: trl 1.16 in an environment of its own, its GRPO trainer on our checkpoint.

The environment lies on top of the one that runs the benchmark, so torch, transformers and numpy are the very same files
and only trl and what it alone needs differ. Nothing of the trainer is changed; where a case needs the same tokens on both
sides, generation is told what to write.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

VERSION = "1.16.0"


def cache() -> Path:
    """Where the environment and the cases' files are kept: SACCADE_BENCH_CACHE, or a folder under the user's cache."""
    home = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    return Path(os.environ.get("SACCADE_BENCH_CACHE", home / "saccade-benchmarks"))


def python() -> Path:
    """The interpreter of the peer's environment, made with pip on first use."""
    folder = cache() / f"trl-{VERSION}"
    interpreter, done = folder / "bin" / "python", folder / "complete"
    if done.exists():
        return interpreter
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    below = sysconfig.get_paths()["purelib"]
    site = subprocess.run(
        [interpreter, "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"], check=True, capture_output=True,
        text=True,
    ).stdout.strip()
    (Path(site) / "below.pth").write_text(below + "\n")
    held = folder / "constraints.txt"
    frozen = subprocess.run(
        [sys.executable, "-m", "pip", "list", "--format=freeze", "--exclude-editable"], check=True, capture_output=True,
        text=True,
    ).stdout
    same = ("torch==", "transformers==", "numpy==")
    held.write_text("".join(f"{each}\n" for each in frozen.splitlines() if each.startswith(same)))
    subprocess.run([interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--constraint", held,
                    f"trl=={VERSION}"], check=True)
    done.write_text("")
    return interpreter


def processor_of(folder: Path) -> Any:
    """The family's processor with image processor and tokenizer only: the stock class wants torchvision for videos."""
    from transformers import AutoConfig, AutoTokenizer
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

    if AutoConfig.from_pretrained(folder).model_type == "qwen3_vl":
        from transformers import Qwen3VLProcessor as Stock
    else:
        from transformers import Qwen2_5_VLProcessor as Stock

    class ImagesOnly(Stock):
        @classmethod
        def get_attributes(cls) -> list[str]:
            return ["image_processor", "tokenizer"]

        def __init__(self, image_processor: Any, tokenizer: Any, chat_template: str) -> None:
            self.video_processor = None
            super().__init__(image_processor, tokenizer, chat_template=chat_template)

    tokenizer = AutoTokenizer.from_pretrained(folder)
    template = (folder / "chat_template.jinja").read_text(encoding="utf-8")
    return ImagesOnly(Qwen2VLImageProcessorPil.from_pretrained(folder), tokenizer, template)


def trainer(
    folder: Path, *, group: int = 8, rows: Sequence[dict[str, Any]] = (), reward: Callable[..., list[float]] | None = None,
    tools: Sequence[Callable[..., Any]] = (), frozen: bool = False, **settings: Any,
) -> tuple[Any, dict[str, Any]]:
    """A `GRPOTrainer` on the checkpoint in `folder`, and its configuration as it is told beside the figures.

    One batch holds the whole group, so nothing is recomputed or split; fp32, no gradient checkpointing, SDPA.
    """
    import torch
    from datasets import Dataset
    from transformers import AutoModelForImageTextToText
    from trl import GRPOConfig, GRPOTrainer

    model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32, attn_implementation="sdpa")
    if frozen:
        model.model.visual.requires_grad_(False)
    chosen = {
        "per_device_train_batch_size": group, "num_generations": group, "gradient_accumulation_steps": 1,
        "steps_per_generation": 1, "learning_rate": 0.0, "weight_decay": 0.0, "max_grad_norm": 1.0, "beta": 0.0,
        "bf16": False, "fp16": False, "gradient_checkpointing": False, "use_cpu": True, "max_completion_length": 128,
        "temperature": 1.0, "loss_type": "dapo", "report_to": "none", "save_strategy": "no", "disable_tqdm": True,
        "dataloader_num_workers": 0, "logging_strategy": "no", **settings,
    }
    known = rows or [{"prompt": [{"role": "user", "content": "What is it?"}]}]
    made = GRPOTrainer(
        model=model, reward_funcs=reward or constant, args=GRPOConfig(output_dir=str(folder / "trl"), **chosen),
        train_dataset=Dataset.from_list(list(known)) if isinstance(known, list) else known,
        processing_class=processor_of(folder), tools=list(tools) or None,
    )
    made.create_optimizer()
    made.current_gradient_accumulation_steps = 1  # `Trainer.train` sets it when it begins
    made.model.train()
    assert not made.use_vllm and made.model.config._attn_implementation == "sdpa" and made.model.dtype == torch.float32
    return made, {key: str(value) for key, value in sorted(chosen.items())}


def constant(completions: Sequence[Any], **_: Any) -> list[float]:
    """A reward that differs within the group, so that there is something to learn."""
    return [float(index % 2) for index in range(len(completions))]


def update(trainer: Any, inputs: dict[str, Any]) -> None:
    """Loss, backward, clipping and optimiser step, as `transformers.Trainer` makes them on one device."""
    import torch

    trainer._compute_loss(trainer.model, inputs).backward()
    torch.nn.utils.clip_grad_norm_(trainer.model.parameters(), trainer.args.max_grad_norm)
    trainer.optimizer.step()
    trainer.optimizer.zero_grad(set_to_none=True)
    clear(trainer)


def clear(trainer: Any) -> None:
    """Forget collected metrics: a trainer that never logs would keep them all."""
    trainer._metrics["train"].clear()


def gradients(trainer: Any, inputs: dict[str, Any]) -> dict[str, Any]:
    """grad/<parameter> of the loss."""
    trainer.model.zero_grad(set_to_none=True)
    trainer._compute_loss(trainer.model, inputs).backward()
    found = {
        f"grad/{name}": each.grad.numpy().copy() for name, each in trainer.model.named_parameters() if each.grad is not None
    }
    trainer.model.zero_grad(set_to_none=True)
    clear(trainer)
    return found


def control_tokens(folder: Path) -> list[int]:
    """Ids that may not be sampled where attempts must be well formed and of equal length: placeholders and ends."""
    added = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["added_tokens"]
    return sorted(each["id"] for each in added if each["special"])
