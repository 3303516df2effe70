"""The model card of glimpse: every skill measured on held-out items, and how it looks for hidden details.

`measure` reads a checkpoint folder and nothing else, so that the card can be made again by anybody from the packaged
weights; `write` keeps the numbers as ``card.json`` and the page as ``MODEL_CARD.md`` beside them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from saccade import worlds
from saccade.core.message import Box, Message
from saccade.core.seed import generator
from saccade.core.tool import ToolError, read_box
from saccade.glimpse.skills import SKILLS, items
from saccade.glimpse.talk import ZOOM, Talk, asked, called, shown, zoom_schema
from saccade.glimpse.tokenizer import BINS
from saccade.media.boxes import grid_edges, to_pixels
from saccade.worlds.answers import agrees
from saccade.worlds.hidden_detail import ask, render

ANSWER = re.compile(r"<answer>([^<]*(?:<\d+>){0,4})</answer><\|im_end\|>")
CALL = re.compile(
    r'<tool_call>\n\{"name": "' + ZOOM + r'", "arguments": \{"bbox_2d": "((?:<\d+>){4})"\}\}\n</tool_call><\|im_end\|>'
)


def answer_of(reply: str) -> str | None:
    """The text between the answer tags of a well-formed reply, else None."""
    found = ANSWER.fullmatch(reply)
    return found.group(1) if found else None


def box_of(reply: str) -> Box | None:
    """The box of a well-formed call to the zoom tool, else None."""
    found = CALL.fullmatch(reply)
    try:
        return read_box(found.group(1), frame="grid", bins=BINS) if found else None
    except ToolError:
        return None


def measure(model: Any, tokenizer: Any, *, num_items: int = 300, num_hidden: int = 500) -> dict[str, Any]:
    """Accuracies of all skills, of their blind baselines, and of `hidden_detail`. Deterministic."""
    from saccade.glimpse.reply import replies

    skills: dict[str, Any] = {}
    formed: list[bool] = []
    for name, skill in SKILLS.items():
        held = items(name, num_items)
        said = replies(model, tokenizer, [each.talk() for each in held])
        swapped = zip(held, held[1:] + held[:1], strict=True)
        blind = replies(model, tokenizer, [each.talk(other.pixels) for each, other in swapped])
        formed += [answer_of(text) is not None for text in said]
        skills[name] = {
            "accuracy": rate(agrees(each.question, answer_of(text) or "") for each, text in zip(held, said, strict=True)),
            "blind": rate(agrees(each.question, answer_of(text) or "") for each, text in zip(held, blind, strict=True)),
            "n": len(held), "least": skill.least, "above_blind": skill.above_blind,
        }
    return {"skills": skills, "well_formed_answers": rate(formed), "hidden_detail": look(model, tokenizer, num_hidden)}


def look(model: Any, tokenizer: Any, count: int) -> dict[str, float]:
    """The real variant on test scans and test photographs: with its own crop, without a tool, with the right crop."""
    from saccade.glimpse.reply import replies

    world = worlds.hidden_detail
    knobs = replace(world.levels["real"], split="test")
    states = [world.generate(generator("glimpse", "held out", "hidden", index), knobs) for index in range(count)]
    pictures = [render(state)[0] for state in states]
    schema = (zoom_schema(),)
    starts = [asked(ask(state).text, picture) for state, picture in zip(states, pictures, strict=True)]

    def talks(*more: Sequence[Message], tools: Any = schema) -> list[Talk]:
        return [Talk(kind="hidden", messages=messages, learned=(), tools=tools)
                for messages in zip(starts, *more, strict=True)]

    def right(texts: Sequence[str]) -> list[float]:
        return [agrees(ask(state), answer_of(text) or "") for state, text in zip(states, texts, strict=True)]

    def after(boxes: Sequence[Box | None], cuts: Sequence[Any] = ()) -> list[str]:
        filled = [box or Box(xyxy=(0, 0, BINS, BINS), frame="grid") for box in boxes]
        calls = [called(ZOOM, [int(edge) for edge in box.xyxy]) for box in filled]
        seen = cuts or [crop(picture, box) for picture, box in zip(pictures, filled, strict=True)]
        return replies(model, tokenizer, talks(calls, [shown(each) for each in seen]))

    first = [box_of(text) for text in replies(model, tokenizer, talks())]
    drawn = [box_of(text) for text in replies(model, tokenizer, talks(), temperature=1.0, seed=1)]
    gold = [Box(xyxy=grid_edges(state.cards[0].box_xyxy, pictures[0].size, bins=BINS), frame="grid") for state in states]
    tight = [picture.crop(state.cards[0].box_xyxy) for picture, state in zip(pictures, states, strict=True)]
    wide = [Box(xyxy=widened(box.xyxy), frame="grid") for box in gold]
    return {
        "calls": rate(box is not None for box in first), "sampled_calls": rate(box is not None for box in drawn),
        "own_crop": rate(r for r, box in zip(right(after(first)), first, strict=True)),
        "own_crop_sampled": rate(r * (box is not None) for r, box in zip(right(after(drawn)), drawn, strict=True)),
        "no_tool": rate(right(replies(model, tokenizer, talks(tools=())))),
        "oracle_box": rate(right(after(gold, tight))), "oracle_box_wider": rate(right(after(wide))),
        "answers_after_crop": rate(answer_of(text) is not None for text in after(drawn)), "n_hidden": count,
    }


def widened(box: Sequence[float]) -> tuple[float, float, float, float]:
    """One bin more on every side, inside the picture."""
    return max(box[0] - 1, 0), max(box[1] - 1, 0), min(box[2] + 1, BINS), min(box[3] + 1, BINS)


def crop(picture: Any, box: Box) -> Any:
    return picture.crop(tuple(round(edge) for edge in to_pixels(box, picture.size, bins=BINS)))


def rate(values: Any) -> float:
    found = [float(value) for value in values]
    return round(sum(found) / len(found), 4)


def load(folder: str | Path) -> tuple[Any, Any]:
    """Model and tokenizer of a checkpoint folder, in fp32, for evaluation."""
    from transformers import AutoModelForImageTextToText, AutoTokenizer

    model = AutoModelForImageTextToText.from_pretrained(folder, dtype="float32").eval()
    return model, AutoTokenizer.from_pretrained(folder)


def write(folder: str | Path, *, num_items: int = 300, num_hidden: int = 500) -> dict[str, Any]:
    """Measure a checkpoint folder and keep the card beside its weights."""
    card = {**measure(*load(folder), num_items=num_items, num_hidden=num_hidden), "made": made(Path(folder))}
    (Path(folder) / "card.json").write_text(json.dumps(card, indent=1) + "\n")
    (Path(folder) / "MODEL_CARD.md").write_text(page(card))
    return card


def made(folder: Path) -> dict[str, Any]:
    """Updates and seconds that the training took: from its log, or from the former card where the log is gone."""
    log, card = folder / "pretrain.jsonl", folder / "card.json"
    if log.is_file():
        last = json.loads(log.read_text().splitlines()[-1])
        return {"updates": last["update"], "seconds": last["seconds"]}
    return json.loads(card.read_text()).get("made", {}) if card.is_file() else {}


def page(card: dict[str, Any]) -> str:
    """The card as Markdown."""
    look, rows = card["hidden_detail"], []
    for name, each in card["skills"].items():
        wanted = f"{each['least']:.0%}" if each["least"] else ""
        wanted += f", {each['above_blind']:.0%} above blind" if each["above_blind"] else ""
        reached = each["accuracy"] >= each["least"] and each["accuracy"] >= each["blind"] + each["above_blind"]
        mark = "" if not wanted else "yes" if reached else "no"
        rows.append(f"| {name} | {each['accuracy']:.1%} | {each['blind']:.1%} | {wanted} | {mark} |")
    how = card.get("made", {})
    return HEAD.format(
        skills="\n".join(rows), n=next(iter(card["skills"].values()))["n"], formed=card["well_formed_answers"],
        updates=how.get("updates", 0), minutes=how.get("seconds", 0) / 60, **look
    )


HEAD = """# glimpse

A Qwen2.5-VL of two million parameters that can see and does not know where to look. Made by `saccade pretrain glimpse`
from procedural pictures, training scans of handwritten digits and training photographs; never trained with
reinforcement. English, six colours, pictures seen at 64 x 64 pixels. It is for trying methods on a laptop, and for
nothing else.

## Skills

{n} held-out questions each, one a picture, greedy. Blind: the same model and question with the picture of the next item.

| Skill | Accuracy | Blind | Wanted | Reached |
|---|---:|---:|---|---|
{skills}

Well-formed answers: {formed:.1%}.

## Looking for a hidden detail

{n_hidden} items of the real variant of `hidden_detail`: test scans on test photographs. Chance is 10 %.

| What | Figure |
|---|---:|
| writes a well-formed call when the tool is offered, greedy | {calls:.1%} |
| the same, sampled at temperature 1 | {sampled_calls:.1%} |
| right with its own crop, greedy | {own_crop:.1%} |
| right with its own crop, sampled | {own_crop_sampled:.1%} |
| right without a tool | {no_tool:.1%} |
| right with the card's own box, to the pixel | {oracle_box:.1%} |
| right with the nearest grid box, one bin wider on every side | {oracle_box_wider:.1%} |
| answers after one crop, well-formed | {answers_after_crop:.1%} |

Its crops are sloppy on purpose: the boxes of the calls it learned from lie within three or four of sixteen bins of the card,
some anywhere, and most of them cut it off. Asked where the card is, it answers much better than it looks.

## How it was made

`saccade pretrain glimpse --card`: {updates:,} updates of 64 conversations, {minutes:.0f} minutes of wall clock on two cores.
The stages are in `corpus.py`. A run is a function of its seed: bit-identical on one machine with one number of threads.
"""
