"""Column layouts of other projects: which columns a row has, and what they mean.

A layout is told by its columns (or named with ``layout=``) and reads a row into a `Sample`. Layouts: `trl` (prompt as
text or messages, image/images, any answer column, completion, chosen/rejected), `verl` (data_source, prompt, images,
reward_model.ground_truth, extra_info), `easyr1` (problem, answer, images), `llava` (conversations, image; also VLM-R1),
`swift` (messages, images, objects; also plain OpenAI chats) and `plain` (image, question, answer).
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from saccade.core.message import Text
from saccade.core.record import plain
from saccade.core.sample import Sample
from saccade.data.boxes_in_text import write_objects
from saccade.data.cells import BadRow, Place, image_from, video_from
from saccade.data.turns import Turn, place_media, turns_from

ANSWERS = ("answer", "solution", "ground_truth", "gt", "target", "response", "output", "label", "completion")
IMAGES = ("images", "image")
VIDEOS = ("videos", "video")
QUESTIONS = ("question", "query", "instruction", "text")
CHOICES = ("choices", "options")
OTHER_NAMES = {
    "image": ("img", "imgs", "picture", "pictures", "photo", "image_path", "image_file", "image_url", "img_path", "frames"),
    "answer": ("gold", "label", "reference", "result", "answers", "final_answer"),
    "question": ("prompt", "problem", "input", "q", "user", "text"),
}

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a layout made of a row, before media are put in place. `column` is where the text came from."""

    turns: list[Turn]
    column: str
    target: Any = None
    meta: dict[str, Any] = field(default_factory=dict)


def present(value: Any) -> bool:
    """Whether a cell says something: not null, not NaN, not an empty text or list. 0 and False do."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return False
    return not (isinstance(value, str | bytes | list | tuple | dict) and len(value) == 0)


def first(row: Row, names: Iterable[str]) -> tuple[str, Any]:
    """The first of these columns with something in it; ("", None) when there is none."""
    return next(((name, row[name]) for name in names if present(row.get(name))), ("", None))


def trl(row: Row, place: Place) -> Draft:
    chosen, rejected = row.get("chosen"), row.get("rejected")
    meta: dict[str, Any] = {}
    if present(chosen) and present(rejected):
        pair = [turns_from(value, name, place) for name, value in (("chosen", chosen), ("rejected", rejected))]
        meta = {"chosen": words(pair[0][-1]), "rejected": words(pair[1][-1])}
        if not present(row.get("prompt")):  # TRL's implicit prompt: what both conversations share
            return Draft(turns=pair[0][:-1], column="chosen", target=meta["chosen"], meta=meta)
    turns = turns_from(row.get("prompt"), "prompt", place)
    _, target = first(row, (name for name in ANSWERS if name != "completion"))
    if present(row.get("completion")):
        meta["completion"] = words(turns_from(row["completion"], "completion", place)[-1])
    return Draft(turns=turns, column="prompt", meta=meta,
                 target=target if target is not None else meta.get("completion", meta.get("chosen")))


def verl(row: Row, place: Place) -> Draft:
    judged = row.get("reward_model")
    target = judged.get("ground_truth") if isinstance(judged, Mapping) else None
    target = target if present(target) else first(row, ANSWERS)[1]
    extra = row.get("extra_info")
    meta = {"data_source": row.get("data_source"), "extra_info": plain(extra) if isinstance(extra, Mapping) else {}}
    return Draft(turns=turns_from(row.get("prompt"), "prompt", place), column="prompt", target=target, meta=meta)


def easyr1(row: Row, place: Place) -> Draft:
    return Draft(turns=turns_from(row.get("problem"), "problem", place), column="problem", target=first(row, ANSWERS)[1])


def llava(row: Row, place: Place) -> Draft:
    turns, said = unanswered(turns_from(row.get("conversations"), "conversations", place))
    _, target = first(row, ANSWERS)
    return Draft(turns=turns, column="conversations", target=said if target is None else target)


def swift(row: Row, place: Place) -> Draft:
    turns = turns_from(row.get("messages"), "messages", place)
    turns, boxes = write_objects(turns, row.get("objects"))
    turns, said = unanswered(turns)
    _, target = first(row, ANSWERS)
    meta = {"objects": plain(row["objects"]), **boxes} if present(row.get("objects")) else {}
    if present(row.get("rejected_response")):
        meta |= {"chosen": said, "rejected": row["rejected_response"]}
    return Draft(turns=turns, column="messages", target=said if target is None else target, meta=meta)


def plain_columns(row: Row, place: Place) -> Draft:
    column, question = first(row, QUESTIONS)
    if not column:
        raise BadRow("question", f"the question is empty{did_you_mean(row, 'question')}")
    turns = turns_from(question, column, place)
    if present(row.get("system")):
        turns = [("system", [str(row["system"])], ()), *turns]
    return Draft(turns=turns, column=column, target=first(row, ANSWERS)[1])


LAYOUTS: dict[str, tuple[Callable[[Row, Place], Draft], tuple[tuple[str, ...], ...]]] = {
    "llava": (llava, (("conversations",),)),
    "verl": (verl, (("reward_model", "prompt"), ("data_source", "prompt"))),
    "easyr1": (easyr1, (("problem",),)),
    "swift": (swift, (("messages",),)),
    "trl": (trl, (("prompt",), ("chosen", "rejected"))),
    "plain": (plain_columns, tuple((name,) for name in QUESTIONS)),
}
"""Reader of each layout and the sets of columns that give it away, the most telling first."""


def detect(columns: Iterable[str]) -> str:
    """The layout of these columns. Raises ValueError naming the columns, and near misses, when none fits."""
    names = set(columns)
    for layout, (_, signs) in LAYOUTS.items():
        if any(set(sign) <= names for sign in signs):
            return layout
    known = [name for _, signs in LAYOUTS.values() for sign in signs for name in sign]
    near = [f"{name!r} (did you mean {match[0]!r}?)" for name in sorted(names)
            if (match := difflib.get_close_matches(name.lower(), known, 1, 0.7))]
    raise ValueError(f"no layout fits the columns {sorted(names)}{'; look at ' + ', '.join(near) if near else ''}. Known: "
                     + "; ".join(f"{name} ({' or '.join('+'.join(sign) for sign in signs)})"
                                 for name, (_, signs) in LAYOUTS.items())
                     + ". Rename columns with columns={'question': 'your_column'}")


def unanswered(turns: list[Turn]) -> tuple[list[Turn], str | None]:
    """A conversation without its last answer, and that answer; None where it ends with a question."""
    if turns and turns[-1][0] == "assistant":
        return turns[:-1], words(turns[-1])
    return turns, None


def words(turn: Turn) -> str:
    return "".join(item for item in turn[1] if isinstance(item, str))


def renamed(row: Row, columns: Mapping[str, str]) -> dict[str, Any]:
    """The row with the user's columns under the names layouts know: `columns` maps ours to theirs."""
    out = dict(row)
    for ours, theirs in columns.items():
        if theirs not in row:
            near = difflib.get_close_matches(theirs, list(row), 1)
            raise BadRow(theirs, f"there is no such column{f'; did you mean {near[0]!r}?' if near else ''} "
                                 f"The row has {sorted(row)}")
        out[ours] = out.pop(theirs) if theirs != ours else out[ours]
    return out


def did_you_mean(row: Row, wanted: str) -> str:
    close = set(difflib.get_close_matches(wanted, list(row), 3, 0.7)) | set(OTHER_NAMES.get(wanted, ())) & set(row)
    close -= {wanted}
    return f"; did you mean {' or '.join(map(repr, sorted(close)))}? Write columns={{{wanted!r}: {sorted(close)[0]!r}}}" \
        if close else f". The row has {sorted(row)}"


def cells_of(row: Row, names: Sequence[str]) -> tuple[str, list[Any]]:
    """The cells of the first of these columns that is filled, as a list."""
    column, value = first(row, names)
    if not column:
        return names[0], []
    return column, list(value) if isinstance(value, list | tuple) else [value]


def sample_from_row(
    row: Row, place: Place, *, layout: str, id: str, need_image: bool = True, need_answer: bool = True,
    frames: Callable[[Any], Sequence[Any]] | None = None,
) -> Sample:
    """Read one row. Raises BadRow naming the column when something that is needed is missing or makes no sense.

    `frames` turns a clip into parts (timestamps and pictures). Columns that the layout does not use are kept in
    ``meta["columns"]`` for reward functions that take columns.
    """
    image_column, image_cells = cells_of(row, IMAGES)
    images = [image_from(cell, place, image_column, at) for at, cell in enumerate(image_cells)]
    video_column, video_cells = cells_of(row, VIDEOS)
    videos = [video_from(cell, place, video_column, at) for at, cell in enumerate(video_cells)]
    draft = LAYOUTS[layout][0](row, place)
    prompt = place_media(draft.turns, images, videos, column=draft.column)
    if not prompt or prompt[-1].role == "assistant" or not any(message.parts for message in prompt):
        raise BadRow(draft.column, "there is no question: the conversation must end with a message that is not empty "
                                   "and not the assistant's")
    if frames:
        prompt = tuple(message if not videos else _with_frames(message, frames) for message in prompt)
    if need_image and not any(not isinstance(part, Text) for message in prompt for part in message.parts):
        marks = sum(message.text.count("<image>") for message in prompt)
        raise BadRow("image", "this row has no image" + (f" but {marks} <image> marks" if marks else "")
                     + (did_you_mean(row, "image") if not set(IMAGES) & set(row) else "; mend it, or allow rows without "
                        "with need_image=False"))
    if need_answer and not present(draft.target):
        raise BadRow("answer", f"this row has no answer{did_you_mean(row, 'answer')}")
    media = {*IMAGES, *VIDEOS, "audios"}
    meta = {"file": str(place.file), "row": place.row, "layout": layout, **draft.meta}
    meta |= {key: row[key] for key in ("answer_type", "evidence") if present(row.get(key))}
    meta["columns"] = {key: keepable(value) for key, value in row.items() if key not in media}
    _, choices = first(row, CHOICES)
    tools = row.get("tools")
    return Sample(
        id=id, prompt=prompt, target=plain(draft.target), meta=meta,
        choices=tuple(str(each) for each in choices) if isinstance(choices, list | tuple) else (),
        tools=tuple(tools) if isinstance(tools, list | tuple) and all(isinstance(each, str) for each in tools) else None,
    )


def keepable(value: Any) -> Any:
    """A cell as a run folder can keep it: encoded pictures inside are left out."""
    if isinstance(value, bytes | bytearray):
        return f"{len(value)} bytes"
    if isinstance(value, Mapping):
        return {str(key): keepable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [keepable(item) for item in value]
    if isinstance(value, str) and value.startswith("data:") and len(value) > 200:
        return f"{value[:40]}... {len(value)} characters"
    return plain(value)


def _with_frames(message: Any, frames: Callable[[Any], Sequence[Any]]) -> Any:
    from dataclasses import replace

    from saccade.core.message import Video

    parts: list[Any] = []
    for part in message.parts:
        parts.extend(frames(part) if isinstance(part, Video) else [part])
    return replace(message, parts=tuple(parts))
