"""Summary: one complete GRPO step on one question with one image: eight attempts of 64 tokens, rewards, update.

The image has 448 pixels a side, 256 tokens. Both sides may write no end of message, so that every attempt has 64 tokens. The
gate is that of the update: the same tokens, log-probabilities and gradients.
"""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks import arena, group, peer
from benchmarks.side import Side, Stopwatch

GROUP, TOKENS = 8, 64
SHAPE = group.Shape(prompt=320, responses=(TOKENS,) * GROUP)
QUESTION = "What is the number in the picture? Look at the image and answer with one word."
CASE = arena.Case(number="full step", title="a complete single-turn GRPO step: group of 8, 256 image tokens, 64 sampled",
                  goals={"seconds": 3.0}, runs=7, warm=2)


def prepare(folder: Path) -> None:
    group.prepare(folder, SHAPE)


def limits(folder: Path) -> dict[str, float]:
    """Multiply-adds: prefill, 64 tokens each, and an update that counts three times a forward pass."""
    lengths = list(SHAPE.responses)
    tower = [group.tower_work(folder, SHAPE.image_px, copies) for copies in (GROUP, 1)]
    apart = group.layers_work(folder, SHAPE.prompt, lengths) + tower[0]
    once = group.shared_work(folder, SHAPE.prompt, lengths) + tower[1]
    return {"seconds": 4 * apart / (4 * once)}


def ours(folder: Path) -> Side:
    import torch

    from saccade.core.engine import Sampling
    from saccade.core.message import Image, user
    from saccade.core.reward import Reward
    from saccade.core.run import Independent, Optim, PolicySpec, Run
    from saccade.core.sample import Sample
    from saccade.credit.group_mean import group_mean
    from saccade.engines.local import LocalEngine
    from saccade.episodes.single import single
    from saccade.learn.collect import attempted
    from saccade.learn.learner import Learner
    from saccade.learn.progress import progress_bar
    from saccade.learn.update import update
    from saccade.media import open_store
    from saccade.models.policy import load_policy
    from saccade.objectives.clip import clip

    gate = group.our_learner(folder, SHAPE)
    spec = PolicySpec(model=str(folder / "model"), dtype="float32", sampling=Sampling(max_tokens=TOKENS))
    policy = load_policy(spec)
    policy.banned = torch.tensor(sorted({*policy.banned.tolist(), *policy.renderer.stop}))

    def alternate(trajectory) -> float:
        return float(trajectory.attempt % 2)

    run = Run(name="bench", data=[], episode=single(), policy=spec,
              rewards=(Reward(name="alternate", function=alternate),), credit=group_mean(),
              objective=(clip(),), explore=Independent(n=GROUP), optim=Optim(lr=0.0))
    clocks = {name: Stopwatch() for name in ("rollout", "update")}

    def step() -> dict[str, float]:
        store = open_store()
        learner = Learner(policy, store, run.optim)
        sample = Sample(id="one", prompt=(user(Image(ref=f"file:{folder / 'image.png'}"), QUESTION),))
        for clock in clocks.values():
            clock.reset()
        with progress_bar("bench", 1, done=0, enabled=False) as bar, clocks["rollout"]():
            batch = attempted(run, [sample], learner, LocalEngine(policy, store), update=0, progress=0.0, bar=bar)
        assert [row.num_trainable for row in batch.rows] == [TOKENS] * GROUP
        with clocks["update"]():
            update(learner, batch.rows, run.objective, lr=0.0)
        return {f"{name}_s": clock.seconds for name, clock in clocks.items()}

    return Side(run=step, outcome=lambda: {"logp": group.our_logp(*gate), **group.our_gradients(*gate)})


def theirs(folder: Path) -> Side:
    from datasets import Dataset
    from datasets import Image as ImageColumn

    rows = Dataset.from_list([{"prompt": [{"role": "user", "content": QUESTION}], "image": str(folder / "image.png")}])
    rows = rows.cast_column("image", ImageColumn())
    trainer, told = peer.trainer(
        folder / "model", group=GROUP, rows=rows, max_completion_length=TOKENS,
        generation_kwargs={"suppress_tokens": peer.control_tokens(folder / "model")},
    )
    given = group.their_inputs(trainer, folder, SHAPE)
    clocks = {name: Stopwatch() for name in ("rollout", "update")}

    def step() -> dict[str, float]:
        for clock in clocks.values():
            clock.reset()
        with clocks["rollout"]():
            inputs = trainer._generate_and_score_completions([rows[0] for _ in range(GROUP)])
        assert tuple(inputs["completion_ids"].shape) == (GROUP, TOKENS) and bool(inputs["completion_mask"].all())
        assert "old_per_token_logps" not in inputs, "the peer makes no pass of its own where it samples on policy"
        with clocks["update"]():
            peer.update(trainer, inputs)
        return {f"{name}_s": clock.seconds for name, clock in clocks.items()}

    return Side(run=step, facts=told, outcome=lambda: {"logp": group.flat(group.their_logp(trainer, given), given),
                                                       **peer.gradients(trainer, given)})


if __name__ == "__main__":
    sys.exit(arena.main("benchmarks.full_step"))
