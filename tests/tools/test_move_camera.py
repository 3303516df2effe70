"""Views of a 3-D scene: projections in closed form, what turning and walking round show, depth that fits the picture."""

import numpy as np
import pytest

from saccade import worlds
from saccade.clients import sight
from saccade.media import space
from saccade.tools import depth, move_camera
from tests.tools.bench import attempt, call, pixels

RED = space.Block(name="red", centre=(0, 1, 5), size=(2, 2, 2), colour=(200, 0, 0))
BLUE = space.Block(name="blue", centre=(3, 1, 8), size=(2, 2, 2), colour=(0, 0, 200))
FRONT = space.Camera(eye=(0, 1, 0), fov=90)
ROOMS = worlds.rooms.source(size=6, seed=4, level="medium")


def test_a_block_lies_where_the_projection_says():
    view = space.render((RED,), FRONT, (104, 104))
    rows, columns = np.nonzero(view.ids == 0)
    assert (columns.min(), columns.max() + 1) == (39, 65) and (rows.min(), rows.max() + 1) == (39, 65)
    assert view.depth[52, 52] == pytest.approx(4) and np.isinf(view.depth[10, 52])
    places, far = space.project(np.array([[1.0, 2.0, 4.0]]), FRONT, (100, 100))
    assert places[0].tolist() == [62.5, 37.5] and far[0] == 4


def test_the_nearer_block_hides_the_farther_one_whatever_their_order():
    behind = space.Block(name="b", centre=(0, 1, 9), size=(1, 1, 1), colour=(0, 200, 0))
    one, two = space.render((RED, behind), FRONT, (60, 60)), space.render((behind, RED), FRONT, (60, 60))
    assert not (one.ids == 1).any() and np.array_equal(one.colour, two.colour) and np.array_equal(one.depth, two.depth)


@pytest.mark.parametrize("azimuth, elevation", [(0, 0), (37, -20), (-120, 45), (90, 90), (180, -90)])
def test_axes_are_a_right_handed_frame(azimuth, elevation):
    axes = space.Camera(eye=(0, 0, 0), azimuth=azimuth, elevation=elevation).axes
    assert np.allclose(axes @ axes.T, np.eye(3))
    assert np.allclose(np.cross(axes[2], axes[0]), axes[1])


def test_turning_right_moves_things_left():
    for turn, side in ((20, "left"), (-20, "right")):
        ids = space.render((RED,), space.Camera(eye=(0, 1, 0), azimuth=turn, fov=90), (100, 100)).ids
        middle = np.nonzero(ids == 0)[1].mean()
        assert (middle < 45) == (side == "left") and (middle > 55) == (side == "right")


def test_points_are_hidden_by_what_is_nearer():
    view, points = space.render((RED,), FRONT, (100, 100)), np.array([[0, 1, 3.0], [0, 1, 9.0]])
    shown = space.splat(view, points, np.array([[1, 2, 3], [9, 9, 9]], np.uint8), FRONT)
    assert shown.colour[50, 50].tolist() == [1, 2, 3] and not (shown.colour == 9).all(-1).any()


def test_no_turn_is_the_picture_itself_and_the_other_side_swaps_left_and_right():
    sample, tool = ROOMS[0], move_camera()
    context = attempt(tool, sample=sample)
    own = call(context, tool, azimuth=0, elevation=0, camera=2)
    assert np.array_equal(pixels(context, own), np.asarray(context.store.get(context.image(2).ref)))
    assert own.images[0].root is None
    scene = sample.meta["scene"]
    blocks, cameras = space.blocks_of(scene), space.cameras_of(scene)
    from saccade.tools.move_camera import orbit

    round_ = [orbit(blocks, cameras, cameras[0], azimuth, 10) for azimuth in (0, 180)]
    across = [space.project(np.array([each.centre for each in blocks]), camera, (96, 72))[0][:, 0] for camera in round_]
    assert np.array_equal(np.argsort(across[0]), np.argsort(across[1])[::-1])


def test_the_global_view_holds_everything_and_shows_the_cameras():
    from saccade.tools.move_camera import orbit

    for index in range(3):
        scene = ROOMS[index].meta["scene"]
        blocks, cameras = space.blocks_of(scene), space.cameras_of(scene)
        for azimuth, elevation in ((0, 0), (90, 30), (-170, 70)):
            camera = orbit(blocks, cameras, cameras[0], azimuth, elevation)
            points = np.array([each.centre for each in blocks] + [each.eye for each in cameras])
            places, far = space.project(points, camera, (128, 96))
            assert (far > 0).all() and (places >= 0).all() and (places <= (128, 96)).all()


def test_the_depth_an_oracle_tells_is_that_of_the_picture():
    tool = depth(client=sight.oracle())
    context = attempt(tool, sample=ROOMS[1])
    scene = ROOMS[1].meta["scene"]
    far = space.render(space.blocks_of(scene), space.cameras_of(scene)[1], space.size_of(scene)).depth
    told = call(context, tool, points_2d=[[64, 60]], target_image=2).text
    assert f"Point 1: {far[60, 64]:.2f}" in told


def test_the_outline_an_oracle_gives_is_what_is_seen_of_the_block_in_a_crop_too():
    from saccade.tools import crop
    from saccade.tools._seen import seen

    sample, zoom = ROOMS[2], crop()
    context = attempt(zoom, sample=sample)
    scene = sample.meta["scene"]
    ids = space.render(space.blocks_of(scene), space.cameras_of(scene)[0], space.size_of(scene)).ids
    names = [block.name for block in space.blocks_of(scene)]
    for thing in (each for each in sample.meta["things"] if each["image"] == 0):
        wanted = ids == names.index(thing["label"].split()[0])
        assert np.array_equal(sight.oracle().outline(seen(context, None), tuple(thing["box_xyxy"])), wanted)
    x1, y1, x2, y2 = (round(edge) for edge in thing["box_xyxy"])
    part = call(context, zoom, bbox_2d=[x1, y1, x2, y2]).images[0]
    inside = sight.oracle().outline(seen(context, part), (0, 0, x2 - x1, y2 - y1))
    assert np.array_equal(inside, wanted[y1:y2, x1:x2])


@pytest.mark.parametrize(("arguments", "told"), [
    ({"azimuth": 181}, "azimuth is from"), ({"elevation": -91}, "azimuth is from"), ({"camera": 3}, "numbered 1 to 2"),
    ({"camera": 0}, "no camera 0"), ({"view": "top"}, "view is one of"),
    ({"azimuth": float("nan")}, "must be a JSON number"), ({"forward": 1}, "unknown: ['forward']")])
def test_what_a_model_gets_wrong_is_told(arguments, told):
    tool = move_camera()
    assert told in call(attempt(tool, sample=ROOMS[0]), tool, **{"azimuth": 0, "elevation": 0, **arguments}).text


def test_walking_is_an_option():
    tool = move_camera(walk=True, size_px=64)
    context = attempt(tool, sample=ROOMS[0])
    near, start = (call(context, tool, azimuth=0, elevation=0, forward=step) for step in (3, 0))
    assert context.store.size(near.images[0].ref) == (64, 48)
    assert not np.array_equal(pixels(context, near), pixels(context, start))


@pytest.mark.parametrize("scene", [{}, {"blocks": [{"name": "a"}], "cameras": []}, {"blocks": 3}])
def test_a_scene_that_is_none_is_named(scene):
    with pytest.raises(ValueError, match=r"as media\.space writes them"):
        space.blocks_of(scene)
