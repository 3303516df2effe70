"""Read `--config FILE` (YAML or JSON) as flags: nested keys become attribute paths, TRL's flat names stay."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


def read_config(path: Path) -> tuple[tuple[str, Any], ...]:
    """(path, value) pairs in the order of the file. Raises ValueError naming file and line for what is no mapping."""
    if not path.is_file():
        raise ValueError(f"--config {path}: there is no such file")
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        try:
            data = json.loads(text)
        except json.JSONDecodeError as error:
            raise ValueError(f"{path}:{error.lineno}: not JSON ({error.msg})") from None
    else:
        data = read_yaml(path, text)
    if not isinstance(data, Mapping):
        raise ValueError(f"{path}: a configuration is names with values, not {type(data).__name__}")
    return tuple(flat(data))


def read_yaml(path: Path, text: str) -> Any:
    import yaml

    try:
        return yaml.safe_load(text) or {}
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ValueError(f"{path}{line}: not YAML ({error.problem})") from None


def flat(data: Mapping[Any, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in data.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from flat(value, f"{name}.")
        else:
            yield name, value
