"""The attempts at one sample side by side, best to worst, with their rewards by term."""

from __future__ import annotations

from collections.abc import Sequence

from saccade.core.trajectory import Trajectory
from saccade.viewer.album import Album
from saccade.viewer.attempt import attempt_card
from saccade.viewer.markup import Html, table, tag
from saccade.viewer.reading import Reading


def group_view(
    attempts: Sequence[Trajectory],
    album: Album,
    *,
    reading: Reading | None = None,
    links: Sequence[Html | None] = (),
) -> Html:
    """A table of rewards by term and the attempts as columns, in the order given. `links` lead to each of them."""
    if not attempts:
        return tag("p", "There are no attempts.", class_="soft")
    links = list(links) or [None] * len(attempts)
    columns = [
        tag(
            "div",
            attempt_card(each, album, title=f"attempt {each.attempt}", reading=reading, link=link),
            class_="column",
        )
        for each, link in zip(attempts, links, strict=True)
    ]
    return tag(
        "div",
        reward_table(attempts),
        tag(
            "div",
            *columns,
            class_="columns",
            role="group",
            tabindex=0,
            aria_label=f"{len(attempts)} attempts, best first",
        ),
        class_="group",
    )


def reward_table(attempts: Sequence[Trajectory]) -> Html:
    """Terms down, attempts across; the best value of each term stands out."""
    rows: list[Sequence[object]] = []
    for name in dict.fromkeys(name for each in attempts for name in each.rewards):
        values = [each.rewards[name].value if name in each.rewards else None for each in attempts]
        known = [value for value in values if isinstance(value, int | float)]
        best = max(known) if known and max(known) > min(known) else None
        rows.append(
            (
                name,
                *(
                    tag(
                        "td",
                        "none" if not isinstance(value, int | float) else f"{value:.3g}",
                        class_="best" if best is not None and value == best else None,
                    )
                    for value in values
                ),
            )
        )
    rows.append(("tool calls", *(len(each.events) for each in attempts)))
    rows.append(("tokens written", *(each.num_sampled for each in attempts)))
    rows.append(("ended by", *(str(each.stop) for each in attempts)))
    return table(("reward", *(f"#{each.attempt}" for each in attempts)), rows, label="rewards by term")
