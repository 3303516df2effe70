"""A policy that reads its crop and one that only pretends to: the same accuracy, told apart by interventions."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image as PILImage

from saccade import episodes, tools
from saccade.core import Benchmark, Image, Limits, Rows, Sample, user
from saccade.core.message import Message, ToolCall, assistant
from saccade.evals.faithfulness import faithfulness
from saccade.media import open_store

COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255)}
CARD = (40, 20, 50, 30)


def items() -> Rows:
    rows = []
    for number, (name, colour) in enumerate(list(COLOURS.items()) * 4):
        pixels = PILImage.fromarray(np.full((48, 64, 3), 200 + number, np.uint8))
        pixels.paste(colour, CARD)
        image = Image(ref=f"lazy:{number}", data=pixels)
        rows.append(Sample(id=f"i{number:02d}", prompt=(user(image, "Which colour is the card?"),), target=name,
                           meta={"evidence": [list(CARD)]}))
    return Rows(rows=rows)


class Player:
    """Calls once where a tool is offered, then names a colour: the one in the middle of its last picture, or by `knows`."""

    def __init__(self, store, box, *, knows: bool) -> None:
        self.store, self.box, self.knows, self.name = store, box, knows, "player"

    def colour(self, image, place) -> str:
        pixel = self.store.get(self.store.adopt(image).ref).getpixel(place)
        return next((name for name, colour in COLOURS.items() if colour == pixel), "grey")

    async def reply(self, messages, offered, sampling) -> Message:
        shown = [image for message in messages for image in message.images]
        looked = [image for message in messages if message.role == "tool" for image in message.images]
        if offered and not looked:
            return assistant("I look closer.", calls=(ToolCall(name="image_zoom_in_tool",
                                                               arguments={"bbox_2d": list(self.box)}),))
        whole = self.store.size(self.store.adopt(shown[0]).ref) == (64, 48)
        if self.knows and whole:
            return assistant(f"<answer>{self.colour(shown[0], (45, 25))}</answer>")
        size = self.store.size(self.store.adopt(shown[-1]).ref)
        return assistant(f"<answer>{'grey' if size == (64, 48) else self.colour(shown[-1], (5, 5))}</answer>")


def measured(tmp_path, box, *, knows: bool):
    store = open_store(tmp_path / "media")
    bench = Benchmark(name="cards", data=items(), tools=(tools.crop(),), episode=episodes.tool_loop(max_steps=3),
                      limits=Limits(seconds=30, engine_s=5, tool_s=5))
    return faithfulness(Player(store, box, knows=knows), bench, tmp_path / "out", progress=False, store=store)


def test_a_reader_depends_on_its_crops(tmp_path):
    found = measured(tmp_path, CARD, knows=False)
    assert found["accuracy"] == found["seen"] == found["evidence_found"] == found["correct_looks"] == 1.0
    assert found["illusion"] == found["unlooked"] == found["erroneous_looks"] == 0.0
    assert found["flips"] == {"blank": 1.0, "swapped": 1.0, "silent": 0.0, "misquoted": 0.0}
    assert found["drop"]["blank"] == 1.0 and found["sufficiency"] == 1.0
    assert found["without_tool"] == 0.0 and found["necessity"] == 1.0
    assert (tmp_path / "out" / "faithfulness.json").is_file()


def test_a_pretender_is_as_accurate_and_found_out(tmp_path):
    found = measured(tmp_path, (0, 0, 10, 10), knows=True)
    assert found["accuracy"] == found["illusion"] == found["erroneous_looks"] == 1.0 and found["seen"] == 0.0
    assert found["flips"]["blank"] == found["flips"]["swapped"] == 0.0
    assert found["sufficiency"] == 0.0 and found["without_tool"] == 1.0 and found["necessity"] == 0.0


def test_figures_without_items_are_none(tmp_path):
    store = open_store(tmp_path / "media")
    bench = Benchmark(name="cards", data=items(), tools=(), episode=episodes.single(), limits=Limits(seconds=30))
    found = faithfulness(Player(store, CARD, knows=True), bench, tmp_path / "out", progress=False, store=store)
    assert found["accuracy"] == found["unlooked"] == 1.0 and found["sufficiency"] is None
    assert found["flips"] == dict.fromkeys(("blank", "swapped", "silent", "misquoted")) and found["necessity"] is None
    assert found["erroneous_looks"] is None


@pytest.mark.parametrize("knows", [True, False])
def test_an_interrupted_probe_goes_on(tmp_path, knows):
    assert measured(tmp_path, CARD, knows=knows) == measured(tmp_path, CARD, knows=knows)
