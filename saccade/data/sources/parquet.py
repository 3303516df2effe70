"""Parquet files as rows, one row group in memory at a time.

A folder is read as its ``*.parquet`` files in order of name. Encoded pictures stay bytes until something looks at them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saccade.core.store import Cache

ROW_GROUP_BYTES = 512 << 20
"""Row groups are kept up to so many bytes; the last one read always is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parquet(Sequence):
    """`groups` are (file, row group, first row) in order; `starts` their first rows."""

    path: Path
    files: tuple[Path, ...]
    columns: tuple[str, ...]
    groups: tuple[tuple[Path, int], ...]
    starts: tuple[int, ...]
    size: int
    cache: Cache

    def number(self, index: int) -> int:
        """Row number over all files, from 1."""
        return index + 1

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: Any) -> dict[str, Any]:
        if not 0 <= index < self.size:
            raise IndexError(f"row {index} of {self.size} rows of {self.path}")
        which = bisect_right(self.starts, index) - 1
        table = self.cache.get(which)
        if table is None:
            import pyarrow.parquet as pq

            path, group = self.groups[which]
            with pq.ParquetFile(path) as opened:
                table = opened.read_row_group(group)
            self.cache.put(which, table, table.nbytes)
        return table.slice(index - self.starts[which], 1).to_pylist()[0]


def parquet(path: str | Path) -> Parquet:
    """Open a Parquet file, or a folder of them. Raises ValueError naming the file when it is missing or broken, or when
    the files of a folder have different columns."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise ValueError("reading Parquet needs pyarrow: pip install 'saccade[data]'") from error
    path = Path(path).expanduser()
    files = tuple(sorted(path.glob("*.parquet"))) if path.is_dir() else (path,)
    if not files or not files[0].is_file():
        raise ValueError(f"there is no Parquet file at {path}")
    groups: list[tuple[Path, int]] = []
    starts: list[int] = []
    columns: tuple[str, ...] = ()
    size = 0
    for each in files:
        try:
            with pq.ParquetFile(each) as opened:
                names = tuple(opened.schema_arrow.names)
                rows = [opened.metadata.row_group(group).num_rows for group in range(opened.num_row_groups)]
        except (pa.ArrowException, OSError) as error:
            raise ValueError(f"{each}: not a Parquet file that can be read ({error})") from error
        if columns and set(names) != set(columns):
            raise ValueError(f"{each}: its columns {sorted(names)} differ from those of {files[0]}: {sorted(columns)}")
        columns = names
        for group, count in enumerate(rows):
            if count:
                groups.append((each, group))
                starts.append(size)
                size += count
    if not size:
        raise ValueError(f"{path}: the file has no rows")
    return Parquet(path=path, files=files, columns=columns, groups=tuple(groups), starts=tuple(starts), size=size,
                   cache=Cache(ROW_GROUP_BYTES))
