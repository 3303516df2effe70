"""Run folders that no model made: of any length for measuring the viewer, and with one of everything for looking at it.

The records are what training writes (steps, tokens, log-probabilities, events, rewards, what was learned about each token),
the pictures are real files under their content hashes; only the words and the numbers are drawn at random.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as PILImage
from PIL import ImageDraw

from saccade.core.engine import LatentSpan, MediaSpan
from saccade.core.message import Box, Image, Message, Text, ToolCall, assistant, system, tool_result, user
from saccade.core.record import keep_reading, write_lines
from saccade.core.sample import Sample
from saccade.core.seed import generator
from saccade.core.store import MediaStore
from saccade.core.trajectory import Score, Step, Stop, ToolEvent, Trajectory
from saccade.media import open_store

WEIGHTS = Path(__file__).parents[1] / "glimpse" / "weights"
"""Tokens are read by the packaged reference model's vocabulary."""

WORDS = ("The", "sign", "is", "left", "of", "the", "door", "and", "I", "look", "closer", "at", "a", "number", "on", "card")


def made_run(
    folder: str | Path,
    *,
    trajectories: int,
    attempts: int = 8,
    looks: int = 3,
    updates: int = 10,
    tokens: int = 400,
    metrics: int = 0,
    seed: int = 0,
) -> Path:
    """Write a training run with this many trajectories of 1 + `looks` pictures each, no two pictures alike, spread over
    `updates` files, and `metrics` lines of metrics (default: one an update)."""
    folder = Path(folder)
    (folder / "trajectories").mkdir(parents=True, exist_ok=True)
    store = open_store(folder / "media", max_bytes=1 << 26)
    of_update = -(-trajectories // updates)
    for update in range(1, updates + 1):
        numbers = range((update - 1) * of_update, min(update * of_update, trajectories))
        made = (
            looking(store, number, attempts=attempts, looks=looks, tokens=tokens, version=update - 1, seed=seed)
            for number in numbers
        )
        write_lines(folder / "trajectories" / f"update_{update:06d}.jsonl", made, append=False)
    write_metrics(folder / "metrics.jsonl", metrics or updates, seed=seed)
    keep_reading(WEIGHTS, folder)
    write(
        folder / "config.json", {"name": "made", "optim": {"lr": 1e-4}, "schedule": {"updates": updates}, "seed": seed}
    )
    write(
        folder / "environment.json", {"python": "3.11", "platform": "nowhere", "cpus": 2, "packages": {"saccade": "0"}}
    )
    return folder


def write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


def write_metrics(path: Path, count: int, *, seed: int = 0) -> None:
    rng = generator(seed, "metrics")
    with path.open("w", encoding="utf-8") as out:
        for update in range(1, count + 1):
            far, noise = update / count, rng.normal(size=8) * 0.03
            line = {
                "update": update,
                "reward": 0.2 + 0.5 * far + noise[0],
                "reward_std": 0.3,
                "rewards/answer_match/mean": 0.3 + 0.4 * far + noise[1],
                "rewards/tool_bonus/mean": 0.5 * far + noise[2],
                "tools/call_frequency": 1 + far + noise[3],
                "tools/failure_frequency": max(0.0, 0.2 * (1 - far) + noise[4]),
                "completions/mean_length": 60 + 30 * far,
                "completions/max_length": 140.0,
                "entropy": 0.9 - 0.5 * far + noise[5],
                "mismatch": 1e-4 * (1 + noise[6]),
                "loss": 0.1 * noise[7],
                "grad_norm": 0.4 + noise[0],
                "lr": 1e-4 * (1 - far),
                "time/rollout": 4.0 + noise[1],
                "time/update": 6.0 + noise[2],
                "step_time": 10.2,
                "stop/done": 0.95,
                "stop/max_steps": 0.05,
                "skipped": 0.0,
            }
            if update % max(1, count // 20) == 0:
                line |= {
                    "eval/hidden_detail/accuracy": 0.25 + 0.5 * far,
                    "blind/noise": 1.5 + noise[3],
                    "blind/mismatch": 2e-5,
                }
            out.write(json.dumps(line) + "\n")


def picture(rng: np.random.Generator, size: tuple[int, int] = (128, 96)) -> PILImage.Image:
    """A small scene: bars of colour and a bright card, different every time."""
    colours = rng.integers(30, 200, (6, 8, 3), dtype=np.uint8)
    pixels = PILImage.fromarray(colours).resize(size, PILImage.Resampling.BICUBIC)
    x, y = int(rng.integers(4, size[0] - 28)), int(rng.integers(4, size[1] - 24))
    draw = ImageDraw.Draw(pixels)
    draw.rectangle(
        (x, y, x + 22, y + 18), fill="white", outline=tuple(int(each) for each in rng.integers(0, 255, 3)), width=2
    )
    draw.text((x + 8, y + 3), str(int(rng.integers(10))), fill="black")
    return pixels


def looking(
    store: MediaStore,
    number: int,
    *,
    attempts: int = 8,
    looks: int = 3,
    tokens: int = 400,
    version: int = 0,
    seed: int = 0,
) -> Trajectory:
    """Attempt `number` of a made run: looks a few times, answers, is rewarded."""
    rng = generator(seed, "made", number)
    root = store.put(picture(rng), source="input")
    width, height = store.size(root.ref)
    answer, target = (str(each) for each in rng.integers(0, 4, 2))
    sample = Sample(
        id=f"scene/{number // attempts}",
        prompt=(user(root, "Which number is on the card?"),),
        target=target,
        meta={"evidence": [[20, 20, 42, 38]], "distractors": [[80, 50, 102, 68]]},
    )
    steps = [step(rng, None, "user", sample.prompt[0], tokens // 4, sampled=False, media=(root,))]
    events: list[ToolEvent] = []
    for look in range(looks):
        x, y = (int(rng.integers(0, edge - 40)) for edge in (width, height))
        box = (float(x), float(y), float(x + 16 + number % 17), float(y + 16 + look * 4))
        cut = store.put(store.get(root.ref).crop(tuple(map(int, box))), parent=root, to_parent=(1, 1, box[0], box[1]))
        call = ToolCall(name="image_zoom_in_tool", arguments={"bbox_2d": list(box)}, id=f"{look}")
        thought = " ".join(rng.choice(WORDS, 12))
        steps.append(step(rng, len(steps) - 1, "policy", assistant(thought, calls=(call,)), tokens // 8))
        events.append(
            ToolEvent(
                step=len(steps) - 1,
                name=call.name,
                arguments=call.arguments,
                image=root.ref,
                box_xyxy=box,
                result=cut.ref,
            )
        )
        steps.append(
            step(
                rng, len(steps) - 1, "tool", tool_result(cut, name=call.name), tokens // 8, sampled=False, media=(cut,)
            )
        )
    steps.append(step(rng, len(steps) - 1, "policy", assistant(f"<answer>{answer}</answer>"), tokens // 8))
    right = float(answer == target)
    rewards = {
        "answer_match": Score(value=right, extracted=answer),
        "tool_bonus": Score(value=right * 0.5, note="a look, and right"),
    }
    return learned(
        Trajectory(
            sample=sample,
            attempt=number % attempts,
            steps=tuple(steps),
            rewards=rewards,
            events=tuple(events),
            seed=number,
            version=version,
            metrics={"num_calls": float(looks), "num_images": 1.0 + looks},
            stop=Stop.DONE if number % 20 else Stop.MAX_STEPS,
        ),
        rng,
    )


def step(
    rng: np.random.Generator,
    parent: int | None,
    speaker: str,
    message: Message,
    size: int,
    *,
    sampled: bool = True,
    media: tuple[Image, ...] = (),
    latent: tuple[LatentSpan, ...] = (),
) -> Step:
    """A step of random tokens, pictures first."""
    patches = 12
    spans = tuple(
        MediaSpan(ref=image.ref, start=2 + at * patches, length=patches, inputs={"grid": [1, 6, 8]})
        for at, image in enumerate(media)
    )
    size = max(size, 4 + patches * len(media))
    return Step(
        parent=parent,
        speaker=speaker,
        message=message,
        tokens=rng.integers(33, 1000, size).astype(np.int32),
        sampled=np.full(size, sampled),
        body=np.full(size, True),
        media=spans,
        latent=latent,
        logp=-rng.gamma(0.5, 0.6, size).astype(np.float32) if sampled else None,
        version=0 if sampled else None,
        started_s=1.0e9,
        ended_s=1.0e9 + 1.5,
    )


def learned(trajectory: Trajectory, rng: np.random.Generator) -> Trajectory:
    """The attempt with what an update would have kept about its tokens."""
    from dataclasses import replace

    size = trajectory.num_sampled
    own = np.concatenate([each.logp for each in trajectory.steps if each.logp is not None])
    kept = {
        "credit": np.where(rng.random(size) < 0.9, rng.normal(size=size), np.nan).round(4).tolist(),
        "learner": (own + rng.normal(size=size) * 1e-3).round(5).tolist(),
        "entropy": rng.gamma(1.0, 0.5, size).round(4).tolist(),
        "view/noise": (own - rng.gamma(0.3, 1.0, size)).round(4).tolist(),
    }
    return replace(trajectory, aux={**trajectory.aux, "tokens": kept})


def one_of_everything(store: MediaStore) -> Iterator[Trajectory]:
    """Attempts that together show what a viewer must show: drawings, points, masks, a clip, code, tool errors, our own
    failures, latent steps, an attempt without tokens, and one that says hostile things."""
    rng = generator("everything")
    root = store.put(picture(rng, (320, 240)), source="input")
    asked = Sample(
        id="drawn",
        prompt=(system("Mark what you see."), user(root, "Where is the card?")),
        target="[40, 40, 80, 80]",
        meta={"evidence": [[40, 40, 80, 80]], "distractors": [[200, 100, 240, 140]]},
    )
    marked = store.get(root.ref).copy()
    ImageDraw.Draw(marked).rectangle((38, 38, 84, 84), outline="red", width=3)
    drawn = store.put(marked, parent=root)
    calls = (
        ToolCall(name="draw_box", arguments={"bbox_2d": [38, 38, 84, 84]}),
        ToolCall(name="point", arguments={"points": [[60, 60], [220, 120]]}),
        ToolCall(name="segment", arguments={"polygon": [[44, 44], [78, 48], [70, 80]]}),
    )
    events = tuple(
        ToolEvent(
            step=2,
            name=call.name,
            arguments=call.arguments,
            image=root.ref,
            result=drawn.ref if call.name == "draw_box" else None,
        )
        for call in calls
    )
    yield trajectory_of(
        rng,
        asked,
        (
            assistant("I mark it.", calls=calls),
            tool_result(drawn, name="draw_box"),
            assistant(Box(xyxy=(40.0, 42.0, 82.0, 80.0)), " is the card"),
        ),
        events,
    )
    frames = tuple(store.put(picture(rng, (160, 120)), source="input") for _ in range(8))
    from dataclasses import replace

    timed = tuple(replace(each, at_s=at * 1.5, frame_index=at) for at, each in enumerate(frames))
    clip = Sample(
        id="clip",
        prompt=(
            user(
                *(part for frame in timed for part in (Text(text=f"<{frame.at_s:.1f} seconds>"), frame)),
                "When does the card appear?",
            ),
        ),
        target="4.5",
    )
    again = ToolCall(name="select_frames", arguments={"target_frames": [4]})
    shown = ToolEvent(step=1, name="select_frames", arguments=again.arguments, image=timed[3].ref)
    yield trajectory_of(
        rng, clip, (assistant(calls=(again,)), tool_result("<4.5 seconds>", timed[3]), assistant("4.5")), (shown,)
    )
    program = (
        "from PIL import Image\n\nimage = Image.open('image_1.png')\nprint(image.size)\n"
        "for x in range(3):\n    print(x, image.getpixel((x, 0)))"
    )
    code = ToolCall(name="python", arguments={"code": program})
    coded = Sample(id="coded", prompt=(user(root, "How large is it?"),), target="320 x 240")
    failing = ToolCall(name="image_zoom_in_tool", arguments={"bbox_2d": [900, 900, 950, 950]})
    yield trajectory_of(
        rng,
        coded,
        (
            assistant("I measure.", calls=(code,)),
            tool_result("(320, 240)\n0 (88, 91, 120)\n1 (88, 91, 121)\n2 (89, 92, 121)"),
            assistant(calls=(failing,)),
            tool_result("the box [900, 900, 950, 950] lies outside the image"),
            assistant("320 x 240"),
        ),
        (
            ToolEvent(step=1, name="python", arguments=code.arguments),
            ToolEvent(
                step=3,
                name=failing.name,
                arguments=failing.arguments,
                image=root.ref,
                error="the box [900, 900, 950, 950] lies outside the image of 320 x 240 pixels",
            ),
        ),
    )
    latent = trajectory_of(
        rng, Sample(id="latent", prompt=(user(root, "How many turns?"),), target="2"), (assistant("2"),), ()
    )
    spans = (LatentSpan(start=1, length=3, values="x", kind="hidden"),)
    thinking = replace(latent.steps[-1], latent=spans)
    yield replace(
        latent,
        steps=(*latent.steps[:-1], thinking),
        aux={**latent.aux, "neighbours": [[["left", 0.4], ["turn", 0.2]], [["right", 0.6]], [["two", 0.9]]]},
    )
    yield replace(
        trajectory_of(rng, replace(coded, id="failed"), (assistant("I was cut"),), ()),
        stop=Stop.ERROR,
        error="Traceback (most recent call last):\n  ...\nRuntimeError: the engine went away",
        rewards={},
    )
    bare = (
        Step(parent=None, speaker="user", message=coded.prompt[0]),
        Step(parent=0, speaker="policy", message=assistant("320x240")),
    )
    yield Trajectory(
        sample=replace(coded, id="endpoint"),
        steps=bare,
        rewards={"answer_match": Score(value=0.0, extracted="320x240")},
    )
    evil = (
        '"><script>window.pwned=1</script><img src=x onerror="window.pwned=1"> \u202eabc \x07 </style> '
        "javascript:alert(1) ../../etc/passwd"
    )
    spoken = ToolCall(name=evil, arguments={evil: evil}, error=evil)
    yield trajectory_of(
        rng,
        Sample(id=evil, prompt=(user(root, evil),), target=evil),
        (
            replace(assistant(evil, calls=(spoken,)), thought=evil),
            replace(tool_result(evil), name=evil),
            assistant(evil),
        ),
        (ToolEvent(step=1, name=evil, error=evil),),
        note=evil,
    )


def trajectory_of(
    rng: np.random.Generator,
    sample: Sample,
    said: tuple[Message, ...],
    events: tuple[ToolEvent, ...],
    *,
    note: str = "",
) -> Trajectory:
    steps: list[Step] = []
    for message in (*sample.prompt, *said):
        speaker = "policy" if message.role == "assistant" else message.role
        steps.append(
            step(
                rng,
                len(steps) - 1 if steps else None,
                speaker,
                message,
                24,
                sampled=message.role == "assistant",
                media=message.images,
            )
        )
    score = Score(value=float(rng.integers(2)), extracted=said[-1].text[:60], note=note)
    made = Trajectory(
        sample=sample,
        steps=tuple(steps),
        events=events,
        rewards={"answer_match": score, "format_tags": Score(value=1.0)},
    )
    return learned(made, rng)
