"""The front door: a short text that names a source, with its settings behind a question mark.

``jsonl:faces.jsonl``, ``parquet:zoom.parquet?layout=verl``, ``dataset:folder?split=train``,
``world:hidden_detail?level=real&size=500&seed=7``; a bare path is read by its ending.
"""

from __future__ import annotations

import ast
import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from saccade.core.folder import names
from saccade.core.sample import Source
from saccade.core.world import World
from saccade.data.rows import RowSource, row_source
from saccade.data.sources.datasets_folder import datasets_folder
from saccade.data.sources.jsonl import jsonl
from saccade.data.sources.parquet import parquet

KINDS = {"jsonl": "jsonl", "json": "jsonl", "parquet": "parquet", "dataset": "dataset", "datasets": "dataset",
         "world": "world"}
SUFFIXES = {".jsonl": "jsonl", ".json": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet", ".pq": "parquet"}


def source(spec: str | Path | Source, **settings: Any) -> Source:
    """Open a source by name; a source is returned as it is.

    Settings of files: `layout`, `columns` (our names to yours), `folder`, `on_bad_row` (``skip`` or ``raise``),
    `need_image`, `need_answer`, `max_frames`; of datasets folders also `split`; of worlds `size`, `seed`, `level` and
    the world's knobs. They may stand in the text: ``?on_bad_row=raise&columns.image=picture``.

    Raises ValueError for what is unknown.
    """
    if not isinstance(spec, str | Path):
        return spec
    kind, path, written = parse(str(spec))
    settings = {**written, **settings}
    if kind == "world":
        return world_source(path, **settings)
    if kind == "dataset":
        split = settings.pop("split", None)
        return _rows(datasets_folder(path, split=split), settings)
    return _rows(jsonl(path) if kind == "jsonl" else parquet(path), settings)


def parse(spec: str) -> tuple[str, str, dict[str, Any]]:
    """Kind, path or name, and settings of a spec. ``columns.image=pic`` gives ``columns={"image": "pic"}``."""
    head, settings = parse_settings(spec)
    prefix, colon, rest = head.partition(":")
    if colon and prefix in KINDS:
        kind, path = KINDS[prefix], rest
    elif Path(head).suffix.lower() in SUFFIXES:
        kind, path = SUFFIXES[Path(head).suffix.lower()], head
    elif Path(head).is_dir():
        kind, path = ("parquet" if any(Path(head).glob("*.parquet")) else "dataset"), head
    else:
        raise ValueError(f"cannot tell what {spec!r} is; write jsonl:PATH, parquet:PATH, dataset:FOLDER or world:NAME, or "
                         "give a path that ends in .jsonl, .json or .parquet")
    return kind, path, settings


def parse_settings(spec: str) -> tuple[str, dict[str, Any]]:
    """What stands before the question mark, and the settings behind it; a file whose name holds one is not cut."""
    head, _, tail = (spec, "", "") if Path(spec.partition(":")[2] or spec).exists() else spec.partition("?")
    settings: dict[str, Any] = {}
    for key, value in parse_qsl(tail, keep_blank_values=True):
        outer, dot, inner = key.partition(".")
        if dot:
            settings.setdefault(outer, {})[inner] = value
        else:
            settings[key] = literal(value)
    return head, settings


def literal(value: str) -> Any:
    """Numbers, true and false as such; other text as it is."""
    if value.lower() in ("true", "false"):
        return value.lower() == "true"
    try:
        number = ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return value
    return number if isinstance(number, int | float) else value


def world(name: str) -> World:
    """The world of this name. Raises ValueError listing the worlds there are."""
    package = importlib.import_module("saccade.worlds")
    known = names(Path(package.__path__[0]))
    if name not in known:
        raise ValueError(f"no world {name!r}; there are {', '.join(known)}")
    found = vars(importlib.import_module(f"saccade.worlds.{name}"))[name]
    if not isinstance(found, World):
        raise ValueError(f"saccade.worlds.{name} is no world")
    return found


def world_source(name: str, *, size: int = 1000, **settings: Any) -> Source:
    return world(name).source(size=size, **settings)


SETTINGS = ("layout", "columns", "folder", "on_bad_row", "need_image", "need_answer", "max_frames")


def _rows(rows: Any, settings: Mapping[str, Any]) -> RowSource:
    unknown = sorted(set(settings) - set(SETTINGS))
    if unknown:
        raise ValueError(f"{rows.path}: a file has no setting {unknown[0]!r}; it has {', '.join(SETTINGS)}")
    return row_source(rows, **settings)
