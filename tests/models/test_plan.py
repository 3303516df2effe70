"""What is run together, from lengths alone; and that values and gradients do not depend on it."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from saccade.core.engine import EMPTY_PROMPT, MediaSpan, Prompt, token_array
from saccade.core.message import user
from saccade.core.run import PolicySpec
from saccade.media import open_store
from saccade.models import plan
from saccade.models.forward import score
from saccade.models.policy import load_policy
from saccade.testing.talks import append, picture
from saccade.testing.tiny import tiny


def prompt(*tokens, images=()):
    media = tuple(MediaSpan(ref=ref, start=at, length=size) for ref, at, size in images)
    return Prompt(tokens=token_array(tokens), media=media)


def planned(rows, stops=None):
    return plan.shared(rows, stops or [len(each.tokens) for each in rows], device="cpu")


def test_a_group_shares_its_prompt():
    head = range(300)
    made = planned([prompt(*head, 1000 + n, 5, 6) for n in range(8)])
    assert made.start_R == [300] * 8 and len(made.heads) == 1


def test_attempts_that_part_later_share_their_first_turn():
    head = range(200)
    rows = [prompt(*head, *[turn] * 100, n, n) for turn in (900, 901) for n in range(4)]
    assert planned(rows).start_R == [300] * 8 and len(planned(rows).heads) == 2


def test_short_and_lonely_beginnings_are_not_shared():
    assert planned([prompt(*range(10), n) for n in range(8)]).heads == ()
    assert planned([prompt(*range(n, n + 400)) for n in range(0, 4000, 500)]).heads == ()
    assert planned([prompt(*range(40), 7), prompt(*range(40), 8)]).heads == ()  # 40 tokens saved, a pass costs 96
    assert len(planned([prompt(*range(120), 7), prompt(*range(120), 8)]).heads) == 1
    assert planned([prompt(*range(400))]).heads == ()


def test_a_beginning_ends_before_an_image_that_differs():
    text = [*range(200), *[9] * 100, 1, 2]
    same = [prompt(*text, n, images=[("px:a", 200, 100)]) for n in (50, 51)]
    other = [prompt(*text, n, images=[(f"px:{n}", 200, 100)]) for n in (50, 51)]
    assert planned(same).start_R == [302] * 2 and planned(other).start_R == [200] * 2


def test_equal_rows_keep_a_token_of_their_own():
    assert planned([prompt(*range(300))] * 3).start_R == [299] * 3


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(0, 1), min_size=1, max_size=12), min_size=1, max_size=12))
def test_heads_are_beginnings_of_their_rows(rows):
    made = [prompt(*np.repeat(row, 40)) for row in rows]
    found = planned(made)
    for each, head in zip(made, found.head_R, strict=True):
        if head >= 0:
            row, length = found.heads[head]
            assert plan.SHORTEST <= length < len(each.tokens)
            assert np.array_equal(each.tokens[:length], made[row].tokens[:length])
    saved = sum(found.start_R) - sum(length for _, length in found.heads)
    assert saved == 0 if not found.heads else saved >= plan.PASS["cpu"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=40), st.integers(100, 5000))
def test_batches_are_a_permutation_under_the_budget(lengths, budget):
    made = plan.batches(lengths, max_tokens=budget)
    assert sorted(row for each in made for row in each) == list(range(len(lengths)))
    assert all(len(each) == 1 or max(lengths[row] for row in each) * len(each) <= budget for each in made)
    longest = [max(lengths[row] for row in each) for each in made]
    assert longest == sorted(longest, reverse=True)


def test_skewed_lengths_are_cut_and_even_ones_are_not():
    skewed = [256, 160, 96, 72, 64, 56, 48, 48, 40, 40, 32, 32, 24, 24, 16, 16]
    ran = sum(max(skewed[row] for row in each) * len(each) for each in plan.batches(skewed, max_tokens=1 << 14))
    assert ran < 1.3 * sum(skewed)
    assert len(plan.batches([60, 61, 62, 60, 61, 62], max_tokens=1 << 14)) == 1


@pytest.fixture(scope="module", params=["qwen2_5_vl", "qwen3_vl", "gemma3"])
def policy(request, tmp_path_factory):
    return load_policy(PolicySpec(model=str(tiny(request.param, tmp_path_factory.mktemp(request.param)))))


def test_a_tree_of_rows_gives_what_each_row_gives_alone(policy):
    """Two questions after one long system text; within each, attempts that write the same first turn and part later."""
    store = open_store()
    rng = np.random.default_rng(1)
    rows, wanted = [], []
    for question in range(2):
        shown = append(EMPTY_PROMPT, policy.renderer.encode(
            [user("Look at the picture. " * 40, picture(store, question), "What is it? " * 12)], (), store))
        for turn in range(2):
            first = rng.integers(5, 90, 60)
            for _ in range(2):
                second = rng.integers(5, 90, int(rng.integers(3, 30)))
                rows.append(shown.extend(first).extend(second))
                marks = np.arange(len(rows[-1].tokens)) >= len(shown.tokens)
                marks[len(shown.tokens) + 50 : len(shown.tokens) + 62] = turn == 0  # some of what is shared is not wanted
                wanted.append(marks)
    weights = [each for each in policy.model.parameters() if each.requires_grad]
    together = score(policy, rows, store, wanted=wanted)
    assert together.work.heads >= 3 and together.work.ran < 0.6 * together.work.apart
    shared = torch.autograd.grad(together.logp_N.square().sum(), weights, allow_unused=True)
    apart = torch.cat([score(policy, [p], store, wanted=[w]).logp_N for p, w in zip(rows, wanted, strict=True)])
    single = torch.autograd.grad(apart.square().sum(), weights, allow_unused=True)
    assert (together.logp_N - apart).abs().max() <= 1e-5
    for one, other in zip(shared, single, strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            assert (one - other).abs().max() <= 1e-4 * other.abs().max() + 1e-6
