"""Find out how a chat template is spoken to, by speaking to it.

Small conversations with marks as contents are rendered and looked at: what shows up where says what the template can do. The
checkpoint's own template stays the only truth, whatever family it belongs to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from saccade.models.conversation import Manner
from saccade.models.pieces import Encoder, occurrences
from saccade.models.template import Template
from saccade.text import dialects
from saccade.text.dialect import Dialect

A, B, C = "\ue0f2a\ue0f3", "\ue0f2b\ue0f3", "\ue0f2c\ue0f3"
SCHEMA = {
    "type": "function",
    "function": {"name": "look", "description": "Look.", "parameters": {"type": "object", "properties": {}, "required": []}},
}


def says(role: str, text: str, **more: Any) -> dict[str, Any]:
    return {"role": role, "content": [{"type": "text", "text": text}], **more}


def rendered(template: Template, messages: Sequence[dict[str, Any]], **settings: Any) -> str:
    """The text, or an empty string where the template refuses."""
    try:
        return template.render(messages, **settings)
    except ValueError:
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Constants of a template.

    lead:    what stands between the generation prompt and the model's first word (a space, in some)
    closing: the control token that ends an assistant message
    picture: all that the template writes for one image
    trims:   contents are stripped of white space
    scaffold: added tokens the template writes by itself
    """

    lead: str
    closing: str
    picture: str
    trims: bool
    scaffold: frozenset[str]


def frame_of(template: Template, encoder: Encoder, manner: Manner) -> Frame:
    """Raises ValueError for a template that does not render a plain exchange, or ends it with no control token."""
    asked = [says("user", A)]
    whole = template.render([*asked, says("assistant", B)])
    prompt = template.render(asked, generation=True)
    if B not in whole or A not in whole:
        raise ValueError("the chat template does not show what it is given")
    before, after = whole.split(B)
    found = [token for start, token in occurrences(after, frozenset(encoder.special)) if start == 0]
    if not found:
        raise ValueError(f"the chat template ends an assistant message with {after!r}, which is no control token")
    tool_talk = [*asked, _calling(), says("tool", C, name="look")] if manner.tools else []
    texts = [whole, rendered(template, tool_talk, tools=[SCHEMA]) if tool_talk else ""]
    written = {token for text in texts for _, token in occurrences(text, frozenset(encoder.added))}
    pictured = [{"role": "user", "content": [*says("user", A)["content"], {"type": "image"}, *says("user", B)["content"]]}]
    return Frame(
        picture=rendered(template, pictured).partition(A)[2].partition(B)[0],
        lead=before.removeprefix(prompt) if before.startswith(prompt) else "",
        closing=found[0],
        trims="  x  " not in rendered(template, [says("user", "  x  ")]),
        scaffold=frozenset(written),
    )


def manner_of(template: Template, dialect: str | Dialect) -> tuple[Manner, tuple[str, ...]]:
    """How to speak to a template, and notes for the user. `dialect` is ``auto``, a name, or a dialect."""
    able = renders_tools(template)
    notes: list[str] = []
    if dialect == "auto":
        dialect = "hermes" if able else "tags"
        if not able:
            notes.append(
                "the chat template of this checkpoint cannot render tools: they are declared in the system text, calls are "
                'written as <tool name="...">{...}</tool> and results are shown as user messages'
            )
    if isinstance(dialect, str):
        dialect = dialect_of(dialect)
    return Manner(
        dialect=dialect,
        tools=able and dialect.name == "hermes",
        thinks=rendered(template, [says("user", A)], generation=True).endswith("<think>\n"),
        thoughts=A in rendered(template, [says("user", B), says("assistant", C, reasoning_content=A)]),
        merges=not rendered(template, [says("user", A), says("user", B)]),
        system=A in rendered(template, [says("system", A), says("user", B)]),
    ), tuple(notes)


def dialect_of(name: str) -> Dialect:
    """A dialect by its name. Raises ValueError with the names there are."""
    try:
        return vars(dialects)[name]() if name in vars(dialects) else dialects.__getattr__(name)()
    except AttributeError as error:
        raise ValueError(f"no dialect {name!r}: {error}") from error


def renders_tools(template: Template) -> bool:
    """Whether tools, calls (in the Hermes form) and results all show up."""
    asked = [says("user", A)]
    declared = rendered(template, asked, tools=[SCHEMA])
    if "look" not in declared or "look" in rendered(template, asked):
        return False
    talk = rendered(template, [*asked, _calling(), says("tool", C, name="look")], tools=[SCHEMA])
    called = talk.replace(declared, "", 1) if talk.startswith(declared) else talk
    parsed = dialect_of("hermes").parse(called.partition(C)[0])
    return C in talk and any(call.name == "look" and call.arguments == {"at": B} for call in parsed.calls)


def _calling() -> dict[str, Any]:
    function = {"name": "look", "arguments": {"at": B}}
    return {"role": "assistant", "content": "", "tool_calls": [{"type": "function", "id": "1", "function": function}]}
