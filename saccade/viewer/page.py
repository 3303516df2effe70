"""Pages that stand alone: attempts, a run's report, a selection. Whole HTML in one file that can be mailed.

They are made of the viewer's components, with the pictures inside. Everything is read from run folders and nothing in them
is trusted: unknown lines are left out and counted, pictures are found by content hash only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from saccade.core.trajectory import Trajectory
from saccade.viewer.album import Album, Folder, Inline, Pixels
from saccade.viewer.attempt import attempt_card, right_of
from saccade.viewer.chart import curves, intervals, smoothed
from saccade.viewer.markup import Html, page, tag
from saccade.viewer.metrics import Curve, Metrics
from saccade.viewer.overview import facts, figures
from saccade.viewer.places import Place
from saccade.viewer.reading import Reading, reading_of
from saccade.viewer.rows import Rows
from saccade.viewer.tokens import tokens_view

WORST, TYPICAL = 10, 20


def attempts_page(
    title: str,
    attempts: Sequence[Trajectory],
    store: Pixels,
    *,
    note: str = "",
    truth: bool = True,
    reading: Reading | None = None,
    tokens: bool = False,
    keys: Sequence[str] = (),
) -> str:
    """A page of attempts, whole HTML. `tokens` adds their tokens, folded; `keys` name them for the reader."""
    album = Inline(store)
    cards: list[Html] = []
    for at, each in enumerate(attempts):
        cards.append(
            card(each, album, title=f"{keys[at]}  {each.sample.id}" if keys else "", truth=truth, reading=reading)
        )
        if tokens:
            cards.append(
                tag(
                    "details",
                    tag("summary", "tokens"),
                    tokens_view(each, reading or Reading(), name=str(at)),
                    class_="fold",
                )
            )
    return page(title, tag("h1", title), tag("p", note, class_="soft") if note else None, *cards)


def report(
    folder: str | Path,
    *,
    attempts: Sequence[Trajectory] | None = None,
    most: int = TYPICAL,
    out: str | Path | None = None,
    title: str = "",
    note: str = "",
    facts_of: Mapping[str, Any] | None = None,
    before: Sequence[object] = (),
    media: Sequence[Path] = (),
) -> Path:
    """Write a run folder's report (``report.html`` in it, or `out`) and return its path.

    attempts: those to show; by default read from the folder: its newest evaluation's, else those of its last update. Of more
              than `most`, evenly spaced ones are taken, not the best, not the worst; the ten worst stand below them.
    facts_of: what the figures are read from instead of ``summary.json``
    before:   components between the figures and the attempts
    media:    folders of pictures besides the folder's own
    Raises ValueError for no folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"there is no run folder {folder}")
    place = Place(name=folder.name, folder=folder)
    summary = dict(facts_of) if facts_of is not None else place.json("summary.json")
    found, skipped = (list(attempts), 0) if attempts is not None else recorded(folder)
    album = Inline(Folder([folder / "media", *place.media, *media]))
    reading = reading_of(newest(folder))
    chosen, worst = evenly(found, most), poorest(found, WORST) if len(found) > most else []
    shown = f"{len(chosen)} attempts" + (f" of {len(found)}, evenly spaced" if len(found) > len(chosen) else "")
    title = title or f"Run {summary.get('name') or folder.resolve().name}"
    body: list[object] = [
        tag("h1", title),
        tag("p", note, class_="soft") if note else None,
        tag("p", facts(summary), class_="facts"),
    ]
    rows = figures(summary)
    if rows:
        body += [tag("h2", "Accuracy on held-out items, with 95 % intervals"), intervals(rows)]
    series = learning(Metrics(folder / "metrics.jsonl").curves())
    if series:
        body += [tag("h2", "Learning curve"), curves(series)]
    body += [
        *before,
        tag("h2", "What the model looked at"),
        tag("p", shown + (f"; {skipped} lines could not be read" if skipped else ""), class_="soft"),
    ]
    body += [card(each, album, title=f"{at + 1}. {each.sample.id}", reading=reading) for at, each in enumerate(chosen)]
    if worst:
        body += [
            tag("h2", f"The {len(worst)} worst"),
            tag("p", "Wrong ones with the least reward first.", class_="soft"),
        ]
        body += [card(each, album, title=each.sample.id, reading=reading) for each in worst]
    path = Path(out) if out else folder / "report.html"
    path.write_text(page(title, *body), encoding="utf-8")
    return path


def card(
    attempt: Trajectory,
    album: Album,
    *,
    title: str,
    truth: bool = True,
    reading: Reading | None = None,
    link: Html | None = None,
) -> Html:
    """The card of an attempt; for a record whose values are of no sense, a line that says so."""
    try:
        return attempt_card(attempt, album, title=title, truth=truth, reading=reading, link=link)
    except (AttributeError, TypeError, ValueError, KeyError, IndexError, RecursionError, OverflowError) as error:
        return tag(
            "section",
            tag("p", f"{title}: this record cannot be shown ({type(error).__name__}: {error})"),
            class_="card plain",
        )


def evenly(items: Sequence[Trajectory], most: int) -> list[Trajectory]:
    if len(items) <= most:
        return list(items)
    return [items[int((at + 0.5) * len(items) / most)] for at in range(most)]


def poorest(items: Sequence[Trajectory], most: int) -> list[Trajectory]:
    """Attempts that were wrong, those with the least reward first; ours that failed count first of all."""

    def worth(attempt: Trajectory) -> tuple[float, float]:
        score = right_of(attempt)
        values = [each.value for each in attempt.rewards.values() if isinstance(each.value, int | float)]
        return (-1.0 if attempt.stop.failed else (score.value or 0.0) if score else 0.0), sum(values)

    try:
        wrong = [each for each in items if worth(each)[0] < 0.5]
        return sorted(wrong, key=worth)[:most]
    except TypeError:  # rewards that are no numbers
        return []


def learning(measured: Mapping[str, Curve]) -> dict[str, Curve]:
    """Evaluations and the mean reward of the metrics file, by update."""
    names = [name for name in measured if name.startswith("eval/") and name.endswith("/accuracy")]
    series = {f"held-out accuracy ({name.split('/')[1]})": measured[name] for name in names[:2]}
    accuracy = next((name for name in ("rewards/answer_match/mean", "reward") if name in measured), "")
    if accuracy:
        series[f"training {accuracy}, mean of 9 updates"] = smoothed(measured[accuracy])
    return series


def newest(folder: Path) -> Path:
    """The folder below a run whose trajectories are its newest evaluation's, else the folder itself."""
    found = sorted(
        (path for path in (*folder.glob("*/trajectories.jsonl"), *folder.glob("*/*/trajectories.jsonl"))),
        key=lambda path: (path.stat().st_mtime, str(path)),
    )
    return found[-1].parent if found else folder


def recorded(folder: Path) -> tuple[list[Trajectory], int]:
    """Attempts on disk: of the newest evaluation in the folder, else of the last update; and how many cannot be read."""
    rows = Rows(newest(folder))
    rows.grow()
    last = max(rows.files, default=0)
    out: list[Trajectory] = []
    bad = 0
    for row in rows.rows:
        if row["update"] == last:
            try:
                out.append(rows.record(row["key"]))
            except (ValueError, KeyError):
                bad += 1
    return out, bad
