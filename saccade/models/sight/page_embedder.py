"""Train a small page embedder on the pages this library draws: ``python -m saccade.models.sight.page_embedder FOLDER``.

A real `CLIPModel`, from random weights, learns which query belongs to which page (symmetric contrastive loss, arXiv
2103.00020). No weights are shipped: train it where it is needed, then ``pairing(FOLDER)`` is an embedder for `search_pages`.
It learns what a page of `worlds.pages` looks like (colour and form of its emblem), not to read.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from saccade.core.seed import generator
from saccade.models.sight.pairing import Pairing, pairing
from saccade.models.sight.vocabulary import word_tokenizer
from saccade.worlds.marks import COLOURS
from saccade.worlds.pages import pairs
from saccade.worlds.shapes import KINDS

WORDS = ("the", "page", "with", "a", "which", "shows", *COLOURS, *KINDS)
SIDE_PX = 48


def train_page_embedder(
    folder: str | Path, *, updates: int = 400, batch: int = 30, rate: float = 1e-3, seed: int = 0
) -> Pairing:
    """Train and write the checkpoint; returns it loaded. The loss of every update goes to ``loss.csv`` beside it."""
    import torch
    from torch.nn.functional import cross_entropy

    model, images, words = fresh(seed)
    optimiser = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.01)
    losses: list[float] = []
    for update in range(updates):
        for settings in optimiser.param_groups:
            settings["lr"] = rate * min(1.0, (update + 1) / 20) * 0.5 * (1 + np.cos(np.pi * update / updates))
        queries, pages = zip(*pairs(generator("page embedder", seed, update), batch, width_px=SIDE_PX), strict=True)
        tokens = words(list(queries), padding="max_length", max_length=16, return_tensors="pt")
        pixels = images(images=list(pages), return_tensors="pt")["pixel_values"]
        logits_BB = model(input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"],
                          pixel_values=pixels).logits_per_text
        own = torch.arange(batch)
        loss = (cross_entropy(logits_BB, own) + cross_entropy(logits_BB.T, own)) / 2
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        losses.append(float(loss.detach()))
    for part in (model, images, words):
        part.save_pretrained(str(folder))
    lines = "".join(f"{place},{value:.5f}\n" for place, value in enumerate(losses))
    Path(folder, "loss.csv").write_text("update,loss\n" + lines)
    return pairing(folder)


def fresh(seed: int) -> tuple[Any, Any, Any]:
    """A random model of about 0.2 million parameters, what prepares pages, and the tokenizer of its queries."""
    import torch
    from transformers import CLIPConfig, CLIPModel
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    words = word_tokenizer(WORDS)
    tower = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = CLIPConfig(
        text_config={**tower, "vocab_size": len(words), "max_position_embeddings": 16, "pad_token_id": 0, "bos_token_id": 2,
                     "eos_token_id": 3},
        vision_config={**tower, "image_size": SIDE_PX, "patch_size": 8}, projection_dim=32)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = CLIPModel(config)
    size = {"height": SIDE_PX, "width": SIDE_PX}
    return model, CLIPImageProcessorPil(size=size, crop_size=size, do_center_crop=False), words


def recall_at_1(embedder: Pairing, *, count: int = 30, lists: int = 4, seed: int = 1000) -> float:
    """The share of queries whose own page comes first among `count` pages that training never saw; chance is 1/count."""
    hits = []
    for place in range(lists):
        queries, pages = zip(*pairs(generator("page embedder", "test", seed, place), count, width_px=SIDE_PX), strict=True)
        likeness_QP = embedder.embed_texts(queries) @ embedder.embed_pictures(pages).T
        hits += (likeness_QP.argmax(1) == np.arange(count)).tolist()
    return float(np.mean(hits))


def main() -> None:
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("folder")
    arguments.add_argument("--updates", type=int, default=400)
    arguments.add_argument("--seed", type=int, default=0)
    given = arguments.parse_args()
    embedder = train_page_embedder(given.folder, updates=given.updates, seed=given.seed)
    print(f"{given.folder}: recall at 1 among 30 pages {recall_at_1(embedder):.2f} (chance 0.03)")


if __name__ == "__main__":
    main()
