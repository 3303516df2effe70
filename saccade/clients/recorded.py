"""A client whose replies are kept on disk and can be played back without it: judges that cost money are asked once.

A reply is kept under the content of what was asked (messages, pictures by name, sampling without the seed's noise), in one
line of ``replies.jsonl`` each, with the question beside it for people to read. ``replay`` answers from the file alone, so a
run can be judged again on a machine that cannot reach the judge.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from saccade.core.engine import Client, Sampling
from saccade.core.message import Image, Message, Text, assistant
from saccade.core.tool import Tool


@dataclass(slots=True, kw_only=True)
class Recorded:
    """See `recorded`. `num_asked` counts replies that came from the client and not from the file."""

    path: Path
    client: Client | None
    name: str
    num_asked: int = 0
    kept: dict[str, str] = field(default_factory=dict)

    async def reply(self, messages: Sequence[Message], tools: Sequence[Tool], sampling: Sampling) -> Message:
        """Raises ValueError for tools (their calls are not kept) and, without a client, for a question that was never
        asked."""
        if tools:
            raise ValueError(f"{self.name}: a recorded client is a judge or a reader; it takes no tools")
        asked = [{"role": message.role, "parts": [part_of(part) for part in message.parts]} for message in messages]
        settings = {"temperature": sampling.temperature, "max_tokens": sampling.max_tokens,
                    **({"seed": sampling.seed} if sampling.temperature > 0 else {})}
        key = key_of(asked, settings)
        if key in self.kept:
            return assistant(self.kept[key])
        if self.client is None:
            raise ValueError(f"{self.path} holds no reply to {str(asked)[:200]}; record it with the client first")
        said = (await self.client.reply(messages, (), sampling)).text
        self.num_asked += 1
        self.kept[key] = said
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps({"key": key, "asked": asked, **settings, "said": said}, ensure_ascii=False) + "\n")
        return assistant(said)


def recorded(client: Client | None, folder: str | Path, *, name: str = "") -> Recorded:
    """The client with its replies kept in a folder; None plays back what is there.

    Raises ValueError for a file with a line that is no record (a half-written last line is left out: the run was killed).
    """
    path = Path(folder) / "replies.jsonl"
    if client is None and not path.is_file():
        raise ValueError(f"{path} is not there: nothing was recorded to play back")
    kept: dict[str, str] = {}
    lines = path.read_text(encoding="utf-8").split("\n") if path.is_file() else []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            kept[str(record["key"])] = str(record["said"])
        except (ValueError, KeyError, TypeError):
            if number < len(lines):
                raise ValueError(f"{path}:{number} is no record of a reply") from None
            path.write_text("\n".join([*lines[:-1], ""]), encoding="utf-8")
    return Recorded(path=path, client=client, name=name or (client.name if client else "recorded"), kept=kept)


def part_of(part: Any) -> dict[str, Any]:
    """A part as it is kept: text as it is, a picture by its name."""
    if isinstance(part, Text):
        return {"text": part.text}
    return {"image": part.ref} if isinstance(part, Image) else {"other": repr(part)}


def key_of(asked: Any, settings: Any) -> str:
    content = json.dumps([asked, settings], ensure_ascii=False, sort_keys=True)
    return hashlib.blake2b(content.encode(errors="surrogatepass"), digest_size=16).hexdigest()
