"""Pages hold what happened, and nothing that a model or a run folder wrote can break out of them."""

from __future__ import annotations

import html.parser
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image as PILImage

from saccade.core.message import Image, Message, Text, ToolCall, assistant, tool_result, user
from saccade.core.record import write_lines
from saccade.core.sample import Sample
from saccade.core.trajectory import Score, Step, Stop, ToolEvent, Trajectory
from saccade.media import open_store
from saccade.viewer.chart import curves, intervals, ticks
from saccade.viewer.markup import page, tag
from saccade.viewer.page import attempts_page, report

EVIL = '"><script>alert(1)</script><img src=x onerror=alert(1)> \u202e </style> &lt; \x00 \ud83d javascript:alert(1)'


class Reader(html.parser.HTMLParser):
    """Collects tags, attributes and text; checks that every element is closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags, self.attributes, self.text, self.open = [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, name, attributes):
        self.tags.append(name)
        self.attributes += attributes
        self.open.append(name)

    def handle_startendtag(self, name, attributes):
        self.tags.append(name)
        self.attributes += attributes

    def handle_endtag(self, name):
        assert self.open.pop() == name

    def handle_data(self, data):
        self.text.append(data)


ALLOWED = {
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "main",
    "h1",
    "h2",
    "p",
    "section",
    "div",
    "b",
    "span",
    "figure",
    "img",
    "figcaption",
    "svg",
    "rect",
    "line",
    "circle",
    "polyline",
    "text",
    "pre",
    "code",
    "details",
    "summary",
    "g",
    "polygon",
    "image",
    "input",
    "label",
    "h3",
    "fieldset",
    "legend",
    "ul",
    "li",
    "i",
}


def check(text: str) -> Reader:
    read = Reader(text)
    assert set(read.tags) <= ALLOWED
    for name, value in read.attributes:
        assert not name.startswith("on") and name != "style", name
        if name in ("src", "href"):
            assert value.startswith("data:")
    assert "http://" not in text and "https://" not in text
    assert not re.search("[\x00-\x08\u202e\ud800-\udfff]", text)
    return read


def attempt(store, *, words: str = "", answer: str = "7") -> Trajectory:
    root = store.put(PILImage.new("RGB", (100, 80), "gray"), source="input")
    crop = store.put(PILImage.new("RGB", (20, 10), "red"), parent=root, to_parent=(1, 1, 30, 40))
    call = ToolCall(
        name=f"image_zoom_in_tool{words}", arguments={"bbox_2d": [30, 40, 50, 50], "label": words}, error=words or None
    )
    sample = Sample(
        id=f"s{words}",
        prompt=(user(root, f"Which?{words}"),),
        target=f"7{words}",
        meta={"evidence": [[31, 41, 49, 49]]},
    )
    said = [
        *sample.prompt,
        replace(assistant(words, calls=(call,)), thought=f"think{words}"),
        replace(tool_result(crop, f"seen{words}"), name=words or None),
        assistant(f"<answer>{answer}</answer>{words}"),
    ]
    steps = tuple(
        Step(parent=at - 1 if at else None, speaker=["user", "policy", "tool", "policy"][at], message=message)
        for at, message in enumerate(said)
    )
    event = ToolEvent(step=1, name="image_zoom_in_tool", image=root.ref, box_xyxy=(30, 40, 50, 50), result=crop.ref)
    scores = {f"answer_match{words}": Score(value=1.0, extracted=f"7{words}", note=words), "lenient": Score(value=1.0)}
    return Trajectory(sample=sample, steps=steps, events=(event,), rewards=scores, error=words or None)


def test_a_look_is_drawn_where_it_was():
    store = open_store()
    text = attempts_page("Which digit?", [attempt(store)], store)
    read = check(text)
    boxes = [dict(re.findall(r'(\S+)="([^"]*)"', inside)) for inside in re.findall(r"<rect ([^>]*)/>", text)]
    boxes = [box for box in boxes if box.get("class") != "plate"]
    assert any((b["x"], b["y"], b["width"], b["height"]) == ("30", "40", "20", "10") for b in boxes)
    assert any("stroke-dasharray" in b and (b["x"], b["width"]) == ("31", "18") for b in boxes)
    assert 'viewBox="0 0 100 80"' in text
    words = " ".join(read.text)
    for expected in (
        "right",
        "look 1: 20 x 10 px",
        "where the answer is",
        "think",
        "image_zoom_in_tool",
        "<answer>7</answer>",
        "1 look",
    ):
        assert expected in words
    assert (
        sum(name == "src" for name, _ in read.attributes) == 3
    )  # the root, the root in the conversation, and its crop


def test_hostile_words_stay_words():
    store = open_store()
    read = check(attempts_page(EVIL, [attempt(store, words=EVIL, answer=EVIL)], store, note=EVIL))
    assert "<script>alert(1)</script>" in "".join(read.text) and "script" not in read.tags
    assert "\\u202e" in "".join(read.text)


def test_a_page_forbids_scripts_and_requests():
    text = page("x", tag("p", "y"))
    assert re.search(r"Content-Security-Policy.*default-src &#x27;none&#x27;", text) and 'name="viewport"' in text
    assert "light-dark(" in text


def test_missing_pictures_and_senseless_boxes_are_said_not_raised():
    full, empty = open_store(), open_store()
    made = attempt(full)
    nan, huge = float("nan"), 1e308
    bad = tuple(
        replace(made.events[0], box_xyxy=box) for box in ((nan, 0, 1, 1), (5, 5, 1, 1), (0, 0, huge, huge), (1, 2))
    )
    check(attempts_page("x", [replace(made, events=bad)], full))
    assert "is not in this folder" in attempts_page("x", [made], empty)
    check(
        attempts_page("x", [Trajectory(sample=Sample(id="none", prompt=()), stop=Stop.ERROR, error="Traceback")], empty)
    )


def run_folder(tmp_path, num: int = 30):
    store = open_store(tmp_path / "media")
    made = [replace(attempt(store), sample=replace(attempt(store).sample, id=f"item {at}")) for at in range(num)]
    (tmp_path / "evaluation").mkdir()
    write_lines(tmp_path / "evaluation" / "trajectories.jsonl", made)
    lines = [{"update": at, "reward": at / 10, **({"eval/b/accuracy": at / 10} if at % 2 else {})} for at in range(10)]
    write_lines(tmp_path / "metrics.jsonl", lines)
    (tmp_path / "summary.json").write_text(
        json.dumps(
            {
                "name": "demo",
                "before": {"accuracy": 0.25, "ci95": [0.21, 0.29], "n": 500},
                "seconds": 12.5,
                "after": {"accuracy": 0.7, "ci95": [0.66, 0.74], "n": 500},
                "tool_calls_per_item": {"before": 1.0},
            }
        )
    )
    return tmp_path


def test_report_of_a_run_folder(tmp_path):
    path = report(run_folder(tmp_path))
    read = check(path.read_text(encoding="utf-8"))
    words = " ".join(read.text)
    for expected in (
        "Run demo",
        "25.0%",
        "70.0%",
        "n=500",
        "20 attempts of 30, evenly spaced",
        "Learning curve",
        "held-out accuracy (b) (last 0.9)",
        "1. item 0",
        "20. item 29",
        "seconds: 12.5",
    ):
        assert expected in words, expected
    assert read.tags.count("polyline") == 2 and read.tags.count("section") == 20


def test_report_survives_a_hostile_folder(tmp_path):
    folder = run_folder(tmp_path, num=3)
    lines = folder / "evaluation" / "trajectories.jsonl"
    good = json.loads(lines.read_text().splitlines()[0])

    def showing(part: dict) -> dict:
        return {**good, "steps": [{"speaker": "x", "message": {"role": "tool", "parts": [part]}}]}

    bad = [
        {**good, "steps": [{**good["steps"][0], "parent": 0}]},
        showing({"kind": "text", "text": 7}),
        showing({"kind": "image", "ref": "px:../../etc/passwd"}),
        showing({"kind": "image", "ref": 3}),
        showing({"kind": "box", "xyxy": "wide"}),
        showing({"kind": "smell"}),
        {
            **good,
            "events": [{"step": 0, "name": "x", "box_xyxy": ["a", None, {}, 1], "image": good["events"][0]["image"]}],
        },
        {**good, "rewards": {"lenient": {"value": "high"}}},
        {**good, "stop": "exploded"},
        {},
        [],
        3,
    ]
    with lines.open("a") as out:
        for line in bad:
            out.write(json.dumps(line) + "\n")
        out.write('{"half": ')
    (folder / "metrics.jsonl").write_text(
        '{"update": 1, "reward": "much"}\nnot json\n{"update": NaN, "reward": 1}\n[]\n'
        '{"update": 3, "eval/<b>/accuracy": 0.5}\n'
    )
    summary = {"name": EVIL[:40], "after": {"accuracy": "x", "ci95": 3}, "y": {"ci95": []}}
    (folder / "summary.json").write_text(json.dumps(summary))
    text = report(folder).read_text(encoding="utf-8")
    read = check(text)
    assert "could not be read" in " ".join(read.text) and "root:" not in text


def test_report_of_nothing(tmp_path):
    assert "0 attempts" in report(tmp_path).read_text()
    with pytest.raises(ValueError, match="no run folder"):
        report(tmp_path / "none")


def test_ask_writes_a_page(tmp_path):
    from saccade.evals.ask import ask

    class Looker:
        name = "looker"

        async def reply(self, messages, tools, sampling) -> Message:
            if tools and messages[-1].role != "tool":
                return assistant(calls=(ToolCall(name=tools[0].name, arguments={"bbox_2d": [10, 10, 30, 30]}),))
            return Message(role="assistant", parts=(Text(text="<answer>a cat</answer>"),), thought="it looks like one")

    PILImage.fromarray(np.full((60, 90, 3), 99, np.uint8)).save(tmp_path / "cat.png")
    found = ask(Looker(), tmp_path / "cat.png", "What is it?", out_html=tmp_path / "out" / "page.html")
    assert found.text == "a cat" and found.plain()["looks"][0]["box_xyxy"] == [10, 10, 30, 30]
    assert "What is it?" in " ".join(check(found.page.read_text(encoding="utf-8")).text)
    assert ask(Looker(), [tmp_path / "cat.png"] * 2, "Same?", tools=()).trajectory.events == ()
    with pytest.raises(ValueError, match=r"dog\.png: there is no such file"):
        ask(Looker(), tmp_path / "dog.png", "What is it?")
    with pytest.raises(ValueError, match="question is empty"):
        ask(Looker(), Image(ref=f"file:{tmp_path / 'cat.png'}"), " ")


def test_axes_are_round_and_hold_all_points():
    assert ticks(0.0, 0.0) == ticks(0.2, 0.9) == (0.0, 1.0, 0.25)
    assert ticks(3e-7, 4.3e-5)[1] < 1e-4  # a mismatch does not lie on the floor of 0..1
    for low, high in ((0.1, 0.9), (-3.2, 17.0), (5.0, 5.0), (-1e-7, 1e-7), (0.0, 1234.5), (3e-4, 3e-4), (0.0, 5e-324)):
        start, end, step = ticks(low, high)
        assert start <= low + 1e-12 and end >= high - 1e-12 and 2 <= round((end - start) / step) <= 6
    assert "Nothing was measured" in curves({"x": [(0.0, float("nan"))]})
    wild = curves({EVIL: [(0, 0.5), (1, 0.6)], "b": [(0, 1e300), (1, -1e300)]})
    check(page("x", wild, intervals({EVIL: (0.5, -3.0, 9.0, 5)})))


def test_points_are_drawn_where_they_are_in_the_root_whatever_frame_the_tool_has():
    store = open_store()
    made = attempt(store)
    root = made.sample.images[0]
    nan = float("nan")
    event = ToolEvent(step=1, name="point", image=root.ref, arguments={"points": [[0.6, 0.25]], "label": "door"},
                      points_xy=((60.0, 20.0), (10.0, nan)))
    text = attempts_page("Where?", [replace(made, events=(*made.events, event))], store)
    check(text)
    circles = [dict(re.findall(r'(\S+)="([^"]*)"', inside)) for inside in re.findall(r"<circle ([^>]*)/>", text)]
    assert [(each["cx"], each["cy"]) for each in circles if each["data-layer"] == "points"] == [("60", "20")]
