"""Searching a local corpus: ranking, what is remembered, broken and hostile files, and pictures of other attempts."""

import os
from dataclasses import dataclass

import numpy as np
import pytest
from PIL import Image as PILImage

from saccade.core.tool import opened
from saccade.media import open_store
from saccade.text.bm25 import bm25, excerpt, words
from saccade.tools import crop, fetch_image, open_page, search_images, search_pages, search_text
from saccade.tools._corpus import open_corpus
from tests.tools.bench import attempt, call, ramp


@pytest.fixture
def town(tmp_path):
    folder = tmp_path / "town"
    (folder / "img").mkdir(parents=True)
    (folder / "harbour.md").write_text("# The harbour\nShips come at night. ![the red lighthouse](img/light.png)\n"
                                       + "x " * 300 + "The keeper of the harbour is called Ada.")
    (folder / "mill.html").write_text("<html><title>The mill</title><script>steal()</script><body><p>Wind turns it.</p>"
                                      "<img src='img/mill.png' alt='the old mill'></body></html>")
    (folder / "notes.txt").write_text("Notes\nNothing of note about ships.")
    ramp(64, 48).save(folder / "img/light.png")
    ramp(40, 40).save(folder / "img/mill.png")
    (folder / "img/torn.png").write_bytes(b"\x89PNG\r\n\x1a\nnot a picture at all")
    (folder / "img/torn.txt").write_text("a torn photograph of the harbour")
    (folder / "binary.txt").write_bytes(b"\0\1\2" * 100)
    (folder / "huge.txt").write_bytes(b"word " * 500_000)
    outside = tmp_path / "secret.txt"
    outside.write_text("the secret of the harbour")
    os.symlink(outside, folder / "link.txt")
    return folder


def test_bm25_is_the_closed_form_and_ranks_by_shared_words():
    import math

    index = bm25(["red ship", "red red house", "blue"])
    idf = math.log(1 + (3 - 2 + 0.5) / (2 + 0.5))
    mean = 2.0
    assert index.scores("red")[0] == pytest.approx(idf * 2.5 / (1 + 1.5 * (0.25 + 0.75 * 2 / mean)))
    assert index.scores("red")[1] == pytest.approx(idf * 2 * 2.5 / (2 + 1.5 * (0.25 + 0.75 * 3 / mean)))
    assert index.scores("Ships")[0] > 0 and index.scores("green") == [0, 0, 0] and bm25([]).scores("a") == []
    assert words("The Ships' glass is 3.5") == ["the", "ship", "glass", "is", "3", "5"]


def test_an_excerpt_shows_where_the_words_are():
    text = "filler " * 100 + "the keeper is Ada" + " filler" * 100
    assert "keeper is Ada" in excerpt(text, "who is the keeper") and len(excerpt(text, "keeper")) < 220
    assert excerpt("short\ntext", "none") == "short text"


def test_documents_are_found_read_and_their_pictures_fetched(town):
    tools = search, read, fetch, images = (search_text(corpus=town), open_page(corpus=town, longest=200),
                                           fetch_image(corpus=town), search_images(corpus=town))
    context = attempt(*tools)
    found = call(context, search, query="who is the keeper of the harbour").text
    assert found.startswith("1. The harbour (harbour.md)") and "called Ada" in found and "secret" not in found
    page = call(context, read, document="harbour.md").text
    assert "[picture: the red lighthouse]" in page and "- img/light.png: the red lighthouse" in page and "start=200" in page
    assert "called Ada" in call(context, read, document="harbour.md", start=600).text
    assert "steal" not in call(context, read, document="mill.html").text
    assert call(context, images, query="old mill").text.startswith("1. img/mill.png: the old mill")
    image = call(context, fetch, identifier="img/light.png").images[0]
    assert context.store.size(image.ref) == (64, 48) and image.source == "tool"
    assert context.store.size(call(context, fetch, identifier=image.ref).images[0].ref) == (64, 48)


def test_broken_files_are_listed_and_left_out_and_links_do_not_leave_the_folder(town):
    corpus = open_corpus(town)
    assert {each.split(":")[0] for each in corpus.broken} == {"binary.txt", "huge.txt", "link.txt"}
    assert {each.name for each in corpus.documents} == {"harbour.md", "mill.html", "notes.txt"}
    fetch, pages = fetch_image(corpus=town), search_pages(corpus=town)
    context = attempt(fetch, pages)
    for name in ("img/torn.png", "link.txt", "../secret.txt", "img/../../secret.txt", "/etc/passwd", ""):
        assert call(context, fetch, identifier=name).text.startswith("Error: ")
    assert call(context, pages, query="torn photograph").text == "Error: the picture img/torn.png cannot be read"


@pytest.mark.parametrize(("make", "why"), [
    (lambda folder: folder / "nowhere", "no such folder"), (lambda folder: folder, "no text or picture that can be read")])
def test_a_corpus_that_is_none_is_the_users_mistake(tmp_path, make, why):
    with pytest.raises(ValueError, match=why):
        open_corpus(make(tmp_path))


def test_each_page_is_shown_once_an_attempt_and_cut_at_its_own_size():
    pages = {f"p{number}.png": (ramp(400, 300 + number), f"report page {number} ship") for number in range(3)}
    made = search_pages(corpus=pages, max_side_px=100)
    search, zoom = opened(made), crop(target="last", from_root=True)
    context = attempt(search, zoom)
    assert call(context, search, query="page 1").text == "p1.png"
    cut = call(context, zoom, bbox_2d=[10, 20, 30, 40])
    assert context.store.size(cut.images[0].ref) == (80, 81)
    assert context.store.get(cut.images[0].ref).getpixel((0, 0))[0] == 40
    rest = [call(context, search, query="page 1").text for _ in range(3)]
    assert sorted(rest[:2]) == ["p0.png", "p2.png"] and rest[2].startswith("No further page")
    again = opened(made)
    assert call(attempt(again), again, query="page 1").text == "p1.png"


def test_pictures_of_another_attempt_are_unknown_here():
    store = open_store()
    other = attempt(store=store, pictures=(ramp(33, 44),)).image(1)
    fetch = fetch_image()
    assert "there is no image" in call(attempt(fetch, store=store), fetch, identifier=other.ref).text


def test_fetched_pictures_keep_to_the_bounds():
    fetch = fetch_image(min_side_px=28, max_side_px=100)
    for size, got in (((400, 100), (100, 25)), ((10, 20), (28, 56)), ((60, 50), (60, 50))):
        context = attempt(fetch, pictures=(ramp(*size),))
        assert context.store.size(call(context, fetch, identifier="1").images[0].ref) == got


@dataclass(frozen=True, eq=False)
class ByRed:
    """Pictures by how red they are; the query says how red."""

    def embed_texts(self, texts):
        return np.array([[float(text), 1 - float(text)] for text in texts])

    def embed_pictures(self, pictures):
        red = [np.asarray(each)[..., 0].mean() / 255 for each in pictures]
        return np.array([[each, 1 - each] / np.linalg.norm([each, 1 - each]) for each in red])


def test_an_embedder_ranks_by_pixels():
    pages = {name: (PILImage.new("RGB", (8, 8), (red, 0, 0)), "") for name, red in (("dark", 0), ("red", 255))}
    for tool in (search_pages(corpus=pages, embedder=ByRed()), search_images(corpus=pages, embedder=ByRed())):
        assert "red" in call(attempt(tool), tool, query="1.0").text.split("\n")[0]
    search = opened(search_pages(corpus=pages, embedder=ByRed()))
    assert call(attempt(search), search, query="0.0").text == "dark"
