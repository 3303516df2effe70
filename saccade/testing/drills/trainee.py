"""The run that is drilled: GRPO with a look at every picture, two turns, on a random tiny model; resumed where it stands.

    python -m saccade.testing.drills.trainee CHECKPOINT FOLDER --mode ahead --worker FILE

The tool asks a process of its own, so that this can be killed, too: it is pure, so a call that dies is made again.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import json
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as PILImage

import saccade.core as sc
from saccade import credit, objectives
from saccade.core.sample import Rows
from saccade.core.seed import generator
from saccade.core.signals import Weighted, term
from saccade.tools.crop import crop

UPDATES = 12
MODES: dict[str, dict[str, Any]] = {
    "turns": {"stale": 0}, "ahead": {"stale": 1}, "free": {"stale": 1, "deterministic": False},
}
"""Generation and learning in turns; beside each other; and beside each other outside the deterministic mode."""

WORKER = "import sys\nfor line in sys.stdin:\n    print(line, end='', flush=True)"


class Worker:
    """A process that says back what it is told; started when it is needed, its number written to `pid`."""

    def __init__(self, pid: Path | None) -> None:
        self.pid, self.process, self.lock = pid, None, threading.Lock()

    def ask(self, text: str) -> str:
        """Raises OSError when the process is gone; the next call starts another."""
        with self.lock:
            if self.process is None or self.process.poll() is not None:
                self.process = subprocess.Popen(
                    [sys.executable, "-ISc", WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
                )
                if self.pid is not None:
                    self.pid.write_text(str(self.process.pid))
            assert self.process.stdin is not None and self.process.stdout is not None
            self.process.stdin.write(text + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
            if not line:
                self.process.wait()
                raise OSError("the tool's process is gone")
            return line.strip()


def zoom(worker: Worker) -> sc.Tool:
    """The zoom tool, its box sent through the worker."""
    made = crop(frame="per_mille")

    @functools.wraps(made.function)
    def through(*, bbox_2d: sc.Box, **rest: Any) -> Any:
        said = json.loads(worker.ask(json.dumps(bbox_2d.xyxy)))
        return made.function(bbox_2d=replace(bbox_2d, xyxy=tuple(said)), **rest)

    return replace(made, function=through)


@sc.episode
async def looks(sample, context):
    """Whatever the model says, it is shown a part of the picture and asked again."""
    yield sc.show(sample.prompt, tools=context.tools)
    yield sc.show(await context.call(sc.ToolCall(name="image_zoom_in_tool", arguments={"bbox_2d": [50, 50, 550, 560]})))


@sc.reward
def letters():
    """Something that random answers differ in."""
    return lambda trajectory: sum(map(ord, trajectory.answer)) % 97 / 97


@term()
def poison(*, at: tuple[int, ...], updates: int) -> Any:
    """Not a number at some updates."""
    import torch

    from saccade.core.signals import TermOut

    def function(s: sc.Signals) -> TermOut:
        bad = round(s.progress * updates) in at
        return TermOut(value=s.logp_T * (torch.nan if bad else 0.0), member=s.trainable_T)

    return function


def question(row: int, index: int) -> sc.Sample:
    wide = (112, 84) if row % 2 else (84, 112)
    small = generator("drill", row).integers(0, 256, (wide[1] // 14, wide[0] // 14, 3), dtype=np.uint8)
    picture = PILImage.fromarray(small).resize(wide, PILImage.Resampling.NEAREST)
    shown = sc.Image(ref=f"lazy:drill{row}", data=picture)
    return sc.Sample(id=f"s{row}", prompt=(sc.user(shown, "What is it?"),), target="a")


def drilled(checkpoint: Path, mode: str, *, worker: Path | None = None, nan: tuple[int, ...] = ()) -> sc.Run:
    """The run; `nan` are updates whose loss is not a number."""
    settings = dict(MODES[mode])
    objective: tuple[Weighted, ...] = (objectives.corrected(objectives.clip()) if settings["stale"] else objectives.clip(),)
    return sc.Run(
        name="drill",
        data=Rows(rows=tuple(range(12)), make=question),
        episode=looks(),
        policy=sc.policy(str(checkpoint), sampling=sc.Sampling(max_tokens=5)),
        tools=(zoom(Worker(worker)),),
        rewards=(letters(),),
        credit=credit.group_mean(),
        objective=(*objective, poison(at=nan, updates=UPDATES)) if nan else objective,
        explore=sc.Independent(n=3),
        optim=sc.Optim(lr=1e-3),
        schedule=sc.Schedule(
            updates=UPDATES, prompts=2, save_every=2, blind_every=0, micro_tokens=2048, stale=settings.pop("stale")
        ),
        **settings,
    )


def slow_straggler() -> None:
    """One request in five takes its time."""
    from saccade.engines.local import LocalEngine

    generate = LocalEngine.generate

    async def late(self, prompt, sampling):
        if sampling.seed % 5 == 0:
            await asyncio.sleep(0.4)
        return await generate(self, prompt, sampling)

    LocalEngine.generate = late


def jumping_clock() -> None:
    """The wall clock jumps by up to a year, either way, whenever it is read."""
    rng, real = np.random.default_rng(), time.time
    time.time = lambda: real() + float(rng.uniform(-3e7, 3e7))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m saccade.testing.drills.trainee")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--mode", choices=sorted(MODES), default="turns")
    parser.add_argument("--worker", type=Path)
    parser.add_argument("--nan", type=int, nargs="*", default=[])
    parser.add_argument("--slow", action="store_true")
    parser.add_argument("--clock", action="store_true")
    given = parser.parse_args(arguments)
    from saccade.learn.loop import train

    if given.slow:
        slow_straggler()
    if given.clock:
        jumping_clock()
    run = drilled(given.checkpoint, given.mode, worker=given.worker, nan=tuple(given.nan))
    train(run, given.folder, resume=True, progress=False, export=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
