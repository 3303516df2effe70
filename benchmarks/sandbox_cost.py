"""What isolation adds to a call: `python benchmarks/sandbox_cost.py [--json FILE]`.

cold: from nothing to the first answer. Compared are a jail without spare sessions and a plain interpreter that imports the
      same packages and runs the same line; the difference is what the walls cost.
warm: a call in an open session, and the opening of one from the pool, against the same line run in this process.

The line is ours (an image and an array operation), so that running it unisolated for comparison is safe. Medians of
interleaved repetitions; the processor's load at the start is printed, for on a busy machine every figure grows.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from saccade.sandbox.cell import ENVIRONMENT
from saccade.sandbox.jail import WARM, jail
from saccade.sandbox.packages import shown
from saccade.sandbox.protocol import Limits

LINE = "import numpy as np\nfrom PIL import Image\nprint(np.asarray(Image.new('RGB', (64, 48), 'red')).sum())"
COLD_MS, WARM_MS = 60.0, 10.0


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def bare() -> None:
    path = list(shown(("numpy", "pillow")).search)
    program = f"import sys; sys.path[:] = {path!r}\n{WARM['numpy']}\n{WARM['pillow']}\n{LINE}"
    command = [sys.executable, "-I", "-S", "-B", "-c", program]
    # in a session of its own, as the jail is: the scheduler shares processors out among sessions
    subprocess.run(command, env=ENVIRONMENT, check=True, stdout=subprocess.DEVNULL, start_new_session=True)


def cold() -> None:
    box = jail(limits=Limits(), spare=0)
    session = box.open()
    assert session.run(LINE).status == "ok"
    session.close()
    box.close()


def measured(cold_times: int, warm_times: int) -> dict[str, float]:
    pairs = [(seconds(bare), seconds(cold)) for _ in range(cold_times)]
    box = jail(limits=Limits(), spare=2)
    session = box.open()
    session.run(LINE)
    scope: dict[str, object] = {}
    plain, inside, opening = [], [], []
    code = compile(LINE.replace("print", "str"), "<line>", "exec")
    for _ in range(warm_times):
        plain.append(seconds(lambda: exec(code, scope)))
        inside.append(seconds(lambda: session.run(LINE)))
        time.sleep(0.02)  # the pool refills between the first calls of trajectories
        opening.append(seconds(lambda: box.open().close()))
    box.close()
    middle = statistics.median
    return {
        "bare_cold_ms": 1e3 * middle(each for each, _ in pairs), "jail_cold_ms": 1e3 * middle(each for _, each in pairs),
        "added_cold_ms": 1e3 * middle(walled - free for free, walled in pairs),
        "bare_warm_ms": 1e3 * middle(plain), "jail_warm_ms": 1e3 * middle(inside), "open_warm_ms": 1e3 * middle(opening),
        "added_warm_ms": 1e3 * (middle(inside) - middle(plain)),
        "least_added_cold_ms": 1e3 * (min(each for _, each in pairs) - min(each for each, _ in pairs)),
        "least_added_warm_ms": 1e3 * (min(inside) - min(plain)),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="What isolation adds to a call.")
    parser.add_argument("--cold", type=int, default=9, help="repetitions")
    parser.add_argument("--warm", type=int, default=50, help="repetitions")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    given = parser.parse_args()
    load = os.getloadavg()[0]
    found = {**measured(given.cold, given.warm), "load": load, "cores": float(os.cpu_count() or 1)}
    for name, value in found.items():
        print(f"{name:<22}{value:8.2f}")
    within = found["added_cold_ms"] <= COLD_MS and found["added_warm_ms"] <= WARM_MS
    print(f"at most {COLD_MS:g} ms cold and {WARM_MS:g} ms warm: {'yes' if within else 'no'}")
    if given.json:
        given.json.write_text(json.dumps(found, indent=1))
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())
