"""How long `import saccade` and `saccade --help` take in a fresh interpreter; the least of several runs.

    python benchmarks/import_time.py            prints seconds, exits with 1 where a budget is exceeded
"""

from __future__ import annotations

import subprocess
import sys
import time

RUNS = 7
BUDGETS_S = {"import saccade": 0.2, "saccade --help": 0.3}
COMMANDS = {
    "nothing": [sys.executable, "-c", "pass"],
    "import saccade": [sys.executable, "-c", "import saccade"],
    "saccade --help": [sys.executable, "-m", "saccade", "--help"],
}


def seconds(command: list[str]) -> float:
    """Wall-clock time of one run, the interpreter's own start included."""
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - began


def main() -> int:
    found = {name: min(seconds(command) for _ in range(RUNS)) for name, command in COMMANDS.items()}
    for name, value in found.items():
        budget = BUDGETS_S.get(name)
        print(f"{name:<16} {value:.3f} s" + (f"   (budget {budget} s)" if budget else ""))
    return int(any(found[name] - found["nothing"] > budget for name, budget in BUDGETS_S.items()))


if __name__ == "__main__":
    sys.exit(main())
