"""Who is asked (a run folder, a checkpoint, glimpse, an endpoint), and under which protocol (a recipe, tools, nothing)."""

from __future__ import annotations

import socket
import urllib.request
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from saccade.cli.asked import run_of_folder
from saccade.cli.resolve import component, read_source, recipe_module, stages_of
from saccade.core.engine import Sampling
from saccade.core.episode import Limits
from saccade.core.run import Benchmark, PolicySpec, Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """`player` is what `evaluate` takes: a run with its own protocol, a policy, or a client."""

    player: Any
    benchmarks: tuple[Any, ...]
    run: Run | None = None


def is_endpoint(policy: str) -> bool:
    return policy.startswith(("http://", "https://"))


def answering(url: str) -> None:
    """Raise ValueError when nothing listens at an address, before a whole evaluation waits for it."""
    parts = urlsplit(url)
    if urllib.request.getproxies().get(parts.scheme) and not urllib.request.proxy_bypass(parts.hostname or ""):
        return  # only the proxy can tell
    try:
        socket.create_connection((parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)), 10).close()
    except OSError as error:
        raise ValueError(f"{url}: nothing answers there ({error.strerror or error}); start the server, or mend the address "
                         "(the base URL, as in http://localhost:8000/v1)") from None


def place_name(policy: str) -> str:
    """A folder name for results of a policy."""
    text = policy.split("://", 1)[-1] if is_endpoint(policy) else Path(policy).name
    return "".join(each if each.isalnum() or each in "-_." else "-" for each in text).strip("-.") or "policy"


def protocol_run(policy: str, *, recipe: str, arm: str, tools: str, seed: int, max_tokens: int = 0) -> Run | None:
    """The run whose episode, tools, limits and rewards are used; None: the plainest protocol."""
    if recipe:
        run: Run | None = stages_of(recipe_module(recipe), arm=arm or None, seed=seed)[-1].run
    elif arm:
        raise ValueError("--arm is an arm of a recipe's claim; say which recipe with --recipe")
    else:
        run = None if is_endpoint(policy) else run_of_folder(Path(policy))
    if run is None and policy == "glimpse":
        run = plain_glimpse()
    if run is None and tools:
        run = offering(policy, tools)
    elif run is not None and tools:
        run = replace(run, tools=tuple(component("tool", each) for each in split(tools)))
    if run is not None and max_tokens:
        run = replace(run, policy=replace(run.policy, sampling=replace(run.policy.sampling, max_tokens=max_tokens)))
    return run


def plain_glimpse() -> Run:
    """The protocol glimpse was made for: its own crop tool, a look and an answer."""
    from saccade.recipes import deepeyes

    return deepeyes.miniature("start", 0)


def offering(policy: str, tools: str) -> Run:
    """A run that is only there for its protocol: a tool loop with these tools."""
    from saccade import episodes

    return replace(
        plain_run(policy),
        episode=episodes.tool_loop(max_steps=6),
        limits=Limits(steps=6),
        tools=tuple(component("tool", each) for each in split(tools)),
    )


def plain_run(policy: str) -> Run:
    """A run that is only there for its protocol: one question, one answer, judged by rule."""
    from saccade import episodes, rewards
    from saccade.core.sample import Rows

    return Run(
        name="protocol",
        data=Rows(rows=()),
        episode=episodes.single(),
        policy=PolicySpec(model=policy),
        rewards=(rewards.answer_match(),),
    )


def player_of(policy: str, run: Run | None, *, api_model: str, max_tokens: int, store: Any) -> Any:
    """The run with this policy's weights, a bare policy, or a client of an endpoint that finds its pictures in `store`."""
    if is_endpoint(policy):
        from saccade import clients

        if not api_model:
            raise ValueError(f"{policy}: say which model of the endpoint with --api-model NAME")
        client = clients.endpoint(policy, api_model, store=store)
        answering(policy)
        return client
    from saccade.evals.player import model_folder

    if (Path(policy) / "checkpoints").is_dir() and not (Path(policy) / "model").is_dir():
        raise ValueError(
            f"{policy}: this run is not finished; go on with `saccade train ... --out {policy} --resume true`, or "
            f"take its last checkpoint: saccade export {policy} FOLDER"
        )
    model = str(model_folder(policy))
    if model != "glimpse" and not Path(model).is_dir():
        raise ValueError(
            f"{policy}: there is no such checkpoint or run folder (a local folder, glimpse, or an http address)"
        )
    sampling = Sampling(max_tokens=max_tokens or 512)
    return (
        PolicySpec(model=model, sampling=sampling)
        if run is None
        else replace(run, policy=replace(run.policy, model=model))
    )


def protocol_of(
    policy: str,
    *,
    data: str,
    on: str,
    recipe: str,
    arm: str,
    tools: str,
    seed: int,
    max_tokens: int,
    api_model: str,
    store: Any,
) -> Protocol:
    """Everything an evaluation needs. Raises ValueError when there is nothing to evaluate on."""
    run = protocol_run(policy, recipe=recipe, arm=arm, tools=tools, seed=seed, max_tokens=max_tokens)
    if data and on:
        raise ValueError("say --data or --on, not both")
    if data:
        benchmarks: tuple[Any, ...] = (Benchmark(name=benchmark_name(data), data=read_source(data)),)
    elif on:
        benchmarks = tuple(split(on))
    elif run is not None and run.evals:
        benchmarks = run.evals
    else:
        raise ValueError("say what to evaluate on: --data FILE, or --on NAME (`saccade list benchmark`)")
    player = player_of(policy, run, api_model=api_model, max_tokens=max_tokens, store=store)
    if run is not None and is_endpoint(policy):  # a client has no run of its own: the benchmark carries the protocol
        benchmarks = tuple(
            replace(
                each,
                episode=each.episode or run.episode,
                tools=each.tools or run.tools,
                limits=each.limits or run.limits,
            )
            if isinstance(each, Benchmark)
            else each
            for each in benchmarks
        )
    return Protocol(player=player, benchmarks=benchmarks, run=run)


def benchmark_name(data: str) -> str:
    head = data.partition("?")[0]
    return (
        "".join(each if each.isalnum() or each in "-_" else "-" for each in Path(head.split(":", 1)[-1]).stem) or "data"
    )


def split(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]
