"""Modes reach the attempts: what is offered, what is said, and that a free attempt is an ordinary one."""

from __future__ import annotations

import asyncio

import pytest

from saccade import episodes
from saccade.core import Image, Sample, user
from saccade.explore.modes import modes
from saccade.media import open_store
from saccade.rollout.pool import rollout
from saccade.testing.replay import ByteRenderer, Replay
from saccade.tools import crop
from tests.rollout.conftest import picture

SAMPLE = Sample(id="s", prompt=(user(Image(ref="lazy:s", data=picture()), "Which digit?"),), target="4")


def groups(episode, explore):
    return asyncio.run(rollout([SAMPLE], episode, store=open_store(), engine=Replay(texts=["4"]), renderer=ByteRenderer(),
                               tools=(crop(),), explore=explore))


def test_a_group_holds_the_modes_asked_for():
    (group,) = groups(episodes.forced_modes(), modes(must=2, never=1, free=3))
    assert [each.branch for each in group.trajectories] == ["must", "must", "never", "", "", ""]
    assert [each.attempt for each in group.trajectories] == list(range(6)) and modes().n == 16
    prompts = {each.branch: ByteRenderer().decode(each.steps[0].tokens) for each in group.trajectories}
    assert "Use a tool" in prompts["must"] and "[tool" in prompts["must"]
    assert "without a tool" in prompts["never"] and "[tool" not in prompts["never"]
    (plain,) = groups(episodes.tool_loop(), modes(must=0, never=0, free=1))
    assert prompts[""] == ByteRenderer().decode(plain.trajectories[0].steps[0].tokens)


def test_a_group_of_nobody_is_refused():
    with pytest.raises(ValueError, match="make no group"):
        modes(must=0, never=0, free=0)
