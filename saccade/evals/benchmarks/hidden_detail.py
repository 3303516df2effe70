"""A digit on a small card, readable only in a crop: 500 held-out items at the settings of the demo.

Level ``real`` shows handwritten digits (UCI, by way of scikit-learn) on photographs of scikit-learn and scikit-image,
both from the held-out side of the split that training never draws from; the other levels are synthetic. Chance is 10 %.
Protocol: greedy, the tool loop and tools of the run under evaluation, one attempt, items of seed 7.
"""

from __future__ import annotations

from typing import Literal

from saccade.core.run import Benchmark
from saccade.data.spec import world


def hidden_detail(
    *, level: Literal["real", "easy", "medium", "hard"] = "real", size: int = 500, seed: int = 7
) -> Benchmark:
    """The benchmark; named ``hidden_detail`` for the real variant, else with its level behind."""
    split = {"split": "test"} if level == "real" else {}
    return Benchmark(
        name="hidden_detail" if level == "real" else f"hidden_detail-{level}",
        data=world("hidden_detail").source(size=size, seed=seed, level=level, **split),
        metric="lenient",
    )


EXAMPLES = [({"level": "easy", "size": 3}, 3)]
