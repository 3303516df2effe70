"""Who in a group used a tool, and who was right: what every reward about the economy of tool calls is a function of."""

from __future__ import annotations

from dataclasses import dataclass

from saccade.core.trajectory import Group, ToolEvent, Trajectory
from saccade.rewards._correct import correctness


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """One attempt: calls that ran, whether the answer is right; `counts` is False where it failed on our side."""

    calls: int
    right: bool
    counts: bool = True

    @property
    def used(self) -> bool:
        return self.calls > 0


def ran(event: ToolEvent) -> bool:
    """A call that did what was asked."""
    return event.error is None and not event.infrastructure


def usage(group: Group, *, strict: bool = False, least: float = 0.5) -> tuple[Usage, ...]:
    return tuple(usage_of(each, strict=strict, least=least) for each in group.trajectories)


def usage_of(trajectory: Trajectory, *, strict: bool = False, least: float = 0.5) -> Usage:
    return Usage(
        calls=sum(ran(event) for event in trajectory.events),
        right=(correctness(trajectory, strict=strict).value or 0.0) >= least,
        counts=not trajectory.stop.failed,
    )


def rate(flags: list[bool]) -> float:
    """Share of true ones; 0 of none."""
    return sum(flags) / len(flags) if flags else 0.0
