"""The smoke run of a recipe: its published settings, two updates, on a random checkpoint of the same family.

`shrink` changes sizes, steps, checkpoint and data and nothing else, so what is exercised is the recipe's own episode, tools,
rewards, credit and objective. Data that is not on this machine is replaced by a few rows in the same column layout, and
totals are helped by lot (`by_lot`), so that there is something to learn.
"""

from __future__ import annotations

import json
import math
import tempfile
import time
from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from saccade.claims.methods import file_digest, smoke_record
from saccade.core.engine import Sampling
from saccade.core.reward import Reward
from saccade.core.run import Run, Stage
from saccade.core.seed import generator
from saccade.core.trajectory import Group
from saccade.data.published import Published

FAMILIES = {"qwen2.5-vl": "qwen2_5_vl", "glimpse": "qwen2_5_vl", "qwen3-vl": "qwen3_vl", "smolvlm": "smolvlm",
            "idefics3": "idefics3", "internvl": "internvl", "gemma-3": "gemma3"}
"""What a published checkpoint's name contains, and the family it tells."""

ROWS = 4


def family_of(model: str) -> str:
    """The family of a published checkpoint by its name. Raises ValueError for one that is not known."""
    for part, family in FAMILIES.items():
        if part in model.lower():
            return family
    raise ValueError(f"cannot tell the family of {model!r}; known names contain {', '.join(FAMILIES)}")


def shrink(run: Run, folder: Path) -> Run:
    """The run, small enough for two updates in seconds. Writes checkpoint and rows below `folder`."""
    from saccade.testing.tiny import tiny

    model = tiny(family_of(run.policy.model), folder / "tiny")
    sampling = Sampling(temperature=run.policy.sampling.temperature, top_p=run.policy.sampling.top_p, max_tokens=8)
    return replace(
        run,
        data=present(run.data, folder),
        policy=replace(run.policy, model=str(model), dtype="float32", device="cpu", sampling=sampling),
        limits=replace(run.limits, steps=min(run.limits.steps, 3), tokens=4096, sampled=24),
        explore=fewer(run.explore),
        schedule=replace(run.schedule, updates=2, prompts=2, passes=1, micro_tokens=4096, save_every=0, eval_every=0),
        evals=(),
    )


def fewer(explore: Any) -> Any:
    """The explorer with two attempts of each kind it counts."""
    counts = {each.name: 2 for each in fields(explore) if each.name in ("n", "probes")} if is_dataclass(explore) else {}
    return replace(explore, **counts)


def present(data: Any, folder: Path) -> Any:
    """The data, with rows of our own in the place of those that are not here, also inside a source made of another."""
    if isinstance(data, Published):
        return fixture(data, folder)
    inner = getattr(data, "source", None)
    return replace(data, source=present(inner, folder)) if isinstance(inner, Published) and is_dataclass(data) else data


def fixture(data: Published, folder: Path) -> Any:
    """A few rows with pictures in the column layout of a published data set."""
    from PIL import Image

    from saccade.data import source

    folder.mkdir(parents=True, exist_ok=True)
    rng = generator("smoke", data.name)
    lines: list[str] = []
    for index in range(ROWS):
        picture = folder / f"picture-{index}.png"
        Image.fromarray(rng.integers(0, 256, (56, 84, 3), dtype="uint8")).save(picture)
        question = f"Which number is it in picture {'abcd'[index]}?"
        lines.append(json.dumps(row(data.layout, question, str(index), picture.name)))
    path = folder / f"{data.layout}.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return source(path, layout=data.layout)


def row(layout: str, question: str, answer: str, picture: str) -> dict[str, Any]:
    """One row as that project writes it. Raises ValueError for a layout without a form here."""
    asked = f"<image>{question}"
    forms: dict[str, dict[str, Any]] = {
        "trl": {"prompt": [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": question}]}],
                "images": [picture], "answer": answer},
        "verl": {"data_source": "smoke", "prompt": [{"role": "user", "content": asked}], "images": [picture],
                 "reward_model": {"style": "rule", "ground_truth": answer}, "extra_info": {"index": 0}},
        "easyr1": {"problem": asked, "answer": answer, "images": [picture]},
        "llava": {"conversations": [{"from": "human", "value": asked}, {"from": "gpt", "value": answer}], "image": picture},
        "swift": {"messages": [{"role": "user", "content": asked}, {"role": "assistant", "content": answer}],
                  "images": [picture]},
    }
    if layout not in forms:
        raise ValueError(f"no smoke rows in the layout {layout!r}; there are {', '.join(forms)}")
    return forms[layout]


def by_lot(run: Run) -> Run:
    """The run with a point given or not by lot on top of every total: a random checkpoint earns nothing, and a selector that
    wants spread, or a preference, would leave no row to learn from."""
    if run.mode != "rl":
        return run
    total = run.total

    def luck(group: Group, rewards: Sequence[Reward], progress: float) -> np.ndarray:
        lots = generator("smoke", group.sample.id).permutation(len(group.trajectories)) % 2
        return np.where(lots == 0, 1.0, 0.0) + total(group, rewards, progress)

    return replace(run, total=luck)


def smoke(made: Run | tuple[Stage, ...], folder: Path) -> list[dict[str, Any]]:
    """Train two updates of every stage. Raises what goes wrong, and ValueError for a loss that is not finite."""
    from saccade.learn.loop import train

    summaries: list[dict[str, Any]] = []
    for stage in made if isinstance(made, tuple) else (Stage(name="run", run=made),):
        small = by_lot(shrink(stage.run, folder / stage.name))
        summary = train(small, folder / stage.name / "out", progress=False, export=False)
        loss = summary["last"].get("loss", math.nan)
        if summary["updates"] != 2 or not math.isfinite(loss):
            raise ValueError(f"{small.name}: {summary['updates']} of 2 updates, loss {loss}")
        summaries.append(summary)
    return summaries


def record_smoke(module: Any, results: Path) -> dict[str, Any]:
    """Run a recipe's smoke run and note the outcome in ``smoke.json``, with the digest of the recipe as it stands."""
    path = Path(module.__file__)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="saccade-smoke-") as folder:
        try:
            smoke(vars(module)["run"](), Path(folder))
            passed, note = True, ""
        except Exception as error:  # whatever a recipe raises is the outcome
            passed, note = False, f"{type(error).__name__}: {error}"
    entry = {"passed": passed, "recipe": file_digest(path), "seconds": round(time.perf_counter() - began, 1), "note": note}
    results.mkdir(parents=True, exist_ok=True)
    record = {**smoke_record(results), path.stem: entry}
    target = results / "smoke.json"
    target.with_suffix(".tmp").write_text(json.dumps(record, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    target.with_suffix(".tmp").replace(target)
    return entry
