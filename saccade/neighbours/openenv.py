"""An OpenEnv environment as an episode: a server that somebody runs, asked by its own generic client.

    episode=episodes.environment(open=openenv("http://localhost:8000", act=lambda text: {"message": text}))

Nothing of the environment's code runs here: actions and observations are plain dictionaries. Observations are hostile like
anything a server sends: only text and pictures in data URIs or base64 are shown, and never a path.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from saccade.core.episode import Context
from saccade.core.message import Image, Part
from saccade.core.sample import Sample
from saccade.core.store import MediaStore
from saccade.episodes.environment import Turn

LONGEST = 8000
"""Characters of an observation that are shown."""

Act = Callable[[str], Mapping[str, Any]]
Told = Callable[[Mapping[str, Any]], str]


def openenv(
    address: str, *, act: Act, told: Told | None = None, pictures: tuple[str, ...] = (), timeout_s: float = 60.0,
) -> Callable[[Sample, Context], Remote]:
    """What `episodes.environment` opens for every attempt: a session of its own with the server.

    act:      makes the action of what the model wrote; what it raises as ValueError is told to the model
    told:     says an observation in words; None: its JSON without the pictures
    pictures: fields of an observation that hold a picture, as a data URI or base64
    """

    def opened(sample: Sample, context: Context) -> Remote:
        from openenv.core.generic_client import GenericEnvClient

        client = GenericEnvClient(base_url=address, message_timeout_s=timeout_s).sync()
        client.connect()
        return Remote(client, context.store, act=act, told=told, pictures=pictures)

    return opened


class Remote:
    """One session with a server. `client` has `reset`, `step` and `close`, as OpenEnv's synchronous client."""

    def __init__(self, client: Any, store: MediaStore, *, act: Act, told: Told | None, pictures: tuple[str, ...]) -> None:
        self.client, self.store, self.act, self.told, self.pictures = client, store, act, told, pictures

    def begin(self, seed: int) -> Turn:
        return self.turn(self.client.reset(seed=seed))

    def say(self, text: str) -> Turn:
        try:
            action = dict(self.act(text))
        except ValueError as error:
            return Turn(content=(f"Error: {error}",))
        return self.turn(self.client.step(action))

    def close(self) -> None:
        self.client.close()

    def turn(self, result: Any) -> Turn:
        observation = dict(result.observation)
        shown: list[str | Part] = [self.picture(observation.pop(name)) for name in self.pictures if observation.get(name)]
        words = self.told(observation) if self.told else json.dumps(observation, ensure_ascii=False, default=str)
        content = (*shown, words[:LONGEST]) if words else tuple(shown)
        return Turn(content=content, reward=float(result.reward or 0.0), over=bool(result.done))

    def picture(self, value: Any) -> Image:
        text = str(value)
        ref = text if text.startswith("data:image/") else f"data:image/png;base64,{text}"
        return self.store.adopt(Image(ref=ref, source="tool"))
