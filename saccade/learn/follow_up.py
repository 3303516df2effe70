"""Questions asked after the episode, all of them at once; the answers are stored where rewards can read them.

A follow-up opens a fresh context: it sees what its `ask` shows and nothing else of the attempt, so it never touches the
record. An answer that could not be had is None with the reason beside it, which is not an empty answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from saccade.core.engine import EMPTY_PROMPT, Client, Engine, Renderer, Sampling
from saccade.core.message import Image, Message
from saccade.core.reward import FollowUp
from saccade.core.seed import seed_of
from saccade.core.trajectory import Group, Trajectory


async def follow_up(
    groups: Sequence[Group],
    follow_ups: Sequence[FollowUp],
    *,
    engine: Engine,
    renderer: Renderer,
    store: Any,
    clients: Mapping[str, Any],
    seed: int,
    seconds: float = 600.0,
) -> list[Group]:
    """The groups with ``aux[name]`` filled: the answer's text, or None where the question does not apply or failed (then
    ``aux[name + "/error"]`` says why). Failed attempts are not asked.

    Raises ValueError for a follow-up whose `by` names nobody.
    """
    for each in follow_ups:
        check(each, clients)

    async def answered(trajectory: Trajectory) -> Trajectory:
        if trajectory.stop.failed:
            return trajectory
        found = await asyncio.gather(*(one(each, trajectory) for each in follow_ups))
        return replace(trajectory, aux={**trajectory.aux, **{key: value for part in found for key, value in part.items()}})

    async def one(each: FollowUp, trajectory: Trajectory) -> dict[str, Any]:
        try:
            messages = each.ask(trajectory)
            if messages is None:
                return {each.name: None}
            sampling = Sampling(
                temperature=each.temperature,
                max_tokens=each.max_tokens,
                seed=seed_of(seed, trajectory.sample.id, trajectory.attempt, "follow_up", each.name),
            )
            async with asyncio.timeout(seconds):
                answer = await reply(each, messages, sampling)
            return {each.name: answer.text}
        except (ValueError, TimeoutError, OSError, RuntimeError) as error:
            return {each.name: None, f"{each.name}/error": f"{type(error).__name__}: {error}"}

    async def reply(each: FollowUp, messages: Sequence[Message], sampling: Sampling) -> Message:
        if each.by != "policy":
            client: Client = clients[each.by]
            return await client.reply(messages, (), sampling)
        adopted = tuple(replace(message, parts=tuple(kept(part, store) for part in message.parts)) for message in messages)
        prompt = EMPTY_PROMPT
        for piece in renderer.encode(adopted, (), store):
            prompt = prompt.extend(piece.tokens, piece.media)
        completion = await engine.generate(prompt, replace(sampling, stop=renderer.stop))
        return renderer.parse(completion.tokens, finish=completion.finish)

    flat = [trajectory for group in groups for trajectory in group.trajectories]
    done = iter(await asyncio.gather(*(answered(trajectory) for trajectory in flat)))
    return [replace(group, trajectories=tuple(next(done) for _ in group.trajectories)) for group in groups]


def check(each: FollowUp, clients: Mapping[str, Any]) -> None:
    if each.by.startswith("frozen:"):
        raise ValueError(
            f"follow-up {each.name!r} asks {each.by!r}: earlier versions of the policy are not kept in this version; ask "
            "the policy itself or a client"
        )
    if each.by != "policy" and each.by not in clients:
        raise ValueError(f"follow-up {each.name!r} asks {each.by!r}; the run's `others` are {sorted(clients) or 'empty'}")


def kept(part: Any, store: Any) -> Any:
    return store.adopt(part) if isinstance(part, Image) else part
