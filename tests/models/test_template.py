"""Templates as they lie in folders: the same text as `transformers` renders, wherever the template is kept."""

import json

import pytest
from transformers import AutoTokenizer

from saccade.models.template import Template, load_template
from saccade.testing.tiny import CONFIGS, tiny

TALK = [
    {"role": "user", "content": [{"type": "text", "text": "a < b & 'ü' \u2028"}, {"type": "image"}]},
    {"role": "assistant", "content": [{"type": "text", "text": " yes "}]},
    {"role": "user", "content": [{"type": "text", "text": "\n"}]},
]


@pytest.mark.parametrize("name", sorted(CONFIGS))
@pytest.mark.parametrize("generation", [False, True])
def test_the_same_text_as_transformers(tmp_path, name, generation):
    folder = tiny(name, tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    theirs = tokenizer.apply_chat_template(TALK, tokenize=False, add_generation_prompt=generation)
    assert load_template(folder).render(TALK, generation=generation) == theirs


def test_what_templates_use(tmp_path):
    source = (
        "{% for m in messages %}\n{% if loop.index > 2 %}{% break %}{% endif %}\n  {%- set x = m.role | capitalize %}\n"
        "{% generation %}{{ x | tojson }}{% endgeneration %}\n{% endfor %}\n{{ {'ü': [1, none]} | tojson(indent=1) }}"
        "{% if tools is none %}-{% endif %}{{ eos_token }}{% set ns = namespace(a=1) %}{% set ns.a = 2 %}{{ ns.a }}"
    )
    folder = tiny("qwen2_5_vl", tmp_path)
    wanted = AutoTokenizer.from_pretrained(folder).apply_chat_template(TALK, chat_template=source, tokenize=False)
    assert "<|im_end|>" in wanted and "ü" in wanted
    (folder / "chat_template.jinja").write_text(source)
    assert load_template(folder).render(TALK) == wanted


@pytest.mark.parametrize("file, content, wanted", [
    ("chat_template.jinja", "J{{ eos_token }}", "J<e>"),
    ("chat_template.json", json.dumps({"chat_template": "S{{ eos_token }}"}), "S<e>"),
    ("tokenizer_config.json", json.dumps({"eos_token": {"content": "<e>"}, "chat_template": "T{{ eos_token }}"}), "T<e>"),
    ("tokenizer_config.json", json.dumps({"eos_token": "<e>", "chat_template": [
        {"name": "tool_use", "template": "no"}, {"name": "default", "template": "D{{ eos_token }}"}]}), "D<e>"),
])
def test_where_templates_are_kept(tmp_path, file, content, wanted):
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"eos_token": "<e>", "bos_token": None}))
    (tmp_path / file).write_text(content)
    assert load_template(tmp_path).render(TALK) == wanted


@pytest.mark.parametrize("source", ["{% for %}", "{{ messages[9].role }}", "{{ 1 / 0 }}", "{{ messages.append(1) }}",
                                    "{{ raise_exception('not like this') }}", "{{ messages[0].__class__.__bases__ }}"])
def test_templates_that_break_say_so(source):
    with pytest.raises(ValueError, match="chat template"):
        Template(source=source).render(TALK)


def test_a_folder_without_one(tmp_path):
    with pytest.raises(ValueError, match=r"no chat template .*chat_template\.jinja"):
        load_template(tmp_path)
