"""Train glimpse from nothing: `saccade pretrain glimpse`.

Update u sees the conversations u * 64 ... u * 64 + 63 of the corpus, so a run is a function of its seed and can be
killed and resumed at any time with the same bits (fixed number of threads, one machine). A worker process draws and
tokenises ahead of the trainer. Settings that were measured to work: fp32, batch of 64,
AdamW at 1e-3, Muon between 5e-3 and 3e-3.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from saccade.glimpse.corpus import LESSONS, UPDATES, some_of_each, talk, vocabulary
from saccade.glimpse.pixels import patch_order
from saccade.glimpse.talk import row_of

CHUNK, AHEAD = 3000, 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """updates:   length of the whole schedule; a run may stop earlier and be resumed
    lr:        of AdamW, after `warm_up` updates; muon_lr: of Muon, which has the matrices of the layers
    decay:     share of the lessons, at their end, in which both fall to nearly nothing; until then, to about half
    again:     share of both with which the last stage begins
    save_every, report_every: in updates; the first is a multiple of the second
    """

    updates: int = UPDATES
    batch: int = 64
    seed: int = 0
    lr: float = 1e-3
    muon_lr: float = 5e-3
    warm_up: int = 60
    decay: float = 0.12
    again: float = 0.5
    weight_decay: float = 0.01
    clip: float = 1.0
    save_every: int = 100
    report_every: int = 25
    threads: int = 2


def rate(plan: Plan, update: int) -> float:
    """Learning rate of an update, as a share of the peak.

    Along the lessons it falls to half, then within `decay` to 0.02; the last stage begins again at `again` and falls to 0.
    """
    lessons = round(plan.updates * LESSONS / UPDATES)
    if update >= lessons:
        return plan.again * (plan.updates - update) / (plan.updates - lessons)
    if update < plan.warm_up:
        return (update + 1) / plan.warm_up
    left = (lessons - update) / (lessons * plan.decay)
    return max(0.02, min(1.0, left) * (1.0 - 0.5 * update / lessons))


def pretrain(
    out: str | Path, plan: Plan | None = None, *, stop_after: int | None = None, resume: bool = True, progress: bool = False
) -> Path:
    """Train and package into `out`, which is then a folder that `from_pretrained` loads.

    stop_after: stop at this update (for tests and for short sessions); the schedule stays that of the plan.
    Raises ValueError when `out` holds the state of another plan.
    """
    import torch

    from saccade.glimpse.model import fresh, package, whiten_
    from saccade.glimpse.tokenizer import IMAGE, PAD
    from saccade.learn.progress import progress_bar

    plan = plan or Plan()
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(plan.threads)
    tokenizer = vocabulary_of(folder)
    model = fresh(tokenizer, seed=plan.seed).train()
    whiten_(model, some_patches(tokenizer), seed=plan.seed)
    optimisers = optimisers_of(model, plan)
    start = restore(folder, plan, model, optimisers) if resume else 0
    last = min(plan.updates, stop_after or plan.updates)
    pad, image = tokenizer.convert_tokens_to_ids([PAD, IMAGE])
    seen: dict[str, Any] = defaultdict(lambda: np.zeros(4))
    log, headline = folder / "pretrain.jsonl", ""
    began = time.perf_counter() - cut_log(log, start)
    with progress_bar("glimpse", last, done=start, enabled=progress, start="learning") as bar:
        for update, rows in zip(range(start, last), stream(folder, plan, start, last), strict=True):
            for optimiser in optimisers:
                for group in optimiser.param_groups:
                    group["lr"] = group["peak"] * rate(plan, update)
            backward(model, rows, seen, pad=pad, image=image)
            torch.nn.utils.clip_grad_norm_(model.parameters(), plan.clip)
            for optimiser in optimisers:
                optimiser.step()
            model.zero_grad(set_to_none=True)
            if (update + 1) % plan.report_every == 0 or update + 1 == last:
                report(log, update + 1, plan.lr * rate(plan, update), seen, time.perf_counter() - began)
                _, _, exact, messages = sum(seen.values())
                headline = f"exact answers {exact / messages:.0%}"
                seen.clear()
            if (update + 1) % plan.save_every == 0 or update + 1 == last:
                store(folder, plan, model, optimisers, update + 1)
            bar.advance(headline)
    package(folder, model.eval(), tokenizer)
    return folder


def backward(model: Any, rows: list[Any], seen: dict[str, Any], *, pad: int, image: int) -> None:
    """Add the gradients of one batch, and what was right in it to `seen`."""
    from saccade.glimpse.forward import collate, loss_of

    total = sum(float(row.loss_T.sum()) ** 0.5 for row in rows)
    for chunk in chunks(rows):
        loss_N, right_N = loss_of(model, collate(chunk, pad=pad, image_token=image))
        ((loss_N * loudness(chunk)).sum() / total).backward()
        note(seen, chunk, loss_N, right_N)


def some_patches(tokenizer: Any, *, num_talks: int = 25) -> Any:
    """Patches of some pictures of every part of the corpus: uint8 (N, 192)."""
    import torch

    rows = [row_of(talk, tokenizer) for talk in some_of_each("patches", num_talks)]
    return torch.from_numpy(np.concatenate([patch_order(pixels[None])[0] for row in rows for pixels in row.images]))


def optimisers_of(model: Any, plan: Plan) -> list[Any]:
    """Muon for the matrices of the layers; AdamW for embeddings, patches, norms and biases. `peak` is the group's rate."""
    import torch

    inner, outer, flat = [], [], []
    for name, weight in model.named_parameters():
        matrix = weight.ndim == 2 and "embed_tokens" not in name
        (inner if matrix else outer if weight.ndim > 1 else flat).append(weight)
    groups = [{"params": outer, "weight_decay": plan.weight_decay, "peak": plan.lr},
              {"params": flat, "weight_decay": 0.0, "peak": plan.lr}]
    if not plan.muon_lr:
        groups.append({"params": inner, "weight_decay": plan.weight_decay, "peak": plan.lr})
        return [torch.optim.AdamW(groups, lr=plan.lr, betas=(0.9, 0.98))]
    muon = torch.optim.Muon([{"params": inner, "peak": plan.muon_lr}], lr=plan.muon_lr, weight_decay=plan.weight_decay,
                            adjust_lr_fn="match_rms_adamw")
    return [torch.optim.AdamW(groups, lr=plan.lr, betas=(0.9, 0.98)), muon]


def loudness(rows: list[Any]) -> Any:
    """Weight of every learned token (N,): the inverse square root of their number in the row.

    Between one voice a token, where a row of many boxes drowns a single digit, and one voice a row.
    """
    import torch

    counts = torch.tensor([int(row.loss_T.sum()) for row in rows])
    return counts.float().rsqrt().repeat_interleave(counts)


def chunks(rows: list[Any]) -> list[list[Any]]:
    """Rows of a batch by length, in few parts of at most `CHUNK` tokens each in which at most a third is padding."""
    ordered = sorted(rows, key=lambda row: len(row.tokens_T), reverse=True)
    out: list[list[Any]] = [[]]
    for row in ordered:
        widest = len(out[-1][0].tokens_T) if out[-1] else 0
        if (len(out[-1]) + 1) * widest > CHUNK or len(row.tokens_T) * 1.5 < widest:
            out.append([])
        out[-1].append(row)
    return out


@cache
def vocabulary_of(folder: Path) -> Any:
    """The tokenizer in a folder; learned and saved there if there is none yet."""
    from transformers import AutoTokenizer

    if not (folder / "tokenizer.json").exists():
        vocabulary().save_pretrained(folder)
    return AutoTokenizer.from_pretrained(folder)


def rows_of_update(folder: Path, plan: Plan, update: int) -> list[Any]:
    """The rows of one update; runs in the worker."""
    tokenizer, indices = vocabulary_of(folder), range(update * plan.batch, (update + 1) * plan.batch)
    return [row_of(talk(plan.seed, index, update / plan.updates), tokenizer) for index in indices]


def stream(folder: Path, plan: Plan, start: int, last: int) -> Iterator[list[Any]]:
    """The rows of updates start..last-1, drawn ahead in a process of their own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=die_with, initargs=(os.getpid(),)) as pool:
        def draw(update: int) -> Any:
            return pool.submit(rows_of_update, folder, plan, update)

        waiting = [draw(update) for update in range(start, min(start + AHEAD, last))]
        for update in range(start, last):
            rows = waiting.pop(0).result()
            if update + AHEAD < last:
                waiting.append(draw(update + AHEAD))
            yield rows


def die_with(parent: int) -> None:
    """End this worker when its trainer is gone, killed or not."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


def note(seen: dict[str, Any], rows: list[Any], loss_N: Any, right_N: Any) -> None:
    """Add up, per part of the corpus: loss, tokens, messages that greedy decoding would get exactly right, messages."""
    loss, right, at = loss_N.detach().numpy(), right_N.numpy(), 0
    for row in rows:
        wanted = np.flatnonzero(row.loss_T)
        ends = np.flatnonzero(np.diff(wanted, append=wanted[-1] + 2) > 1) + 1
        exact = [bool(right[at + start:at + end].all()) for start, end in zip([0, *ends[:-1]], ends, strict=True)]
        seen[row.kind] += [loss[at:at + len(wanted)].sum(), len(wanted), sum(exact), len(exact)]
        at += len(wanted)


def report(log: Path, update: int, lr: float, seen: dict[str, Any], seconds: float) -> None:
    line: dict[str, Any] = {"update": update, "lr": round(lr, 7), "seconds": round(seconds, 1)}
    for kind, (loss, num_tokens, exact, num_messages) in sorted(seen.items()):
        line[f"loss/{kind}"] = round(float(loss / num_tokens), 4)
        line[f"exact/{kind}"] = round(float(exact / num_messages), 4)
    with log.open("a") as opened:
        opened.write(json.dumps(line) + "\n")


def cut_log(log: Path, update: int) -> float:
    """Forget what was reported after the update that the run goes on from; returns the seconds spent until then."""
    lines = [line for line in (log.read_text().splitlines() if log.exists() else []) if json.loads(line)["update"] <= update]
    log.write_text("".join(f"{line}\n" for line in lines))
    return float(json.loads(lines[-1])["seconds"]) if lines else 0.0


def store(folder: Path, plan: Plan, model: Any, optimisers: list[Any], update: int) -> None:
    """Write the state of the run, whole or not at all."""
    import torch

    temporary = folder / "state.tmp"
    torch.save({"plan": asdict(plan), "update": update, "model": model.state_dict(),
                "optimisers": [each.state_dict() for each in optimisers]}, temporary)
    os.replace(temporary, folder / "state.pt")


def restore(folder: Path, plan: Plan, model: Any, optimisers: list[Any]) -> int:
    """Load the state of the run if there is one; returns the update to go on with."""
    import torch

    path = folder / "state.pt"
    if not path.exists():
        return 0
    state = torch.load(path, weights_only=True)
    if state["plan"] != asdict(plan):
        raise ValueError(f"{path} belongs to another plan {state['plan']}; choose another folder or delete it")
    model.load_state_dict(state["model"])
    for optimiser, each in zip(optimisers, state["optimisers"], strict=True):
        optimiser.load_state_dict(each)
    return int(state["update"])
