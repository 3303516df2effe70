"""Rollouts in which every attempt is told what to write, so that both sides sample the same tokens in the same turns.

The logits are computed as ever; only the choice is fixed. An attempt is recognised by the words of its first turn, which
name it.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

ATTEMPTS, GROUP = 16, 8
FILLER = "look at the image and answer with one word what is the number in the picture "


@dataclass(slots=True, kw_only=True)
class Script:
    """turns[n][t]: int32 tokens of attempt n in turn t, the end of the message included. `told` counts turns handed out."""

    turns: list[list[np.ndarray]]
    told: list[int] = field(default_factory=list)

    def begin(self) -> None:
        self.told = [0] * len(self.turns)

    def next(self, ids: Sequence[int] | np.ndarray) -> np.ndarray:
        """What comes after these tokens. A prompt in which nobody has written yet goes to the next attempt."""
        held = np.asarray(ids, np.int32).tobytes()
        found = [n for n, turns in enumerate(self.turns) if self.told[n] and turns[0].tobytes() in held]
        number = found[0] if found else self.told.index(0)
        self.told[number] += 1
        return self.turns[number][self.told[number] - 1]


def call(key: str) -> str:
    return '<tool_call>\n{"name": "look_up", "arguments": {"key": "' + key + '"}}\n</tool_call>'


def script(folder: Path, *, num_turns: int, words: Sequence[Sequence[int]]) -> Script:
    """words[n][t] words of filler before the call, or before the end of the last turn, which calls nothing."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "model" / "tokenizer.json"))
    end = tokenizer.token_to_id("<|im_end|>")
    filler = FILLER.split() * 20

    def turn(number: int, at: int) -> np.ndarray:
        text = f"Attempt {number} of all: " + " ".join(filler[: words[number][at]])
        text += "\n" + call(f"key {number} {at}") if at < num_turns - 1 else "."
        return np.array([*tokenizer.encode(text, add_special_tokens=False).ids, end], np.int32)

    return Script(turns=[[turn(number, at) for at in range(num_turns)] for number in range(ATTEMPTS)])


def question(group: int) -> str:
    return f"Question {group}. " + FILLER * 4


def answer(key: str, words: int) -> str:
    """What the tool says about a key."""
    return f"{key}: " + " ".join((FILLER.split() * 20)[:words])


def prepare(folder: Path) -> None:
    """A Qwen3-VL checkpoint, whose published template can render calls and is one that the peer accepts."""
    from benchmarks import peer
    from benchmarks.checkpoint import build

    place = build(folder / "model", "qwen3_vl")
    shipped = next((peer.python().parent.parent / "lib").glob("python*/site-packages/trl/chat_templates/qwen3_vl.jinja"))
    (place / "chat_template.jinja").write_text(shipped.read_text(encoding="utf-8"), encoding="utf-8")


class Told:
    """Our local engine, with the script's next token as the only one allowed."""

    def __init__(self, engine: Any, script: Script) -> None:
        self.engine, self.script = engine, script

    @property
    def version(self) -> int:
        return self.engine.version

    def live(self, change: int) -> None:
        self.engine.live(change)

    async def generate(self, prompt: Any, sampling: Any) -> Any:
        from dataclasses import replace

        tokens = self.script.next(prompt.tokens)

        def only(drawn: np.ndarray, logits: Any) -> Any:
            out = logits.new_full(logits.shape, float("-inf"))
            out[tokens[len(drawn)]] = 0.0
            return out

        return await self.engine.generate(prompt, replace(sampling, logit_rules=(only,), max_tokens=len(tokens)))


def our_rollout(policy: Any, engine: Any, script: Script, tool: Any, num_turns: int) -> list[Any]:
    """All attempts of two groups; returns their trajectories."""
    from saccade.core.engine import Sampling
    from saccade.core.episode import Limits
    from saccade.core.message import user
    from saccade.core.run import Independent
    from saccade.core.sample import Sample
    from saccade.episodes.tool_loop import tool_loop
    from saccade.media import open_store
    from saccade.rollout.pool import run_rollouts

    script.begin()
    samples = [Sample(id=f"group {group}", prompt=(user(question(group)),)) for group in range(ATTEMPTS // GROUP)]
    groups = run_rollouts(
        samples, tool_loop(max_steps=num_turns), store=open_store(), engine=Told(engine, script), renderer=policy.renderer,
        tools=(tool,), limits=Limits(steps=num_turns, tokens=4096, sampled=4096), sampling=Sampling(max_tokens=512),
        explore=Independent(n=GROUP),
    )
    found = [each for group in groups for each in group.trajectories]
    assert all(each.stop == "done" for each in found), [each.error or each.stop for each in found][:2]
    return found


def our_tokens(trajectories: Sequence[Any]) -> dict[str, np.ndarray]:
    """Whole sequences of all attempts, in an order that does not depend on the side."""
    whole = sorted(tuple(each.prompt(each.leaves()[0]).tokens.tolist()) for each in trajectories)
    return {"tokens": np.concatenate([np.array(each, np.int32) for each in whole])}


def make_them_write(trainer: Any, script: Script) -> None:
    """Let the peer's own generation choose the script's tokens."""
    import torch
    from transformers import LogitsProcessor, LogitsProcessorList

    rows: list[np.ndarray] = []
    start = [0]

    class Only(LogitsProcessor):
        def __call__(self, input_ids: Any, scores: Any) -> Any:
            at = input_ids.shape[1] - start[0]
            out = torch.full_like(scores, float("-inf"))
            chosen = torch.tensor([int(tokens[min(at, len(tokens) - 1)]) for tokens in rows])
            return out.scatter(1, chosen[:, None], 0.0)

    generate = trainer.model.generate
    single = trainer._generate_single_turn

    def written(*arguments: Any, **options: Any) -> Any:
        start[0] = options["input_ids"].shape[1]
        return generate(*arguments, logits_processor=LogitsProcessorList([Only()]), **options)

    def told(ids: Any, *arguments: Any, **options: Any) -> Any:
        rows[:] = [script.next(each) for each in ids]
        return single(ids, *arguments, **options)

    trainer.model.generate = written
    trainer._generate_single_turn = told


def their_rollout(trainer: Any, script: Script) -> tuple[Any, Any]:
    """The peer's generation with its tool loop; returns prompts' and completions' ids."""
    script.begin()
    prompts = [[{"role": "user", "content": question(group)}] for group in range(ATTEMPTS // GROUP) for _ in range(GROUP)]
    tools = {each.__name__: each for each in trainer._standalone_tools}
    waiting = {name: each for name, each in tools.items() if inspect.iscoroutinefunction(each)}
    trainer._async_tool_dicts = [waiting] * len(prompts)
    trainer._sync_tool_dicts = [{name: each for name, each in tools.items() if name not in waiting}] * len(prompts)
    found = trainer._generate(prompts)
    trainer._metrics["train"].clear()
    return found[0], found[1]


def their_tokens(found: tuple[Any, Any]) -> dict[str, np.ndarray]:
    whole = sorted(tuple(prompt) + tuple(completion) for prompt, completion in zip(*found, strict=True))
    return {"tokens": np.concatenate([np.array(each, np.int32) for each in whole])}
