"""HTML that cannot be broken by what is put into it: every text is escaped unless it was made here.

Run folders and model outputs are hostile. Pages carry no script, load nothing, and say so in their content security
policy; control characters and marks that reorder text are shown, not obeyed.
"""

from __future__ import annotations

import html
import math
import re

HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
LONGEST = 6000
VOID = {"img", "meta", "rect", "line", "polyline", "circle"}


class Html(str):
    """Markup made by `tag`; anything else is text."""

    __slots__ = ()


def shown(text: object, longest: int = LONGEST) -> Html:
    """Text as markup: escaped, invisible characters spelled out, cut where it is endless."""
    raw = str(text)
    cut = f" ... ({len(raw) - longest} more characters)" if len(raw) > longest else ""
    return Html(escaped(raw[:longest]) + cut)


def escaped(text: str) -> str:
    visible = HIDDEN.sub(lambda found: f"\\u{ord(found.group()):04x}", text)
    return html.escape(visible, quote=True)


def tag(name: str, /, *children: object, **attributes: object) -> Html:
    """An element. Children that are not `Html` are text; None is left out. ``class_`` is class, ``_`` in names ``-``."""
    written = "".join(f' {key.rstrip("_").replace("_", "-")}="{escaped(str(number(value)))}"'
                      for key, value in attributes.items() if value is not None)
    if name in VOID:
        return Html(f"<{name}{written}/>")
    return Html(f"<{name}{written}>{join(*children)}</{name}>")


def join(*children: object) -> Html:
    return Html("".join(child if isinstance(child, Html) else shown(child) for child in children if child is not None))


def number(value: object) -> object:
    """Floats short, and never one that is not finite."""
    if isinstance(value, float):
        return f"{value:.6g}" if math.isfinite(value) else "0"
    return value


STYLE = Html("""
:root{color-scheme:light dark;--back:#fbfaf7;--card:#fff;--ink:#1d2127;--soft:#626a75;--line:#dfe1e5;--good:#11743a;
--bad:#b3261e;--one:#1f5fd0;--two:#b35900;--tint:#f1f3f6}
@media(prefers-color-scheme:dark){:root{--back:#14161a;--card:#1c1f25;--ink:#e8eaee;--soft:#9aa3ae;--line:#343a43;
--good:#62c98a;--bad:#ff8a80;--one:#7db0ff;--two:#ffb066;--tint:#252a32}}
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:70rem;margin:0 auto;padding:1.5rem 1rem 4rem}
h1{font-size:1.6rem;line-height:1.25;margin:.2rem 0 .6rem}h2{font-size:1.15rem;margin:2.2rem 0 .6rem}
p{margin:.4rem 0}.soft,figcaption{color:var(--soft);font-size:.875rem}
.card{background:var(--card);border:1px solid var(--line);border-radius:.7rem;padding:1rem;margin:1rem 0;display:grid;
gap:1rem 1.5rem;grid-template-columns:minmax(0,22rem) minmax(0,1fr)}
.plain{display:block}.head{grid-column:1/-1;display:flex;flex-wrap:wrap;gap:.4rem 1rem;align-items:baseline}
.head b{font-size:1.05rem}figure{margin:0 0 .8rem}.stage{position:relative;line-height:0;border-radius:.4rem;overflow:hidden}
.stage img{width:100%;height:auto}.stage svg{position:absolute;inset:0;width:100%;height:100%}
.turn{border-left:3px solid var(--line);padding:.1rem 0 .1rem .75rem;margin:.55rem 0}
.turn.model{border-color:var(--one)}.turn.tool{border-color:var(--two)}
.who{font-size:.75rem;letter-spacing:.04em;text-transform:uppercase;color:var(--soft)}
.words,pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:.1rem 0;unicode-bidi:isolate}
pre,code{font:.82rem/1.45 ui-monospace,Menlo,Consolas,monospace}
pre{background:var(--tint);border-radius:.4rem;padding:.45rem .6rem;display:inline-block;max-width:100%}
.thought{color:var(--soft);font-style:italic}.crop{display:inline-block;margin:.25rem .6rem .25rem 0;vertical-align:top}
.crop img{height:6.5rem;width:auto;max-width:100%;image-rendering:pixelated;border-radius:.3rem;border:2px solid var(--line)}
.chip{display:inline-block;background:var(--tint);border-radius:1rem;padding:.08rem .6rem;margin:.12rem .2rem .12rem 0;
font-size:.8rem;overflow-wrap:anywhere}.good{color:var(--good)}.bad{color:var(--bad)}
details{margin:.3rem 0}summary{cursor:pointer;color:var(--soft);font-size:.875rem}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{text-align:right;padding:.28rem .8rem .28rem 0;border-bottom:1px solid var(--line)}
th:first-child,td:first-child{text-align:left}th{font-weight:600;color:var(--soft);font-size:.85rem}
.chart{width:100%;max-width:36rem;height:auto;display:block}.chart text{fill:var(--soft);font-size:14px}
.key{display:inline-block;width:.8rem;height:.8rem;border-radius:.2rem;margin:0 .35rem 0 .9rem;vertical-align:-.08rem}
@media(max-width:44rem){.card{grid-template-columns:minmax(0,1fr);padding:.8rem}h1{font-size:1.3rem}}
""")


def page(title: str, *body: object) -> str:
    """A whole page that needs nothing but itself: no script, no request, light and dark, any width."""
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    head = tag(
        "head", tag("meta", charset="utf-8"), tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"), tag("title", title),
        tag("style", STYLE),
    )
    return "<!doctype html>\n" + tag("html", head, tag("body", tag("main", *body)), lang="en") + "\n"
