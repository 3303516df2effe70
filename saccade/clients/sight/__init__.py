"""Sight: clients that look at a picture for a tool. They find, read, outline, range, match, describe or answer.

A client offers the abilities it has as methods; a tool takes any client with the one it needs. `oracle` knows the exact
truth of a world, with a stated error rate where wanted; `classical` needs no weights; `chat` puts the question to any chat
client; `scripted` says what it is told. Clients with weights of `transformers` are in `saccade.models.sight`.
"""

from saccade.clients.sight.chat import chat
from saccade.clients.sight.classical import classical
from saccade.clients.sight.look import Answers, Describes, Finds, Found, Look, Matches, Outlines, Ranges, Reads
from saccade.clients.sight.oracle import oracle
from saccade.clients.sight.scripted import scripted

__all__ = [
    "Answers", "Describes", "Finds", "Found", "Look", "Matches", "Outlines", "Ranges", "Reads", "chat", "classical",
    "oracle", "scripted",
]
