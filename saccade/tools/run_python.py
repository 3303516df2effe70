"""Run Python that the model writes: pictures in, pictures out, variables kept for the whole attempt.

Thinking with code (arXiv 2507.07998 and its relatives). The code runs in the sandbox that is given here, or in that of the
rollout; never in this process and never without isolation. What the code does wrong (it raises, ends its process, takes
too long or too much) comes back as text to the model and is scored; a sandbox that fails ends the attempt as ours.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

from saccade.core.episode import Context
from saccade.core.message import Image, Part, Text
from saccade.core.tool import Tool, ToolError, tool
from saccade.media.ppm import from_ppm, to_ppm

PRELUDE = '''
import glob as _glob, os as _os, sys as _sys
import numpy as np
from PIL import Image
np.random.seed(0)
images = []

def _take(pattern):
    for path in sorted(_glob.glob("given/*.ppm")):
        with Image.open(path) as opened:
            images.append(opened.convert("RGB"))
        _os.remove(path)
        globals()[pattern.format(index=len(images) - 1, number=len(images))] = images[-1]

def show(image):
    """Look at a picture: a PIL image, an array of height x width (x 3 or 4), or a matplotlib figure."""
    if hasattr(image, "savefig"):
        image.canvas.draw()
        image = Image.fromarray(np.asarray(image.canvas.buffer_rgba()))
    if not isinstance(image, Image.Image):
        array = np.squeeze(np.asarray(image))
        if array.dtype == bool:
            array = array * 255
        elif array.dtype.kind == "f":
            array = array * (255 if np.nanmax(array, initial=0) <= 1 else 1)
        image = Image.fromarray(np.nan_to_num(array).clip(0, 255).astype(np.uint8))
    _os.makedirs("shown", exist_ok=True)
    image.convert("RGB").save("shown/%06d.ppm" % len(_os.listdir("shown")))

if "matplotlib.pyplot" in _sys.modules:
    import matplotlib.pyplot as plt

    def _show_figures(*_, **__):
        for number in plt.get_fignums():
            show(plt.figure(number))
        plt.close("all")

    plt.show = _show_figures
'''



def run_python(
    *, sandbox: Any = None, names: str = "image_{number}", max_images: int = 4, max_pixels: int = 16_000_000,
    name: str = "run_python", timeout_s: float = 60.0, concurrency: int | None = None,
) -> Tool:
    """Make the tool.

    sandbox:     where code runs (`saccade.sandbox`); None takes that of the rollout
    names:       the variable each picture is bound to; `{number}` counts from 1, `{index}` from 0
    max_images:  shown by one call; max_pixels: of one of them
    timeout_s:   of a call; the sandbox's own limit for a run must be shorter, so that it is the one that speaks
    concurrency: runs at once over all trajectories
    """

    def fresh() -> Tool:
        interpreter = Interpreter(sandbox, names, max_images, max_pixels)
        return replace(declared, function=interpreter, close=interpreter.close, canary=interpreter.canary, open=fresh)

    declared = tool(
        Interpreter(sandbox, names, max_images, max_pixels), name=name, pure=False, timeout_s=timeout_s,
        concurrency=concurrency,
    )
    called = f"{names.format(number=1, index=0)}, {names.format(number=2, index=1)}, ..."
    declared = replace(declared, description=f"{declared.description} The images shown so far are {called} (PIL).")
    return fresh()


class Interpreter:
    """The session of one attempt, opened by its first call."""

    def __init__(self, sandbox: Any, names: str, max_images: int, max_pixels: int) -> None:
        self.sandbox, self.names, self.max_images, self.max_pixels = sandbox, names, max_images, max_pixels
        self._session: Any = None
        self._given, self._touched = 0, False
        self._turn = threading.Lock()

    def __call__(self, code: str, context: Context) -> list[Part]:
        """Run Python code with numpy and PIL. Variables are kept. show(image) lets you look at an image.

        Args:
            code: Python source.
        """
        with self._turn:  # calls of one message share the interpreter, one after another
            if self.sandbox is None:
                self.sandbox = context.sandbox
            session, self._touched = self._session_with(context), True
            result = session.run(code, collect="shown/*.ppm")
            if not result.alive:
                self.close()
        text = "\n".join(part.rstrip() for part in (result.stdout, result.stderr) if part.strip())
        if result.status == "error":
            raise ToolError(f"{text}\n{result.error}".strip())
        if not result.alive:
            raise ToolError(f"{result.error}; the interpreter was started anew, its variables are gone")
        pictures = self._pictures(result.files, context)
        return [Text(text=text)] * bool(text or not pictures) + pictures

    def canary(self) -> None:
        """Raise where the sandbox gives no session that answers."""
        if self.sandbox is None:
            return
        session = self.sandbox.open()
        try:
            if session.run("print(6 * 7)").stdout != "42\n":
                raise RuntimeError("the sandbox answers wrongly")
        finally:
            session.close()

    def close(self) -> None:
        session, self._session = self._session, None
        self._given, self._touched = 0, False
        if session is not None:
            session.close()

    def _session_with(self, context: Context) -> Any:
        """The session of this attempt, with the pictures that were shown since the last call."""
        if self._session is None:
            if self.sandbox is None:
                raise ValueError("run_python has no sandbox: run_python(sandbox=saccade.sandbox.jail())")
            self._session = self.sandbox.open()
            self._ours(PRELUDE, {})
        new = shown(context)[self._given :]
        if new:
            files = {f"given/{at:06d}.ppm": to_ppm(context.store.get(image.ref)) for at, image in enumerate(new)}
            self._ours(f"_take({self.names!r})", files)
            self._given += len(new)
        return self._session

    def _ours(self, code: str, files: dict[str, bytes]) -> None:
        """Run our own lines. In a fresh session a failure is ours or the user's (limits too narrow for the pictures); where
        code of the model ran before, it can have broken anything, and answers for it."""
        result = self._session.run(code, files=files)
        if result.status != "ok":
            touched = self._touched
            self.close()
            if touched:
                raise ToolError(f"the interpreter no longer takes pictures ({result.error}); it was started anew")
            size = f"{sum(map(len, files.values())) >> 20} MB"
            raise RuntimeError(f"the session could not take pictures of {size} (Limits.disk_mb, memory_mb): {result.error}")

    def _pictures(self, files: Any, context: Context) -> list[Part]:
        if len(files) > self.max_images:
            raise ToolError(f"{len(files)} pictures were shown; at most {self.max_images} can be in one call")
        try:
            return [context.store.put(from_ppm(data, max_pixels=self.max_pixels)) for _, data in sorted(files.items())]
        except ValueError as error:
            raise ToolError(f"show() got what cannot be shown: {error}") from error


def shown(context: Context) -> list[Image]:
    """Every picture shown so far, in order."""
    found: list[Image] = []
    while True:
        try:
            found.append(context.image(len(found) + 1))
        except ToolError:
            return found


EXAMPLES = [
    ({"code": "show(images[0].crop((0, 0, 64, 48)))"}, (64, 48)),
    ({"code": "image_1.size"}, "(192, 144)"),
    ({"code": "print(np.asarray(image_1).shape)"}, "(144, 192, 3)"),
    ({"code": "show(np.zeros((30, 50)))"}, (50, 30)),
    ({"code": "x = 1"}, ""),
    ({"code": "1 / 0"}, "ZeroDivisionError"),
    ({"code": "import os; os._exit(1)"}, "started anew"),
    ({"code": "open('/etc/passwd')"}, "FileNotFoundError"),
    ({"code": "for _ in range(9): show(images[0])"}, "at most 4"),
    ({"code": "image_clue_0.size"}, "(192, 144)", {"names": "image_clue_{index}"}),
]
