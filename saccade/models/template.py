"""The chat template of a checkpoint, as it stands in its folder.

Rendered with Jinja in the sandbox and with the settings `transformers` uses, but without importing it, so that a
conversation can be turned into text on a machine that has no torch.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """`source` is Jinja; `variables` are the named special tokens (``bos_token`` ...) it may write."""

    source: str
    variables: tuple[tuple[str, str], ...] = ()

    def render(
        self, messages: Sequence[dict[str, Any]], *, tools: Sequence[dict[str, Any]] = (), generation: bool = False
    ) -> str:
        """Text of a conversation in OpenAI form. Raises ValueError with the template's own words when it refuses."""
        jinja2 = _jinja2()
        try:
            return _compiled(self.source).render(
                messages=list(messages), tools=list(tools) or None, documents=None, add_generation_prompt=generation,
                **dict(self.variables),
            )
        except (jinja2.TemplateError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError) as error:
            raise ValueError(f"the chat template cannot render this conversation: {error}") from error


def _jinja2() -> Any:
    try:
        import jinja2
    except ImportError as error:
        raise ImportError("chat templates need jinja2: pip install 'saccade[train]'") from error
    return jinja2


@lru_cache(maxsize=32)
def _compiled(source: str) -> Any:
    from jinja2 import TemplateError, nodes
    from jinja2.ext import Extension, loopcontrols
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Generation(Extension):
        """``{% generation %}`` marks the assistant's words in training templates; here it renders what it holds."""

        tags = {"generation"}  # noqa: RUF012 - jinja2's own contract

        def parse(self, parser: Any) -> Any:
            line = next(parser.stream).lineno
            inside = parser.parse_statements(["name:endgeneration"], drop_needle=True)
            return nodes.Scope(inside).set_lineno(line)

    def refuse(message: str) -> None:
        raise TemplateError(message)

    def as_json(value: Any, ensure_ascii: bool = False, indent: Any = None, separators: Any = None,
                sort_keys: bool = False) -> str:
        return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    made = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])
    made.filters["tojson"] = as_json
    made.globals["raise_exception"] = refuse
    return made.from_string(source)


def load_template(folder: str | Path) -> Template:
    """Find the template of a checkpoint: ``chat_template.jinja``, ``chat_template.json`` or in the tokenizer's config.

    Raises ValueError naming the folder when there is none.
    """
    folder = Path(folder)
    settings = _json(folder / "tokenizer_config.json")
    named = {**_json(folder / "special_tokens_map.json"), **settings}
    variables = {key: text for key, value in named.items() if key.endswith("_token") and (text := _text(value))}
    source: Any = None
    if (folder / "chat_template.jinja").is_file():
        source = (folder / "chat_template.jinja").read_text(encoding="utf-8")
    source = source or _json(folder / "chat_template.json").get("chat_template") or settings.get("chat_template")
    if isinstance(source, list):
        source = {item["name"]: item["template"] for item in source}.get("default")
    if not isinstance(source, str):
        raise ValueError(f"{folder}: no chat template (chat_template.jinja, chat_template.json or tokenizer_config.json)")
    return Template(source=source, variables=tuple(sorted(variables.items())))


def _json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is not valid JSON: {error}") from error
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else value.get("content", "") if isinstance(value, dict) else ""
