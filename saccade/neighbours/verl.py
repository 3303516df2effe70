"""A run inside verl: its episode as an agent loop, and finished groups as a batch in verl's layout.

verl owns generation and learning and asks an agent loop for tokens: `agent_loop` runs the run's own episode (tools, budgets,
typed stops, every protocol there is here) over verl's server, and hands back what was recorded: prompt, response, which
tokens the policy drew, their log-probabilities, pictures and the reward. Named in verl's ``agent_loop_config_path`` file::

    - name: saccade
      _target_: saccade.neighbours.verl.agent_loop
      recipe: my_recipe.py

Written against verl's documented interface (`AgentLoopBase.run`, `AgentLoopOutput`, a server manager's `generate`) and not
run inside verl, which cannot be installed beside this project's versions. Its own test drives it with a server that keeps
that interface. verl's vLLM server folds expanded picture tokens itself for the Qwen families; for others that was not seen.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from saccade.core.engine import Completion, Prompt, Renderer, Sampling, token_array
from saccade.core.reward import evaluate
from saccade.core.run import Run
from saccade.core.sample import Sample
from saccade.core.store import MediaStore
from saccade.core.trajectory import Group, Trajectory
from saccade.data.cells import Place
from saccade.data.columns import sample_from_row
from saccade.media import open_store
from saccade.rollout.run import attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What an agent loop returns, by verl's names; token ids int, response_mask 1 where the policy drew the token.

    `response_logprobs` are the sampler's at drawn tokens and 0 elsewhere, None where it gave none.
    """

    prompt_ids: list[int]
    response_ids: list[int]
    response_mask: list[int]
    response_logprobs: list[float] | None
    images: list[Any]
    reward_score: float | None
    num_turns: int


def output_of(trajectory: Trajectory, store: MediaStore, score: float | None) -> Output:
    """A finished attempt as verl holds it: everything before the first drawn token is the prompt.

    Raises ValueError for an attempt without tokens (a client answered), or with several paths: verl has one row an attempt.
    """
    if len(trajectory.leaves()) != 1:
        raise ValueError(f"the attempt at {trajectory.sample.id} has {len(trajectory.leaves())} paths; a row of verl is one")
    prompt = trajectory.prompt()
    drawn = np.concatenate([step.sampled for step in trajectory.path() if step.sampled is not None])
    begin = int(np.argmax(drawn)) if drawn.any() else len(drawn)
    logp = np.zeros(len(drawn), np.float32)
    told = [step.logp for step in trajectory.path() if step.sampled is not None and step.sampled.any()]
    known = all(each is not None for each in told)
    if known and told:
        logp[drawn] = np.concatenate([each for each in told if each is not None])
    return Output(
        prompt_ids=prompt.tokens[:begin].tolist(), response_ids=prompt.tokens[begin:].tolist(),
        response_mask=drawn[begin:].astype(int).tolist(), response_logprobs=logp[begin:].tolist() if known else None,
        images=[store.get(span.ref) for span in prompt.media], reward_score=score,
        num_turns=sum(step.message.role in ("user", "assistant", "tool") for step in trajectory.path()),
    )


def batch(
    groups: Sequence[Group], store: MediaStore, *, prompt_length: int, response_length: int, pad: int
) -> dict[str, Any]:
    """Scored groups as the arrays of verl's `DataProto`: prompts padded on the left, responses on the right.

    int64[B, P] `prompts`, int64[B, R] `responses` and `response_mask`, int64[B, P + R] `input_ids`, `attention_mask` and
    `position_ids` (one axis; families with three derive theirs from the pictures), float32[B, R] `rollout_log_probs` and
    `rm_scores` (the total at the last token), object[B] `uid` and `multi_modal_data`. Failed attempts are left out.
    Raises ValueError naming the sample whose prompt or response is longer than its share.
    """
    rows = [
        (group.sample.id, output_of(group.trajectories[index], store, float(group.total[index])))
        for group in groups for index in group.members if group.total is not None
    ]
    for name, row in rows:
        for what, size, most in (("prompt", len(row.prompt_ids), prompt_length),
                                 ("response", len(row.response_ids), response_length)):
            if size > most:
                raise ValueError(f"sample {name}: a {what} of {size} tokens does not fit into {what}_length={most}")

    size = len(rows), prompt_length + response_length
    ids, seen, drawn = np.full(size, pad, np.int64), np.zeros(size, np.int64), np.zeros(size, np.int64)
    logp, scores = np.zeros(size, np.float32), np.zeros(size, np.float32)
    pictures = np.empty(len(rows), object)
    for at, (_, row) in enumerate(rows):
        begin, end = prompt_length - len(row.prompt_ids), prompt_length + len(row.response_ids)
        ids[at, begin:end], seen[at, begin:end] = row.prompt_ids + row.response_ids, 1
        drawn[at, prompt_length:end] = row.response_mask
        logp[at, prompt_length:end] = row.response_logprobs or 0.0
        scores[at, max(end - 1, prompt_length)] = row.reward_score or 0.0
        pictures[at] = {"image": row.images}
    before, after = slice(0, prompt_length), slice(prompt_length, None)
    return {
        "prompts": ids[:, before], "responses": ids[:, after], "input_ids": ids, "attention_mask": seen,
        "position_ids": np.maximum(seen.cumsum(1) - 1, 0) * seen, "response_mask": drawn[:, after],
        "rollout_log_probs": logp[:, after], "rm_scores": scores[:, after],
        "uid": np.array([name for name, _ in rows], object), "multi_modal_data": pictures,
    }


@dataclass(slots=True, kw_only=True)
class ServerEngine:
    """verl's server manager as an `Engine`. One for each attempt: its requests share an id, so a server keeps prefixes."""

    manager: Any
    store: MediaStore
    params: dict[str, Any]
    version: int = 0
    request: str = ""

    async def generate(self, prompt: Prompt, sampling: Sampling) -> Completion:
        """Ask for a completion. Raises ValueError where tokens and log-probabilities of the server differ in number."""
        images = [self.store.get(span.ref) for span in prompt.media]
        params = {**self.params, "logprobs": True, "max_tokens": sampling.max_tokens}
        if sampling.stop:
            params["stop_token_ids"] = list(sampling.stop)
        self.request = self.request or uuid4().hex
        said = await self.manager.generate(
            request_id=self.request, prompt_ids=prompt.tokens.tolist(), sampling_params=params, image_data=images or None
        )
        tokens = token_array(getattr(said, "token_ids", said))
        told = getattr(said, "log_probs", None)
        if told is not None and len(told) != len(tokens):
            raise ValueError(f"verl's server gave {len(told)} log-probabilities for {len(tokens)} tokens")
        ended = len(tokens) and int(tokens[-1]) in sampling.stop
        finish = "stop" if ended or len(tokens) < sampling.max_tokens else "length"
        return Completion(tokens=tokens, logp=None if told is None else np.asarray(told, np.float32), finish=finish,
                          version=self.version)


class EpisodeLoop:
    """The agent loop of one row: `run` plays the run's episode over verl's server and scores it."""

    def __init__(self, run: Run, manager: Any, renderer: Renderer, store: MediaStore) -> None:
        self.played, self.manager, self.renderer, self.store = run, manager, renderer, store

    async def run(self, sampling_params: dict[str, Any], **columns: Any) -> Any:
        """An `AgentLoopOutput`. `columns` are those of the row, `raw_prompt` and `reward_model` among them.

        Rewards that compare attempts see one here; give verl those that do not.
        """
        from verl.experimental.agent_loop.agent_loop import AgentLoopMetrics, AgentLoopOutput

        began = time.perf_counter()
        run, sample = self.played, self.sample(columns)
        known = {key: value for key, value in sampling_params.items() if key != "logprobs"}
        sampling = replace(run.policy.sampling, stop=(*run.policy.sampling.stop, *self.renderer.stop))
        made = await attempt(
            sample, run.episode, store=self.store, renderer=self.renderer, tools=run.tools, clients=run.others,
            engine=ServerEngine(manager=self.manager, store=self.store, params=known), limits=run.limits, sampling=sampling,
            seed=run.seed, index=int(columns.get("rollout_n", 0)),
        )
        if made.stop.failed:
            raise RuntimeError(f"the attempt at {sample.id} failed on our side: {made.error}")
        scored = evaluate(Group(sample=sample, trajectories=(made,)), run.rewards, total=run.total)
        total = None if scored.total is None else float(scored.total[0])
        out = output_of(made, self.store, total)
        named = {name: score.value for name, score in scored.trajectories[0].rewards.items() if score.value is not None}
        return AgentLoopOutput(
            prompt_ids=out.prompt_ids, response_ids=out.response_ids, response_mask=out.response_mask,
            response_logprobs=out.response_logprobs, multi_modal_data={"image": out.images} if out.images else {},
            reward_score=out.reward_score, num_turns=out.num_turns,
            metrics=AgentLoopMetrics(generate_sequences=time.perf_counter() - began),
            extra_fields={"reward_extra_info": {**named, "stop": made.stop.value}},
        )

    def sample(self, columns: dict[str, Any]) -> Sample:
        """The row as a sample: verl's columns are a layout of ours, with the prompt under `raw_prompt`."""
        pictures = columns.get("images") or (columns.get("multi_modal_data") or {}).get("image") or []
        row = {**columns, "prompt": list(columns.get("raw_prompt", columns.get("prompt", []))), "images": list(pictures)}
        number = (columns.get("extra_info") or {}).get("index", columns.get("index", 0))
        place = Place(file=Path("verl"), row=int(number), folder=Path())
        kept = {key: value for key, value in row.items() if key not in ("raw_prompt", "multi_modal_data")}
        return sample_from_row(kept, place, layout="verl", id=f"verl/{number}", need_image=False, need_answer=False)


def agent_loop(
    trainer_config: Any, server_manager: Any, tokenizer: Any, processor: Any, recipe: str, **others: Any
) -> EpisodeLoop:
    """What verl instantiates for every row: the loop of `recipe` (a name, or a file.py) over its server and checkpoint."""
    run, renderer, store = prepared(recipe, str(trainer_config.config.actor_rollout_ref.model.path))
    return EpisodeLoop(run, server_manager, renderer, store)


_PREPARED: dict[tuple[str, str], tuple[Run, Renderer, MediaStore]] = {}


def prepared(recipe: str, folder: str) -> tuple[Run, Renderer, MediaStore]:
    """Run, renderer and store, made once for a worker: rows come by the thousand."""
    if (recipe, folder) not in _PREPARED:
        from saccade.cli.resolve import recipe_module, stages_of
        from saccade.models.loading import checkpoint_folder, load_family
        from saccade.models.renderer import make_renderer

        run = stages_of(recipe_module(recipe))[0].run
        place = checkpoint_folder(folder)
        family, _ = load_family(place, run.policy)
        _PREPARED[recipe, folder] = run, make_renderer(place, family, run.policy.dialect), open_store()
    return _PREPARED[recipe, folder]


