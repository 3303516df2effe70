"""A Gymnasium environment as an episode: what it draws is shown as a picture, what the model writes is an action.

    episode=episodes.environment(open=gymnasium("FrozenLake-v1", words=("left", "down", "right", "up")), max_steps=20)

Actions are named by `words` (one for each of a discrete space), by number, or as JSON for spaces of numbers. Gymnasium's
spaces check them; what no action can be read from is told to the model and costs a turn. An environment is code of its
author, run as it is; its seed is drawn from the attempt's own names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from PIL import Image as PILImage

from saccade.core.episode import Context
from saccade.core.message import Part
from saccade.core.sample import Sample
from saccade.core.store import MediaStore
from saccade.episodes.environment import Turn
from saccade.text.extract import answer_of


def gymnasium(
    name: str | Callable[..., Any], *, words: Sequence[str] = (), told: Callable[[Any], str] | None = None, **settings: Any,
) -> Callable[[Sample, Context], Played]:
    """What `episodes.environment` opens for every attempt.

    name:     registered with Gymnasium, or a function that makes an environment
    words:    names of a discrete space's actions, in its order
    told:     what is said about an observation beside the picture (None: observations that are not pictures, as numbers)
    settings: of `gymnasium.make`; `render_mode` is ``rgb_array`` unless given
    """
    chosen = {"render_mode": "rgb_array", **settings}

    def opened(sample: Sample, context: Context) -> Played:
        if callable(name):
            made = name(**chosen)
        else:
            import gymnasium as theirs

            made = theirs.make(name, **chosen)
        return Played(made, context.store, words=words, told=told)

    return opened


class Played:
    """One Gymnasium environment with words for what it takes and shows."""

    def __init__(self, made: Any, store: MediaStore, *, words: Sequence[str], told: Callable[[Any], str] | None) -> None:
        self.made, self.store, self.words, self.told = made, store, tuple(words), told
        size = getattr(made.action_space, "n", None)
        if self.words and size != len(self.words):
            raise ValueError(f"{len(self.words)} words for the actions of {made.action_space}; give one for each")

    def begin(self, seed: int) -> Turn:
        observation, _ = self.made.reset(seed=seed)
        return Turn(content=(*self.shown(observation), f"Answer with {self.expected()}."))

    def say(self, text: str) -> Turn:
        try:
            action = self.read(text)
        except ValueError as error:
            return Turn(content=(f"Error: {error}; answer with {self.expected()}.",))
        observation, reward, terminated, truncated, _ = self.made.step(action)
        return Turn(content=self.shown(observation), reward=float(reward), over=bool(terminated or truncated))

    def close(self) -> None:
        self.made.close()

    def expected(self) -> str:
        return f"one of: {', '.join(self.words)}" if self.words else f"an action of {self.made.action_space}, in JSON"

    def read(self, text: str) -> Any:
        """The action a message means: the last of our words in its answer, else its last number or list. ValueError."""
        answer = answer_of(text) or text
        if self.words:
            found = [(hit.start(), index) for index, word in enumerate(self.words)
                     for hit in re.finditer(rf"\b{re.escape(word.lower())}\b", answer.lower())]
            if not found:
                raise ValueError("there is no action in that")
            return int(getattr(self.made.action_space, "start", 0)) + max(found)[1]
        numbers = re.findall(r"\[[^\[\]]*\]|-?\d+(?:\.\d+)?", answer)
        if not numbers:
            raise ValueError("there is no action in that")
        space = self.made.action_space
        try:
            value = json.loads(numbers[-1])
            action = np.asarray(value, dtype=space.dtype)
            exact = np.array_equal(np.asarray(value, dtype=float), action.astype(float)) or action.dtype.kind == "f"
        except (ValueError, TypeError, OverflowError):
            raise ValueError(f"{numbers[-1]!r:.60} is no action") from None
        action = action.item() if space.shape == () else action
        if not exact or not space.contains(action):
            raise ValueError(f"{value!r:.60} is no action of {space}")
        return action

    def shown(self, observation: Any) -> tuple[str | Part, ...]:
        """The picture the environment draws (or that the observation is), and words about it."""
        frame = self.made.render() if self.made.render_mode == "rgb_array" else None
        picture = frame if picture_like(frame) else observation if picture_like(observation) else None
        seen: list[str | Part] = [] if picture is None else [self.store.put(PILImage.fromarray(np.asarray(picture)))]
        if self.told is not None:
            seen.append(self.told(observation))
        elif picture is None:
            seen.append(f"Observation: {np.asarray(observation).tolist()}")
        return tuple(seen)


def picture_like(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype == np.uint8 and value.ndim == 3 and value.shape[2] == 3
