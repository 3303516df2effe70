"""Three pictures of a user, in each layout that other projects write, become the same samples."""

from __future__ import annotations

import base64
import io
import json

import pytest
from PIL import Image as PILImage

from saccade.core.message import Image, Text
from saccade.data import source
from saccade.media import open_store

COLOURS = ("red", "green", "blue")


def picture(colour: str) -> PILImage.Image:
    return PILImage.new("RGB", (40, 30), colour)


def encoded(colour: str, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    picture(colour).save(out, kind)
    return out.getvalue()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "pics").mkdir()
    for colour in COLOURS:
        picture(colour).save(tmp_path / "pics" / f"{colour}.png")
    return tmp_path


def path_of(colour: str) -> str:
    return f"pics/{colour}.png"


def uri(colour: str) -> str:
    return "data:image/png;base64," + base64.b64encode(encoded(colour)).decode()


ASK = "Which colour?"
ROWS = {
    "plain": lambda c: {"image": path_of(c), "question": ASK, "answer": c},
    "plain base64": lambda c: {"image": base64.b64encode(encoded(c)).decode(), "query": ASK, "response": c},
    "plain data uri": lambda c: {"images": [uri(c)], "question": ASK, "answer": c},
    "trl string": lambda c: {"prompt": ASK, "image": path_of(c), "solution": c},
    "trl messages": lambda c: {"prompt": [{"role": "user", "content": ASK}], "images": [path_of(c)], "answer": c},
    "trl parts": lambda c: {
        "prompt": [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": ASK}]}],
        "images": [path_of(c)], "completion": [{"role": "assistant", "content": c}]},
    "trl preference": lambda c: {"prompt": ASK, "image": path_of(c), "chosen": c, "rejected": "grey"},
    "trl implicit prompt": lambda c: {
        "images": [path_of(c)],
        "chosen": [{"role": "user", "content": ASK}, {"role": "assistant", "content": c}],
        "rejected": [{"role": "user", "content": ASK}, {"role": "assistant", "content": "grey"}]},
    "verl": lambda c: {
        "data_source": "mine", "prompt": [{"role": "user", "content": "<image>" + ASK}], "images": [{"image": path_of(c)}],
        "ability": "colour", "reward_model": {"style": "rule", "ground_truth": c}, "extra_info": {"index": 3}},
    "easyr1": lambda c: {"problem": "<image>" + ASK, "answer": c, "images": [path_of(c)]},
    "llava": lambda c: {
        "id": 7, "image": path_of(c),
        "conversations": [{"from": "human", "value": "<image>" + ASK}, {"from": "gpt", "value": c}]},
    "vlm-r1 list": lambda c: {
        "image": [path_of(c)],
        "conversations": [{"from": "human", "value": "<image>" + ASK}, {"from": "gpt", "value": c}]},
    "swift": lambda c: {
        "messages": [{"role": "user", "content": "<image>" + ASK}, {"role": "assistant", "content": c}],
        "images": [path_of(c)]},
    "openai parts": lambda c: {"messages": [
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": uri(c)}}, {"type": "text", "text": ASK}]},
        {"role": "assistant", "content": c}]},
    "hugging face parts": lambda c: {"messages": [
        {"role": "user", "content": [{"type": "image", "image": path_of(c)}, {"type": "text", "text": ASK}]},
        {"role": "assistant", "content": [{"type": "text", "text": c}]}]},
}


def write(folder, rows, name="mine.jsonl"):
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize("layout", ROWS)
def test_same_samples_from_every_layout(folder, layout):
    data = source(write(folder, [ROWS[layout](colour) for colour in COLOURS]))
    store = open_store()
    assert len(data) == 3
    for index, colour in enumerate(COLOURS):
        sample = data[index]
        assert sample.target == colour
        assert [type(part) for part in sample.prompt[-1].parts] == [Image, Text]
        assert sample.prompt[-1].text == ASK
        assert store.get(store.adopt(sample.images[0]).ref).getpixel((5, 5)) == picture(colour).getpixel((5, 5))
        assert sample.meta["layout"] == layout.split()[0].replace("openai", "swift").replace("hugging", "swift").replace(
            "vlm-r1", "llava")
    assert len({data[index].id for index in range(3)}) == 3


def test_one_picture_has_one_name_in_every_spelling(folder):
    store = open_store()
    rows = [ROWS[name]("red") for name in ("plain", "plain base64", "plain data uri", "openai parts", "verl")]
    refs = {store.adopt(source(write(folder, [row], f"{at}.jsonl"))[0].images[0]).ref for at, row in enumerate(rows)}
    assert len(refs) == 1


def test_parquet_with_bytes_reads_one_row_group_at_a_time(folder):
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    rows = [{"problem": "<image>" + ASK, "answer": c, "images": [{"bytes": encoded(c), "path": None}]} for c in COLOURS * 4]
    pq.write_table(pa.Table.from_pylist(rows), folder / "mine.parquet", row_group_size=2)
    data = source(f"parquet:{folder / 'mine.parquet'}")
    store = open_store()
    assert len(data) == 12 and data.layout == "easyr1"
    assert [data[index].target for index in (11, 0, 6)] == ["blue", "red", "red"]
    assert store.get(store.adopt(data[4].images[0]).ref).getpixel((0, 0)) == picture("green").getpixel((0, 0))


def test_parquet_parts_with_null_keys(folder):
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    row = {"messages": [
        {"role": "user", "content": [{"type": "image", "text": None}, {"type": "text", "text": ASK}]},
        {"role": "assistant", "content": [{"type": "text", "text": "red"}]}], "images": [encoded("red")]}
    pq.write_table(pa.Table.from_pylist([row]), folder / "mine.parquet")
    sample = source(folder / "mine.parquet")[0]
    assert sample.target == "red" and len(sample.images) == 1


def test_datasets_folder_layout(folder):
    """The layout on disk of save_to_disk, written by hand; the `oracle` test writes it with datasets itself."""
    pa = pytest.importorskip("pyarrow")
    root = folder / "saved"
    (root / "train").mkdir(parents=True)
    table = pa.Table.from_pylist([{"image": {"bytes": encoded(c), "path": "x.png"}, "question": ASK, "answer": c}
                                  for c in COLOURS])
    for part in range(2):
        with pa.OSFile(str(root / "train" / f"data-{part}.arrow"), "wb") as out, pa.ipc.new_stream(out, table.schema) as to:
            to.write_table(table.slice(part * 2, 2))
    (root / "train" / "state.json").write_text(json.dumps(
        {"_data_files": [{"filename": f"data-{part}.arrow"} for part in range(2)], "_split": "train"}))
    (root / "dataset_dict.json").write_text('{"splits": ["train"]}')
    data = source(f"dataset:{root}")
    assert [data[index].target for index in range(3)] == list(COLOURS)
    with pytest.raises(ValueError, match="splits train, not 'dev'"):
        source(f"dataset:{root}?split=dev")


@pytest.mark.oracle
def test_datasets_own_folder(folder):
    datasets = pytest.importorskip("datasets")
    rows = {"image": [str(folder / path_of(c)) for c in COLOURS], "question": [ASK] * 3, "answer": list(COLOURS)}
    made = datasets.Dataset.from_dict(rows).cast_column("image", datasets.Image())
    datasets.DatasetDict({"train": made.select([2, 0, 1])}).save_to_disk(str(folder / "saved"))
    data, store = source(f"dataset:{folder / 'saved'}"), open_store()
    assert [data[index].target for index in range(3)] == ["blue", "red", "green"]
    assert store.get(store.adopt(data[0].images[0]).ref).getpixel((0, 0)) == (0, 0, 255)


def test_several_pictures_stand_where_their_marks_are(folder):
    row = {"problem": "First <image> then <image>: same?", "answer": "no", "images": [path_of("red"), path_of("blue")]}
    parts = source(write(folder, [row]))[0].prompt[0].parts
    assert [part.text if isinstance(part, Text) else part.ref[-8:] for part in parts] == [
        "First ", "/red.png", " then ", "blue.png", ": same?"]


def test_swift_boxes_fill_their_marks(folder):
    row = {"messages": [{"role": "user", "content": "<image>Where is the <ref-object>?"},
                        {"role": "assistant", "content": "<bbox>"}],
           "images": [path_of("red")], "objects": {"ref": ["dog"], "bbox": [[1, 2, 30.5, 20]]}}
    sample = source(write(folder, [row]))[0]
    assert sample.prompt[0].text == "Where is the dog?"
    assert sample.target == "[1, 2, 30.5, 20]" and sample.meta["evidence"] == [[1.0, 2.0, 30.5, 20.0]]


def test_renamed_columns_and_kept_columns(folder):
    path = write(folder, [{"pic": path_of("red"), "q": ASK, "gold": 0, "difficulty": "hard"}])
    sample = source(path, columns={"image": "pic", "question": "q", "answer": "gold"})[0]
    assert sample.target == 0 and sample.meta["columns"]["difficulty"] == "hard"
    same = source(f"jsonl:{path}?columns.image=pic&columns.question=q&columns.answer=gold")[0]
    assert same == sample


def test_frames_become_timestamps_and_pictures(folder):
    row = {"question": "What changes?", "answer": "colour", "videos": [[path_of(c) for c in COLOURS]]}
    parts = source(write(folder, [row]))[0].prompt[0].parts
    assert [part.at_s for part in parts if isinstance(part, Image)] == [0.0, 1.0, 2.0]
    assert "second" in parts[0].text


def test_a_json_list_reads_like_lines(folder):
    (folder / "llava.json").write_text(json.dumps([ROWS["llava"](c) for c in COLOURS]))
    assert source(folder / "llava.json")[2].target == "blue"


def test_opening_reads_no_pixels(folder, monkeypatch):
    path = write(folder, [ROWS["plain"](c) for c in COLOURS])
    monkeypatch.setattr(PILImage, "open", lambda *a, **k: pytest.fail("a picture was opened"))
    data = source(path)
    assert [data[index].target for index in range(3)] == list(COLOURS)


def test_a_video_file_becomes_frames_and_a_broken_one_a_bad_row(folder):
    av = pytest.importorskip("av")
    with av.open(str(folder / "clip.mp4"), "w") as out:
        stream = out.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for at in range(30):
            frame = av.VideoFrame.from_image(PILImage.new("RGB", (64, 48), COLOURS[at // 10]))
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    (folder / "broken.mp4").write_bytes(b"no video")
    rows = [{"problem": "<video>Which colour is last?", "answer": "blue", "videos": ["clip.mp4"]},
            {"problem": "<video>Which colour is last?", "answer": "blue", "videos": ["broken.mp4"]}]
    data = source(write(folder, rows), on_bad_row="raise", max_frames=3)
    parts = data[0].prompt[0].parts
    frames = [part for part in parts if isinstance(part, Image)]
    assert [frame.at_s for frame in frames] == pytest.approx([0.5, 1.5, 2.5], abs=0.11)
    store = open_store()
    red, _, blue = (store.get(store.adopt(frame).ref).getpixel((30, 20)) for frame in frames)
    assert red[0] > 200 > 60 > red[2] and blue[2] > 200 > 60 > blue[0]
    with pytest.raises(ValueError, match=r"row 2, column 'videos': .*broken\.mp4"):
        data[1]
