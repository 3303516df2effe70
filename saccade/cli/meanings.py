"""What TRL and EasyR1 flags mean that are not one leaf of ours: batch sizes, KL, loss types, adapters, epochs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from saccade.cli.aliases import BATCH, whole
from saccade.cli.overrides import apply
from saccade.cli.values import as_plain
from saccade.core.run import Run

Changes = list[tuple[str, Any]]


def meant(given: Mapping[str, Any], run: Run, changes: Changes) -> tuple[Changes, Run]:
    """Apply plain changes first where others depend on them; give back those still to be applied, and the run."""
    if not given:
        return changes, run
    run = apply(run, changes)
    for name, value in given.items():
        try:
            run = one(name, value, run, given)
        except ValueError as error:
            raise ValueError(f"--{name}: {error}") from None
    return [], run


def one(name: str, value: Any, run: Run, given: Mapping[str, Any]) -> Run:
    text = str(value).lower()
    if name in BATCH:
        return batch(run, given)
    if name in ("beta", "algorithm.kl_coef"):
        return with_kl(run, as_plain(value, float))
    if name == "algorithm.disable_kl":
        return with_kl(run, 0.0) if as_plain(value, bool) else run
    if name == "loss_type":
        return with_normaliser(run, text)
    if name == "scale_rewards":
        return with_spread(run, text)
    if name in ("report_to", "trainer.logger"):
        if set(text.strip("[]").replace("'", "").replace('"', "").replace(" ", "").split(",")) <= {
                "none", "null", "", "console", "file"}:
            return run
        raise ValueError("metrics go to metrics.jsonl in the run folder; for a tracker beside it say --track NAME")
    if name == "use_peft":
        rank = run.policy.lora or 16
        return replace(run, policy=replace(run.policy, lora=rank if as_plain(value, bool) else None))
    if name.endswith("freeze_vision_tower"):
        others = tuple(each for each in run.policy.freeze if each != "vision")
        frozen = ("vision", *others) if as_plain(value, bool) else others
        return replace(run, policy=replace(run.policy, freeze=frozen))
    if name in ("num_train_epochs", "trainer.total_epochs"):
        updates = round(as_plain(value, float) * len(run.data) / run.schedule.prompts * run.schedule.passes)
        return replace(run, schedule=replace(run.schedule, updates=max(1, updates)))
    if name == "warmup_ratio":
        return replace(run, optim=replace(run.optim, warmup=round(as_plain(value, float) * run.schedule.updates)))
    if name == "worker.actor.global_batch_size":
        passes = whole(run.schedule.prompts / as_plain(value, int), "data.rollout_batch_size / global_batch_size")
        return replace(run, schedule=replace(run.schedule, passes=passes))
    if name == "algorithm.adv_estimator":
        return with_credit(run, text)
    if name == "worker.reward.reward_function":
        from saccade.cli.resolve import component

        path, _, function = str(value).rpartition(":")
        return replace(run, rewards=(component("reward", f"{path}:{function}" if path else str(value)),))
    raise ValueError("has no effect here; columns are found by their names, see `saccade show source`"
                     if name.startswith("data.") else "has no effect here")


def batch(run: Run, given: Mapping[str, Any]) -> Run:
    """TRL counts completions: prompts an update = per_device_train_batch_size * gradient_accumulation_steps / n."""
    n = attempts(run)
    if "generation_batch_size" in given:
        prompts = whole(as_plain(given["generation_batch_size"], int) / n, f"generation_batch_size / {n} generations")
        return replace(run, schedule=replace(run.schedule, prompts=prompts))
    size = as_plain(given.get("per_device_train_batch_size", 8), int)
    times = as_plain(given.get("gradient_accumulation_steps", 1), int)
    prompts = whole(size * times / n, f"per_device_train_batch_size {size} x gradient_accumulation_steps {times} / "
                                      f"{n} generations")
    return replace(run, schedule=replace(run.schedule, prompts=prompts))


def attempts(run: Run) -> int:
    from saccade.core.run import Independent

    if not isinstance(run.explore, Independent):
        raise ValueError("this recipe does not make independent attempts; set --schedule.prompts instead")
    return run.explore.n


def with_kl(run: Run, coefficient: float) -> Run:
    """A reference KL of that strength; none at 0."""
    kept = tuple(each for each in run.objective if each.term.name != "kl")
    if coefficient == 0:
        return replace(run, objective=kept)
    if coefficient < 0:
        raise ValueError(f"is at least 0, not {coefficient}")
    from saccade import objectives

    return replace(run, objective=(*kept, objectives.kl(coefficient=coefficient, normaliser=kept[0].normaliser)))


def with_normaliser(run: Run, word: str) -> Run:
    """grpo: mean over rows of means; bnpo and dapo: mean over tokens; dr_grpo: a constant, the tokens allowed."""
    constant = float(run.limits.sampled)
    normalisers: dict[str, Any] = {"grpo": "rows", "bnpo": "tokens", "dapo": "tokens", "dr_grpo": constant}
    if word not in normalisers:
        raise ValueError(f"is one of {', '.join(normalisers)} here, not {word!r}; other losses are other recipes")
    terms = tuple(replace(each, normaliser=normalisers[word]) for each in run.objective)
    return replace(run, objective=terms)


def with_spread(run: Run, word: str) -> Run:
    if word in ("batch",):
        raise ValueError("'batch' is not built; 'group' (true) and 'none' (false) are")
    by_std = word in ("group", "true", "yes", "1")
    if not by_std and word not in ("none", "false", "no", "0"):
        raise ValueError(f"is group (true) or none (false), not {word!r}")
    from saccade import credit

    return replace(run, credit=credit.group_mean(by_std=by_std))


def with_credit(run: Run, word: str) -> Run:
    from saccade import credit

    if word == "grpo":
        return replace(run, credit=credit.group_mean(by_std=True))
    if word == "rloo":
        return replace(run, credit=credit.leave_one_out())
    raise ValueError(f"{word!r} is not built; grpo and rloo are")


