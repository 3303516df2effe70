"""How long the viewer takes to open a run of 10,000 trajectories with 40,000 pictures, and how it scrolls, in a Chromium.

    python benchmarks/viewer.py                  makes the run in a temporary folder, measures, exits 1 over budget
    python benchmarks/viewer.py --keep FOLDER    makes it there, or measures the one that is there

Opening is from the request of the page to the first attempts in sight, in a fresh server that has read nothing yet; the
whole is when every record can be searched and sorted. Scrolling walks through the list in steps of a wheel: frames that took
longer than 50 ms are counted, and the longest one. Needs the extra `browser` and the system's chromium.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from saccade.testing.runs import made_run

BUDGET_OPEN_S = 2.0
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
    page.locator(".row a").nth(8).click()
    page.wait_for_selector(".card img")
    out["an attempt, s"] = time.perf_counter() - began
    began = time.perf_counter()
    page.reload()
    page.wait_for_selector(".card img")
    out["opened again, s"] = time.perf_counter() - began
    return out


def serving(folder: Path) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, "-m", "saccade", "view", str(folder), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, process.stdout.readline().split("at ")[1].split()[0]


def main() -> int:
    said = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    said.add_argument("--keep", type=Path)
    said.add_argument("--trajectories", type=int, default=10_000)
    asked = said.parse_args()
    temporary = None if asked.keep else tempfile.mkdtemp()
    folder = asked.keep or Path(temporary) / "run"
    if not (folder / "trajectories").is_dir():
        began = time.perf_counter()
        made_run(folder, trajectories=asked.trajectories, looks=3, updates=50)
        print(f"made in {time.perf_counter() - began:.0f} s")
    pictures = sum(1 for _ in os.scandir(folder / "media"))
    size = sum(path.stat().st_size for path in (folder / "trajectories").iterdir())
    process, address = serving(folder)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM") or shutil.which("chromium"),
                                                 args=["--no-sandbox"])
            found = measured(browser.new_page(viewport={"width": 1280, "height": 860}), address, folder.resolve().name)
            browser.close()
    finally:
        process.terminate()
        if temporary:
            shutil.rmtree(temporary)
    load = os.getloadavg()[0]
    print(json.dumps({"pictures": pictures, "megabytes of records": round(size / 1e6), "load": round(load, 1),
                      **{name: round(value, 3) for name, value in found.items()}}, indent=1))
    return int(found["first rows, s"] > BUDGET_OPEN_S)


if __name__ == "__main__":
    sys.exit(main())
