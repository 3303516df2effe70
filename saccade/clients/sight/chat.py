"""Let any chat client look: an endpoint, a judge, a local model that answers messages."""

from __future__ import annotations

from dataclasses import dataclass, replace

from saccade.clients.sight.look import Look
from saccade.core.engine import Client, Sampling
from saccade.core.message import user


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """See `chat`."""

    client: Client
    order: str
    sampling: Sampling

    async def describe(self, look: Look) -> str:
        return await self.answer(look, self.order)

    async def answer(self, look: Look, question: str) -> str:
        picture = replace(look.image, data=look.pixels)  # a client has no store of ours
        message = await self.client.reply((user(picture, question),), (), self.sampling)
        return message.text.strip()


def chat(client: Client, *, order: str = "Describe the image in one sentence.", max_tokens: int = 128) -> Chat:
    """Sight of a chat client, one message a look, greedy. `order` is what it is asked for a description."""
    return Chat(client=client, order=order, sampling=Sampling(temperature=0.0, max_tokens=max_tokens))
