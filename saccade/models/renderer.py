"""Messages to tokens and back, for one checkpoint: append-only, its own chat template being the truth.

The template is rendered with every content hidden behind a sentinel, so that scaffold is what it adds and content can
never pass for scaffold. Tokens are attributed to messages so that encoding a finished conversation gives, step for step,
what a rollout records: an assistant message is exactly the tokens a completion of it would have, its end token
included; what closes it and leads to the next one belongs to what follows.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from saccade.core.engine import Finish, Rendered, token_array
from saccade.core.message import Image, Message, Text, assistant, system, user
from saccade.core.tool import Tool
from saccade.models.conversation import SENTINEL, Manner
from saccade.models.family import Family
from saccade.models.layout import Layout, lay_out
from saccade.models.manner import Frame, frame_of, manner_of, says
from saccade.models.pieces import Encoder, Kind, Piece, load_encoder
from saccade.models.spans import check_marker, expanded, spans_of
from saccade.models.template import Template, load_template
from saccade.text.dialect import Dialect, Parsed

BEFORE = (user("?"), assistant("!"))
"""What `extend` renders before the messages it is given, and cuts off: templates want a beginning."""


def make_renderer(folder: str | Path, family: Family, dialect: str | Dialect = "auto") -> ChatRenderer:
    """Build the renderer of a checkpoint folder.

    dialect: ``auto`` (the template's own form of tools where it has one, else tags), the name of a file in
             ``text/dialects``, or a dialect.

    Raises ValueError naming the folder when tokenizer or template are missing, or do not fit the family.
    """
    encoder, template = load_encoder(folder), load_template(folder)
    try:
        manner, notes = manner_of(template, dialect)
        frame = frame_of(template, encoder, manner)
        check_marker(template, encoder, family)
    except ValueError as error:
        raise ValueError(f"{folder}: {error}") from error
    made = ChatRenderer(
        encoder=encoder, template=template, family=family, manner=manner, frame=frame,
        banned=tuple(family.banned), stop=_stops(Path(folder), encoder.added[frame.closing]), notes=notes,
    )
    return replace(made, notes=(*notes, *made.disagreements()))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRenderer:
    """See `core.engine.Renderer`. `notes` are for the user: a dialect chosen for this template, a disagreement with it."""

    encoder: Encoder
    template: Template
    family: Family
    manner: Manner
    frame: Frame
    banned: tuple[int, ...]
    stop: tuple[int, ...]
    notes: tuple[str, ...] = ()

    @property
    def dialect(self) -> Dialect:
        return self.manner.dialect

    def encode(self, messages: Sequence[Message], tools: Sequence[Tool], store: Any) -> tuple[Rendered, ...]:
        """Render the beginning of a conversation. If the last message is the assistant's it is a finished one and
        nothing follows it; else the last message ends with the generation prompt."""
        return self._rendered(tuple(messages), tuple(tools), store, skip=0, finish="stop")

    def extend(self, messages: Sequence[Message], store: Any, *, finish: Finish = "stop") -> tuple[Rendered, ...]:
        """Render what follows a completion; a completion that was cut off (`finish` not ``stop``) is closed first."""
        return self._rendered((*BEFORE, *messages), (), store, skip=len(BEFORE), finish=finish)

    def write(self, text: str) -> np.ndarray:
        """Tokens int32[k] of a forced beginning of the model's own message."""
        return token_array(self.encoder.encode([Piece(message=0, kind="own", text=text)]).ids)

    def inside(self, messages: Sequence[Message], store: Any) -> tuple[Rendered, ...]:
        """Render messages that are shown within a still open assistant message: no turn is closed or opened, results of
        tools stand in the tags of the dialect."""
        images = [store.adopt(image) for message in messages for image in message.images]
        pieces: list[Piece] = []
        shown = 0
        for number, message in enumerate(messages):
            before, after = self.dialect.result if message.role == "tool" else ("", "")
            pieces.append(Piece(message=number, kind="scaffold", text=before))
            for part in message.parts:
                if isinstance(part, Image):
                    head, _, tail = self.frame.picture.partition(self.family.marker)
                    pieces.append(Piece(message=number, kind="scaffold", text=head))
                    pieces += expanded(self.family, images[shown], store, number, shown)
                    pieces.append(Piece(message=number, kind="scaffold", text=tail))
                    shown += 1
                elif isinstance(part, Text):
                    pieces.append(Piece(message=number, kind="content", text=part.text))
                else:
                    raise ValueError(f"a {type(part).__name__.lower()} cannot be shown inside a message")
            pieces.append(Piece(message=number, kind="scaffold", text=after))
        return self._tokens(pieces, range(len(messages)), images)

    def parse(self, tokens: np.ndarray, *, finish: Finish = "stop") -> Message:
        ids = [int(number) for number in tokens]
        if ids and ids[-1] in self.stop:
            ids = ids[:-1]
        text = self.encoder.decode(ids).removeprefix(self.frame.lead)
        said = self.dialect.parse("<think>\n" + text if self.manner.thinks else text)
        parts = (Text(text=said.text),) if said.text else ()
        return Message(role="assistant", parts=parts, calls=said.calls, thought=said.thought)

    def decode(self, tokens: np.ndarray) -> str:
        return self.encoder.decode([int(number) for number in tokens])

    def _rendered(
        self, messages: tuple[Message, ...], tools: tuple[Tool, ...], store: Any, *, skip: int, finish: Finish
    ) -> tuple[Rendered, ...]:
        if len(messages) == skip:
            raise ValueError("there is no message to render")
        images = [store.adopt(image) for message in messages for image in message.images]
        pieces = self._pieces(messages, tools, skip=skip, finish=finish, images=images, store=store)
        return self._tokens(pieces, range(skip, len(messages)), images)

    def _tokens(self, pieces: Sequence[Piece], numbers: Sequence[int], images: Sequence[Image]) -> tuple[Rendered, ...]:
        """Encode pieces and hand each message its own tokens."""
        encoded = self.encoder.encode(pieces, self.frame.scaffold)
        ids, owner = np.asarray(encoded.ids, np.int32), np.asarray(encoded.piece, np.int64)
        whose = np.asarray([piece.message for piece in pieces], np.int64)[owner] if len(owner) else owner
        body = np.asarray(encoded.body, bool)
        made = []
        for number in numbers:
            mine = whose == number
            spans = spans_of(owner[mine], pieces, images, self.family, ids[mine])
            made.append(Rendered(tokens=token_array(ids[mine]), body=body[mine], media=spans))
        return tuple(made)

    def _pieces(
        self, messages: tuple[Message, ...], tools: tuple[Tool, ...], *, skip: int, finish: Finish,
        images: Sequence[Image], store: Any,
    ) -> list[Piece]:
        layout = lay_out(self.encoder, self.template, self.manner, self.frame, messages, tools)
        start = 0
        if skip:
            start = layout.own[skip - 1][1] - (len(self.frame.closing) if finish != "stop" else 0)
        pieces: list[Piece] = []
        shown = 0
        for number in range(skip, len(messages)):
            low, high = max(start, layout.bounds[number]), layout.bounds[number + 1]
            if number == skip:
                low = start
            first, last = layout.own.get(number, (high, high))
            made, shown = self._split(layout, low, first, number, False, shown, images, store)
            pieces += made
            if last > first:
                words = last - len(self.frame.closing)
                made, shown = self._split(layout, first, words, number, True, shown, images, store)
                pieces += [*made, Piece(message=number, kind="end", text=layout.text[words:last])]
        if shown != len(images):
            raise ValueError(f"the conversation holds {len(images)} images, the chat template shows {shown}")
        return pieces

    def _split(
        self, layout: Layout, begin: int, end: int, message: int, own: bool, shown: int, images: Sequence[Image],
        store: Any,
    ) -> tuple[list[Piece], int]:
        """Pieces of a stretch of the rendered text: scaffold, contents, images."""
        made: list[Piece] = []
        at = begin

        def scaffold(text: str) -> None:
            nonlocal shown
            first, *rest = text.split(self.family.marker)
            made.append(Piece(message=message, kind="own" if own else "scaffold", text=first))
            for more in rest:
                if shown < len(images):
                    made.extend(expanded(self.family, images[shown], store, message, shown))
                shown += 1
                made.append(Piece(message=message, kind="scaffold", text=more))

        for match in SENTINEL.finditer(layout.text, begin, end):
            scaffold(layout.text[at : match.start()])
            which = int(match.group(1))
            kind: Kind = "own" if own else "told" if layout.hidden.trusted[which] else "content"
            made.append(Piece(message=message, kind=kind, text=layout.hidden.texts[which]))
            at = match.end()
        scaffold(layout.text[at:end])
        made = [piece for piece in made if piece.text or piece.tokens is not None]
        if made and own:
            made[0] = replace(made[0], alone=True)
        return made, shown

    def disagreements(self) -> tuple[str, ...]:
        """What to tell the user where our rendering of a sample conversation differs from the template's own."""
        talk = [system("Be brief."), user("What is it?"), assistant("A cat."), user("No.")]
        forms = [
            says(each.role, self.dialect.write(Parsed(text=each.text)) if each.role == "assistant" else each.text)
            for each in talk
        ]
        direct = self.template.render(forms, generation=True)
        try:
            ours = [int(number) for each in self.encode(talk, (), None) for number in each.tokens]
        except ValueError as error:
            return (f"a sample conversation cannot be rendered: {error}",)
        same = self.decode(np.asarray(ours)) == self.encoder.decode(self.encoder.text_ids(direct))
        if not same or (not self.encoder.apart and ours != self.encoder.text_ids(direct)):
            return (
                "the chat template rewrites earlier messages when later ones are added; what is appended follows it only "
                "from message to message",
            )
        return ()


def _stops(folder: Path, closing: int) -> tuple[int, ...]:
    """Ids that end a message: the one the template closes with, and those the checkpoint names."""
    found = [closing]
    for name in ("generation_config.json", "config.json"):
        path = folder / name
        named = json.loads(path.read_text(encoding="utf-8")).get("eos_token_id") if path.is_file() else None
        found += [named] if isinstance(named, int) else list(named or [])
    return tuple(dict.fromkeys(found))
