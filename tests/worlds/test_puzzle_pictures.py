"""What the pictures of the newer worlds show is what their states say; other right answers are right, near ones wrong."""

import itertools

import numpy as np
import pytest

from saccade.data.spec import world
from saccade.worlds.marks import COLOURS


def states(name, num, level="easy", **changes):
    made = world(name)
    source = made.source(size=num, seed=31, level=level, **changes)
    for index in range(num):
        state = made.state(31, index, source.knobs)
        yield made, state, [np.asarray(picture, dtype=int) for picture in made.render(state)]


def near(pixels, colour, reach=40):
    return np.abs(pixels - np.array(COLOURS[colour])).max(axis=2) < reach


def test_bars_are_as_high_as_their_values():
    from saccade.worlds.sequences import columns

    for name in ("rain_water", "largest_rectangle"):
        for _, state, (pixels,) in states(name, 12):
            unit = 64 * (0.95 - 0.04) / state.knobs.high
            for (x1, _, x2, _), value in zip(columns(state), state.values, strict=True):
                blue = near(pixels, "blue")[:, int((x1 + x2) / 2)].sum()
                assert round(blue / unit) == value


def test_stops_lie_on_strokes_of_their_lines():
    from saccade.worlds.metro import centre

    for _, state, (pixels,) in states("metro", 12):
        for colour, cells in state.lines:
            for one, other in itertools.pairwise(cells):
                (x1, y1), (x2, y2) = centre(state.knobs, one), centre(state.knobs, other)
                assert near(pixels, colour, 60)[round((y1 + y2) / 2), round((x1 + x2) / 2)]


def test_changed_objects_look_changed_and_the_others_do_not():
    from saccade.worlds.changes import changed, places

    for _, state, (first, second) in states("changes", 12):
        touched = {int(number) - 1 for number, *_ in changed(state)}
        for place, (x, y) in enumerate(places(state, 0)):
            at = (slice(int(y * 64) - 5, int(y * 64) + 6), slice(int(x * 64) - 5, int(x * 64) + 6))
            if place not in touched:
                assert np.array_equal(first[at], second[at])
            if any(int(number) - 1 == place and part == "colour" for number, part, _ in changed(state)):
                assert not np.array_equal(first[at], second[at])


def test_the_cover_hides_the_thing_and_nothing_else():
    from saccade.worlds.rules import board_of

    for _, state, (pixels,) in states("rules", 12):
        for row, column in itertools.product(range(state.knobs.cells), repeat=2):
            x1, y1, x2, y2 = (round(edge) for edge in board_of(state.knobs).box(row, column))
            inside = near(pixels[y1:y2, x1:x2], state.board[row][column][0]).sum()
            assert (inside == 0) if (row, column) == state.hidden else (inside > 20)


def test_a_step_to_the_right_moves_things_left_and_near_ones_more():
    from saccade.worlds.viewpoints import seen

    found = 0
    for made, state, pictures in states("viewpoints", 20, topics=("step",)):
        assert len(pictures) == 2
        gaps = [after[0] - before[0] for before, after in zip(seen(state, False), seen(state, True), strict=True)]
        if made.solve(state) == "still":
            assert np.allclose(gaps, 0)
            continue
        found += 1
        assert all((gap < 0) == (made.solve(state) == "right") for gap in gaps)
        assert abs(gaps[0]) > abs(gaps[-1])
        colour = state.things[0][0]
        shown = [np.nonzero(near(pixels, colour))[1].mean() for pixels in pictures]
        assert (shown[1] < shown[0]) == (gaps[0] < 0)
    assert found > 5


def test_captions_have_one_false_phrase_and_it_cannot_be_told_from_the_words():
    for made, state, _ in states("captions", 40, level="medium"):
        assert made.verify(state, state.clauses[state.at]) == 1.0
        assert made.verify(state, "; ".join(state.clauses)) == 0.0
        assert all(made.verify(state, clause) == 0.0 for at, clause in enumerate(state.clauses) if at != state.at)
        assert made.verify(state, state.true) == 0.0


def test_a_program_draws_the_picture_it_was_written_for():
    from saccade.worlds.drawings import draw, read_program

    for made, state, (pixels,) in states("drawings", 10, level="medium"):
        shapes = read_program(made.solve(state))
        assert shapes and np.array_equal(np.asarray(draw(shapes, size_px=128), dtype=int), pixels)
        fewer = "\n".join(made.solve(state).split("\n")[1:])
        assert made.verify(state, fewer) < 1.0 == made.verify(state, made.solve(state))


def test_charts_and_their_code_agree():
    for made, state, pictures in states("chart_code", 30):
        assert len(pictures) == (2 if state.topic == "from_code" else 1)
        meta = made.truth(state)
        assert meta["programmable"] == (state.topic != "cloud")
        if state.topic == "to_code":
            names, values = meta["table"]["name"], meta["table"]["value"]
            rows = [{"label": name, "height": value} for name, value in zip(names, values, strict=True)]
            assert made.verify(state, f"data = {rows}") == 1.0
            assert made.verify(state, f"name = {names}; value = {values[::-1]}") == float(values == values[::-1])


@pytest.mark.parametrize("name", ["topological_order", "sliding_puzzle", "hanoi", "maze_route", "metro"])
def test_other_right_answers_are_right_and_broken_ones_are_not(name):
    separators = {"metro": "; "}
    for made, state, _ in states(name, 12):
        answer = str(made.ask(state).answer)
        assert made.verify(state, answer) == made.verify(state, made.solve(state)) == 1.0
        words = answer.split(separators.get(name, " "))
        assert made.verify(state, separators.get(name, " ").join(words[:-1])) == 0.0
        if name in ("sliding_puzzle", "maze_route"):
            back = {"up": "down", "down": "up", "left": "right", "right": "left"}
            assert made.verify(state, " ".join([*words, back[words[-1]], words[-1]])) == 1.0
            assert made.verify(state, answer + " " + "up " * 3) == 0.0


def test_puzzles_have_one_solution_and_near_ones_are_wrong():
    for name in ("nonogram", "futoshiki", "skyscrapers"):
        for made, state, _ in states(name, 8):
            rows = str(made.ask(state).answer).split("/")
            assert made.verify(state, "\n".join(rows)) == 1.0
            assert made.verify(state, str([list(row) for row in rows]).replace("'", '"')) == 1.0
            assert made.verify(state, "/".join([rows[1], rows[0], *rows[2:]])) == float(rows[0] == rows[1])
            assert made.verify(state, "/".join(rows[:-1])) == 0.0


def test_graphs_without_a_way_are_answered_with_no():
    kinds = set()
    for made, state, _ in states("hamiltonian_path", 25, level="L2"):
        kinds.add(bool(state.planted))
        assert made.verify(state, "No") == float(not state.planted)
        if state.planted:
            assert made.verify(state, " ".join(reversed(str(made.ask(state).answer).split()))) == 1.0
    assert kinds == {True, False}
