"""Every file in objectives is found, holds its own examples, agrees with finite differences and survives bad numbers."""

import importlib
from pathlib import Path

import pytest
import torch

from saccade import objectives
from saccade.core.folder import names
from saccade.core.signals import Weighted
from saccade.objectives.examples import holds, signals_of

FILES = names(Path(objectives.__path__[0]))


def module_of(name):
    return importlib.import_module(f"saccade.objectives.{name}")


def factory_of(name):
    return vars(module_of(name))[name]


CONSTANT = {"cispo": {"most": 0.1}}
"""Options under which a weight that is not differentiated does not depend on what is varied."""

SEEN = {"masked": {"logp": [-0.9, -0.4, -1.2]}}


def made_of(name):
    """The term as it comes, or, where it cannot come without options, as in its first example."""
    _, _, *options = module_of(name).EXAMPLES[0]
    return factory_of(name)(**(options[0] if options else {}))


def test_the_shipped_terms_are_found():
    assert {"clip", "cispo", "sapo", "kl", "sft", "entropy", "view_divergence"} <= set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_examples_hold(name):
    examples = module_of(name).EXAMPLES
    assert examples and module_of(name).__doc__
    for example, expected, *options in examples:
        holds(factory_of(name)(**(options[0] if options else {})), example, expected)


@pytest.mark.parametrize("name", FILES)
def test_gradient_agrees_with_finite_differences(name):
    made = factory_of(name)(**CONSTANT[name]) if name in CONSTANT else made_of(name)
    assert isinstance(made, Weighted)
    base = [-0.7, -1.3, -0.2]

    def total(logp, entropy):
        return signals_of(
            logp=logp, entropy=entropy, old_logp=[-0.6, -1.9, -0.25], credit=[1.0, -0.5, 0.7], ref_logp=[-0.5, -1.0, -0.9],
            own_logp=[-0.65, -1.4, -0.22], view=SEEN,
        )

    def scalar(logp, entropy):
        out = made.term.function(total(logp, entropy))
        return out.value[out.member].sum()

    entropies = [0.4, 0.9, 0.1]
    signals = total(base, entropies)
    signals.entropy_T.requires_grad_(True)
    out = made.term.function(signals)
    out.value[out.member].sum().backward()
    moved = 0.0
    for index in range(3):
        for which, tensor in (("logp", signals.logp_T), ("entropy", signals.entropy_T)):
            up, down = (list(base), list(entropies)), (list(base), list(entropies))
            up[which == "entropy"][index] += 1e-6
            down[which == "entropy"][index] -= 1e-6
            slope = (scalar(*up) - scalar(*down)).item() / 2e-6
            gradient = 0.0 if tensor.grad is None else float(tensor.grad[index])
            assert gradient == pytest.approx(slope, abs=1e-6)
            moved += abs(slope)
    assert moved > 0  # a term that never moves anything is no objective


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_bad_sampler_numbers_leave_loss_and_gradient_finite(name, bad):
    signals = signals_of(
        logp=[-0.7, -1.3, -0.2],
        old_logp=[-0.6, bad, -0.25],
        credit=[1.0, -0.5, float("nan")],
        ref_logp=[-0.5, bad, -0.9],
        entropy=[0.4, 0.9, 0.1],
        view=SEEN,
    )
    out = made_of(name).term.function(signals)
    loss = torch.where(out.member, out.value, 0.0).sum()
    assert loss.isfinite()
    if loss.requires_grad:
        loss.backward()
        assert signals.logp_T.grad.isfinite().all()


@pytest.mark.parametrize("name", FILES)
def test_tool_tokens_are_never_members(name):
    signals = signals_of(
        logp=[-0.7, -1.3],
        old_logp=[-0.6, -1.0],
        credit=[1.0, 1.0],
        ref_logp=[-0.5, -0.9],
        entropy=[0.4, 0.9],
        trainable=[True, False],
        view={"masked": {"logp": [-0.9, -0.4]}},
    )
    term = made_of(name).term
    alone = term.together is None  # a pair of attempts has no member without its other side
    assert term.function(signals).member.tolist() == [alone, False]
