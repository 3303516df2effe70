"""Leaves of a run by attribute path: what can be said, and what is said about what cannot."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saccade import credit, episodes, objectives, rewards, tools
from saccade.cli.overrides import apply, leaves
from saccade.cli.values import read_value
from saccade.core import Independent, Limits, PolicySpec, Rows, Run, Sample, describe

SAMPLES = tuple(Sample(id=str(index), prompt=()) for index in range(64))


@pytest.fixture
def run():
    return Run(
        name="toy",
        data=Rows(rows=SAMPLES),
        episode=episodes.tool_loop(max_steps=4),
        policy=PolicySpec(model="glimpse"),
        tools=(tools.crop(),),
        rewards=(rewards.answer_match(), rewards.tool_bonus(weight=0.2)),
        credit=credit.group_mean(by_std=True),
        explore=Independent(n=8),
        limits=Limits(steps=4),
        objective=(objectives.clip(low=0.2, high=0.2), objectives.kl(coefficient=0.04)),
    )


@pytest.mark.parametrize(
    ("path", "text", "get", "expected"),
    [
        ("optim.lr", "2e-6", lambda run: run.optim.lr, 2e-6),
        ("explore.n", "4", lambda run: run.explore.n, 4),
        ("schedule.updates", "20", lambda run: run.schedule.updates, 20),
        ("optim.betas", "0.9,0.95", lambda run: run.optim.betas, (0.9, 0.95)),
        ("optim.shape", "cosine", lambda run: run.optim.shape, "cosine"),
        ("policy.lora", "16", lambda run: run.policy.lora, 16),
        ("policy.lora", "none", lambda run: run.policy.lora, None),
        ("policy.freeze", "vision,connector", lambda run: run.policy.freeze, ("vision", "connector")),
        ("policy.sampling.temperature", "0.7", lambda run: run.policy.sampling.temperature, 0.7),
        ("deterministic", "true", lambda run: run.deterministic, True),
        ("rewards.tool_bonus.weight", "0.5", lambda run: run.rewards[1].weight, 0.5),
        ("rewards.1.weight", "0.5", lambda run: run.rewards[1].weight, 0.5),
        ("objective.kl.coefficient", "0.1", lambda run: run.objective[1].coefficient, 0.1),
        ("objective.clip.normaliser", "rows", lambda run: run.objective[0].normaliser, "rows"),
        ("objective.clip.normaliser", "512", lambda run: run.objective[0].normaliser, 512.0),
        ("episode.max_steps", "6", lambda run: run.episode.settings["max_steps"], 6),
        ("tools.image_zoom_in_tool.timeout_s", "5", lambda run: run.tools[0].timeout_s, 5.0),
        ("name", "007", lambda run: run.name, "007"),
    ],
)
def test_leaves_are_set(run, path, text, get, expected):
    changed = apply(run, [(path, text)])
    assert get(changed) == expected
    assert get(apply(run, [(path.replace("_", "-"), text)])) == expected


def test_nothing_else_changes(run):
    before, after = describe(run), describe(apply(run, [("optim.lr", "0.5")]))
    before["optim"]["lr"] = 0.5
    assert before == after


def test_options_of_a_factory_are_leaves_too(run):
    changed = apply(
        run, [("objective.clip.high", "0.28"), ("credit.by_std", "false"), ("rewards.tool_bonus.strict", "true")]
    )
    assert describe(changed.objective[0].term.function)["with"]["high"] == 0.28
    assert describe(changed.objective) == describe(
        (objectives.clip(low=0.2, high=0.28), objectives.kl(coefficient=0.04))
    )
    assert describe(changed.credit) == describe(credit.group_mean(by_std=False))
    assert describe(changed.rewards[1]) == describe(rewards.tool_bonus(strict=True, weight=0.2))


def test_an_option_that_left_no_trace_is_not_guessed(run):
    with_form = apply(run, [])
    with_form = type(run)(
        **{**{name: getattr(run, name) for name in run.__slots__}, "rewards": (rewards.format_tags(style="deepeyes"),)}
    )
    with pytest.raises(ValueError, match=r"rewards\.format_tags\.think"):
        apply(with_form, [("rewards.format_tags.think", "true")])


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("optim.lrr", "1", "did you mean lr"),
        ("optm.lr", "1", "did you mean optim"),
        ("optim.lr", "fast", "is a number"),
        ("optim.lr", "nan", "finite"),
        ("explore.n", "2.5", "integer"),
        ("optim.shape", "square", "constant, linear, cosine"),
        ("optim.betas", "0.9", "2 values"),
        ("deterministic", "perhaps", "true or false"),
        ("rewards.answer.weight", "1", "did you mean answer_match"),
        ("objective.clip.hihg", "1", "did you mean high"),
        ("optim.lr.x", "1", "has nothing called 'x'"),
        ("data", "x", "plain value"),
        ("total", "x", "plain value"),
    ],
)
def test_mistakes_name_the_option_and_the_way_out(run, path, text, said):
    with pytest.raises(ValueError, match=said) as caught:
        apply(run, [(path, text)])
    assert str(caught.value).startswith(f"--{path}")


def test_every_listed_leaf_can_be_set_to_what_it_is(run):
    """What `show --leaves` prints can be typed back, and changes nothing."""
    listed = leaves(run)
    assert {"optim.lr", "objective.clip.high", "episode.max_steps", "rewards.tool_bonus.weight"} <= set(listed)
    for path, value in listed.items():
        if value is not None and path not in ("tools", "follow_ups", "probes", "evals", "select"):
            assert describe(apply(run, [(path, value)])) == describe(run), path


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_survive_being_typed(value):
    assert read_value(repr(value), float) == value


@given(st.text())
def test_any_text_gives_a_value_or_a_sentence(text):
    for hint in (bool, int, float, str, int | None, tuple[float, ...]):
        try:
            read_value(text, hint)
        except ValueError as error:
            assert str(error)
