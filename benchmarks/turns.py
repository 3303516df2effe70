"""Case 6: sixteen rollouts of four turns with a text tool; every turn's length differs from attempt to attempt.

The peer computes the whole context again in every turn and starts no turn before the slowest attempt has ended its last;
ours keep their keys and values, and who has ended goes on. Our deterministic mode is what is timed.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from benchmarks import arena, peer, told
from benchmarks.side import Side

TURNS, RESULT_WORDS = 4, 40
LENGTHS = np.random.default_rng(0).permutation([6, 8, 8, 10, 10, 12, 12, 14, 16, 16, 20, 24, 28, 32, 44, 60])
WORDS = [[int(LENGTHS[(n + 5 * t) % 16]) for t in range(TURNS)] for n in range(told.ATTEMPTS)]
CASE = arena.Case(number="6", title="16 rollouts of four turns with a text tool, skewed lengths", goals={"seconds": 1.8},
                  note="limit: tokens that pass through the model, every turn's whole padded batch against each token once")


def prepare(folder: Path) -> None:
    told.prepare(folder)


def limits(folder: Path) -> dict[str, float]:
    script = told.script(folder, num_turns=TURNS, words=WORDS)
    sizes = np.array([[len(turn) for turn in turns] for turns in script.turns])
    shown = 12 + 2 * RESULT_WORDS
    prompt = 16 + len(told.question(0)) // 3
    peer_tokens, held = 0, np.full(len(sizes), prompt)
    for at in range(TURNS):
        peer_tokens += len(sizes) * (int(held.max()) + int(sizes[:, at].max()))
        held = held + sizes[:, at] + shown
    return {"seconds": peer_tokens / float((held - shown).sum())}


def ours(folder: Path) -> Side:
    from saccade.core.run import PolicySpec
    from saccade.core.tool import tool
    from saccade.engines.local import LocalEngine
    from saccade.media import open_store
    from saccade.models.policy import load_policy

    policy = load_policy(PolicySpec(model=str(folder / "model"), dtype="float32"))
    script = told.script(folder, num_turns=TURNS, words=WORDS)

    @tool
    def look_up(key: str) -> str:
        """Look something up.

        Args:
            key: what to look up
        """
        return told.answer(key, RESULT_WORDS)

    def play() -> list:
        return told.our_rollout(policy, LocalEngine(policy, open_store()), script, look_up, TURNS)

    return Side(run=play, outcome=lambda: told.our_tokens(play()))


def theirs(folder: Path) -> Side:
    script = told.script(folder, num_turns=TURNS, words=WORDS)

    # without the annotation of what it returns, which the peer would write into the prompt and we do not
    def look_up(key: str):
        """Look something up.

        Args:
            key: what to look up
        """
        return told.answer(key, RESULT_WORDS)

    trainer, about = peer.trainer(folder / "model", group=told.ATTEMPTS, num_generations=told.GROUP, tools=[look_up],
                                  max_completion_length=4096)
    told.make_them_write(trainer, script)
    widths: list[tuple[int, int]] = []
    single = trainer._generate_single_turn

    def seen(ids, *arguments, **options):
        widths.append((len(ids), max(map(len, ids))))
        return single(ids, *arguments, **options)

    trainer._generate_single_turn = seen

    def play() -> tuple:
        widths.clear()
        found = told.their_rollout(trainer, script)
        rows, lengths = zip(*widths, strict=True)
        assert rows == (told.ATTEMPTS,) * TURNS and sorted(lengths) == list(lengths), f"four lock-step turns: {widths}"
        return found

    return Side(run=lambda: play() and None, facts=about, outcome=lambda: told.their_tokens(play()))


if __name__ == "__main__":
    sys.exit(arena.main("benchmarks.turns"))
