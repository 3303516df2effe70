"""A file of somebody's rows as a source of samples: made when asked for, checked when made.

One bad row never ends a run: with ``on_bad_row="skip"`` the next good row stands in for it (so that item i stays a
function of the source and i), the reason is kept, and `report` says how many there were.
"""

from __future__ import annotations

import difflib
import functools
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from saccade.core.message import Part, Video
from saccade.core.sample import Mixed, Picked, Sample, Source
from saccade.data.cells import BadRow, Place
from saccade.data.columns import LAYOUTS, detect, renamed, sample_from_row
from saccade.media.video import as_frames

OnBadRow = Literal["skip", "raise"]
TRIED_AT_OPENING = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class RowSource:
    """`rows` gives mappings by index, with `files` and `number(index)`; `layout` and `columns` say how to read them.

    bad: what was wrong, by index, of the rows asked for so far
    """

    rows: Any
    layout: str
    columns: Mapping[str, str] = field(default_factory=dict)
    folder: Path
    on_bad_row: OnBadRow = "skip"
    need_image: bool = True
    need_answer: bool = True
    max_frames: int = 16
    bad: dict[int, str] = field(default_factory=dict, compare=False, repr=False)

    @property
    def files(self) -> tuple[Path, ...]:
        return self.rows.files

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Sample:
        """Row `index`; under ``skip`` the first good row from there on, in a circle. Raises ValueError naming file, row
        and column under ``raise``, and when every row is bad."""
        size = len(self.rows)
        if not 0 <= index < size:
            raise IndexError(f"row {index} of a source of {size} rows")
        for step in range(size):
            at = (index + step) % size
            if at not in self.bad:
                try:
                    return self.read(at)
                except BadRow as error:
                    problem = f"{self.rows.path}, row {self.rows.number(at)}, {error}"
                    if self.on_bad_row == "raise":
                        raise ValueError(problem) from error
                    if not self.bad:
                        warnings.warn(f"skipped: {problem} (further bad rows are counted in silence)", stacklevel=2)
                    self.bad[at] = problem
        raise ValueError(f"{self.rows.path}: none of its {size} rows can be used; the first: {self.bad[min(self.bad)]}")

    def read(self, at: int) -> Sample:
        """Exactly this row. Raises BadRow."""
        path = self.rows.path
        place = Place(file=path, row=self.rows.number(at), folder=self.folder)
        frames: Callable[[Video], Sequence[Part]] = functools.partial(_frames, max_frames=self.max_frames)
        return sample_from_row(
            renamed(self.rows[at], self.columns), place, layout=self.layout, id=f"{path.stem}/{place.row}",
            need_image=self.need_image, need_answer=self.need_answer, frames=frames,
        )

    def report(self) -> str:
        """How many of the rows asked for so far were bad, with the first reasons; empty when none was."""
        if not self.bad:
            return ""
        shown = [self.bad[at] for at in sorted(self.bad)[:5]]
        return f"{len(self.bad)} of {len(self)} rows of {self.rows.path} were skipped: " + "; ".join(shown) + (
            f"; and {len(self.bad) - 5} more" if len(self.bad) > 5 else "")


def skipped(source: Source) -> tuple[str, ...]:
    """What the files under a source say about rows that could not be used; for the end of a run."""
    if isinstance(source, RowSource):
        return (source.report(),) if source.bad else ()
    inner = (source.source,) if isinstance(source, Picked) else source.sources if isinstance(source, Mixed) else ()
    return tuple(dict.fromkeys(text for each in inner for text in skipped(each)))


def _frames(video: Video, *, max_frames: int) -> Sequence[Part]:
    try:
        return as_frames(video, max_frames)
    except ValueError as error:
        raise BadRow("videos", str(error)) from error


def row_source(
    rows: Any, *, layout: str | None = None, columns: Mapping[str, str] | None = None,
    folder: str | Path | None = None, **settings: Any,
) -> RowSource:
    """Find the layout and try the first rows. Raises ValueError when no layout fits or none of them can be used.

    columns: our name to the user's, for example ``{"question": "q", "image": "picture"}``
    folder:  what relative paths in the rows count from; default: the folder of the file
    """
    columns = dict(columns or {})
    names = set(rows.columns)
    for ours, theirs in columns.items():
        if theirs not in names:
            near = difflib.get_close_matches(theirs, sorted(names), 1)
            raise ValueError(f"{rows.path}: columns={{{ours!r}: {theirs!r}}} names a column that is not there"
                             f"{f'; did you mean {near[0]!r}?' if near else ''} It has {sorted(names)}")
    known = (names - set(columns.values())) | set(columns)
    if layout is not None and layout not in LAYOUTS:
        raise ValueError(f"no layout {layout!r}; there are {', '.join(LAYOUTS)}")
    if layout is None:
        try:
            layout = detect(known)
        except ValueError as error:
            raise ValueError(f"{rows.path}: {error}") from error
    default = rows.path if rows.path.is_dir() else rows.path.parent
    made = RowSource(rows=rows, layout=layout, columns=columns,
                     folder=Path(folder).expanduser() if folder else default.resolve(), **settings)
    if made.on_bad_row not in ("skip", "raise"):
        raise ValueError(f"on_bad_row is 'skip' or 'raise', not {made.on_bad_row!r}")
    _try_first(made)
    return made


def _try_first(source: RowSource) -> None:
    problems: list[str] = []
    for at in range(min(TRIED_AT_OPENING, len(source))):
        try:
            source.read(at)
            return
        except BadRow as error:
            problems.append(f"row {source.rows.number(at)}, {error}")
    raise ValueError(f"{source.rows.path}: the first {len(problems)} rows cannot be used (read as layout "
                     f"{source.layout!r}); {problems[0]}")
