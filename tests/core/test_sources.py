"""Sources, seeds and worlds: item i is a function of (source, i), in any order and any process."""

import subprocess
import sys
from dataclasses import dataclass

import numpy as np
import pytest
from PIL import Image as PILImage

from saccade.core import Question, Rows, Sample, World, generator, head, mix, seed_of, shuffle, user


def rows(name: str, count: int) -> Rows:
    return Rows(rows=[Sample(id=f"{name}{index}", prompt=(user("q"),)) for index in range(count)])


def test_seeds_differ_by_name_and_agree_across_processes() -> None:
    assert seed_of("run", 1) != seed_of("run", "1", "") != seed_of("run1")
    code = "from saccade.core.seed import seed_of; print(seed_of(3, 'v-0042', 5, 'crop'))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert int(printed) == seed_of(3, "v-0042", 5, "crop")


def test_shuffle_is_a_permutation_fixed_by_its_seed() -> None:
    source = rows("a", 50)
    one, two = shuffle(source, 1), shuffle(source, 1)
    assert [sample.id for sample in map(one.__getitem__, range(50))] == [two[index].id for index in range(50)]
    assert sorted(one.indices) == list(range(50))
    assert shuffle(source, 2).indices != one.indices


def test_head_never_reads_past_the_end() -> None:
    assert len(head(rows("a", 3), 10)) == 3


def test_mix_respects_weights_and_is_order_independent() -> None:
    both = mix(rows("a", 10), rows("b", 10), weights=[3, 1], size=400, seed=5)
    forward = [both[index].id for index in range(400)]
    backward = [both[index].id for index in reversed(range(400))]
    assert forward == backward[::-1]
    share = np.mean([name.startswith("a") for name in forward])
    assert 0.68 < share < 0.82


def test_a_row_outside_the_source_is_an_index_error() -> None:
    with pytest.raises(IndexError, match="row 9 of a source of 3"):
        rows("a", 3)[9]
    with pytest.raises(IndexError):
        mix(rows("a", 2))[2]


@dataclass(frozen=True)
class Knobs:
    top: int = 9


def number_world() -> World[Knobs, int]:
    return World(
        name="number", knobs=Knobs, levels={"easy": Knobs(), "hard": Knobs(top=99)},
        generate=lambda rng, knobs: int(rng.integers(0, knobs.top + 1)),
        render=lambda state: (PILImage.new("RGB", (8, 8), (state, 0, 0)),),
        ask=lambda state: Question(text="How red?", answer=str(state)), describe=lambda state: f"red is {state}",
        solve=str, verify=lambda state, answer: float(answer == str(state)), truth=lambda state: {"overview_suffices": True},
    )


def test_a_world_is_a_source_with_its_truth() -> None:
    source = number_world().source(size=20, seed=3)
    assert [source[index].target for index in range(20)] == [source[index].target for index in reversed(range(20))][::-1]
    sample = source[4]
    assert sample.meta["overview_suffices"] and sample.meta["index"] == 4 and sample.meta["level"] == "easy"
    assert sample.images[0].data.getpixel((0, 0))[0] == int(sample.target)
    assert number_world().source(size=1, seed=3, top=0)[0].target == "0"


def test_a_wrong_level_or_knob_names_the_right_ones() -> None:
    with pytest.raises(ValueError, match="no level 'silly'; it has easy, hard"):
        number_world().source(size=1, level="silly")
    with pytest.raises(ValueError, match="no knob 'tip'; it has top"):
        number_world().source(size=1, tip=3)


def test_generators_with_one_name_draw_alike() -> None:
    assert generator("x", 1).random() == generator("x", 1).random() != generator("x", 2).random()
