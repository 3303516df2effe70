"""The common beginning is computed once: rows that begin alike share one pass over it, gradients included.

The members of a group differ only after their prompt, and a prompt holds the images, so it is most of the work. What
`plan.shared` calls a head runs first and leaves its keys and values, with their graph; the rows that go on from it run only
what is their own. Heads are planned like rows, so what several groups have in common (the system prompt, the turns that
attempts share before they part) is run once as well.

R rows, U heads, P padded tokens of the longest head, H key heads, D head size or hidden size, N places read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from saccade.core.engine import Prompt
from saccade.models.family import Features
from saccade.models.inputs import FAR, masks, rows_of
from saccade.models.plan import Plan, Work, batches, shared
from saccade.models.policy import Policy


@dataclass(slots=True, kw_only=True)
class Trunk:
    """What heads leave for the rows that go on from them.

    order_UP: which token of the sequence a column holds (FAR for padding); layers: keys and values [U, H, P, D].
    """

    order_UP: Tensor
    layers: dict[int, tuple[Tensor, Tensor]]


class Columns:
    """What the stock layers see as a cache: `update` puts the keys and values of each row's head before its own.

    No dataclass, because sharding (FSDP2) replaces dataclasses among the arguments of a layer by copies.
    """

    def __init__(self, *, trunk: Trunk | None, head_R: Tensor, keep: bool) -> None:
        self.trunk, self.head_R, self.keep = trunk, head_R, keep
        self.layers: dict[int, tuple[Tensor, Tensor]] = {}

    def update(self, keys: Tensor, values: Tensor, layer: int, *_: object, **__: object) -> tuple[Tensor, Tensor]:
        if self.trunk is not None:
            before = (each.index_select(0, self.head_R) for each in self.trunk.layers[layer])
            keys, values = (torch.cat(pair, 2) for pair in zip(before, (keys, values), strict=True))
        if self.keep:
            self.layers[layer] = keys, values
        return keys, values


def read(
    policy: Policy, prompts: Sequence[Prompt], places: Sequence[np.ndarray], features: Mapping[str, Features], *,
    max_tokens: int, work: Work,
) -> Tensor:
    """Hidden states [N, D] after the tokens at `places[r]` (ascending) of each row, row by row.

    Nothing behind the last place of a row is run. `max_tokens` bounds the padded tokens of one pass; `work` is added to.
    """
    stops = [int(each[-1]) + 1 if len(each) else 0 for each in places]
    asked = [row for row, stop in enumerate(stops) if stop]
    if not asked:
        return policy.family.embed(policy.model, torch.zeros(0, dtype=torch.int64, device=policy.device))
    plan = plan_for(policy, [prompts[row] for row in asked], [stops[row] for row in asked])
    found: list[Tensor | None] = [None] * len(prompts)
    work.apart += sum(stops)
    for part in parts(plan, [stops[row] for row in asked], max_tokens):
        rows = [asked[index] for index in part]
        got, _ = run(
            policy, [prompts[row] for row in rows], [stops[row] for row in rows], [places[row] for row in rows], features,
            restrict(plan, part), max_tokens=max_tokens, work=work, keep=False,
        )
        for row, each in zip(rows, got, strict=True):
            found[row] = each
    return torch.cat([each for each in found if each is not None])


def plan_for(policy: Policy, prompts: Sequence[Prompt], stops: Sequence[int]) -> Plan:
    """`plan.shared`, but nothing is shared under gradient checkpointing: the stock layers refuse a cache then."""
    language = policy.family.language(policy.model)
    if language.training and any(layer.gradient_checkpointing for layer in language.layers):
        return Plan(heads=(), head_R=(-1,) * len(prompts))
    return shared(prompts, stops, device=policy.device.type)


def parts(plan: Plan, stops: Sequence[int], max_tokens: int) -> list[list[int]]:
    """Rows that run one after another with the heads they need in memory: whole families of a head, longest heads first."""
    families: dict[int, list[int]] = {}
    for row, head in enumerate(plan.head_R):
        families.setdefault(head if head >= 0 else -1 - row, []).append(row)
    start_R = plan.start_R
    out: list[list[int]] = []
    filled = 0
    for rows in sorted(families.values(), key=lambda rows: (-start_R[rows[0]], rows[0])):
        size = start_R[rows[0]] + sum(stops[row] - start_R[row] for row in rows)
        if not out or filled + size > max_tokens:
            out.append([])
            filled = 0
        out[-1] += rows
        filled += size
    return out


def restrict(plan: Plan, rows: Sequence[int]) -> Plan:
    """The plan of some of its rows. A head is named by one of them."""
    number = {row: index for index, row in enumerate(rows)}
    used = sorted({plan.head_R[row] for row in rows} - {-1})
    return Plan(
        heads=tuple((next(number[row] for row in rows if plan.head_R[row] == head), plan.heads[head][1]) for head in used),
        head_R=tuple(used.index(plan.head_R[row]) if plan.head_R[row] >= 0 else -1 for row in rows),
    )


def run(
    policy: Policy, prompts: Sequence[Prompt], stops: Sequence[int], places: Sequence[np.ndarray],
    features: Mapping[str, Features], plan: Plan, *, max_tokens: int, work: Work, keep: bool,
) -> tuple[list[Tensor], Trunk | None]:
    """Hidden states at the places of each row, heads first; with `keep`, one pass, whose keys and values are returned."""
    start_R = plan.start_R
    in_head, trunk = run_heads(policy, prompts, places, features, plan, max_tokens=max_tokens, work=work)
    own = [stop - start for stop, start in zip(stops, start_R, strict=True)]
    found: list[Tensor] = [torch.empty(0)] * len(prompts)
    groups = [list(range(len(prompts)))] if keep else batches(own, max_tokens=max_tokens, device=policy.device.type)
    left = None
    for group in groups:
        hidden_RTD, left = one_pass(
            policy, [prompts[row] for row in group], [start_R[row] for row in group], [stops[row] for row in group],
            features, trunk, [plan.head_R[row] for row in group], keep=keep,
        )
        work.passes += 1
        work.ran += hidden_RTD.shape[0] * hidden_RTD.shape[1]
        work.padding += hidden_RTD.shape[0] * hidden_RTD.shape[1] - sum(own[row] for row in group)
        for index, row in enumerate(group):
            at = places[row][places[row] >= start_R[row]] - start_R[row]
            mine = hidden_RTD[index].index_select(0, torch.from_numpy(at).to(hidden_RTD.device))
            found[row] = torch.cat([in_head[row], mine]) if row in in_head else mine
    return found, left


def run_heads(
    policy: Policy, prompts: Sequence[Prompt], places: Sequence[np.ndarray], features: Mapping[str, Features], plan: Plan,
    *, max_tokens: int, work: Work,
) -> tuple[dict[int, Tensor], Trunk | None]:
    """Run the heads of a plan. Returns, by row, hidden states at those of its places that lie in its head; and the trunk."""
    if not plan.heads:
        return {}, None
    work.heads += len(plan.heads)
    members = [[row for row, head in enumerate(plan.head_R) if head == each] for each in range(len(plan.heads))]
    wanted = [
        np.unique(np.concatenate([places[row][places[row] < length] for row in rows]))
        for rows, (_, length) in zip(members, plan.heads, strict=True)
    ]
    heads = [prompts[row] for row, _ in plan.heads]
    lengths = [length for _, length in plan.heads]
    got, trunk = run(
        policy, heads, lengths, wanted, features, plan_for(policy, heads, lengths), max_tokens=max_tokens, work=work,
        keep=True,
    )
    in_head: dict[int, Tensor] = {}
    for rows, hidden, known, length in zip(members, got, wanted, lengths, strict=True):
        for row in rows:
            early = places[row][places[row] < length]
            if len(early):
                in_head[row] = hidden.index_select(0, torch.from_numpy(np.searchsorted(known, early)).to(hidden.device))
    return in_head, trunk


def one_pass(
    policy: Policy, prompts: Sequence[Prompt], starts: Sequence[int], stops: Sequence[int], features: Mapping[str, Features],
    trunk: Trunk | None, head_R: Sequence[int], *, keep: bool,
) -> tuple[Tensor, Trunk | None]:
    """Hidden states [R, T, D] of tokens starts..stops of each row, padded on the right."""
    rows = rows_of(policy, prompts, features, starts=starts, stops=stops)
    keys, cache = rows.key_order_RT, None
    if trunk is not None or keep:
        head = torch.tensor(head_R, device=policy.device)
        cache = Columns(trunk=trunk, head_R=head.clamp(min=0), keep=keep)
        if trunk is not None:
            before = trunk.order_UP[cache.head_R].where((head >= 0)[:, None], FAR)
            keys = torch.cat([before, keys], 1)
    seen, near = masks(policy, rows.order_RT, keys, together_RT=rows.together_RT, dtype=rows.embeds_RTD.dtype)
    hidden_RTD = policy.family.text(
        policy.model, rows.embeds_RTD, rows.positions_ART, seen, window_mask_B1TS=near, cache=cache, levels=rows.levels,
        visual_BT=rows.visual_RT,
    )
    return hidden_RTD, Trunk(order_UP=keys, layers=cache.layers) if keep and cache is not None else None
