"""`saccade faithful` from the command line: an endpoint that looks, its figures, what is refused."""

import json

import pytest

from saccade.cli import main
from saccade.cli.verbs.faithful import figure_rows, forced_rows
from saccade.core import Benchmark, Limits
from saccade.evals.faithfulness import MODES, faithfulness
from saccade.media import open_store
from saccade.tools import crop
from tests.evals.test_faithfulness import CARD, Player, items


def measured(tmp_path, *, knows, box=CARD, modes=("no_tool", *MODES)):
    store = open_store(tmp_path / "media")
    bench = Benchmark(name="cards", data=items(), tools=(crop(),), limits=Limits(seconds=600, engine_s=600, tool_s=600))
    return faithfulness(Player(store, box, knows=knows), bench, tmp_path / "out", progress=False, store=store, modes=modes)


def test_a_reader_loses_everything_with_its_crops_and_wins_by_the_right_box(tmp_path):
    found = measured(tmp_path, knows=False, box=(0, 0, 10, 10))  # looks in the wrong corner
    assert found["accuracy"] == 0.0 and found["modes"]["oracle_box"]["accuracy"] == 1.0
    assert found["modes"]["oracle_box"]["change"] == 1.0 and found["ci95"]["modes/oracle_box/change"] == [1.0, 1.0]
    right = measured(tmp_path / "right", knows=False)
    for mode in ("no_tool", "blank_crop"):
        assert right["modes"][mode]["accuracy"] == 0.0 and right["modes"][mode]["change"] == -1.0
    assert right["modes"]["swapped"]["accuracy"] < 1.0 and right["modes"]["random_box"]["accuracy"] < 1.0
    low, high = right["ci95"]["accuracy"]
    assert 0.7 < low < high == 1.0 and right["ci95"]["flips/blank"][0] > 0.7


def test_a_pretender_loses_nothing(tmp_path):
    found = measured(tmp_path, knows=True, box=(0, 0, 10, 10), modes=("no_tool", "blank_crop"))
    assert set(found["modes"]) == {"no_tool", "blank_crop"}
    assert all(each == {"accuracy": 1.0, "change": 0.0} for each in found["modes"].values())


def test_every_figure_has_a_row_and_says_what_it_is(tmp_path):
    found = measured(tmp_path, knows=False, modes=("no_tool",))
    rows = figure_rows(found)
    assert [each["mode"] for each in forced_rows(found)] == ["as it is", "no_tool"]
    assert all(each["what it is"] for each in rows) and {"seen", "flips/blank", "drop/swapped"} <= {
        each["figure"] for each in rows}
    shown = {each["figure"]: each for each in rows}
    assert shown["flips/blank"]["value"] == 1.0 and shown["flips/blank"]["95 % interval"].endswith("to 1.000")


def test_unknown_modes_are_named_before_anything_runs(tmp_path):
    with pytest.raises(ValueError, match="no forced mode 'upside_down'; there are no_tool, random_box"):
        measured(tmp_path, knows=False, modes=("upside_down",))
    assert not (tmp_path / "out").exists()


def test_the_verb_prints_figures_of_a_file_and_goes_on_where_it_was(tmp_path, monkeypatch, capsys):
    """A tiny checkpoint of random weights over a file of rows: nothing is right, every figure is a number or nothing."""
    from PIL import Image

    from saccade.testing.tiny import tiny

    monkeypatch.chdir(tmp_path)
    for number in range(2):
        Image.new("RGB", (64, 64), (40 * number, 90, 200)).save(f"{number}.png")
    rows = [{"image": f"{number}.png", "question": "Which colour?", "answer": "blue"} for number in range(2)]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    asked = ["faithful", str(tiny("qwen2_5_vl", tmp_path / "tiny")), "--data", "rows.jsonl", "--tools", "crop",
             "--max-tokens", "4", "--modes", "no_tool,oracle_box", "--out", "out", "--json"]
    first, second = said(asked, capsys), said(asked, capsys)
    assert first == second and first["n"] == 2 and first["modes"]["oracle_box"] == {"accuracy": None, "change": None}
    assert first["seen"] is None and first["modes"]["no_tool"]["accuracy"] is not None


def said(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    out = capsys.readouterr()
    assert not ended.value.code, out.err
    return json.loads(out.out)
