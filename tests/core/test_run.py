"""A run is data: described, diffed and hashed; functions by name and by what they close over."""

import dataclasses
import json

from saccade.core import Optim, Rows, Run, describe, episode, policy, weigh
from saccade.core.run import digest


@episode
async def nothing(sample, context, *, most: int = 1):
    """No question at all."""
    return
    yield


def ramp(slope: float):
    return lambda progress: slope * progress


def make(**changes) -> Run:
    base = Run(name="r", data=Rows(rows=[]), episode=nothing(most=2), policy=policy("glimpse", lora=4),
               rewards=(weigh(len, ramp(0.5)),))
    return dataclasses.replace(base, **changes)


def test_a_run_is_described_in_json_with_its_settings() -> None:
    text = json.dumps(describe(make()))
    assert '"model": "glimpse"' in text and '"lora": 4' in text and '"most": 2' in text and "test_run:nothing" in text


def test_settings_inside_functions_change_the_digest() -> None:
    same = digest(describe(make())), digest(describe(make()))
    assert same[0] == same[1]
    other = {digest(describe(make(optim=Optim(lr=2e-6)))), digest(describe(make(rewards=(weigh(len, ramp(0.6)),)))),
             digest(describe(make(episode=nothing(most=3))))}
    assert len(other | {same[0]}) == 4
