"""A folder that `datasets` wrote with ``save_to_disk``, read through memory-mapped Arrow files.

The layout is Arrow streams named in ``state.json``; a folder with ``dataset_dict.json`` holds splits. pyarrow is enough,
`datasets` itself is not imported.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrow(Sequence):
    path: Path
    files: tuple[Path, ...]
    columns: tuple[str, ...]
    table: Any = field(repr=False, compare=False)

    def number(self, index: int) -> int:
        return index + 1

    def __len__(self) -> int:
        return self.table.num_rows

    def __getitem__(self, index: Any) -> dict[str, Any]:
        if not 0 <= index < len(self):
            raise IndexError(f"row {index} of {len(self)} rows of {self.path}")
        return self.table.slice(index, 1).to_pylist()[0]


def datasets_folder(path: str | Path, *, split: str | None = None) -> Arrow:
    """Open the folder, or one split of it. Raises ValueError naming what is missing and which splits there are."""
    try:
        import pyarrow as pa
    except ImportError as error:
        raise ValueError("reading a datasets folder needs pyarrow: pip install 'saccade[data]'") from error
    path = Path(path).expanduser()
    splits = _json(path / "dataset_dict.json").get("splits") if (path / "dataset_dict.json").is_file() else None
    if splits:
        chosen = split or ("train" if "train" in splits else splits[0] if len(splits) == 1 else None)
        if chosen not in splits:
            raise ValueError(f"{path} has the splits {', '.join(splits)}, not {split!r}; choose one with split=...")
        path = path / chosen
    elif split is not None:
        raise ValueError(f"{path} has no splits; leave split={split!r} out")
    if not (path / "state.json").is_file():
        raise ValueError(f"{path} is no folder written by datasets' save_to_disk: it has no state.json")
    state = _json(path / "state.json")
    names = [Path(str(each.get("filename"))).name for each in state.get("_data_files") or ()]
    if not names or not all((path / name).is_file() for name in names):
        raise ValueError(f"{path}/state.json names the data files {names}; they are not all there")
    if state.get("_indices_data_files"):
        raise ValueError(f"{path} holds an index beside its rows; write it again with flatten_indices().save_to_disk(...)")
    try:
        table = pa.concat_tables([pa.ipc.open_stream(pa.memory_map(str(path / name))).read_all() for name in names])
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"{path}: the Arrow files cannot be read ({error})") from error
    if not table.num_rows:
        raise ValueError(f"{path}: the folder has no rows")
    return Arrow(path=path, files=tuple(path / name for name in names), columns=tuple(table.column_names), table=table)


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path}: not JSON ({error})") from error
    if not isinstance(value, dict):
        raise ValueError(f"{path}: not a JSON object")
    return value
