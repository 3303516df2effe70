"""The viewer in a real Chromium: every view, keys, narrow screens, hostile words, growth, links; axe finds nothing serious.

Run with `pytest -m browser tests/viewer`; SCREENSHOTS=folder keeps the pictures of every view.
"""

from __future__ import annotations

import json
import shutil

import pytest

from saccade.testing.runs import made_run
from tests.viewer.conftest import serving

pytestmark = pytest.mark.browser
WAIT = 30_000

VIEWS = {
    "runs": "#/",
    "run": "#/run/train?other=other",
    "list": "#/run/train/list",
    "trajectory": "#/run/train/t/1.3",
    "tokens": "#/run/train/t/1.3/tokens?at=30",
    "group": "#/run/train/t/1.3/group",
    "drawn": "#/run/everything/t/0.0",
    "clip": "#/run/everything/t/0.1",
    "code": "#/run/everything/t/0.2",
    "latent": "#/run/everything/t/0.3",
    "latent_tokens": "#/run/everything/t/0.3/tokens",
    "failed": "#/run/everything/t/0.4",
    "endpoint_tokens": "#/run/everything/t/0.5/tokens",
    "hostile": "#/run/everything/t/0.6",
    "compare": "#/compare?a=train&b=other&sort=rewards/answer_match",
    "compare_nothing": "#/compare?a=train",
    "export": "#/run/train/export",
    "nowhere": "#/run/no-such-run",
}
READY = {
    "runs": ".runs a",
    "run": ".panel svg",
    "list": ".row a",
    "compare": ".kinds button",
    "compare_nothing": "text=Choose two runs",
    "export": "text=one HTML file",
    "nowhere": "text=This cannot be shown",
    "tokens": ".flow .t",
    "latent_tokens": ".flow .t",
    "endpoint_tokens": "text=made by a client",
    "group": ".column .card",
}


@pytest.fixture
def page(chromium, port):
    context = chromium.new_context(viewport={"width": 1280, "height": 860}, accept_downloads=True)
    made = context.new_page()
    made.set_default_timeout(WAIT)
    made.trouble = []
    made.on("pageerror", lambda error: made.trouble.append(str(error)))
    made.on("console", lambda said: made.trouble.append(said.text) if said.type == "error" else None)
    made.goto(f"http://127.0.0.1:{port}/")
    yield made
    assert made.trouble == []
    context.close()


def go(page, view):
    page.evaluate("hash => { location.hash = hash }", VIEWS.get(view, view))
    page.wait_for_selector(READY.get(view, ".card"))


SETTLED = """() => [...document.querySelectorAll('main img')].every(each => {
  const box = each.getBoundingClientRect(), inside = box.top < innerHeight && box.bottom > 0 && box.left < innerWidth;
  return !inside || !each.checkVisibility() || (each.complete && each.naturalWidth > 0);
}) && !document.querySelector('.row:not([data-key])')"""


def serious(found):
    """What axe holds against a page, as a person would look for it."""
    return [
        (each["id"], each["nodes"][0]["html"][:200])
        for each in found.response["violations"]
        if each["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_every_view_fits_and_axe_finds_nothing_serious(page, shots, width, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 860})
    page.evaluate("sessionStorage.setItem('picked train', JSON.stringify(['1.3', '2.1']))")
    axe = Axe()
    for view in (*VIEWS, "keys"):
        if view == "keys":
            page.keyboard.press("?")
        else:
            go(page, view)
        page.wait_for_function(SETTLED)
        page.screenshot(path=str(shots / f"{view}_{width}_{scheme}.png"))
        assert page.evaluate("document.documentElement.scrollWidth") <= width, view
        assert serious(axe.run(page)) == [], (view, width, scheme)
    page.trouble[:] = [each for each in page.trouble if "404" not in each]  # of the run that is not there


def test_a_crop_and_its_place_light_each_other(page):
    go(page, "trajectory")
    crop, place = page.locator('figure[data-look="0"]'), page.locator('g[data-look="0"] .line')
    faint = page.locator('g[data-look="0"]')
    opacity = "each => getComputedStyle(each).fillOpacity"
    assert place.evaluate(opacity) == "0"
    crop.hover()
    page.wait_for_function("() => +getComputedStyle(document.querySelector('g[data-look] .line')).fillOpacity > 0.2")
    page.mouse.move(0, 0)
    faint.hover(force=True)
    page.wait_for_function(
        "() => getComputedStyle(document.querySelector('figure[data-look] img')).outlineStyle === 'solid'"
    )
    page.mouse.move(0, 0)
    page.keyboard.press("l")  # and by the keyboard
    assert crop.evaluate("each => each === document.activeElement")
    page.wait_for_function("() => +getComputedStyle(document.querySelector('g[data-look] .line')).fillOpacity > 0.2")


def test_layers_are_switched(page):
    go(page, "drawn")
    for layer, first in (
        ("points", True),
        ("drawings", False),
        ("truth", True),
        ("masks", True),
        ("distractors", True),
    ):
        mark, box = page.locator(f".mark.{layer}").first, page.locator(f'input[data-layer="{layer}"]')
        display = "each => getComputedStyle(each).display !== 'none'"
        assert mark.evaluate(display) is first, layer
        box.click()
        assert mark.evaluate(display) is not first, layer


def test_keys_lead_everywhere(page):
    go(page, "list")
    page.keyboard.press("j")
    page.wait_for_selector(".card")
    first = page.url
    page.keyboard.press("j")
    page.wait_for_function("was => location.href !== was", arg=first)
    page.keyboard.press("k")
    page.wait_for_function("was => location.href === was", arg=first)
    page.keyboard.press("2")
    page.wait_for_selector(".tokens")
    page.keyboard.press("3")
    page.wait_for_selector(".columns")
    page.keyboard.press("x")
    assert page.locator("#pick").get_attribute("aria-pressed") == "true"
    page.keyboard.press("Escape")
    page.wait_for_function("() => location.hash.endsWith('/list')")
    page.keyboard.press("/")
    page.keyboard.type("scene/2")
    page.wait_for_function("() => document.querySelector('.count').textContent.startsWith('4 ')")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    assert page.locator("dialog").is_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    page.wait_for_selector(".panel")


def test_tokens_are_shaded_and_linked(page):
    go(page, "tokens")
    assert "id" in page.locator(".token-line").inner_text() and page.locator(".t.at").get_attribute("id") == "t30"
    shaded = """() => [...document.querySelectorAll('.t.in')]
        .filter(each => getComputedStyle(each).backgroundColor.includes('oklab')).length"""
    assert page.evaluate(shaded) > 5
    page.locator("input[value=none]").check()
    assert page.evaluate(shaded) == 0
    page.locator("label", has_text="credit").locator("input").check()
    assert page.evaluate(shaded) > 5
    assert page.locator(".scale-line:visible").count() == 1
    page.locator("#t22").click()
    assert "at=22" in page.url
    page.keyboard.press("ArrowRight")
    assert "at=23" in page.url and page.locator(".t.at").get_attribute("id") == "t23"
    page.keyboard.press("ArrowLeft")
    assert "at=22" in page.url
    page.reload()
    page.wait_for_selector("#t22.at")


def test_filters_orders_and_links(page):
    go(page, "list")
    page.locator("select[aria-label='show']").select_option("right")
    page.wait_for_function(
        "() => document.querySelectorAll('.row .bad').length === 0 && document.querySelector('.row .good')"
    )
    page.locator("select[aria-label='show']").select_option("")
    page.locator("select[aria-label='order by']").select_option("tokens")
    page.locator("button[aria-label='greatest first']").click()
    page.wait_for_function("() => document.querySelectorAll('.row a').length === 12")
    page.locator(".row a").nth(2).click()
    page.wait_for_selector(".card")
    link, title = page.url, page.locator(".card h3").inner_text()
    page.goto("about:blank")
    page.goto(link)
    page.wait_for_selector(".card")
    assert page.locator(".card h3").inner_text() == title


def test_compare_and_export(page, tmp_path):
    go(page, "compare")
    counts = [int(each) for each in page.locator(".kinds b").all_inner_texts()]
    assert sum(counts) == 3 == page.locator(".pairs tbody tr").count()
    kind = page.locator(".kinds button").nth(max(range(4), key=counts.__getitem__))
    kind.click()
    page.wait_for_function("n => document.querySelectorAll('.pairs tbody tr').length === n", arg=max(counts))
    kind.click()
    page.locator("#compare-sort").select_option("rewards/answer_match")
    page.wait_for_function("() => document.querySelectorAll('.pairs th[scope=col]').length === 6")
    page.locator("button[aria-label='greatest first']").click()
    page.wait_for_selector("button[aria-label='greatest first'][aria-pressed=true]")
    grown = [
        float(after) - float(before)
        for before, after in (each.split(" → ") for each in page.locator(".pairs td:nth-child(5)").all_inner_texts())
    ]
    assert len(grown) == 3 and grown == sorted(grown, reverse=True)
    page.locator(".pairs a").first.click()
    page.wait_for_selector(".card")
    page.keyboard.press("x")
    page.keyboard.press("e")
    page.wait_for_selector("text=1 attempt picked")
    with page.expect_download() as begun:
        page.locator("text=one HTML file").click()
    begun.value.save_as(tmp_path / "page.html")
    page.goto((tmp_path / "page.html").as_uri())
    page.wait_for_selector(".card")
    assert page.locator(".card img").first.evaluate("each => each.naturalWidth") > 0
    page.locator(".card input[data-layer=looks]").uncheck()  # without any script
    assert page.locator(".mark.looks").first.evaluate("each => getComputedStyle(each).display") == "none"


def test_everything_found_is_picked_at_once(page):
    go(page, "list")
    page.locator("select[aria-label='show']").select_option("right")
    page.wait_for_function("() => !document.querySelector('.row .bad') && document.querySelector('.row .good')")
    found = int(page.locator(".count").inner_text().split()[0])
    page.locator("text=pick all").click()
    page.wait_for_function("n => document.querySelectorAll('.row input:checked').length === n", arg=found)
    page.keyboard.press("e")
    page.wait_for_selector(f"text={found} attempts picked")
    assert page.locator("ol li").count() == found


def test_hostile_words_stay_words(page):
    for view in ("hostile", "#/run/everything/t/0.6/tokens", "#/run/everything/t/0.6/group", "#/run/everything/list"):
        page.evaluate("hash => { location.hash = hash }", VIEWS.get(view, view))
        page.wait_for_selector(".card, .tokens, .row a")
        page.wait_for_timeout(200)
        assert page.evaluate("window.pwned") is None and page.locator("main script").count() == 0
        assert "\u202e" not in page.inner_text("main")
    assert "<script>window.pwned=1</script>" in page.inner_text("main")


def test_looking_closer(page, runs, port):
    go(page, "drawn")
    page.locator("button[aria-label=closer]").first.click()
    assert "scale(1.6)" in page.locator(".pane").first.get_attribute("style")
    page.locator("button[aria-label='whole picture']").first.click()
    assert page.locator(".pane").first.evaluate("each => each.style.transform") == ""


def test_a_picture_of_100_megapixels_comes_in_tiles(chromium, tmp_path, shots):
    from PIL import Image as PILImage
    from PIL import ImageDraw

    from saccade.core.message import user
    from saccade.core.record import write_lines
    from saccade.core.sample import Sample
    from saccade.core.trajectory import Step, Trajectory
    from saccade.media import open_store

    large = PILImage.linear_gradient("L").resize((12_000, 8_400)).convert("RGB")
    draw = ImageDraw.Draw(large)
    for at in range(0, 12_000, 400):
        draw.line((at, 0, at, 8_400), fill="orange", width=12)
        draw.line((0, at, 12_000, at), fill="navy", width=12)
    image = open_store(tmp_path / "r" / "media").put(large, source="input")
    asked = user(image, "What is it?")
    write_lines(
        tmp_path / "r" / "trajectories.jsonl",
        [
            Trajectory(
                sample=Sample(id="large", prompt=(asked,)), steps=(Step(parent=None, speaker="user", message=asked),)
            )
        ],
    )
    with serving(tmp_path) as port:
        page = chromium.new_page()
        page.set_default_timeout(WAIT)
        page.goto(f"http://127.0.0.1:{port}/#/run/r/t/0.0")
        for _ in range(4):
            page.locator("button[aria-label=closer]").first.click()
        page.wait_for_function("() => [...document.querySelectorAll('.tile')].some(each => each.naturalWidth > 0)")
        assert 0 < page.locator(".tile").count() < 30
        page.wait_for_function("() => [...document.querySelectorAll('.tile')].every(each => each.naturalWidth > 0)")
        page.wait_for_function(SETTLED)
        page.screenshot(path=str(shots / "tiles.png"))
        page.close()


def test_a_run_is_followed_while_it_grows(chromium, tmp_path):
    made_run(tmp_path / "a", trajectories=4, attempts=2, looks=1, updates=1, tokens=40)
    with serving(tmp_path) as port:
        page = chromium.new_page()
        page.set_default_timeout(WAIT)
        page.goto(f"http://127.0.0.1:{port}/#/run/a/list")
        page.wait_for_function("() => document.querySelector('.count')?.textContent.startsWith('4 ')")
        page.wait_for_selector(".live.on")
        first = tmp_path / "a" / "trajectories" / "update_000001.jsonl"
        shutil.copy(first, first.parent / "update_000002.jsonl")
        page.wait_for_function("() => document.querySelector('.count')?.textContent.startsWith('8 ')")
        page.evaluate("() => { location.hash = '#/run/a' }")
        page.wait_for_selector(".panel")
        page.wait_for_timeout(3000)
        with (tmp_path / "a" / "metrics.jsonl").open("a") as out:
            out.write(json.dumps({"update": 2, "reward": 0.987}) + "\n")
        page.wait_for_selector("text=reward (last 0.987)")
        page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("run", ["train", "everything"])
def test_a_report_passes_axe_and_needs_no_script(chromium, runs, tmp_path, shots, run, scheme):
    from axe_playwright_python.sync_playwright import Axe

    from saccade.viewer.page import report

    context = chromium.new_context(viewport={"width": 390, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    page.goto(report(runs / run, out=tmp_path / "report.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert serious(Axe().run(page)) == []
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 860})
        page.screenshot(path=str(shots / f"report_{run}_{width}_{scheme}.png"), full_page=width == 1280)
    context.close()
