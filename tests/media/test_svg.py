"""SVG from strangers reaches nothing and costs little."""

import time

import numpy as np
import pytest

from saccade.media.svg import drawn, sanitised

pytest.importorskip("resvg_py", reason="the extra 'draw' is not installed")


def whole(inside: str, size: str = 'width="64" height="48"') -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" {size}>{inside}</svg>'


def test_it_is_drawn():
    clean, size = sanitised(whole('<rect width="32" height="48" style="fill: #ff0000"/>'))
    pixels = np.asarray(drawn(clean))
    assert size == (64, 48) and pixels.shape == (48, 64, 3)
    assert (pixels[:, :31] == (255, 0, 0)).all() and (pixels[:, 33:] == 255).all()


def test_text_is_drawn_without_fonts_of_the_system():
    clean, _ = sanitised(whole('<text x="5" y="30" font-size="20" font-family="Nothing">Hi</text>'))
    assert (np.asarray(drawn(clean)) < 128).sum() > 50


@pytest.mark.parametrize("inside", [
    "<script>1</script>", "<style>@import url(http://x)</style>", "<foreignObject/>", "<use href='#a'/>", "<filter/>",
    "<a href='http://x'>a</a>", "<animate/>", "<pattern/>", "<marker/>", "<mask/>", "<image href='http://x/y.png'/>",
    "<image xlink:href='file:///etc/passwd'/>", "<x:y xmlns:x='z'/>", "<iframe/>", "<set/>",
])
def test_what_is_not_allowed_is_named(inside):
    with pytest.raises(ValueError, match="not allowed"):
        sanitised(whole(inside))


@pytest.mark.parametrize("attributes", [
    'fill="url(http://x)"', 'fill="url(file:///etc/passwd#a)"', 'onload="alert(1)"', "style=\"fill: url('http://x')\"",
    'filter="url(#f)"', 'href="http://x"', 'xlink:href="http://x"', 'style="background: u\\72l(http://x)"',
    'stroke-dasharray="1e-9"',
])
def test_what_reaches_outside_is_left_out(attributes):
    clean, _ = sanitised(whole(f"<rect width='9' height='9' {attributes}/>"))
    assert not any(word in clean for word in ("http://x", "passwd", "alert", "filter", "dash"))
    drawn(clean)


def test_references_within_the_drawing_stay():
    gradient = "<defs><linearGradient id='g'><stop offset='0' stop-color='red'/></linearGradient></defs>"
    clean, _ = sanitised(whole(gradient + "<rect width='9' height='9' fill='url(#g)'/>"))
    assert "url(#g)" in clean and tuple(np.asarray(drawn(clean))[4, 4]) == (255, 0, 0)


@pytest.mark.parametrize("text", [
    "", "x", "<svg", "<html/>", "<svg/>", whole("", 'width="1e9" height="2"'), whole("", 'width="0" height="0"'),
    whole("", 'viewBox="0 0 nan nan"'), whole("<g>" * 99 + "</g>" * 99), whole("<g/>" * 2000), "<svg>" * 10**5,
    '<!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + whole("&b;"), whole("&undefined;"), "\ud83d", "\0",
    '<?xml version="1.0"?><!DOCTYPE svg SYSTEM "http://x/y.dtd">' + whole(""),
])
def test_what_is_no_drawing_is_refused(text):
    with pytest.raises(ValueError):
        sanitised(text)


def test_the_worst_allowed_drawing_takes_seconds_at_most():
    stops = "<stop offset='0' stop-color='red'/><stop offset='1' stop-color='blue'/>"
    gradient = f"<defs><radialGradient id='g'>{stops}</radialGradient></defs>"
    many = "<circle cx='128' cy='128' r='1e9' fill='url(#g)' opacity='.5' stroke='red' stroke-width='99'/>" * 900
    clean, _ = sanitised(whole(gradient + many, 'width="256" height="256"'))
    began = time.process_time()
    drawn(clean)
    assert time.process_time() - began < 20
