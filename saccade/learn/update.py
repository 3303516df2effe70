"""One optimiser update: micro-batches forward and backward, gradients added up, clipped, one AdamW step.

What every token counts is known before the first backward pass (`objectives.aggregate`), so an update does not depend on
how it was cut into micro-batches. Terms are the only thing that knows a method; nothing here asks for a name.

N: trainable tokens of the update or of a micro-batch.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from saccade.core.signals import Objective, Signals, TermOut, View, ViewSignals, Weighted, value_at
from saccade.learn.balance import shares
from saccade.learn.batches import micro_batches, strictest
from saccade.learn.heard import Heard
from saccade.learn.learner import Learner
from saccade.learn.ranks import Ranks
from saccade.learn.rows import Row
from saccade.learn.signals import known_of, signals_of
from saccade.learn.tower import Tower
from saccade.objectives._ratio import FAR
from saccade.objectives.aggregate import row_weights, weights_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A term, which tokens (or rows) of the update are its members, and what each of them counts."""

    weighted: Weighted
    coefficient: float
    member: np.ndarray
    weight: np.ndarray
    over_rows: bool


def count(objective: Objective, rows: Sequence[Row], progress: float) -> list[Counted]:
    """Ask every term for its members, over the whole update, with stand-ins for what a forward pass will say.

    Membership may depend on anything recorded (masks, credit, origins, the sampler's log-probabilities), never on the
    learner's current log-probabilities; `apply` checks that.
    """
    known = known_of(rows)
    stand_in_N = torch.from_numpy(np.nan_to_num(known.old_logp_N, posinf=0.0, neginf=0.0))
    views = views_of(objective)
    signals = signals_of(
        known,
        stand_in_N,
        entropy_N=torch.zeros_like(stand_in_N),
        view={
            name: ViewSignals(logp_T=stand_in_N, entropy_T=torch.zeros_like(stand_in_N),
                              divergence_T=torch.zeros_like(stand_in_N))
            for name in views
        },
        progress=progress,
    )
    counted: list[Counted] = []
    for weighted in objective:
        with torch.no_grad():
            out = weighted.term.function(signals)
        member = out.member.numpy()
        over_rows = len(member) == len(rows) and len(member) != len(stand_in_N)
        weight = (
            row_weights(member, group_R=known.group_R, normaliser=weighted.normaliser)
            if over_rows
            else weights_of(
                member,
                row_T=known.row_N,
                step_T=known.step_N,
                group_T=known.group_N,
                normaliser=weighted.normaliser,
            )
        )
        coefficient = value_at(weighted.coefficient, progress)
        counted.append(
            Counted(weighted=weighted, coefficient=coefficient, member=member, weight=weight, over_rows=over_rows)
        )
    return counted


def views_of(objective: Objective) -> dict[str, View]:
    """The views that terms look at, by name. Raises ValueError where two differ and are called alike."""
    views: dict[str, View] = {}
    for view in (view for weighted in objective for view in weighted.term.views):
        if views.setdefault(view.name, view) != view:
            raise ValueError(f"two views are called {view.name!r} and differ; give one of them another name")
    return views


def apply(counted: Counted, signals: Signals, where: np.ndarray) -> tuple[torch.Tensor, TermOut]:
    """The term's share of the loss in one micro-batch; `where` are its tokens' (or rows') places in the update."""
    out = counted.weighted.term.function(signals)
    expected = torch.from_numpy(counted.member[where]).to(out.member.device)
    if not torch.equal(out.member, expected):
        raise ValueError(
            f"objective term {counted.weighted.term.name!r}: its members depend on the learner's current output; a "
            "normaliser over the whole update needs members that follow from the record (give such tokens the value 0)"
        )
    weight = torch.from_numpy(counted.weight[where]).to(out.value)
    return (torch.where(out.member, out.value, 0.0) * weight).sum(), out


def update(
    learner: Learner,
    rows: Sequence[Row],
    objective: Objective,
    *,
    lr: float,
    clip: float = 1.0,
    micro_tokens: int = 16384,
    progress: float = 0.0,
    seed: int = 0,
    heard: Heard | None = None,
) -> dict[str, float]:
    """Make one update from these rows and return its metrics: ``loss``, ``loss/<term>``, ``<term>/<metric>`` (means over
    members), ``grad_norm``, ``skipped``, ``mismatch`` and ``mismatch/max`` (learner against sampler, nats),
    ``mismatch/kl`` (the k3 estimate of KL(sampler || learner)), and
    ``plan/...``: tokens of the rows one by one, tokens that ran, padding among these, heads and passes.

    `heard` is told what the learner said about each token.
    An update whose gradient is not finite is skipped: weights and optimiser stay as they were, `skipped` is 1.
    Raises ValueError for rows above the token budget and for terms that lack a signal.
    """
    metrics = Means()
    if not rows:
        return {"skipped": 1.0, "num_rows": 0.0}
    counted = count(objective, rows, progress)
    entropy = any("entropy" in each.weighted.term.needs for each in counted)
    views = views_of(objective)
    offsets = np.cumsum([0, *(row.num_trainable for row in rows)])
    together = strictest([each.weighted.term.together for each in counted])
    mine = shares(rows, learner.ranks.size, together=together)[learner.ranks.rank]
    batches = [
        [mine[index] for index in batch]
        for batch in micro_batches([rows[index] for index in mine], micro_tokens, together=together)
    ]
    learner.zero()
    tower = Tower(learner, rows, batches, max_tokens=micro_tokens)
    total = 0.0
    for chosen in batches:
        part = [rows[index] for index in chosen]
        token_places = np.concatenate([np.arange(offsets[index], offsets[index + 1]) for index in chosen])
        row_places = np.asarray(chosen)
        scored, seen = learner.score_with(part, list(views.values()), seed=seed, entropy=entropy, features=tower.leaves)
        signals = signals_of(
            known_of(part),
            scored.logp_N,
            entropy_N=scored.entropy_N if entropy else None,
            view=seen,
            progress=progress,
        )
        if heard is not None:
            heard.take(chosen, part, signals)
        loss = scored.logp_N.new_zeros(())
        for each in counted:
            value, out = apply(each, signals, row_places if each.over_rows else token_places)
            loss = loss + each.coefficient * value
            metrics.add(f"loss/{each.weighted.term.name}", value.detach(), None)
            for key, values in out.metrics.items():
                metrics.add(f"{each.weighted.term.name}/{key}", values, out.member)
                if values.dtype == torch.bool and not each.over_rows:
                    metrics.shares(f"{each.weighted.term.name}/{key}", values, out.member, signals.row_T)
        for name, value in scored.work.metrics().items():
            metrics.add(name, torch.tensor(value), None)
        if scored.entropy_N is not None:
            metrics.add("entropy", scored.entropy_N.detach(), signals.trainable_T)
        gap_N = scored.logp_N.detach() - signals.old_logp_T
        metrics.add("mismatch", gap_N.abs(), gap_N.isfinite())
        metrics.add("mismatch/kl", gap_N.clamp(-FAR, FAR).exp() - gap_N - 1, gap_N.isfinite())
        if loss.requires_grad:
            loss.backward()
        total += float(loss.detach())
    tower.backward()
    norm = learner.step(lr=lr, clip=clip)
    metrics.add("num_micro_batches", torch.tensor(float(len(batches))), None)
    metrics.add("loss", torch.tensor(total, dtype=torch.float64), None)
    metrics.join(learner.ranks)
    if heard is not None:
        heard.join(learner.ranks, len(rows))
    return {
        **metrics.read(),
        "grad_norm": norm if math.isfinite(norm) else math.nan,
        "skipped": float(not math.isfinite(norm)),
        "lr": lr,
        "num_rows": float(len(rows)),
        "num_trainable_tokens": float(offsets[-1]),
    }


class Means:
    """Sums and counts over micro-batches, read once. A scalar without members is summed, not averaged."""

    def __init__(self) -> None:
        self.totals: dict[str, float] = {}
        self.sums: dict[str, list[float]] = {}
        self.extremes: dict[str, tuple[float, float]] = {}

    def add(self, name: str, values: torch.Tensor, member: torch.Tensor | None) -> None:
        if member is None:
            self.totals[name] = self.totals.get(name, 0.0) + float(values)
            return
        chosen = values[member].detach().double()
        if len(chosen):
            self._count(name, float(chosen.sum()), len(chosen), float(chosen.max()))

    def shares(self, name: str, flags: torch.Tensor, member: torch.Tensor, row_T: torch.Tensor) -> None:
        """The least and the largest share of a row's members for which a flag holds."""
        held_R = torch.bincount(row_T[member], weights=flags[member].double())
        size_R = torch.bincount(row_T[member])
        share_R = (held_R / size_R)[size_R > 0]
        if len(share_R):
            self._reach(name, float(share_R.min()), float(share_R.max()))

    def _count(self, name: str, total: float, number: float, most: float) -> None:
        kept = self.sums.setdefault(name, [0.0, 0.0, -math.inf])
        kept[:] = kept[0] + total, kept[1] + number, max(kept[2], most)

    def _reach(self, name: str, least: float, most: float) -> None:
        low, high = self.extremes.get(name, (math.inf, -math.inf))
        self.extremes[name] = min(low, least), max(high, most)

    def join(self, ranks: Ranks) -> None:
        """Put what all ranks counted in the place of what this one did."""
        if ranks.size == 1:
            return
        told = ranks.gather(json.dumps([self.totals, self.sums, self.extremes]).encode())
        self.totals, self.sums, self.extremes = {}, {}, {}
        for totals, sums, extremes in map(json.loads, told):
            for name, value in totals.items():
                self.totals[name] = self.totals.get(name, 0.0) + value
            for name, counted in sums.items():
                self._count(name, *counted)
            for name, reached in extremes.items():
                self._reach(name, *reached)

    def read(self) -> dict[str, float]:
        out = {**self.totals, **{name: total / number for name, (total, number, _) in self.sums.items()}}
        for name, (low, high) in self.extremes.items():
            out |= {f"{name}/min": low, f"{name}/max": high}
        if "mismatch" in out:
            out["mismatch/max"] = self.sums["mismatch"][2]
        return out
