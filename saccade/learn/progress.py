"""A progress bar that always says what is being waited for; silent where nobody watches."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

Item = TypeVar("Item")


class Progress:
    """`stage(name, text)` shows what is happening and measures it; `seconds` holds the time per stage since `start`."""

    def __init__(self, bar: Any = None, task: Any = None, *, heard: bool = True) -> None:
        self.bar, self.task, self.heard = bar, task, heard
        self.seconds: dict[str, float] = {}
        self.headline = ""

    @contextmanager
    def stage(self, name: str, text: str = "") -> Iterator[None]:
        self.show(text or name)
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - began

    def start(self) -> None:
        """Begin a new update: forget the times of the last one."""
        self.seconds = {}

    def show(self, text: str) -> None:
        if self.bar is not None:
            self.bar.update(self.task, description=text, headline=self.headline)

    def advance(self, headline: str, count: int = 1) -> None:
        """So many more are done; `headline` is the figure to watch."""
        self.headline = headline
        if self.bar is not None:
            self.bar.update(self.task, advance=count, headline=headline)

    def over(self, items: Iterable[Item]) -> Iterator[Item]:
        """The items, each counted when the next one is asked for."""
        for item in items:
            yield item
            self.advance(self.headline)

    def say(self, text: str) -> None:
        """A message that must be seen, with or without a bar; not `heard` where another process says the same."""
        if not self.heard:
            return
        if self.bar is not None:
            self.bar.console.print(text, markup=False, highlight=False)
        else:
            print(text, file=sys.stderr, flush=True)


@contextmanager
def progress_bar(
    title: str, total: int, *, done: int = 0, enabled: bool = True, start: str = "starting", heard: bool = True
) -> Iterator[Progress]:
    """A bar on standard error while the block runs; none when disabled or when nobody watches (no terminal)."""
    if not (enabled and heard and sys.stderr.isatty()):
        yield Progress(heard=heard)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        SpinnerColumn(),
        TextColumn(title),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[headline]}"),
        TextColumn("[dim]{task.description}"),
    )
    with Bar(*columns, console=Console(stderr=True)) as bar:
        yield Progress(bar, bar.add_task(start, total=total, completed=done, headline=""))
