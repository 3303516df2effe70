"""The token sequence of an attempt as the engine saw it, shaded by one signal at a time, the loss mask visible.

Shades are classes and the choice of a signal is a radio button: the style sheet does the rest, so the view works in a page
without scripts. Tokens of the prompt, of tools and of the template are pale; sampled ones are underlined; sampled ones that
no credit reached have a broken line.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from saccade.core.trajectory import Step, Trajectory
from saccade.viewer.markup import Html, tag
from saccade.viewer.reading import Reading
from saccade.viewer.signals import ABOUT, levels, signals_of, signed

MOST_SIGNALS, MOST_TOKENS = 8, 20_000


def tokens_view(trajectory: Trajectory, reading: Reading, *, name: str = "") -> Html:
    """Legend and tokens of the path to the last step. `name` tells the radio buttons of several views on a page apart."""
    steps = trajectory.path()
    if not any(step.tokens is not None for step in steps):
        return tag("p", "This attempt has no tokens: it was made by a client that answers messages.", class_="soft")
    signals = dict(list(signals_of(trajectory).items())[:MOST_SIGNALS])
    shaded = {key: levels(values, signs=signed(key)) for key, values in signals.items()}
    firsts = np.cumsum([0, *(0 if step.sampled is None else int(step.sampled.sum()) for step in trajectory.steps)])
    where = {id(step): int(firsts[at]) for at, step in enumerate(trajectory.steps)}
    body: list[Html] = []
    at = 0
    for step in steps:
        body.append(step_tokens(step, reading, signals, shaded, at, where[id(step)]))
        at += 0 if step.tokens is None else len(step.tokens)
        if at > MOST_TOKENS:
            body.append(tag("p", f"Only the first {at} tokens are shown.", class_="soft"))
            break
    return tag("div", legend(shaded, name), *body, class_="tokens")


def legend(shaded: Mapping[str, tuple[np.ndarray, float, bool]], name: str) -> Html:
    """Which signal shades, what its colours mean, and what the lines below tokens mean."""
    choices: list[Html] = []
    scales: list[Html] = []
    for at, (key, (_, end, both)) in enumerate(shaded.items()):
        radio = tag("input", type="radio", name=f"shade{name}", value=f"s{at}", checked="" if at == 0 else None)
        choices.append(tag("label", radio, key))
        steps = range(-4, 5) if both else range(9)
        boxes = [tag("i", class_=f"box {'d' if both else 'q'}{each + 4 if both else each}") for each in steps]
        low, high = (f"{-end:.3g}", f"{end:.3g}") if both else ("0", f"{end:.3g}")
        size = "" if both else " (size)"
        scales.append(
            tag(
                "p",
                f"{ABOUT.get(key, key)}{size}: ",
                tag("span", f"{low} ", tag("span", *boxes, class_="scale", aria_hidden="true"), f" {high}", class_="ends"),
                class_=f"scale-line for-s{at}",
            )
        )
    choices.append(
        tag(
            "label",
            tag("input", type="radio", name=f"shade{name}", value="none", checked=None if shaded else ""),
            "none",
        )
    )
    mask = tag(
        "p",
        tag("span", "sampled, credited", class_="t in"),
        " ",
        tag("span", "sampled, no credit", class_="t out"),
        " ",
        tag("span", "not sampled: outside the loss", class_="t"),
        class_="mask-line",
    )
    return tag(
        "fieldset",
        tag("legend", "Shade tokens by"),
        tag("div", *choices, class_="choices"),
        *scales,
        mask,
        class_="legend",
    )


def step_tokens(
    step: Step, reading: Reading, signals: Mapping[str, np.ndarray], shaded: Mapping[str, tuple], start: int, first: int
) -> Html:
    who = step.speaker if step.speaker == step.message.role else f"{step.speaker} ({step.message.role})"
    if step.tokens is None or step.sampled is None:
        return tag(
            "div", tag("div", who, class_="who"), tag("p", "no tokens: made by a client", class_="soft"), class_="turn"
        )
    out: list[Html] = []
    spans = {span.start: span for span in step.media}
    latent = {at: span for span in step.latent for at in range(span.start, span.start + span.length)}
    at = 0
    drawn_before = np.cumsum(step.sampled) - step.sampled
    while at < len(step.tokens):
        span = spans.get(at)
        if span is not None and span.length > 0:
            out.append(tag("span", f"{span.kind}, {span.length} tokens", class_="t media", data_ref=span.ref))
            at += span.length
            continue
        drawn = first + int(drawn_before[at])
        out.append(
            one_token(
                int(step.tokens[at]),
                reading,
                signals,
                shaded,
                start + at,
                drawn if step.sampled[at] else None,
                latent=latent.get(at) is not None,
            )
        )
        at += 1
    kind = {"assistant": "turn model", "tool": "turn tool"}.get(step.message.role, "turn")
    return tag("div", tag("div", who, class_="who"), tag("div", *out, class_="flow"), class_=kind)


def one_token(
    token: int,
    reading: Reading,
    signals: Mapping[str, np.ndarray],
    shaded: Mapping[str, tuple],
    place: int,
    drawn: int | None,
    *,
    latent: bool,
) -> Html:
    """A token: its text, its place as an anchor, its levels as classes, its numbers in the title."""
    text = reading.text(token)
    shown = text.replace("\n", "\u21b5\n").replace("\t", "\u21e5\t")
    kinds, said = ["t"], [f"token {place}, id {token}"]
    if latent:
        kinds.append("latent")
        said.append("latent step: its input was a vector")
    if drawn is not None:
        credit = signals.get("credit")
        kinds.append("out" if credit is not None and not np.isfinite(credit[drawn]) else "in")
        for at, (key, values) in enumerate(signals.items()):
            level, _, both = shaded[key]
            if level[drawn] != 99:
                kinds.append(f"s{at}{'d' if both else 'q'}{level[drawn] + 4 if both else level[drawn]}")
            if np.isfinite(values[drawn]):
                said.append(f"{key} {values[drawn]:.4g}")
    else:
        said.append("not sampled")
    return tag("span", shown or "\u2205", class_=" ".join(kinds), id=f"t{place}", title="; ".join(said))
