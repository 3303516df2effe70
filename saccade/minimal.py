"""GRPO on one kind of picture question, in one file, with none of this library's abstractions: the yardstick.

Plain torch and transformers, top to bottom: draw a question, sample a group of answers, reward them, centre the rewards,
clip the ratio, step. A test feeds it and the library the same tokens and requires equal losses and gradients, so what the
library does beyond this file (turns, tools, images in results, packing, resuming) is an addition and not a difference.

    python -m saccade.minimal CHECKPOINT [UPDATES]      a Qwen2.5-VL checkpoint folder
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image as PILImage
from PIL import ImageDraw

COLOURS = {"red": (220, 40, 40), "green": (40, 160, 60), "blue": (50, 80, 220), "yellow": (235, 210, 40)}
MARKERS = ("<|image_pad|>", "<|video_pad|>", "<|vision_start|>", "<|vision_end|>")


@dataclass
class Checkpoint:
    """Model, tokenizer, image processor, and which token ids may be sampled (bool[V])."""

    model: Any
    tokenizer: Any
    processor: Any
    allowed_V: torch.Tensor


def load(folder: str | Path) -> Checkpoint:
    from transformers import AutoModelForImageTextToText, AutoTokenizer
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

    model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    allowed_V = torch.zeros(model.get_output_embeddings().weight.shape[0], dtype=torch.bool)
    allowed_V[: len(tokenizer)] = True
    allowed_V[tokenizer.convert_tokens_to_ids(list(MARKERS))] = False  # a sampled placeholder crashes the next forward
    return Checkpoint(model, tokenizer, Qwen2VLImageProcessorPil.from_pretrained(folder), allowed_V)


def question(rng: np.random.Generator) -> tuple[PILImage.Image, str, str]:
    """A coloured disc on grey, the question, and the right answer."""
    answer = str(rng.choice(sorted(COLOURS)))
    picture = PILImage.new("RGB", (64, 64), (128, 128, 128))
    x, y = rng.integers(8, 32, 2)
    ImageDraw.Draw(picture).ellipse((int(x), int(y), int(x) + 24, int(y) + 24), fill=COLOURS[answer])
    return picture, "What colour is the circle?", answer


def encode(checkpoint: Checkpoint, picture: PILImage.Image, text: str) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Prompt ids [P] with the placeholder expanded, patches [N, F] and grid [1, 3]."""
    pixels = checkpoint.processor(images=[picture], return_tensors="pt")
    grid = pixels["image_grid_thw"]
    talk = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": text}]}]
    prompt = checkpoint.tokenizer.apply_chat_template(talk, tokenize=False, add_generation_prompt=True)
    count = int(grid.prod()) // checkpoint.processor.merge_size**2
    ids = checkpoint.tokenizer(prompt.replace("<|image_pad|>", "<|image_pad|>" * count), return_tensors="pt").input_ids[0]
    return ids, pixels["pixel_values"], grid


def inputs_for(
    checkpoint: Checkpoint, tokens_BT: torch.Tensor, real_BT: torch.Tensor, pixels: torch.Tensor, grid: torch.Tensor
) -> dict[str, torch.Tensor]:
    """What the stock forward needs for a batch of rows that show the same picture."""
    rows = len(tokens_BT)
    placeholder = checkpoint.tokenizer.convert_tokens_to_ids("<|image_pad|>")
    return {
        "input_ids": tokens_BT,
        "attention_mask": real_BT.long(),
        "mm_token_type_ids": (tokens_BT == placeholder).int(),
        "pixel_values": pixels.repeat(rows, 1),
        "image_grid_thw": grid.repeat(rows, 1),
    }


@torch.no_grad()
def sample(
    checkpoint: Checkpoint, prompt_P: torch.Tensor, pixels: torch.Tensor, grid: torch.Tensor, *, group: int, max_tokens: int
) -> list[torch.Tensor]:
    """`group` completions, each up to and including its end token."""
    tokens_BT = prompt_P.repeat(group, 1)
    out = checkpoint.model.generate(
        **inputs_for(checkpoint, tokens_BT, torch.ones_like(tokens_BT, dtype=torch.bool), pixels, grid),
        do_sample=True, temperature=1.0, top_k=0, top_p=1.0, max_new_tokens=max_tokens,
        suppress_tokens=torch.nonzero(~checkpoint.allowed_V)[:, 0].tolist(),
    )
    end = checkpoint.tokenizer.eos_token_id
    completions = []
    for row in out[:, len(prompt_P) :]:
        stops = torch.nonzero(row == end)[:, 0]
        completions.append(row[: int(stops[0]) + 1] if len(stops) else row)
    return completions


def logp_of(
    checkpoint: Checkpoint, prompt_P: torch.Tensor, completions: list[torch.Tensor], pixels: torch.Tensor, grid: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Log-probabilities [B, C] of padded completions given the prompt, and which entries are real (bool [B, C])."""
    longest = max(map(len, completions))
    padded_BC = torch.stack([torch.nn.functional.pad(each, (0, longest - len(each))) for each in completions])
    real_BC = torch.stack([torch.arange(longest) < len(each) for each in completions])
    tokens_BT = torch.cat([prompt_P.repeat(len(completions), 1), padded_BC], 1)
    real_BT = torch.cat([torch.ones(len(completions), len(prompt_P), dtype=torch.bool), real_BC], 1)
    logits_BTV = checkpoint.model(**inputs_for(checkpoint, tokens_BT, real_BT, pixels, grid)).logits
    before_BCV = logits_BTV[:, len(prompt_P) - 1 : -1].float().masked_fill(~checkpoint.allowed_V, float("-inf"))
    return before_BCV.log_softmax(-1).gather(2, padded_BC[:, :, None])[:, :, 0], real_BC


def advantages(reward_B: torch.Tensor) -> torch.Tensor:
    """How much better than the rest of its group."""
    return reward_B - reward_B.mean()


def loss_of(
    logp_BC: torch.Tensor, old_BC: torch.Tensor, advantage_B: torch.Tensor, real_BC: torch.Tensor,
    *, low: float = 0.2, high: float = 0.2,
) -> torch.Tensor:
    """The clipped policy gradient, averaged over all tokens of the batch."""
    ratio_BC = torch.where(real_BC, logp_BC - old_BC, 0.0).exp()
    gain_BC = torch.minimum(ratio_BC * advantage_B[:, None], ratio_BC.clamp(1 - low, 1 + high) * advantage_B[:, None])
    return -(gain_BC * real_BC).sum() / real_BC.sum()


def main(
    folder: str, updates: int = 50, *, prompts: int = 8, group: int = 8, lr: float = 1e-4, seed: int = 0
) -> list[float]:
    """Train and print; the mean reward of every update."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    checkpoint = load(folder)
    optimiser = torch.optim.AdamW(checkpoint.model.parameters(), lr=lr, weight_decay=0.0)
    history: list[float] = []
    for number in range(1, updates + 1):
        rewards, total = [], 0.0
        for _ in range(prompts):
            picture, text, answer = question(rng)
            prompt_P, pixels, grid = encode(checkpoint, picture, text)
            completions = sample(checkpoint, prompt_P, pixels, grid, group=group, max_tokens=24)
            said = checkpoint.tokenizer.batch_decode(completions, skip_special_tokens=True)
            reward_B = torch.tensor([float(answer in each.lower()) for each in said])
            with torch.no_grad():
                old_BC, _ = logp_of(checkpoint, prompt_P, completions, pixels, grid)
            logp_BC, real_BC = logp_of(checkpoint, prompt_P, completions, pixels, grid)
            loss = loss_of(logp_BC, old_BC, advantages(reward_B), real_BC) / prompts
            loss.backward()
            total += float(loss.detach())
            rewards.append(float(reward_B.mean()))
        torch.nn.utils.clip_grad_norm_(checkpoint.model.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        history.append(sum(rewards) / len(rewards))
        print(f"update {number:4d}   reward {history[-1]:.3f}   loss {total:+.4f}")
    return history


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:3]))
