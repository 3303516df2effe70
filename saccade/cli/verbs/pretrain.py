"""Train the reference model glimpse from nothing."""

from __future__ import annotations

from saccade.cli.arguments import Name, at_least


def verb(
    name: Name = "glimpse", *, out: str = "runs/glimpse", updates: int | None = None, seed: int = 0, card: bool = False
) -> None:
    """Train the reference model from scratch: seeded and resumable, under an hour on two cores.

    Run it again with the same arguments after an interruption and it goes on where it was.

      saccade pretrain glimpse
      saccade pretrain glimpse --out runs/other --seed 1 --card

    Args:
        name: glimpse, the only reference model there is.
        out: folder of the checkpoint and of the state that resuming needs.
        updates: length of the schedule; its own when left out.
        seed: of the weights and of the corpus.
        card: measure every skill at the end and write MODEL_CARD.md beside the weights; some five minutes more.
    """
    if name != "glimpse":
        raise ValueError(f"there is one reference model, glimpse; not {name!r}")
    if updates is not None:
        at_least(1, updates=updates)
    from dataclasses import replace

    from saccade.glimpse.pretrain import Plan, pretrain

    plan = replace(Plan(), seed=seed, **({"updates": updates} if updates else {}))
    folder = pretrain(out, plan, progress=True)
    if card:
        from saccade.glimpse.card import write

        write(folder)
    print(f"glimpse is in {folder}")
