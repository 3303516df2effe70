"""A selection of attempts as a log of inspect_ai, so that its viewer and its data frames open them (log format version 2).

Written by hand after its published schema: nothing of inspect_ai is imported. One attempt is one sample of one epoch;
pictures are data URIs; every reward is a score. What the format has no place for (boxes, truth) goes to the metadata.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from saccade.core.message import Image, Message, Text
from saccade.core.record import finite, plain
from saccade.core.seed import seed_of
from saccade.core.trajectory import Trajectory
from saccade.viewer.album import Inline, Pixels

IMAGE_PX = 1024


def inspect_log(attempts: Sequence[Trajectory], pixels: Pixels, *, task: str, model: str = "saccade/policy") -> str:
    """The log as JSON text. Raises ValueError for no attempts."""
    if not attempts:
        raise ValueError("there is nothing to export: choose at least one attempt")
    album = Inline(pixels)
    now = datetime.fromtimestamp(
        max((step.ended_s for each in attempts for step in each.steps), default=0.0), UTC
    ).isoformat()
    names = list(dict.fromkeys(name for each in attempts for name in each.rewards))
    epochs: dict[str, int] = {}
    samples = []
    for each in attempts:
        epochs[each.sample.id] = epochs.get(each.sample.id, 0) + 1
        samples.append(sample_of(each, album, model, epoch=epochs[each.sample.id]))
    log = {
        "version": 2,
        "status": "success",
        "eval": {
            "eval_id": named("eval", task),
            "run_id": named("run", task),
            "created": now,
            "task": task,
            "task_id": named("task", task),
            "task_version": 0,
            "dataset": {"name": task, "samples": len(epochs), "sample_ids": list(epochs)},
            "model": model,
            "config": {"epochs": max(epochs.values())},
            "packages": {},
        },
        "plan": {"name": "saccade", "steps": []},
        "results": {
            "total_samples": len(samples),
            "completed_samples": len(samples),
            "scores": [scores_of(name, attempts) for name in names],
        },
        "stats": {"started_at": now, "completed_at": now, "model_usage": {}},
        "samples": samples,
    }
    return json.dumps(finite(plain(log)), ensure_ascii=True, allow_nan=False)


def named(*parts: str) -> str:
    """An identifier that is the same whenever the same thing is exported."""
    return f"{seed_of('inspect', *parts) % (1 << 62):022d}"


def scores_of(name: str, attempts: Sequence[Trajectory]) -> dict[str, Any]:
    values = [each.rewards[name].value for each in attempts if name in each.rewards]
    known = [value for value in values if value is not None]
    metrics = {"mean": {"name": "mean", "value": sum(known) / len(known), "params": {}}} if known else {}
    return {
        "name": name,
        "scorer": name,
        "params": {},
        "metrics": metrics,
        "scored_samples": len(known),
        "unscored_samples": len(values) - len(known),
    }


def sample_of(each: Trajectory, album: Inline, model: str, *, epoch: int) -> dict[str, Any]:
    messages = [message_of(step.message, album, model, calls=f"{at}") for at, step in enumerate(each.path())]
    pair_calls(messages)
    asked = next((at for at, step in enumerate(each.path()) if step.speaker != step.message.role), len(messages))
    meta = {
        "seed": each.seed,
        "version": each.version,
        "stop": str(each.stop),
        "events": plain(each.events),
        "truth": plain(each.sample.meta),
    }
    return {
        "id": each.sample.id,
        "epoch": epoch,
        "input": messages[:asked] or "",
        "choices": list(each.sample.choices) or None,
        "target": "" if each.sample.target is None else str(each.sample.target),
        "messages": messages,
        "output": {
            "model": model,
            "choices": [
                {
                    "message": {"role": "assistant", "content": each.answer, "source": "generate"},
                    "stop_reason": "max_tokens" if each.stop.cut_off else "stop",
                }
            ],
        },
        "scores": {
            name: {"value": score.value, "answer": score.extracted, "explanation": score.note or None}
            for name, score in each.rewards.items()
            if score.value is not None
        },
        "metadata": meta,
        "store": {},
        "events": [],
        "model_usage": {},
        "attachments": {},
        "error": None
        if each.error is None
        else {"message": each.error.strip().splitlines()[-1], "traceback": each.error, "traceback_ansi": each.error},
    }


def message_of(message: Message, album: Inline, model: str, *, calls: str) -> dict[str, Any]:
    content: list[dict[str, Any]] = []
    if message.thought:
        content.append({"type": "reasoning", "reasoning": message.thought})
    for part in message.parts:
        if isinstance(part, Text):
            content.append({"type": "text", "text": part.text})
        elif isinstance(part, Image):
            content.append({"type": "image", "image": album.source(part.ref, most_px=IMAGE_PX), "detail": "auto"})
        else:
            content.append({"type": "text", "text": json.dumps(plain(part))})
    out: dict[str, Any] = {"role": message.role, "content": content}
    if message.role == "assistant":
        out |= {"model": model, "source": "generate"}
        out["tool_calls"] = [
            {
                "id": f"call_{calls}_{at}",
                "function": call.name or "unknown",
                "arguments": plain(call.arguments),
                "type": "function",
                "parse_error": call.error,
            }
            for at, call in enumerate(message.calls)
        ] or None
    return out


def pair_calls(messages: list[dict[str, Any]]) -> None:
    """Give results the names of the calls before them, in order."""
    waiting: list[dict[str, Any]] = []
    for message in messages:
        if message["role"] == "assistant":
            waiting = list(message["tool_calls"] or ())
        elif message["role"] == "tool" and waiting:
            call = waiting.pop(0)
            message |= {"tool_call_id": call["id"], "function": call["function"]}
