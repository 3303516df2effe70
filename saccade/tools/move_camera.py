"""Move the camera in a 3-D scene: turn on the spot, or look at the whole room from outside (Think3D).

Azimuth and elevation are relative to one of the cameras that took the pictures. The view of its own camera turns on the
spot (``ego``); the global view walks round the middle of the room and shows all cameras, numbered. The scene comes from the
sample (`meta["scene"]`, exact in worlds); nothing is reconstructed from pixels here.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from saccade.core.episode import Context
from saccade.core.message import Image
from saccade.core.tool import Tool, ToolError, tool
from saccade.media import space


def move_camera(*, size_px: int | None = None, walk: bool = False, name: str = "move_camera", cost: float = 1.0) -> Tool:
    """Make the tool.

    size_px: width of the view; None takes that of the sample's pictures
    walk:    lets an ego view step forward too, in units of the scene
    """

    def turned(
        azimuth: float, elevation: float, context: Context, view: Literal["ego", "global"] = "ego", camera: int = 1,
        forward: float = 0.0,
    ) -> Image:
        """Look at the scene from another direction.

        Args:
            azimuth: Degrees to turn to the right, -180 to 180.
            elevation: Degrees to turn upwards, -90 to 90.
            view: ego turns the camera on the spot; global looks at the whole scene from outside and shows the cameras.
            camera: Number of the camera to start from, 1 for the first.
            forward: How far to step forward after turning.
        """
        if not -180 <= azimuth <= 180 or not -90 <= elevation <= 90:
            raise ToolError("azimuth is from -180 to 180 degrees, elevation from -90 to 90")
        if not abs(forward) <= 100:
            raise ToolError("forward is from -100 to 100")
        scene = context.sample.meta.get("scene")
        if scene is None:
            raise ToolError("there is no 3-D scene behind these images")
        blocks, cameras, size = space.blocks_of(scene), space.cameras_of(scene), space.size_of(scene)
        if not 1 <= camera <= len(cameras):
            raise ToolError(f"there is no camera {camera:.20g}; cameras are numbered 1 to {len(cameras)}")
        size = size if size_px is None else (size_px, max(1, round(size_px * size[1] / size[0])))
        start = cameras[camera - 1]
        if view == "ego":
            moved = stepped(start, azimuth, elevation, forward)
            return context.store.put(space.picture(blocks, moved, size), note=f"ego of camera {camera}")
        outside = orbit(blocks, cameras, start, azimuth, elevation)
        return context.store.put(space.with_cameras(blocks, outside, cameras, size), note="global view")

    made = tool(turned, name=name, cost=cost)
    if not walk:
        del made.parameters["properties"]["forward"]
    return made


def stepped(camera: space.Camera, azimuth: float, elevation: float, forward: float) -> space.Camera:
    """The camera turned on the spot, then moved along its direction at its own height. It cannot look past straight up."""
    angle = (camera.azimuth + azimuth + 180) % 360 - 180
    a = math.radians(angle)
    x, y, z = camera.eye
    eye = (x + forward * math.sin(a), y, z + forward * math.cos(a))
    upwards = max(-90.0, min(90.0, camera.elevation + elevation))
    return space.Camera(eye=eye, azimuth=angle, elevation=upwards, fov=camera.fov)


def orbit(
    blocks: tuple[space.Block, ...], cameras: tuple[space.Camera, ...], start: space.Camera, azimuth: float, elevation: float
) -> space.Camera:
    """A camera outside that looks at the middle of everything, `azimuth` further round and `elevation` higher than `start`.

    Walking round to the right shows the room from its right side. It stays above the floor.
    """
    places = np.array([block.centre for block in blocks] + [camera.eye for camera in cameras])
    middle = (places.min(0) + places.max(0)) / 2
    far = 0.95 * float(np.linalg.norm(places - middle, axis=1).max() + 1) / math.sin(math.radians(start.fov) / 2)
    angle = start.azimuth - azimuth
    height = max(5.0, min(90.0, -start.elevation + elevation))
    a, e = math.radians(angle), math.radians(height)
    away = np.array([-math.sin(a) * math.cos(e), math.sin(e), -math.cos(a) * math.cos(e)])
    x, y, z = (float(value) for value in middle + far * away)
    return space.Camera(eye=(x, y, z), azimuth=angle, elevation=-height, fov=start.fov)


EXAMPLES = [
    ({"azimuth": 30, "elevation": 0}, "no 3-D scene"),
    ({"azimuth": 200, "elevation": 0}, "azimuth is from -180 to 180"),
    ({"azimuth": 0, "elevation": 0, "view": "aerial"}, "is one of"),
]
