"""The learner: live weights, their optimiser, and what it thinks of rows.

Probes, blind checks and objectives all ask it the same question, `score`, through the one forward pass of
`models.forward`. It knows no method: whether a reference is kept follows from what the terms of a run need.

N: trainable tokens of the given rows, row by row.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image as PILImage

from saccade.core.run import Optim
from saccade.core.seed import generator
from saccade.core.signals import View, ViewSignals
from saccade.core.store import MediaStore
from saccade.core.trajectory import Trajectory
from saccade.learn.ranks import ALONE, Ranks
from saccade.learn.rows import Row, trajectory_rows
from saccade.learn.split import Streams, split_rows
from saccade.models import adapters
from saccade.models.family import Features
from saccade.models.forward import Scores, divergence, score
from saccade.models.policy import Policy
from saccade.models.tabular import TabularPolicy

if TYPE_CHECKING:
    from saccade.learn.shards import Shards


class Learner:
    """Holds a policy and its AdamW state. `reference=True` keeps the weights as they are now to compare with: the base
    model where an adapter learns, else a frozen copy (as much memory again).

    ranks:     the processes that learn together; where `torchrun` started them, weights and moments are cut over them
    mixed:     compute in bfloat16 with float32 weights and moments; needs `torchrun`
    recompute: keep no activations inside the layers, run each again in the backward pass; beginnings are not shared then
    """

    def __init__(
        self,
        policy: Policy | TabularPolicy,
        store: MediaStore,
        optim: Optim,
        *,
        reference: bool = False,
        micro_tokens: int = 16384,
        ranks: Ranks = ALONE,
        mixed: bool = False,
        recompute: bool = False,
    ) -> None:
        self.policy, self.store, self.optim, self.micro_tokens, self.ranks = policy, store, optim, micro_tokens, ranks
        if not any(each.requires_grad for each in policy.model.parameters()):
            raise ValueError("nothing to train: policy.freeze holds every part of the model and policy.lora is None")
        if mixed and not ranks.sharded:
            raise ValueError("mixed precision keeps float32 slices beside bfloat16 weights, so it needs processes that "
                             "torchrun started; one is enough: torchrun --nproc-per-node 1 -m saccade train ...")
        self.compares = reference
        self.frozen: Policy | None = None
        if reference and not adapters.adapter_layers(policy.model):
            still = copy.deepcopy(policy.model).eval().requires_grad_(False)
            self.frozen = replace(policy, model=still, tower_version=-1)
        if recompute:
            again(policy.model)
        self.shards: Shards | None = None
        self.frozen_shards: Shards | None = None
        if ranks.sharded:
            self._cut(mixed=mixed)
        # slices where the weights are cut
        self.parameters = {name: each for name, each in policy.model.named_parameters() if each.requires_grad}
        if self.shards is not None:
            self.shards.gather()
        self.optimiser = torch.optim.AdamW(
            list(self.parameters.values()),
            lr=optim.lr,
            betas=optim.betas,
            eps=optim.eps,
            weight_decay=optim.weight_decay,
            foreach=True,
        )

    def _cut(self, *, mixed: bool) -> None:
        from saccade.learn.shards import Shards

        self.shards = Shards(self.policy.model, self.ranks, self.policy.device, mixed=mixed)
        if self.frozen is not None:
            self.frozen_shards = Shards(self.frozen.model, self.ranks, self.policy.device, mixed=mixed)

    def score(
        self, rows: Sequence[Row], *, entropy: bool = False, media: Mapping[str, PILImage.Image] | None = None,
        features: Mapping[str, Features] | None = None,
    ) -> Scores:
        """Log-probabilities of the rows' trainable tokens, with gradient unless torch.no_grad() is on. `media` replaces
        the pixels of refs, of equal size; `features` stand for images that were encoded before."""
        return self._score(self.policy, rows, entropy=entropy, media=media, features=features)

    def score_with(
        self, rows: Sequence[Row], views: Sequence[View], *, seed: int, entropy: bool = False,
        features: Mapping[str, Features] | None = None,
    ) -> tuple[Scores, dict[str, ViewSignals]]:
        """The rows as they are and under views, in one pass: what stands before the first image is computed once for all.

        A view without gradient is looked at on its own, for it needs no graph.
        """
        joint = [view for view in views if view.gradient or not torch.is_grad_enabled()]
        whole, media = list(rows), {}
        for view in joint:
            media |= {_named(ref, view): pixels for ref, pixels in self.changed(rows, view, seed=seed).items()}
            whole += [_under(row, view) for row in rows]
        scored = self.score(whole, entropy=entropy, media=media, features=features)
        plain, *others = parted(scored, len(joint) + 1)
        seen = {view.name: self._seen(view, plain, other) for view, other in zip(joint, others, strict=True)}
        apart = [view for view in views if view not in joint]
        return plain, seen | {view.name: self.look(rows, view, seed=seed, entropy=entropy, base=plain) for view in apart}

    def reference(self, rows: Sequence[Row]) -> list[np.ndarray]:
        """float32[S] per row: log-probabilities under the reference policy. Raises ValueError where none was kept."""
        if not self.compares:
            raise ValueError("no reference policy is kept; a term must say that it needs one (needs=('reference',))")
        with torch.no_grad(), ExitStack() as stack:
            if self.frozen_shards is not None:
                stack.enter_context(self.frozen_shards.whole())
            still = self.frozen or stack.enter_context(adapters.reference(self.policy))
            return [each["logp"] for each in self._said(rows, lambda part: {"logp": self._score(still, part).logp_N})]

    def own(self, rows: Sequence[Row]) -> list[np.ndarray]:
        """float32[S] per row under the current weights, without gradient."""
        with torch.no_grad():
            return [each["logp"] for each in self._said(rows, lambda part: {"logp": self.score(part).logp_N})]

    def logp(self, trajectories: Sequence[Trajectory], *, view: View | None = None) -> list[np.ndarray]:
        """For probes: float32 over the sampled tokens of each trajectory, as recorded or under a view."""
        return [each["logp"] for each in self.told(trajectories, view=view)]

    def told(
        self, trajectories: Sequence[Trajectory], *, view: View | None = None, entropy: bool = False, seed: int = 0
    ) -> list[dict[str, np.ndarray]]:
        """For probes: ``logp``, and where asked for ``entropy`` and the view's ``divergence``, float32 over the sampled
        tokens of each trajectory; NaN at tokens another speaker sampled. Without gradient."""
        rows = [trajectory_rows(each, 0.0) for each in trajectories]
        flat = [row for found in rows for row in found]
        if not flat:
            return [{} for _ in trajectories]

        def ask(part: Sequence[Row]) -> dict[str, torch.Tensor | None]:
            if view is None:
                scored = self.score(part, entropy=entropy)
                return {"logp": scored.logp_N, "entropy": scored.entropy_N}
            base = self.score(part) if view.divergence else None
            seen = self.look(part, view, seed=seed, entropy=entropy, base=base)
            return {"logp": seen.logp_T, "entropy": seen.entropy_T, "divergence": seen.divergence_T}

        with torch.no_grad():
            said = self._said(flat, ask, whole=view is not None and view.together)
        names, rest = list(said[0]), iter(said)
        out = []
        for trajectory, found in zip(trajectories, rows, strict=True):
            mine = [next(rest) for _ in found]
            out.append(spread(trajectory, found, {name: [each[name] for each in mine] for name in names}))
        return out

    def _said(
        self, rows: Sequence[Row], ask: Callable[[Sequence[Row]], Mapping[str, torch.Tensor | None]], *, whole: bool = False
    ) -> list[Streams]:
        """What `ask` gives over the trainable tokens of the rows it is handed, row by row. Ranks share the rows, unless they
        must be seen as a `whole`."""

        def said(part: Sequence[Row]) -> list[Streams]:
            found = {name: split(part, values) for name, values in ask(part).items() if values is not None}
            return [{name: values[index] for name, values in found.items()} for index in range(len(part))]

        return said(rows) if whole else split_rows(self.ranks, rows, said)

    def look(
        self, rows: Sequence[Row], view: View, *, seed: int, entropy: bool = False, base: Scores | None = None
    ) -> ViewSignals:
        """The same rows with other media; with gradient where the view asks for it. `base` are the scores as recorded,
        which a view with a divergence is compared with."""
        media = self.changed(rows, view, seed=seed)
        with torch.set_grad_enabled(view.gradient and torch.is_grad_enabled()):
            scored = self.score(rows, entropy=entropy, media=media)
        return self._seen(view, base, scored)

    def _seen(self, view: View, base: Scores | None, scored: Scores) -> ViewSignals:
        gap_N = divergence(self.policy, base, scored, view.divergence) if view.divergence and base is not None else None
        return ViewSignals(logp_T=scored.logp_N, entropy_T=scored.entropy_N, divergence_T=gap_N)

    def changed(self, rows: Sequence[Row], view: View, *, seed: int) -> dict[str, PILImage.Image]:
        """What a view makes of every image of the rows; each is changed alike wherever it stands.

        Raises ValueError for a view that changes an image's size: its placeholders would no longer fit.
        """
        shown = {ref: self.store.get(ref) for ref in sorted({span.ref for row in rows for span in row.prompt.media})}
        if view.together:
            out = dict(view.change(shown, generator(seed, "view", view.name)))
        else:
            out = {ref: view.change(pixels, generator(seed, "view", view.name, ref)) for ref, pixels in shown.items()}
        for ref, pixels in shown.items():
            if out[ref].size != pixels.size:
                raise ValueError(
                    f"view {view.name!r} turned an image of {pixels.size} pixels into one of {out[ref].size}; a view must "
                    "keep the size"
                )
        return out

    def zero(self) -> None:
        self.optimiser.zero_grad(set_to_none=True)

    def step(self, *, lr: float, clip: float) -> float:
        """Clip, step, count the update. Returns the gradient's norm before clipping; where it is not finite, nothing
        else happens."""
        if self.shards is not None:
            self.shards.reduce()
        given = [each for each in self.parameters.values() if each.grad is not None]
        norm = number(torch.nn.utils.clip_grad_norm_(given, clip if clip > 0 else math.inf)) if given else 0.0
        if math.isfinite(norm) and given:
            for settings in self.optimiser.param_groups:
                settings["lr"] = lr
            self.optimiser.step()
            if self.shards is not None:
                self.shards.gather()
            self.moved()
        self.zero()
        return norm

    def moved(self) -> None:
        """The weights changed: image features of the old tower are forgotten."""
        before = self.policy.tower_version
        self.policy.updated()
        if self.policy.tower_version != before:
            self.store.embeddings.drop(lambda key: isinstance(key, tuple) and key[-1] == before)

    def _score(self, policy: Policy | TabularPolicy, rows: Sequence[Row], **settings: Any) -> Scores:
        if isinstance(policy, TabularPolicy):
            settings.pop("features", None)
            if settings.pop("media", None):
                raise ValueError("a tabular policy sees no pictures, so it has no views of them")
            return policy.score([row.prompt for row in rows], wanted=[row.trainable_T for row in rows], **settings)
        return score(
            policy,
            [row.prompt for row in rows],
            self.store,
            wanted=[row.trainable_T for row in rows],
            max_tokens=self.micro_tokens,
            **settings,
        )


def again(model: Any) -> None:
    """Let the layers of a stock model keep no activations; they run again in the backward pass, in training mode only."""
    if hasattr(model, "activation_checkpointing_enable"):
        model.activation_checkpointing_enable()
    else:  # the name of transformers before 5.23
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    model.train()


def number(value: torch.Tensor) -> float:
    """A tensor of one number, which may lie in parts on several ranks."""
    return float(value.full_tensor() if hasattr(value, "full_tensor") else value)


def _named(ref: str, view: View) -> str:
    return f"{ref} under {view.name}"


def _under(row: Row, view: View) -> Row:
    """The row with its images named as the view's."""
    media = tuple(replace(span, ref=_named(span.ref, view)) for span in row.prompt.media)
    return replace(row, prompt=replace(row.prompt, media=media))


def parted(scored: Scores, count: int) -> list[Scores]:
    """Scores of `count` copies of the same rows, one behind the other, as one for each copy."""
    if count == 1:
        return [scored]
    entropies = [None] * count if scored.entropy_N is None else scored.entropy_N.chunk(count)
    streams = (each.chunk(count) for each in (scored.logp_N, scored.row_N, scored.place_N, scored.hidden_ND))
    return [
        replace(scored, logp_N=logp, row_N=row, place_N=place, hidden_ND=hidden, entropy_N=entropy)
        for logp, row, place, hidden, entropy in zip(*streams, entropies, strict=True)
    ]


def split(rows: Sequence[Row], values_N: torch.Tensor) -> list[np.ndarray]:
    """Values over all trainable tokens, row by row, as one array per row."""
    bounds = np.cumsum([row.num_trainable for row in rows])[:-1]
    return np.split(values_N.detach().float().cpu().numpy(), bounds)


def spread(
    trajectory: Trajectory, rows: Sequence[Row], parts: Mapping[str, Sequence[np.ndarray]]
) -> dict[str, np.ndarray]:
    """Values over the trainable tokens of a trajectory's rows, put where they belong among all its sampled tokens."""
    bounds = np.cumsum([0, *(0 if each.sampled is None else int(each.sampled.sum()) for each in trajectory.steps)])
    out = {name: np.full(bounds[-1], np.nan, np.float32) for name in parts}
    for name, values in parts.items():
        for row, found in zip(rows, values, strict=True):
            for step in np.unique(row.step_S):
                out[name][bounds[step] : bounds[step + 1]] = found[row.step_S == step]
    return out
