"""What TRL is given: methods with our schemas, pictures through the tool loop, our rewards on what TRL says was written."""

import inspect
from pathlib import Path

import pytest
from PIL import Image as PILImage

import saccade as sc
from saccade import episodes, rewards, tools
from saccade.core.message import Image, user
from saccade.core.reward import as_reward, for_group
from saccade.core.run import Independent
from saccade.core.sample import Rows, Sample
from saccade.core.tool import tool
from saccade.neighbours.trl import parts
from saccade.rollout.pool import run_sync


def sample(index: int) -> Sample:
    picture = PILImage.new("RGB", (64, 48), (40 * index, 90, 90))
    return Sample(id=f"item {index}", prompt=(user(Image(ref=f"lazy:{index}", data=picture), "Which digit?"),), target="4")


def made(**changes) -> sc.Run:
    settings = {
        "name": "zoom", "data": Rows(rows=[sample(0), sample(1)]), "episode": episodes.tool_loop(max_steps=3),
        "tools": (tools.crop(),), "policy": sc.policy("glimpse"), "explore": Independent(n=2),
        "rewards": (rewards.answer_match(), rewards.tool_bonus(only_if_correct=True, weight=0.5)),
    }
    return sc.Run(**{**settings, **changes})


def said(*contents):
    """Messages as TRL parses them: a call, or words."""
    return [{"role": "assistant", "content": "", "tool_calls": [{"type": "function", "function": each}]}
            if isinstance(each, dict) else {"role": "assistant", "content": each} for each in contents]


ZOOM = {"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [0, 0, 32, 24]}}


def zoomed(environment, arguments=None):
    """A whole attempt, as TRL's loop makes it: a call, its result shown, an answer."""
    result = run_sync(environment.image_zoom_in_tool(**(arguments or ZOOM["arguments"])))
    shown = {"role": "tool", "name": "image_zoom_in_tool", "content": result}
    return [*said({**ZOOM, "arguments": arguments or ZOOM["arguments"]}), shown, *said("<answer>4</answer>")]


def test_methods_have_the_schemas_of_our_tools():
    from transformers.utils import get_json_schema

    @tool
    def pick(image: Image, mode: str, scale: float = 1.0, names: list[str] | None = None) -> str:
        """Pick one.

        Args:
            image: number of the image
            mode: which way
            scale: how large
            names: of things
        """
        return mode

    environment = parts(made(tools=(tools.crop(), pick))).environment_factory()
    for ours in (tools.crop(), pick):
        theirs = get_json_schema(getattr(environment, ours.name))["function"]
        assert theirs["name"] == ours.name and theirs["description"] == " ".join(ours.description.split())
        wanted = ours.parameters
        assert theirs["parameters"]["required"] == wanted["required"]
        assert list(theirs["parameters"]["properties"]) == list(wanted["properties"])
        for name, each in wanted["properties"].items():
            given = theirs["parameters"]["properties"][name]
            assert given["type"] == each["type"] and given.get("items") == each.get("items")


def test_nothing_but_tools_and_reset_is_public():
    """TRL makes a tool of every public function of the class."""
    environment = parts(made()).environment_factory()
    public = {name for name, _ in inspect.getmembers(type(environment), predicate=inspect.isfunction) if name[0] != "_"}
    assert public == {"reset", "image_zoom_in_tool"}


def test_a_call_shows_the_crop_and_our_rewards_see_it():
    given = parts(made())
    one, other = given.environment_factory(), given.environment_factory()
    one.reset(sample=0, prompt="unused", images=[])
    other.reset(sample=0)
    first, second = zoomed(one), said("<answer>4</answer>")
    picture = first[1]["content"][0]
    assert picture["type"] == "image" and picture["image"].size == (32, 24)
    completions = [first, second]
    scores = [each(completions=completions, sample=[0, 0], environments=[one, other]) for each in given.reward_funcs]
    assert scores == [[1.0, 1.0], [1.0, 0.0]], "the bonus is for the one that looked"
    assert [each.__name__ for each in given.reward_funcs] == ["answer_match", "tool_bonus"]
    assert given.settings["reward_weights"] == [1.0, 0.5]
    trajectory = one._trajectory(first)
    (event,) = trajectory.events
    assert trajectory.steps[event.step].message.calls[0].name == event.name and event.box_xyxy == (0, 0, 32, 24)
    assert trajectory.steps[-2].message.images[0].root == trajectory.sample.images[0].ref or event.image


@pytest.mark.parametrize("arguments", [{"bbox_2d": [9, 9, 1, 1]}, {"bbox_2d": "no box"}, {"bbox_2d": [0, 0, 9, 9], "x": 1}])
def test_mistakes_of_the_model_are_told_to_it(arguments):
    environment = parts(made()).environment_factory()
    environment.reset(sample=1)
    result = run_sync(environment._call("image_zoom_in_tool", arguments))
    assert isinstance(result, str) and result.startswith("Error:")


def test_a_tool_that_crashes_is_our_failure_and_scores_nothing():
    @tool(pure=False)
    def broken(word: str) -> str:
        """Fail.

        Args:
            word: any
        """
        raise RuntimeError("disk on fire")

    given = parts(made(tools=(broken,)))
    environment = given.environment_factory()
    environment.reset(sample=0)
    with pytest.raises(Exception, match="disk on fire"):
        run_sync(environment.broken(word="a"))
    scores = given.reward_funcs[0](completions=[said("<answer>4</answer>")], sample=[0], environments=[environment])
    assert scores == [None]


def test_a_reset_forgets_the_attempt_before():
    environment = parts(made()).environment_factory()
    environment.reset(sample=0)
    zoomed(environment)
    environment.reset(sample=1)
    assert environment._trajectory(said("4")).events == () and environment._trajectory(said("4")).sample.id == "item 1"


def test_rows_hold_marks_where_pictures_stand():
    rows = list(parts(made()).rows())
    assert [each["sample"] for each in rows] == [0, 1]
    assert [block["type"] for block in rows[0]["prompt"][0]["content"]] == ["image", "text"]
    assert rows[1]["images"][0].size == (64, 48)


def test_a_reward_that_compares_attempts_needs_all_of_them():
    @for_group
    def best(group):
        return [float(each.answer == "4") - 0.5 for each in group.trajectories]

    given = parts(made(tools=(), episode=episodes.single(), rewards=(as_reward(best),)))
    assert given.environment_factory is None
    pair = [said("4"), said("5")]
    assert given.reward_funcs[0](completions=pair, sample=[0, 0]) == [0.5, -0.5]
    with pytest.raises(ValueError, match="num_generations"):
        given.reward_funcs[0](completions=pair[:1], sample=[0])


@pytest.mark.parametrize(("changes", "words"), [
    ({"episode": episodes.think_twice()}, "think_twice"), ({"mode": "sft"}, "mode"),
    ({"total": lambda group, rewards, progress: None}, "total"),
    ({"rewards": (rewards.answer_match(weight=lambda progress: progress),)}, "weight"),
])
def test_what_trl_cannot_do_is_refused_with_the_reason(changes, words):
    with pytest.raises(ValueError, match=words):
        parts(made(**changes))


@pytest.mark.oracle
def test_a_real_trainer_makes_an_update_with_our_environment(tmp_path):
    """trl's own GRPOTrainer on a tiny Qwen-VL: calls reach the crop, the crop reaches the model, our rewards the loss. What
    is written is told, for random weights write no calls."""
    pytest.importorskip("trl", reason="needs trl 1.16: the extra `bench`")
    import torch
    import trl
    from datasets import Dataset
    from transformers import AutoModelForImageTextToText
    from trl import GRPOConfig, GRPOTrainer

    from benchmarks.peer import processor_of
    from saccade.testing.tiny import tiny

    folder = tiny("qwen3_vl", tmp_path / "model")
    known = Path(trl.__file__).parent / "chat_templates" / "qwen3_vl.jinja"  # trl reads calls of templates it knows only
    (folder / "chat_template.jinja").write_text(known.read_text(encoding="utf-8"))
    model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32)
    processor = processor_of(folder)
    given = parts(made(schedule=sc.Schedule(updates=1)))
    call = '<tool_call>\n{"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [0, 0, 64, 48]}}\n</tool_call>'
    heard = []
    watched = []
    for each in given.reward_funcs:
        def watch(each=each, **columns):
            values = each(**columns)
            heard.append((each.__name__, values, [len(one) for one in columns["completions"]]))
            return values

        watch.__name__ = each.__name__
        watched.append(watch)
    settings = {**given.settings, "max_completion_length": 512, "learning_rate": 1e-3}
    trainer = GRPOTrainer(
        model=model, reward_funcs=watched, processing_class=processor, environment_factory=given.environment_factory,
        train_dataset=Dataset.from_list(list(given.rows())),
        args=GRPOConfig(output_dir=str(tmp_path / "trl"), per_device_train_batch_size=2, gradient_accumulation_steps=1,
                        use_cpu=True, bf16=False, gradient_checkpointing=False, report_to="none", save_strategy="no",
                        disable_tqdm=True, logging_steps=1, beta=0.0, **settings),
    )
    end = processor.tokenizer.convert_tokens_to_ids("<|im_end|>")
    turns = iter([[call, "<answer>9</answer>"], ["<answer>4</answer>"]])

    def told(ids, *arguments, **options):
        texts = next(turns)
        assert len(texts) == len(ids)
        return [[*processor.tokenizer.encode(text, add_special_tokens=False), end] for text in texts], None

    trainer._generate_single_turn = told
    before = {name: each.detach().clone() for name, each in model.named_parameters()}
    trainer.train()
    assert heard == [("answer_match", [1.0, 0.0], [3, 1]), ("tool_bonus", [1.0, 0.0], [3, 1])]
    assert any(not torch.equal(before[name], each) for name, each in model.named_parameters())
    line = next(each for each in trainer.state.log_history if "rewards/answer_match/mean" in each)
    assert line["tools/call_frequency"] == 0.5 and line["rewards/answer_match/mean"] == 0.5
