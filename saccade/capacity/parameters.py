"""How many parameters each part of a model has, and where its matrices are. Exact, by counting what the classes declare.

A linear layer is (inputs, outputs, with a bias). Matrices are listed by their names inside one layer, because three things
follow from the list: parameters, the size of an adapter, and the work of a forward pass (`formulas`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from saccade.capacity.shapes import Shape, Text, Vision

Linear = tuple[int, int, bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Parameters by the parts that freezing speaks of. `language` holds embedding and head; tied ones count once."""

    vision: int
    connector: int
    language: int
    embedding: int
    head: int

    @property
    def total(self) -> int:
        return self.vision + self.connector + self.language


def count(shape: Shape) -> Count:
    """Parameters of a whole model."""
    text = shape.text
    embedding = text.vocabulary * text.hidden
    head = 0 if text.tied else embedding
    layers = text.layers * text_layer(text)
    return Count(
        vision=vision_count(shape.vision), connector=connector_count(shape), embedding=embedding, head=head,
        language=layers + text.hidden + embedding + head,
    )


def size(linears: Iterable[Linear]) -> int:
    return sum(inputs * outputs + outputs * biased for inputs, outputs, biased in linears)


def text_linears(text: Text) -> dict[str, Linear]:
    """Matrices of one decoder layer: attention over `heads` queries and `kv_heads` keys, then a gated perceptron."""
    queries, keys, biased = text.heads * text.head_dim, text.kv_heads * text.head_dim, text.kind == "qwen2"
    return {
        "q_proj": (text.hidden, queries, biased), "k_proj": (text.hidden, keys, biased),
        "v_proj": (text.hidden, keys, biased), "o_proj": (queries, text.hidden, False),
        "gate_proj": (text.hidden, text.intermediate, False), "up_proj": (text.hidden, text.intermediate, False),
        "down_proj": (text.intermediate, text.hidden, False),
    }


def norms(text: Text) -> int:
    """Norms over the hidden size in one layer: before attention and perceptron; Gemma 3 also after each."""
    return 4 if text.kind == "gemma3" else 2


def head_norms(text: Text) -> bool:
    """Whether queries and keys are normalised a head."""
    return text.kind in ("qwen3", "gemma3")


def text_layer(text: Text) -> int:
    return size(text_linears(text).values()) + norms(text) * text.hidden + 2 * text.head_dim * head_norms(text)


def vision_linears(vision: Vision) -> dict[str, Linear]:
    """Matrices of one layer of the tower."""
    inside, inner = vision.hidden, vision.intermediate
    if vision.kind == "qwen2_5_vl":
        return {"qkv": (inside, 3 * inside, True), "proj": (inside, inside, True), "gate_proj": (inside, inner, True),
                "up_proj": (inside, inner, True), "down_proj": (inner, inside, True)}
    if vision.kind == "qwen3_vl":
        return {"qkv": (inside, 3 * inside, True), "proj": (inside, inside, True), "linear_fc1": (inside, inner, True),
                "linear_fc2": (inner, inside, True)}
    last = "projection_layer" if vision.kind == "internvl" else "out_proj"
    return {**{name: (inside, inside, vision.biased) for name in ("q_proj", "k_proj", "v_proj")},
            last: (inside, inside, True), "fc1": (inside, inner, True), "fc2": (inner, inside, True)}


def vision_count(vision: Vision) -> int:
    """The tower without what joins it to the language model."""
    inside, pixels = vision.hidden, 3 * vision.patch**2
    layer = size(vision_linears(vision).values())
    if vision.kind == "qwen2_5_vl":  # two frames a patch, no bias; norms without one
        return 2 * pixels * inside + vision.layers * (layer + 2 * inside)
    if vision.kind == "qwen3_vl":
        return 2 * pixels * inside + inside + vision.positions * inside + vision.layers * (layer + 4 * inside)
    patches = pixels * inside + inside
    if vision.kind == "internvl":  # one more position and a vector for the whole; each branch has a scale
        return patches + (vision.positions + 2) * inside + vision.layers * (layer + 6 * inside)
    return patches + vision.positions * inside + vision.layers * (layer + 4 * inside) + 2 * inside


def connector_linears(shape: Shape) -> dict[str, Linear]:
    """Matrices between tower and language model."""
    inside, out = shape.vision.hidden * shape.vision.merge**2, shape.text.hidden
    if shape.family == "qwen2_5_vl":
        return {"mlp.0": (inside, inside, True), "mlp.2": (inside, out, True)}
    if shape.family == "qwen3_vl":
        one = {"linear_fc1": (inside, inside, True), "linear_fc2": (inside, out, True)}
        return {f"{name}.{number}": each for number in range(1 + shape.vision.taps) for name, each in one.items()}
    if shape.family == "internvl":
        return {"linear_1": (inside, out, True), "linear_2": (out, out, True)}
    if shape.family == "gemma3":
        return {}  # a bare matrix, which takes no adapter
    return {"proj": (inside, out, False)}


def connector_count(shape: Shape) -> int:
    inside = shape.vision.hidden
    wide = inside * shape.vision.merge**2
    extra = {
        "qwen2_5_vl": inside, "qwen3_vl": 2 * inside + shape.vision.taps * 2 * wide, "internvl": 2 * wide,
        "gemma3": inside * shape.text.hidden + inside,
    }.get(shape.family, 0)
    return size(connector_linears(shape).values()) + extra


def learning(shape: Shape, freeze: Iterable[str]) -> int:
    """Parameters that take a gradient when these parts are frozen and there is no adapter."""
    counted, frozen = count(shape), set(freeze)
    return sum(getattr(counted, part) for part in ("vision", "connector", "language") if part not in frozen)


def adapter(shape: Shape, freeze: Iterable[str], *, rank: int, targets: tuple[str, ...] = ()) -> int:
    """Parameters of LoRA: rank x (inputs + outputs) for every adapted matrix of the parts that are not frozen.

    All linear layers but the head are adapted, or those whose last name is in `targets`.
    """
    frozen = set(freeze)
    parts: dict[str, tuple[int, Mapping[str, Linear]]] = {
        "vision": (shape.vision.layers, vision_linears(shape.vision)),
        "connector": (1, connector_linears(shape)),
        "language": (shape.text.layers, text_linears(shape.text)),
    }
    return sum(
        layers * rank * (inputs + outputs)
        for part, (layers, linears) in parts.items() if part not in frozen
        for name, (inputs, outputs, _) in linears.items() if not targets or last(name) in targets
    )


def last(name: str) -> str:
    """A matrix's last name, as `policy.lora_targets` has it: ``mlp.0`` is ``0``, ``linear_fc1.2`` is ``linear_fc1``."""
    head, _, tail = name.partition(".")
    return tail if head == "mlp" else head
