"""Run folders and a running viewer, made once; a Chromium where the extra `browser` and the system's browser are there."""

from __future__ import annotations

import os
import shutil
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image as PILImage

from saccade.core.record import write_lines
from saccade.media import open_store
from saccade.testing.runs import made_run, one_of_everything
from saccade.viewer.server import serve

CHROMIUM = (
    os.environ.get("CHROMIUM")
    or shutil.which("chromium")
    or shutil.which("chromium-browser")
    or shutil.which("google-chrome")
)


@contextmanager
def serving(*folders: Path):
    server = serve(folders, port=0)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    """A training run and another of the same items, one of everything, a picture of 5 megapixels, a file nobody may read."""
    folder = tmp_path_factory.mktemp("runs")
    made_run(folder / "train", trajectories=12, attempts=4, looks=1, updates=2, tokens=80)
    made_run(folder / "other", trajectories=12, attempts=4, looks=1, updates=2, tokens=80, seed=1)
    place = folder / "everything"
    place.mkdir()
    store = open_store(place / "media")
    write_lines(place / "trajectories.jsonl", one_of_everything(store))
    large = PILImage.effect_noise((2600, 2000), 60).convert("RGB")
    (folder / "large.ref").write_text(store.put(large).ref[3:])
    (folder / "secret.txt").write_text("secret")
    return folder


@pytest.fixture(scope="session")
def port(runs):
    with serving(runs) as found:
        yield found


@pytest.fixture(scope="session")
def chromium():
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs the extra `browser`")
    if CHROMIUM is None:
        pytest.skip("needs chromium; install it from the distribution, or say where it is with CHROMIUM")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def shots(request, tmp_path):
    """Where screenshots go: a folder that CI keeps, if SCREENSHOTS names one."""
    folder = Path(os.environ.get("SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
