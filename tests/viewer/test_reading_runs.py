"""Rows, curves and layers of run folders that grow, shrink, are half-written, old or hostile."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import numpy as np
import pytest

from saccade.core.message import user
from saccade.core.record import read_trajectories, write_lines
from saccade.core.sample import Sample
from saccade.core.trajectory import ToolEvent
from saccade.media import open_store
from saccade.testing.runs import looking, made_run, one_of_everything, write_metrics
from saccade.viewer.layers import marks_of, outlines
from saccade.viewer.lines import Lines
from saccade.viewer.metrics import Metrics, panels, warnings
from saccade.viewer.places import places
from saccade.viewer.reading import Reading, read
from saccade.viewer.rows import Rows, chosen, sort_names
from saccade.viewer.signals import levels, signals_of
from saccade.viewer.tokens import tokens_view
from saccade.viewer.versus import versus


@pytest.fixture(scope="module")
def store():
    return open_store()


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return made_run(
        tmp_path_factory.mktemp("runs") / "train", trajectories=24, attempts=4, looks=2, updates=3, tokens=80
    )


def rows_of(folder) -> Rows:
    rows = Rows(folder)
    assert rows.grow()
    return rows


def test_lines_of_a_growing_file(tmp_path):
    path = tmp_path / "x.jsonl"
    lines = Lines(path)
    assert lines.grow() == 0
    path.write_bytes(b'{"a":1}\n{"b":')
    assert lines.grow() == 1 and lines.line(0) == b'{"a":1}\n'
    with path.open("ab") as out:
        out.write(b"2}\n\n")
    assert lines.grow() == 3 and lines.line(1) == b'{"b":2}\n' and lines.span(0, 3) == path.read_bytes()
    with pytest.raises(IndexError, match="no line 4 of 3"):
        lines.line(3)
    path.write_bytes(b"{}\n")  # a resumed run wrote it again
    assert lines.grow() == 1 and lines.generation == 1
    path.unlink()
    assert lines.grow() == 0 and lines.generation == 2


def test_rows_say_what_the_records_say(run):
    rows = rows_of(run)
    assert len(rows.rows) == 24 and rows.bad == 0 and rows.indexed == rows.total == 24
    for path in sorted((run / "trajectories").glob("*.jsonl")):
        for at, record in enumerate(read_trajectories(path)):
            key = f"{int(path.stem[7:])}.{at}"
            row = rows.rows[rows.at[key]]
            assert (
                row["id"] == record.sample.id
                and row["attempt"] == record.attempt
                and row["calls"] == len(record.events)
            )
            assert row["tokens"] == record.num_sampled and row["target"] == record.sample.target
            assert row["right"] == (record.rewards["answer_match"].value >= 0.5) and row["stop"] == str(record.stop)
            assert rows.record(key).seed == record.seed
    group = rows.group("1.0")
    assert len(group) == 4 and [row["right"] for row in group] == sorted((row["right"] for row in group), reverse=True)
    with pytest.raises(KeyError):
        rows.record("1.99")
    with pytest.raises(KeyError):
        rows.record("../1")


def test_rows_are_filtered_and_put_in_order(run):
    rows = rows_of(run)
    right = chosen(rows, only="right")
    assert right and all(rows.rows[at]["right"] for at in right)
    assert len(right) + len(chosen(rows, only="wrong")) == 24
    for name in sort_names(rows):
        values = [rows.rows[at] for at in chosen(rows, sort=name, down=True)]
        assert len(values) == 24
    totals = [sum(rows.rows[at]["rewards"].values()) for at in chosen(rows, sort="total", down=True)]
    assert totals == sorted(totals, reverse=True)
    assert {rows.rows[at]["id"] for at in chosen(rows, words="SCENE/1 number")} == {"scene/1"}
    with pytest.raises(ValueError, match="no filter 'best'"):
        chosen(rows, only="best")


def test_a_run_grows_while_it_is_looked_at(tmp_path, store):
    path = tmp_path / "trajectories.jsonl"
    write_lines(path, [looking(store, 0, looks=1, tokens=40)])
    rows = rows_of(tmp_path)
    whole = path.read_bytes()
    with path.open("ab") as out:
        out.write(whole[:100])  # half-written
    rows.grow()
    assert len(rows.rows) == 1
    with path.open("ab") as out:
        out.write(whole[100:] + b"not json\n" + b'{"sample": 3}\n' + b"\n" + whole)
    rows.grow()
    assert [row.get("bad", False) for row in rows.rows] == [False, False, True, True, False] and rows.bad == 2
    path.write_bytes(whole)
    rows.grow()
    assert len(rows.rows) == 1 and rows.generation == 1 and rows.bad == 0


def test_the_first_rows_do_not_wait_for_the_last_file(tmp_path, store):
    (tmp_path / "trajectories").mkdir()
    for update in range(1, 5):
        made = [looking(store, 80 * update + at, looks=1, tokens=40) for at in range(80)]
        write_lines(tmp_path / "trajectories" / f"update_{update:06d}.jsonl", made)
    rows = Rows(tmp_path)
    assert not rows.grow(0.0)
    assert 0 < rows.indexed < 320 and rows.files[4].read_to == 0
    assert 300 <= rows.total <= 340  # what was not opened is guessed by its size
    assert rows.record("4.79").sample.id == f"scene/{(80 * 4 + 79) // 8}"  # and a link into it works at once
    assert "4.79" not in rows.at
    rows.reach("4.79", 30.0)
    assert len(rows.group("4.79")) == 8
    rows.reach("../x", 1.0)
    while not rows.grow(0.0):
        pass
    assert rows.indexed == rows.total == len(rows.rows) == 320 and rows.generation == 0


def test_text_that_looks_like_arrays_stays_text(tmp_path, store):
    words = 'say "tokens": [1, 2] and \\"logp\\": [3]'
    made = replace(looking(store, 0, looks=1, tokens=40), sample=Sample(id=words, prompt=(user(words),), target=words))
    write_lines(tmp_path / "trajectories.jsonl", [made])
    (row,) = rows_of(tmp_path).rows
    assert (
        row["id"] == words and row["target"] == words and row["question"] == words and row["tokens"] == made.num_sampled
    )


def test_records_of_older_versions_and_missing_fields(tmp_path):
    old = {
        "sample": {"id": "a"},
        "steps": [
            {
                "speaker": "policy",
                "message": {"role": "assistant", "parts": [{"kind": "text", "text": "x"}]},
                "unknown": 1,
            }
        ],
    }
    (tmp_path / "trajectories.jsonl").write_text(json.dumps(old) + "\n")
    (row,) = rows_of(tmp_path).rows
    assert row["answer"] == "x" and row["right"] is None and row["stop"] == "done"


def test_runs_are_found_and_links_are_not_followed(run, tmp_path):
    (tmp_path / "link").symlink_to(run)
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "items.jsonl").write_text("")
    (tmp_path / "media").mkdir()
    found = places([tmp_path])
    assert set(found) == {"deep/er"} and found["deep/er"].kind == "evaluation"
    assert set(places([run])) == {"train"} and places([run])["train"].media == (run / "media",)
    with pytest.raises(ValueError, match="no such folder"):
        places([tmp_path / "none"])


def test_a_million_lines_of_metrics(tmp_path):
    path = tmp_path / "metrics.jsonl"
    with path.open("w") as out:
        for start in range(0, 1_000_000, 1000):
            out.write("".join(f'{{"update": {at}, "reward": 0.5}}\n' for at in range(start, start + 1000)))
            if start % 50_000 == 0:
                out.write(f'{{"update": {start}, "eval/b/accuracy": 0.5, "reward": 0.25}}\n')
        out.write('{"update": 1000000, "rew')
    began = time.perf_counter()
    curves = Metrics(path).curves()
    assert time.perf_counter() - began < 60
    assert 3900 <= len(curves["reward"]) <= 4100 and len(curves["eval/b/accuracy"]) == 20
    assert curves["reward"][-1][0] == 999_999


def test_curves_answer_questions_and_warn(tmp_path):
    write_metrics(tmp_path / "metrics.jsonl", 40)
    with (tmp_path / "metrics.jsonl").open("a") as out:
        out.write(
            json.dumps(
                {
                    "update": 41,
                    "skipped": 1,
                    "completions/clipped_ratio": 0.5,
                    "stop/error": 0.25,
                    "mismatch": 0.5,
                    "blind/noise": 0.0,
                    "reward": "much",
                    "x": float("nan"),
                }
            )
            + "\n[]\nnot json\n"
        )
    curves = Metrics(tmp_path / "metrics.jsonl").curves()
    assert {
        "Reward by term",
        "Tool calls",
        "Length in tokens",
        "Entropy",
        "Blind checks",
        "Seconds by stage",
        "Accuracy, held out",
        "Mismatch, sampler and learner",
    } <= set(panels(curves))
    said = " ".join(warnings(curves))
    for expected in (
        "update 41",
        "50% of the attempts were cut off",
        "25% of the attempts failed",
        "0.5 nats",
        "is blind",
    ):
        assert expected in said
    write_metrics(tmp_path / "fine.jsonl", 40)
    assert warnings(Metrics(tmp_path / "fine.jsonl").curves()) == []


def test_layers_lie_in_pixels_of_the_root(store):
    drawn = next(one_of_everything(store))
    root = next(image for image in drawn.sample.images)
    marks = marks_of(drawn, root, (320, 240), number=0)
    found = {(mark.layer, mark.xy) for mark in marks}
    assert ("truth", ((40.0, 40.0), (80.0, 80.0))) in found and ("boxes", ((40.0, 42.0), (82.0, 80.0))) in found
    assert ("points", ((60.0, 60.0),)) in found and ("points", ((220.0, 120.0),)) in found
    assert ("masks", ((44.0, 44.0), (78.0, 48.0), (70.0, 80.0))) in found
    assert [mark.ref for mark in marks if mark.layer == "drawings"] == [drawn.events[0].result]
    assert not any(
        mark.layer in ("truth", "distractors") for mark in marks_of(drawn, root, (320, 240), number=0, truth=False)
    )
    wild = {
        "points": [[float("nan"), 1], ["a", 2], 7, [1, 2, 3]],
        "polygon": "x",
        "mask": {"size": [1e9, 1e9], "counts": [1]},
        "bbox_2d": None,
    }
    odd = replace(
        drawn,
        events=(ToolEvent(step=2, name="x", image=root.ref, arguments=wild),),
        sample=replace(drawn.sample, meta={"evidence": [[1, 2], "x", [5, 5, 1, 1]], "distractors": 3}),
    )
    assert {mark.layer for mark in marks_of(odd, root, (320, 240), number=0)} <= {"boxes", "drawings"}


def test_a_mask_covers_its_pixels():
    inside = np.zeros((6, 4), bool)
    inside[1:3, 1:3] = inside[4:6, 2:4] = True
    flat = inside.T.reshape(-1)
    edges = np.flatnonzero(np.diff(flat.astype(int))) + 1
    counts = np.diff([0, *edges, len(flat)]).tolist()
    covered = np.zeros_like(inside)
    for corners in outlines({"size": [6, 4], "counts": counts}):
        (left, top), _, (right, bottom), _ = corners
        covered[int(top) : int(bottom), int(left) : int(right)] = True
    assert (covered == inside).all()
    assert list(outlines({"size": [6, 4], "counts": [1, 2]})) == [] == list(outlines({"size": "x", "counts": []}))


def test_signals_of_tokens(store):
    made = looking(store, 3, tokens=80)
    found = signals_of(made)
    assert list(found)[:4] == ["logp", "credit", "entropy", "mismatch"] and "visual dependence (noise)" in found
    own, seen = (np.array(made.aux["tokens"][name], float) for name in ("learner", "view/noise"))
    assert np.allclose(found["visual dependence (noise)"], own - seen)
    assert all(len(values) == made.num_sampled for values in found.values())
    broken = replace(
        made, aux={"tokens": {"credit": [1.0], "entropy": "x"}, "probe/p": {"p": [0.5] * made.num_sampled, "q": 3}}
    )
    assert set(signals_of(broken)) == {"logp", "p"}
    level, end, both = levels(np.array([-2.0, 0.0, 1.0, np.nan]))
    assert both and end == pytest.approx(2.0, rel=0.05) and level.tolist() == [-4, 0, 2, 99]
    level, _, both = levels(np.array([0.0, 0.5, 1.0]))
    assert not both and level.tolist() == [0, 4, 8]


def test_credit_that_only_discourages_is_not_shaded_as_if_it_reinforced(store):
    made = looking(store, 3, tokens=80)
    made = replace(made, aux={"tokens": {"credit": [-1.07] * made.num_sampled}})
    page = tokens_view(made, Reading())
    assert "red is discouraged: -1.07" in page.replace("<span class=\"ends\">", "")
    assert " s1d0" in page and "s1q" not in page and " s1d8" not in page


def test_tokens_are_read_back(tmp_path):
    (tmp_path / "t.json").write_text(
        json.dumps(
            {"model": {"vocab": {"Ġcat": 0, "Ã": 1, "Ċ": 2}}, "added_tokens": [{"id": 3, "content": "<|im_end|>"}]}
        )
    )
    (tmp_path / "p.json").write_text('{"patch_size": 14}')
    found = read(tmp_path / "t.json", tmp_path / "p.json")
    assert [found.text(at) for at in range(5)] == [" cat", "\\xc3", "\n", "<|im_end|>", "#4"] and found.patch_px == 14
    (tmp_path / "t.json").write_text("[]")
    assert read(tmp_path / "t.json", tmp_path / "none").text(7) == "#7"


def test_two_runs_over_the_same_items(tmp_path, store):
    from saccade.core.trajectory import Score, Stop

    def side(name, values):
        made = [
            replace(
                looking(store, 0, looks=1, tokens=40),
                sample=Sample(id=key, prompt=(), target="1"),
                rewards={"answer_match": Score(value=value)},
                stop=Stop.DONE if value is not None else Stop.ERROR,
            )
            for key, value in values.items()
        ]
        (tmp_path / name).mkdir()
        write_lines(tmp_path / name / "trajectories.jsonl", made)
        return rows_of(tmp_path / name)

    found = versus(
        side("a", {"x": 0.0, "y": 1.0, "z": 0.0, "w": 1.0, "v": None, "u": 1.0}),
        side("b", {"x": 1.0, "y": 0.0, "z": 0.0, "w": 1.0, "v": 1.0}),
    )
    assert found["counts"] == {"fixed": 1, "broken": 1, "both wrong": 1, "both right": 1}
    assert {pair["before"]["id"]: pair["kind"] for pair in found["pairs"]} == {
        "x": "fixed",
        "y": "broken",
        "z": "both wrong",
        "w": "both right",
    }
    assert (found["only_before"], found["only_after"]) == (1, 1)
