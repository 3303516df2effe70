"""The process inside a container: close the inner walls, then run what is sent."""

from __future__ import annotations

import json
import os
import sys
from typing import NoReturn

from . import walls, worker


def main(channel: int) -> NoReturn:
    """Settings are the first line on the channel; the answer to them is a line: empty, or why the walls do not stand."""
    line = b""
    while not line.endswith(b"\n"):
        line += os.read(channel, 1)
    settings = json.loads(line)
    try:
        sys.path[:] = settings["path"] or sys.path
        for source in settings["warm"]:
            exec(source, {})
        walls.close_in(settings)
    except BaseException as error:
        os.write(channel, f"{type(error).__name__}: {error}".encode()[:2000] + b"\n")
        os._exit(1)
    os.write(channel, b"\n")
    worker.serve(channel, output_chars=settings["output_chars"])
    os._exit(0)
