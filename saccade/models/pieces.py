"""Text pieces to token ids: one pass over the joined text, each token owned by a message, control tokens only from us.

A chat template decides where text stands, but also how it merges: a tokenizer may join the full stop of a system prompt
with the line break of the scaffold. So neighbouring pieces are joined and encoded together, as the template's own rendering
would be, and tokens go to the piece they begin in. Where a content holds (or, with its neighbours, forms) a control
token, the text is cut inside it, and it becomes ordinary tokens that mean the same letters.
"""

from __future__ import annotations

import bisect
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

Kind = Literal["scaffold", "told", "content", "own", "end", "image"]
FRAME = {"scaffold", "told"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of the sequence that belongs to one message.

    kind:    scaffold of the template, what we tell beside it (tools declared as text), content (of anybody but the model),
             the model's own words, the control token that ends them, or an image
    tokens:  given ids (an image's expansion); `text` is then not encoded
    alone:   nothing joins it from the left (the sequence was cut there when it was sampled)
    image:   which image of the conversation, and its `family.Expansion`
    """

    message: int
    kind: Kind
    text: str = ""
    tokens: tuple[int, ...] | None = None
    alone: bool = False
    image: int = -1
    expansion: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """Ids, and for each the index of the piece it begins in and whether any of it is content."""

    ids: list[int] = field(default_factory=list)
    piece: list[int] = field(default_factory=list)
    body: list[bool] = field(default_factory=list)


class Encoder:
    """A `tokenizers` tokenizer and what must never come from content.

    special: ids of control tokens (text: id); plain added tokens such as tags are not among them
    apart:   the tokenizer has no pre-tokenisation, so merges would cross any boundary: every piece is encoded by itself
    """

    def __init__(self, tokenizer: Any) -> None:
        tokenizer.no_truncation()
        tokenizer.no_padding()
        added = tokenizer.get_added_tokens_decoder()
        self.tokenizer = tokenizer
        self.added = {token.content: number for number, token in added.items()}
        self.special = {token.content: number for number, token in added.items() if token.special}
        split = json.loads(tokenizer.to_str()).get("pre_tokenizer") or {}
        self.apart = split.get("type") == "ByteLevel" and not split.get("use_regex", True)
        self._text = lru_cache(maxsize=8192)(self._encode_text)

    def encode(self, pieces: Sequence[Piece], forbidden: Iterable[str] = ()) -> Encoded:
        """Encode pieces in order. Control tokens, and the `forbidden` texts, never come from content; the model's own
        words may hold the forbidden ones (call tags) but no control token."""
        out = Encoded()
        never = frozenset(self.special) | frozenset(forbidden)
        run: list[int] = []
        for index, piece in enumerate(pieces):
            if piece.tokens is not None or piece.alone or self.apart:
                self._flush(pieces, run, never, out)
                run = []
            if piece.tokens is None:
                run.append(index)
            else:
                out.ids.extend(piece.tokens)
                out.piece.extend([index] * len(piece.tokens))
                out.body.extend([piece.kind not in FRAME] * len(piece.tokens))
        self._flush(pieces, run, never, out)
        return out

    def _flush(self, pieces: Sequence[Piece], run: list[int], never: frozenset[str], out: Encoded) -> None:
        run = [index for index in run if pieces[index].text]
        if not run:
            return
        starts = [0]
        for index in run:
            starts.append(starts[-1] + len(pieces[index].text))
        text = "".join(pieces[index].text for index in run)

        def at(position: int) -> int:
            return bisect.bisect_right(starts, position, hi=len(run)) - 1

        def touched(start: int, end: int) -> set[Kind]:
            return {pieces[run[place]].kind for place in range(at(start), at(max(start, end - 1)) + 1)}

        bounds = [0]
        for start, token in occurrences(text, never):
            kinds = touched(start, start + len(token))
            if "content" in kinds or (kinds & {"own", "told"} and token in self.special):
                bounds.append(start + 1)
        bounds.append(len(text))
        refused = {self.special[token] for token in never if token in self.special}
        for low, high in pairwise(bounds):
            ids, offsets = self._text(text[low:high])
            kinds = [touched(low + start, low + end) for start, end in offsets]
            if any(number in refused and not kind <= {"scaffold", "end"} for number, kind in zip(ids, kinds, strict=True)):
                raise ValueError(f"the tokenizer makes a control token of ordinary text: {text[low:high]!r:.120}")
            out.ids.extend(ids)
            out.piece.extend(run[at(low + start)] for start, _ in offsets)
            out.body.extend(bool(kind - FRAME) for kind in kinds)

    def _encode_text(self, text: str) -> tuple[tuple[int, ...], tuple[tuple[int, int], ...]]:
        encoded = self.tokenizer.encode(text, add_special_tokens=False)
        return tuple(encoded.ids), tuple(encoded.offsets)

    def text_ids(self, text: str) -> list[int]:
        """Ids of a scaffold text, control tokens recognised."""
        return list(self._text(text)[0])

    def decode(self, ids: Sequence[int]) -> str:
        return self.tokenizer.decode([int(number) for number in ids], skip_special_tokens=False)


def occurrences(text: str, tokens: frozenset[str]) -> list[tuple[int, str]]:
    """Every place where one of the tokens stands, overlapping ones too, by start (the longest at each place)."""
    return [(match.start(), match.group(1)) for match in _pattern(tokens).finditer(text)] if tokens else []


@lru_cache(maxsize=64)
def _pattern(tokens: frozenset[str]) -> re.Pattern[str]:
    return re.compile("(?=(" + "|".join(re.escape(token) for token in sorted(tokens, key=len, reverse=True)) + "))")


def load_encoder(folder: str | Path) -> Encoder:
    """The tokenizer of a checkpoint folder: ``tokenizer.json``, or what `transformers` makes of older files.

    Raises ValueError naming the folder when there is neither.
    """
    folder = Path(folder)
    path = folder / "tokenizer.json"
    try:
        if path.is_file():
            from tokenizers import Tokenizer

            return Encoder(Tokenizer.from_file(str(path)))
        from transformers import AutoTokenizer
    except ImportError as error:
        raise ImportError("reading a tokenizer needs: pip install 'saccade[train]'") from error
    except Exception as error:  # tokenizers raises plain Exception for a broken file
        raise ValueError(f"{path} cannot be read as a tokenizer: {error}") from error
    try:
        return Encoder(AutoTokenizer.from_pretrained(str(folder), local_files_only=True).backend_tokenizer)
    except (OSError, ValueError) as error:
        raise ValueError(f"{folder} holds no tokenizer (tokenizer.json is missing): {error}") from error
