"""Every case against trl 1.16, one after the other, and the page that shows them.

    python -m benchmarks.vs_trl            lines as they come, then benchmarks/RESULTS.md and benchmarks/ratios.svg
    python -m benchmarks.vs_trl --json     the list of entries {case, ratio, goal, limit, equal, ours, theirs, spread, ...}
    python -m benchmarks.vs_trl --resume   keep the cases that this source tree has measured already

A case that fails is an entry with its error; the others go on. Exits with 1 where a case failed or was not equal.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import arena, peer, results

CASES = ("prefix_logprob", "prefix_update", "vision_once", "preprocess_once", "tool_wait", "turns", "skewed", "host_memory",
         "full_step")


def tree() -> str:
    """A name for the sources that are measured."""
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted([*(arena.ROOT / "saccade").rglob("*.py"), *(arena.ROOT / "benchmarks").glob("*.py")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def measured(name: str, *, runs: int | None, resume: bool) -> list[dict[str, Any]]:
    """Entries of one case, kept on disk as soon as they are known."""
    kept = peer.cache() / "results" / f"{name}-{tree()}.json"
    if resume and kept.exists():
        return json.loads(kept.read_text(encoding="utf-8"))
    try:
        entries = arena.compete(f"benchmarks.{name}", runs=runs)
    except Exception:
        return [{"case": name, "ratio": None, "goal": None, "limit": None, "equal": False, "ours": None, "theirs": None,
                 "spread": None, "wrong": [traceback.format_exc().strip().splitlines()[-1]], "title": name}]
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(entries), encoding="utf-8")
    return entries


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="saccade against trl 1.16 on the CPU")
    parser.add_argument("--json", action="store_true", help="print the list of entries")
    parser.add_argument("--resume", action="store_true", help="keep cases that were measured with these very sources")
    parser.add_argument("--only", nargs="*", choices=CASES, default=CASES, help="some cases; writes no page")
    parser.add_argument("--runs", type=int, help="timed runs of each side and case")
    chosen = parser.parse_args(arguments)
    entries: list[dict[str, Any]] = []
    for name in chosen.only:
        found = measured(name, runs=chosen.runs, resume=chosen.resume)
        entries += found
        for each in found:
            print(arena.line(each), file=sys.stderr, flush=True)
    if tuple(chosen.only) == CASES:
        folder = Path(__file__).parent
        (folder / "ratios.svg").write_text(results.plot(entries), encoding="utf-8")
        (folder / "RESULTS.md").write_text(results.page(entries, arena.machine()), encoding="utf-8")
    if chosen.json:
        print(json.dumps(entries, indent=1))
    return int(any(not each["equal"] for each in entries))


if __name__ == "__main__":
    sys.exit(main())
