"""`saccade plan`: known models and accelerators, sums that add up, advice that helps, mistakes that are named."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest

import saccade as sc
from saccade import episodes, tools
from saccade.capacity import formulas
from saccade.capacity.accelerators import ACCELERATORS, gpus
from saccade.capacity.known import KNOWN, filled, known
from saccade.capacity.parameters import count
from saccade.capacity.plan import GB, Setting, planned_run
from saccade.capacity.shapes import shape_of
from saccade.capacity.workload import Habits
from saccade.cli import main
from saccade.core.run import Independent
from saccade.core.sample import Rows

H200 = gpus("H200")[1]


RUN = sc.Run(
    name="zoom", data=Rows(rows=[]), episode=episodes.tool_loop(), tools=(tools.crop(),), explore=Independent(n=16),
    policy=sc.policy("Qwen/Qwen2.5-VL-7B-Instruct", freeze=(), dtype="bfloat16", sampling=sc.Sampling(max_tokens=1024)),
    limits=sc.Limits(steps=4, tokens=8192, sampled=2048), schedule=sc.Schedule(prompts=64),
)


def setting(**changes):
    return Setting(**{"run": RUN, "shape": known("7B"), "accelerator": H200, **changes})


@pytest.mark.parametrize("each", KNOWN, ids=lambda each: each.source)
def test_a_known_model_has_as_many_parameters_as_its_card_says(each):
    found = count(shape_of(filled(each.config), each.source)).total / 1e9
    assert found == pytest.approx(each.billions, rel=0.006)


@pytest.mark.slow
@pytest.mark.parametrize("each", [KNOWN[0], KNOWN[4], KNOWN[9], KNOWN[11], KNOWN[14]], ids=lambda each: each.source)
def test_a_known_model_is_counted_as_transformers_builds_it(each):
    """One of each family, on the meta device, and the shape is that of the configuration `transformers` makes of it."""
    import torch
    from transformers import AutoConfig, AutoModelForImageTextToText

    settings = dict(each.config)
    config = AutoConfig.for_model(settings.pop("model_type"), **settings)
    with torch.device("meta"):
        model = AutoModelForImageTextToText.from_config(config)
    shape = shape_of(filled(each.config), each.source)
    assert count(shape).total == sum(weight.numel() for weight in model.parameters())
    assert shape == shape_of(config.to_dict(), each.source)


@pytest.mark.parametrize(("word", "name"), [
    ("7B", "Qwen/Qwen2.5-VL-7B-Instruct"), ("72b", "Qwen/Qwen2.5-VL-72B-Instruct"), ("4B", "Qwen/Qwen3-VL-4B-Instruct"),
    ("qwen3-vl-8b", "Qwen/Qwen3-VL-8B-Instruct"), ("Qwen/Qwen2.5-VL-3B-Instruct", "Qwen/Qwen2.5-VL-3B-Instruct"),
    ("gemma-3-12b", "google/gemma-3-12b-it"), ("InternVL3-8B", "OpenGVLab/InternVL3-8B-hf"),
])
def test_models_are_found_by_size_or_name(word, name):
    assert known(word).name == name


@pytest.mark.parametrize("word", ["", "9B", "B", "qwen", "nobody/nothing"])
def test_a_model_nobody_knows_is_an_error_with_names(word):
    with pytest.raises(ValueError, match=r"Qwen2\.5-VL-7B"):
        known(word)


@pytest.mark.parametrize(("text", "found"), [("8xH200", (8, "H200")), ("h100", (1, "H100")), ("4 x A100", (4, "A100-80GB")),
                                             ("A100-40GB", (1, "A100-40GB")), ("2xRTX 4090", (2, "RTX4090"))])
def test_gpus_are_read(text, found):
    number, chip = gpus(text)
    assert (number, chip.name) == found


@pytest.mark.parametrize("text", ["0xH200", "H900", "", "8x", "-1xH200", "8xH200;rm"])
def test_gpus_that_are_none_are_an_error(text):
    with pytest.raises(ValueError, match="--gpus"):
        gpus(text)


def test_accelerators_say_where_their_figures_are_from():
    assert all(each.source and each.memory_gb > 1 and each.tflops > 1 for each in ACCELERATORS)


def test_the_sums_of_a_7b_model_by_hand():
    """8 292 166 656 parameters on 8 ranks in mixed precision: slices of 4 bytes, moments of 8, gathered 2, gradients 4."""
    parameters = 8_292_166_656
    used = planned_run(setting(ranks=8, mixed=True)).memory
    assert used.always["weights"] == parameters * (4 / 8 + 2)
    assert used.always["optimiser"] == parameters * 8 / 8
    assert used.learning["gradients"] == parameters * (4 + 4 / 8)
    assert formulas.kv_bytes(known("7B").text, e=2) == 2 * 28 * 4 * 128 * 2


def test_one_process_keeps_no_slices():
    one, many = planned_run(setting()).memory, planned_run(setting(ranks=8)).memory
    assert one.always["weights"] == 2 * 8_292_166_656
    assert many.always["optimiser"] == one.always["optimiser"] / 8
    assert many.always["weights"] > one.always["weights"], "whole weights stay beside the slices"


def test_recomputing_needs_less_memory_and_more_time():
    plain, again = planned_run(setting(ranks=8)), planned_run(setting(ranks=8, recompute=True))
    assert again.memory.learning["activations"] < plain.memory.learning["activations"] / 5
    name = "learning: forward and backward"
    assert again.seconds[name] > plain.seconds[name]


def test_a_reference_is_a_frozen_copy_unless_an_adapter_can_be_switched_off():
    from saccade.recipes import grpo

    base = setting(run=grpo.run())
    assert "reference" in planned_run(base).memory.always and "reference" not in planned_run(setting()).memory.always
    lora = replace(base, run=replace(base.run, policy=replace(base.run.policy, lora=16)))
    assert "reference" not in planned_run(lora).memory.always


def test_the_shared_beginning_is_counted_once():
    work = planned_run(setting(habits=Habits(sampled=100, looks=1))).work
    assert work.tokens - work.distinct == work.prompts * (work.attempts - 1) * work.prompt
    assert work.row == work.prompt + work.sampled + work.added


def test_pictures_cost_tokens_and_max_pixels_bounds_them():
    small = setting(run=replace(RUN, policy=replace(RUN.policy, max_pixels=256 * 28 * 28)))
    assert planned_run(small).work.prompt_images <= 256 < planned_run(setting()).work.prompt_images


def test_advice_for_what_does_not_fit_is_computed_and_the_last_one_needs_least():
    found = planned_run(setting(accelerator=gpus("RTX4090")[1]))
    assert not found.memory.fits and found.bottleneck.startswith("memory")
    sizes = [float(note.rsplit(": ", 1)[1].split(" GB")[0]) for note in found.notes if " GB" in note]
    assert sizes and sizes[-1] == min(sizes) and all(each < found.memory.peak / GB for each in sizes)


def test_a_prompt_that_fills_the_limit_is_an_error():
    full = setting(run=replace(RUN, limits=replace(RUN.limits, tokens=900)))
    with pytest.raises(ValueError, match=r"--limits\.tokens 900"):
        planned_run(full)


def test_every_recipe_can_be_planned():
    from saccade.catalog import entries
    from saccade.cli.resolve import recipe_module, stages_of

    for each in entries("recipe"):
        for stage in stages_of(recipe_module(each.name)):
            plan = planned_run(setting(run=stage.run, ranks=8, mixed=True,
                                       habits=Habits(image=(320, 240), look=(160, 120), question=32)))
            assert plan.memory.peak > 0 and all(value >= 0 for value in plan.seconds.values()), each.name


def run_cli(*words):
    with pytest.raises(SystemExit) as ended:
        main(["plan", *words])
    return ended.value.code


def test_the_verb_prints_a_plan(capsys):
    assert run_cli("deepeyes", "--model", "7B", "--gpus", "8xH200", "--mixed", "--recompute", "--sampled", "400") == 0
    said = capsys.readouterr().out
    for word in ("8.29 billion", "keys and values", "held up by", "guess", "fits"):
        assert word in said


def test_the_verb_says_no_by_its_exit_code_and_in_json(capsys):
    assert run_cli("deepeyes", "--model", "72B", "--gpus", "L4", "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert told["fits"] is False and told["peak"] > told["room"] and told["guesses"]["matmul"] == formulas.GUESS.matmul


def test_leaves_of_the_run_count(capsys):
    run_cli("deepeyes", "--model", "7B", "--json", "--policy.lora", "16")
    assert json.loads(capsys.readouterr().out)["learning"] < 1e8


@pytest.mark.parametrize("words", [["--image", "big"], ["--gpus", "8xH900"], ["--model", "9B"], ["--images", "-1"],
                                   ["--policy.lorra", "3"]])
def test_mistakes_are_one_line_and_exit_code_2(words, capsys):
    assert run_cli("deepeyes", *words) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_checkpoint_folder_is_planned(tmp_path, capsys):
    from saccade.testing.tiny import tiny

    folder = tiny("qwen3_vl", tmp_path / "model")
    assert run_cli("grpo", "--model", str(folder), "--gpus", "L4", "--image", "64x64", "--json") == 0
    assert json.loads(capsys.readouterr().out)["model"] == str(folder)


def test_planning_needs_no_torch():
    block = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "transformers", "peft", "safetensors"):
            raise ImportError("blocked: " + name)
sys.meta_path.insert(0, Block())
import pkgutil, importlib, saccade.capacity
for found in pkgutil.iter_modules(saccade.capacity.__path__):
    importlib.import_module("saccade.capacity." + found.name)
"""
    done = subprocess.run([sys.executable, "-c", block], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_sft_samples_nothing():
    plan = planned_run(setting(run=replace(RUN, mode="sft")))
    assert plan.work.attempts == 1 and not any(name.startswith("sampling") for name in plan.seconds)


