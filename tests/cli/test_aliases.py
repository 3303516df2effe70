"""Flag names of TRL and EasyR1: the same meaning, or a refusal that gives the reason."""

import json

import pytest

from saccade import credit, episodes, objectives, rewards
from saccade.cli.aliases import MEANT, REFUSED, SAME, VERB, translated
from saccade.cli.config import read_config
from saccade.cli.overrides import apply
from saccade.cli.plan import overridden
from saccade.core import Independent, Limits, PolicySpec, Rows, Run, Sample, describe

SAMPLES = tuple(Sample(id=str(index), prompt=()) for index in range(640))


@pytest.fixture
def run():
    return Run(
        name="toy",
        data=Rows(rows=SAMPLES),
        episode=episodes.single(),
        policy=PolicySpec(model="glimpse"),
        rewards=(rewards.answer_match(),),
        credit=credit.group_mean(),
        explore=Independent(n=8),
        limits=Limits(sampled=256),
        objective=(objectives.clip(low=0.2, high=0.2),),
    )


def set_by(run, **flags):
    return overridden(run, list(flags.items()))


def test_simple_names(run):
    changed = set_by(
        run,
        learning_rate="2e-6",
        num_generations="4",
        temperature="0.9",
        num_iterations="2",
        seed="7",
        max_completion_length="99",
        lora_r="8",
        max_pixels="1000",
        warmup_steps="3",
        lr_scheduler_type="cosine",
    )
    assert (changed.optim.lr, changed.explore.n, changed.policy.sampling.temperature, changed.schedule.passes) == (
        2e-6,
        4,
        0.9,
        2,
    )
    assert (changed.seed, changed.limits.sampled, changed.policy.sampling.max_tokens, changed.policy.lora) == (
        7,
        99,
        99,
        8,
    )
    assert (changed.policy.max_pixels, changed.optim.warmup, changed.optim.shape) == (1000, 3, "cosine")


def test_dashes_are_underscores(run):
    assert overridden(run, [("learning-rate", "0.5")]).optim.lr == 0.5


def test_trl_batch_sizes_count_completions(run):
    assert set_by(run, per_device_train_batch_size="16", gradient_accumulation_steps="4").schedule.prompts == 8
    assert set_by(run, num_generations="4", per_device_train_batch_size="16").schedule.prompts == 4
    assert set_by(run, generation_batch_size="64").schedule.prompts == 8
    with pytest.raises(ValueError, match="whole number"):
        set_by(run, per_device_train_batch_size="9")


def test_beta_adds_and_removes_the_reference_penalty(run):
    with_kl = set_by(run, beta="0.04")
    assert [each.term.name for each in with_kl.objective] == ["clip", "kl"] and with_kl.objective[1].coefficient == 0.04
    assert [each.term.name for each in set_by(with_kl, beta="0").objective] == ["clip"]
    with pytest.raises(ValueError, match="--beta: is at least 0"):
        set_by(run, beta="-1")


def test_epsilon_sets_both_bounds_unless_the_upper_one_is_named(run):
    assert describe(set_by(run, epsilon="0.3").objective) == describe((objectives.clip(low=0.3, high=0.3),))
    assert describe(set_by(run, epsilon="0.2", epsilon_high="0.28").objective) == describe(
        (objectives.clip(low=0.2, high=0.28),)
    )


@pytest.mark.parametrize(
    ("word", "normaliser"), [("grpo", "rows"), ("dapo", "tokens"), ("bnpo", "tokens"), ("dr_grpo", 256.0)]
)
def test_loss_types_are_normalisers(run, word, normaliser):
    assert set_by(run, loss_type=word).objective[0].normaliser == normaliser


def test_scale_rewards(run):
    assert describe(set_by(run, scale_rewards="true").credit) == describe(credit.group_mean(by_std=True))
    assert describe(set_by(run, scale_rewards="none").credit) == describe(credit.group_mean(by_std=False))
    with pytest.raises(ValueError, match="'batch' is not built"):
        set_by(run, scale_rewards="batch")


def test_peft_and_freezing(run):
    assert set_by(run, use_peft="true").policy.lora == 16
    assert set_by(run, use_peft="true", lora_r="4").policy.lora == 4
    assert "vision" not in set_by(run, freeze_vision_tower="false").policy.freeze
    assert "vision" in set_by(run, freeze_vision_tower="true").policy.freeze


def test_epochs_become_updates(run):
    assert set_by(run, num_train_epochs="2").schedule.updates == 2 * 640 // 16


def test_easyr1_names(run):
    changed = overridden(
        run,
        [
            ("worker.actor.optim.lr", "1e-6"),
            ("worker.rollout.n", "5"),
            ("algorithm.kl_coef", "0.01"),
            ("data.rollout_batch_size", "32"),
            ("worker.actor.global_batch_size", "16"),
            ("trainer.total_epochs", "1"),
            ("algorithm.adv_estimator", "rloo"),
        ],
    )
    assert (changed.optim.lr, changed.explore.n, changed.schedule.prompts, changed.schedule.passes) == (1e-6, 5, 32, 2)
    assert changed.objective[1].coefficient == 0.01 and changed.schedule.updates == 40
    assert describe(changed.credit) == describe(credit.leave_one_out())


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_names_without_effect_are_refused_with_the_reason(run, name):
    with pytest.raises(ValueError, match="has no effect here: ") as caught:
        overridden(run, [(name, "true")])
    assert f"--{name}" in str(caught.value) and len(str(caught.value)) > len(name) + 30


def test_a_no_to_what_we_do_not_have_may_stay_in_a_file(run):
    assert describe(set_by(run, use_vllm="false", report_to="none")) == describe(run)


def test_other_trackers_are_refused(run):
    with pytest.raises(ValueError, match="--report_to"):
        set_by(run, report_to="wandb")


def test_an_unknown_name_is_an_error_with_near_names(run):
    with pytest.raises(ValueError, match="--learning_rat"):
        set_by(run, learning_rat="1")


@pytest.mark.parametrize("name", sorted(each for each, paths in SAME.items() if paths))
def test_every_alias_names_leaves_that_exist(run, name):
    value = {
        "lr_scheduler_type": "linear",
        "worker.actor.model.lora.alpha": "8",
        "lora_target_modules": "q_proj",
        "attn_implementation": "eager",
        "dtype": "float32",
    }.get(name, "1")
    changes, _ = translated(((name, value),), run)
    assert describe(apply(run, changes)) != {}


def test_no_name_is_explained_twice():
    groups = [set(name for name, paths in SAME.items() if paths), set(MEANT), set(REFUSED), set(VERB)]
    for index, group in enumerate(groups):
        for other in groups[index + 1 :]:
            assert not group & other


def test_yaml_and_json_files_are_flags(run, tmp_path):
    pytest.importorskip("yaml")
    (tmp_path / "a.yaml").write_text(
        "learning_rate: 2e-6\noptim:\n  shape: cosine\nworker:\n  rollout:\n    n: 3\n"
        "policy: {freeze: [vision, connector]}\nuse_vllm: false\n"
    )
    (tmp_path / "a.json").write_text(
        json.dumps(
            {
                "learning_rate": 2e-6,
                "optim": {"shape": "cosine"},
                "worker.rollout.n": 3,
                "policy": {"freeze": ["vision", "connector"]},
            }
        )
    )
    first, second = (overridden(run, list(read_config(tmp_path / name))) for name in ("a.yaml", "a.json"))
    assert describe(first) == describe(second)
    assert (first.optim.lr, first.optim.shape, first.explore.n, first.policy.freeze) == (
        2e-6,
        "cosine",
        3,
        ("vision", "connector"),
    )


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("b.yaml", "a: [1\nb: 2", r"b\.yaml:2: not YAML"),
        ("b.json", "{", r"b\.json:1"),
        ("b.yaml", "- 1", "not list"),
        ("c.yaml", None, "no such file"),
    ],
)
def test_bad_files_are_named(tmp_path, name, text, said):
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=said):
        read_config(tmp_path / name)


def test_yaml_never_makes_objects(tmp_path):
    pytest.importorskip("yaml")
    (tmp_path / "e.yaml").write_text("a: !!python/object/apply:os.system ['true']\n")
    with pytest.raises(ValueError, match=r"e\.yaml:1"):
        read_config(tmp_path / "e.yaml")
