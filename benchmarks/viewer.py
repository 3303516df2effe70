"""How long the viewer takes to open a run of 10,000 trajectories with 40,000 pictures, and how it scrolls, in a Chromium.

    python benchmarks/viewer.py                  makes the run in a temporary folder, measures, exits 1 over budget
    python benchmarks/viewer.py --keep FOLDER    makes it there, or measures the one that is there

Opening is from the request of the page to the first attempts in sight, each time in a fresh server that has read nothing yet
and a fresh browser; the whole is when every record can be searched and sorted. Scrolling walks through the list in steps of
a wheel, with a jump at every thirtieth: frames that took longer than 50 ms are counted, and the longest one. What came out
is written to VIEWER.md beside this file. Needs the extra `browser` and the system's chromium.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from saccade.testing.runs import made_run

BUDGET_OPEN_S, BUDGET_SLOW_FRAMES = 2.0, 6
PAGE = Path(__file__).parent / "VIEWER.md"
SCROLL = """async () => {
  const box = document.querySelector('.list'), frames = []; let last = performance.now();
  for (let step = 0; step < 120; step++) {
    box.scrollTop += step % 30 === 29 ? 60000 : 240;
    await new Promise(requestAnimationFrame);
    const now = performance.now(); frames.push(now - last); last = now;
  }
  return frames;
}"""


def measured(page: Page, address: str, name: str) -> dict[str, float]:
    began = time.perf_counter()
    page.goto(f"{address}#/run/{name}/list")
    page.wait_for_selector(".row a")
    out = {"first rows, s": time.perf_counter() - began}
    page.wait_for_function("() => /^[0-9.,]+ attempts$/.test(document.querySelector('.count').textContent)", timeout=600_000)
    out["every record read, s"] = time.perf_counter() - began
    frames = sorted(page.evaluate(SCROLL))
    out |= {"frame at the median, ms": frames[len(frames) // 2],
            "frame at the 95th percentile, ms": frames[len(frames) * 95 // 100],
            "longest frame, ms": frames[-1],
            "frames over 50 ms, of 120": float(sum(frame > 50 for frame in frames))}
    began = time.perf_counter()
    page.evaluate("() => { const box = document.querySelector('.list'); box.scrollTop = box.scrollHeight / 2; }")
    page.wait_for_function(IN_SIGHT)
    out["rows after a jump, s"] = time.perf_counter() - began
    began = time.perf_counter()
    page.locator("#words").fill("scene/77")
    page.wait_for_function("() => /^1?[0-9]{2} attempts$/.test(document.querySelector('.count').textContent)")
    out["a search, s"] = time.perf_counter() - began
    began = time.perf_counter()
    page.locator(".row a").nth(8).click()
    page.wait_for_selector(".card img")
    out["an attempt, s"] = time.perf_counter() - began
    began = time.perf_counter()
    page.reload()
    page.wait_for_selector(".card img")
    out["opened again, s"] = time.perf_counter() - began
    return out


IN_SIGHT = """() => {
  const rows = [...document.querySelectorAll('.row')];
  return rows.length > 5 && rows.every(row => row.dataset.key);
}"""


def serving(folder: Path) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, "-m", "saccade", "view", str(folder), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, process.stdout.readline().split("at ")[1].split()[0]


def main() -> int:
    said = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    said.add_argument("--keep", type=Path)
    said.add_argument("--trajectories", type=int, default=10_000)
    said.add_argument("--times", type=int, default=3)
    asked = said.parse_args()
    temporary = None if asked.keep else tempfile.mkdtemp()
    folder = asked.keep or Path(temporary) / "run"
    if not (folder / "trajectories").is_dir():
        began = time.perf_counter()
        made_run(folder, trajectories=asked.trajectories, looks=3, updates=50)
        print(f"made in {time.perf_counter() - began:.0f} s")
    pictures = sum(1 for _ in os.scandir(folder / "media"))
    size = sum(path.stat().st_size for path in (folder / "trajectories").iterdir())
    load = os.getloadavg()[0]
    found = [once(folder) for _ in range(asked.times)]
    if temporary:
        shutil.rmtree(temporary)
    facts = {"trajectories": asked.trajectories, "pictures": pictures, "megabytes of records": round(size / 1e6),
             "load before": round(load, 1)}
    middle = {name: round(statistics.median(each[name] for each in found), 3) for name in found[0]}
    worst = {name: round(max(each[name] for each in found), 3) for name in found[0]}
    print(json.dumps({**facts, "median": middle, "worst": worst}, indent=1))
    if asked.trajectories == 10_000:
        PAGE.write_text(written(facts, middle, worst, asked.times), encoding="utf-8")
    return int(worst["first rows, s"] > BUDGET_OPEN_S or middle["frames over 50 ms, of 120"] > BUDGET_SLOW_FRAMES)


def once(folder: Path) -> dict[str, float]:
    """A fresh server, a fresh browser, everything measured in turn."""
    process, address = serving(folder)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM") or shutil.which("chromium"),
                                                 args=["--no-sandbox"])
            try:
                return measured(browser.new_page(viewport={"width": 1280, "height": 860}), address, folder.resolve().name)
            finally:
                browser.close()
    finally:
        process.terminate()
        process.wait()


def written(facts: dict[str, float], middle: dict[str, float], worst: dict[str, float], times: int) -> str:
    """The page of results."""
    machine = (f"{os.cpu_count()} cores ({platform.machine()}, {platform.system()}), no graphics card: Chromium paints on "
               f"the processor; Python {platform.python_version()}")
    rows = [f"| {name} | {middle[name]:g} | {worst[name]:g} |" for name in middle]
    return "\n".join([
        "# Opening and scrolling the viewer", "",
        f"Written by `python benchmarks/viewer.py` on {datetime.now(UTC):%Y-%m-%d}: a generated run of "
        f"{facts['trajectories']:,} trajectories with {facts['pictures']:,} pictures "
        f"({facts['megabytes of records']} MB of records), a fresh server and a fresh Chromium each of {times} times, "
        "with the records in the file cache of the operating system.", "",
        f"Machine: {machine}; load before it began: {facts['load before']}.", "",
        f"Asked for: the first attempts in sight within {BUDGET_OPEN_S:g} s at the worst, and at most {BUDGET_SLOW_FRAMES} "
        "of 120 frames over 50 ms in the middle. The command exits with 1 where that is missed.", "",
        "| | median | worst |", "|---|---|---|", *rows, "",
    ])


if __name__ == "__main__":
    sys.exit(main())
