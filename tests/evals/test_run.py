"""Evaluation end to end with a scripted client: prompts, tool loop, scores, files, resuming, comparing."""

from __future__ import annotations

import importlib.util
import io
import json
import math
import time

import pytest
from PIL import Image as PILImage

from saccade import episodes, rewards, tools
from saccade.core.episode import Limits
from saccade.core.message import Message, ToolCall, assistant
from saccade.core.reward import as_reward, for_group
from saccade.core.run import Benchmark
from saccade.data import source
from saccade.evals.benchmarks import named
from saccade.evals.compare import compare
from saccade.evals.player import open_player
from saccade.evals.report import Item, read_items, summarise
from saccade.evals.run import evaluate

LIMITS = Limits(seconds=20, engine_s=5, tool_s=5)


class Scripted:
    """Looks once, then says what it was told to say to a question; counts what it is asked."""

    def __init__(self, replies: dict[str, str], name: str = "scripted", fail: str = "") -> None:
        self.replies, self.name, self.fail, self.asked = replies, name, fail, []

    async def reply(self, messages, tools, sampling) -> Message:
        question = next(message.text for message in messages if message.role == "user")
        if self.fail and self.fail in question:
            raise RuntimeError("no answer from the endpoint")
        if tools and not any(message.role == "tool" for message in messages):
            self.asked.append(question)
            return assistant(calls=(ToolCall(name="image_zoom_in_tool", arguments={"bbox_2d": [2, 2, 12, 12]}),))
        return assistant(self.replies.get(question, "I cannot tell"))


@pytest.fixture
def bench(tmp_path):
    for name, colour in (("a", "red"), ("b", "blue"), ("copy_of_a", "red")):
        PILImage.new("RGB", (32, 24), colour).save(tmp_path / f"{name}.png")
    rows = [{"image": f"{name}.png", "question": f"question {at}", "answer": str(at)}
            for at, name in enumerate(("a", "a", "b", "copy_of_a", "b", "a"))]
    path = tmp_path / "held.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return Benchmark(name="held", data=source(path), tools=(tools.crop(),), episode=episodes.tool_loop(max_steps=3),
                     limits=LIMITS, rewards=(rewards.answer_match(), rewards.tool_bonus()))


RIGHT = {f"question {at}": f"<answer>{at}</answer>" for at in range(6)}


def test_scores_files_and_clusters(bench, tmp_path):
    client = Scripted({**RIGHT, "question 1": "1", "question 2": "<answer>9</answer>"})
    report = evaluate(client, bench, tmp_path / "out", progress=False)
    result = report["held"]
    assert result.scores["strict"].value == pytest.approx(4 / 6) and result.accuracy.value == pytest.approx(5 / 6)
    assert result.accuracy.n == 6 and result.accuracy.clusters == 2  # a and its copy are one picture
    assert result.calls_per_item == 1.0 and result.num_failed == 0
    items = read_items(tmp_path / "out")
    assert {item.id: item.scores["strict"] for item in items}["held/2"] == (0.0,)  # line 2: question 1, answered bare
    assert set(items[0].scores) == {"strict", "lenient", "answer_match", "tool_bonus"}
    lines = (tmp_path / "out" / "held" / "trajectories.jsonl").read_text().splitlines()
    assert len(lines) == 6 and json.loads(lines[0])["events"][0]["box_xyxy"] == [2, 2, 12, 12]
    written = json.loads((tmp_path / "out" / "report.json").read_text())
    assert written["results"][0]["ci95"] == [result.accuracy.low, result.accuracy.high]
    assert len(list((tmp_path / "out" / "media").glob("*.png"))) == 4  # two pictures, a crop of each


def test_finished_items_are_not_redone_and_failed_ones_are(bench, tmp_path):
    broken = Scripted(RIGHT, fail="question 4")
    first = evaluate(broken, bench, tmp_path / "out", progress=False)["held"]
    assert first.num_failed == 1 and first.accuracy.n == 5 and first.accuracy.value == 1.0
    items = tmp_path / "out" / "held" / "items.jsonl"
    kept = items.read_text().splitlines()
    items.write_text("\n".join(kept[:3]) + "\n" + kept[3][:40])  # killed while writing
    again = Scripted(RIGHT)
    second = evaluate(again, bench, tmp_path / "out", progress=False)["held"]
    done = {json.loads(line)["id"] for line in kept[:3] if json.loads(line)["stops"] != ["error"]}
    assert len(again.asked) == 6 - len(done)
    assert second.accuracy.n == 6 and second.num_failed == 0
    third = Scripted(RIGHT)
    evaluate(third, bench, tmp_path / "out", progress=False)
    assert third.asked == []


def test_other_settings_are_refused(bench, tmp_path):
    evaluate(Scripted(RIGHT), bench, tmp_path / "out", progress=False)
    with pytest.raises(ValueError, match="another sampling"):
        evaluate(Scripted(RIGHT), bench, tmp_path / "out", temperature=0.7, progress=False)
    with pytest.raises(ValueError, match="another policy"):
        evaluate(Scripted(RIGHT, name="other"), bench, tmp_path / "out", progress=False)
    client = Scripted(RIGHT, name="other")
    evaluate(client, bench, tmp_path / "out", progress=False, resume=False, limit=2)
    assert len(client.asked) == 2 and len(read_items(tmp_path / "out")) == 2


def test_several_attempts_give_pass_at_k(bench, tmp_path):
    class Wavering(Scripted):
        async def reply(self, messages, tools, sampling):
            made = await super().reply(messages, tools, sampling)
            return made if made.calls or len(self.asked) % 2 else assistant("<answer>wrong</answer>")

    @for_group
    def rank(group):
        return [float(at) for at in range(len(group.trajectories))]

    bench = Benchmark(name=bench.name, data=bench.data, tools=bench.tools, episode=bench.episode, limits=LIMITS,
                      rewards=(as_reward(rank),))
    result = evaluate(Wavering(RIGHT), bench, tmp_path / "out", attempts=4, temperature=1.0, progress=False)["held"]
    assert result.num_attempts == 4 and set(result.pass_at) == {1, 2, 4}
    assert result.pass_at[1] == pytest.approx(result.accuracy.value)
    assert result.pass_at[1] <= result.pass_at[2] <= result.pass_at[4]
    assert all(item.scores["rank"] == (0.0, 1.0, 2.0, 3.0) for item in read_items(tmp_path / "out"))
    assert result.scores["rank"].method.startswith("bootstrap") and result.scores["rank"].value == 1.5


def test_bad_rows_and_broken_pictures_do_not_end_it(tmp_path):
    PILImage.new("RGB", (32, 24), "red").save(tmp_path / "a.png")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG nothing")
    rows = [{"image": image, "question": f"question {at}", "answer": str(at)}
            for at, image in enumerate(("a.png", "missing.png", "broken.png", "a.png"))]
    (tmp_path / "held.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    bench = Benchmark(name="held", data=source(tmp_path / "held.jsonl"), limits=LIMITS)
    with pytest.warns(UserWarning, match=r"missing\.png"):
        result = evaluate(Scripted(RIGHT), bench, tmp_path / "out", progress=False)["held"]
    assert result.accuracy.n == 2 and result.num_failed == 1 and result.accuracy.value == 1.0
    assert any("1 of 4 rows" in note for note in result.notes)
    failed = next(item for item in read_items(tmp_path / "out") if item.failed)
    assert "broken.png" in failed.errors[0]


def test_comparison_counts_pairs(bench, tmp_path):
    evaluate(Scripted({**RIGHT, "question 0": "<answer>x</answer>"}), bench, tmp_path / "one", progress=False)
    evaluate(Scripted({**RIGHT, "question 1": "no", "question 2": "no"}), bench, tmp_path / "two", progress=False)
    found = compare(tmp_path / "one", tmp_path / "two")
    assert found.fixed == ("held/1",) and set(found.broken) == {"held/2", "held/3"} and len(found.both) == 3
    assert found.p == 1.0 and found.difference.value == pytest.approx(-1 / 6) and found.difference.clusters == 2
    assert json.loads(json.dumps(found.plain()))["mcnemar_p"] == 1.0
    from rich.console import Console

    console = Console(width=200, record=True, file=io.StringIO())
    console.print(found.table())
    assert "1 (17%)" in console.export_text()
    with pytest.raises(ValueError, match="no score 'strictest'"):
        compare(tmp_path / "one", tmp_path / "two", score="strictest")
    with pytest.raises(ValueError, match="no results at"):
        compare(tmp_path / "one", tmp_path / "three")


def test_results_of_other_items_are_not_compared():
    def item(name: str, bench: str = "b") -> Item:
        return Item(benchmark=bench, id=name, target="1", answers=("1",), scores={"lenient": (1.0,)}, cluster=name,
                    stops=("done",))

    with pytest.raises(ValueError, match="share no item"):
        compare([item("x")], [item("y")])
    with pytest.raises(ValueError, match="different benchmarks"):
        compare([item("x")], [item("x", "c")])
    assert compare([item("x"), item("y")], [item("x"), item("z")]).only_after == 1


def test_report_of_nothing_and_of_everything_failed():
    assert math.isnan(summarise([]).accuracy.value)
    item = Item(benchmark="b", id="x", target="1", answers=("",), scores={}, cluster="x", stops=("error",))
    assert summarise([item]).num_failed == 1 and summarise([item]).accuracy.n == 0


def test_benchmarks_by_name(tmp_path):
    bench = named("hidden_detail?level=easy&size=3")
    assert bench.name == "hidden_detail-easy" and len(bench.data) == 3
    assert named("world:hidden_detail?size=2&level=medium").name == "hidden_detail"
    with pytest.raises(ValueError, match="no benchmark 'vstar'; there are hidden_detail, own_file"):
        named("vstar")
    with pytest.raises(ValueError, match="unexpected keyword argument 'colour'"):
        named("hidden_detail?colour=3")
    with pytest.raises(ValueError, match="holds no model"):
        open_player(tmp_path, None)


def test_the_real_benchmark_is_held_out():
    if not all(importlib.util.find_spec(name) for name in ("sklearn", "skimage")):
        pytest.skip("needs the extra demo")
    bench = named("hidden_detail")
    assert len(bench.data) == 500 and bench.data.knobs.split == "test"
    answers = [bench.data.world.solve(bench.data.world.state(7, index, bench.data.knobs)) for index in range(100)]
    assert max(answers.count(digit) for digit in "0123456789") < 25  # no digit that guessing would profit from


def test_a_hang_is_a_typed_failure(bench, tmp_path):
    class Hanging(Scripted):
        async def reply(self, messages, tools, sampling):
            import asyncio

            await asyncio.sleep(60)

    quick = Benchmark(name="held", data=bench.data, limits=Limits(seconds=1, engine_s=0.2))
    began = time.perf_counter()
    result = evaluate(Hanging(RIGHT), quick, tmp_path / "out", progress=False)["held"]
    assert time.perf_counter() - began < 30
    assert result.num_failed == 6 and result.accuracy.n == 0
