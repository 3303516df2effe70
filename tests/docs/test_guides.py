"""Every block of Python and shell in docs/ is run, in order, page by page; what cannot be run is parsed and says why."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import subprocess
import sys

import pytest
import tyro

from saccade.cli import known_verbs, main
from saccade.cli.signature import bindable, split
from saccade.testing.contracts import check_file
from tests.docs.guides import DOCS, Block, blocks, commands, pages

ALL = [block for page in pages() for block in blocks(page)]
RUN = {"python", "bash"}


def understood(words: list[str]) -> None:
    """A command of ours is read by the parser of its verb."""
    word, *given = words
    assert word in known_verbs(), words
    verb = vars(importlib.import_module(f"saccade.cli.verbs.{word}"))["verb"]
    own = set(inspect.signature(verb).parameters) - {"overrides"}
    mine = split(given, own=own)[0] if "overrides" in inspect.signature(verb).parameters else given
    signature = inspect.signature(bindable(verb), eval_str=True).replace(return_annotation=type(None))

    def record(**_: object) -> None: ...

    record.__signature__ = signature
    record.__annotations__ = {name: each.annotation for name, each in signature.parameters.items()}
    tyro.cli(record, prog=word, args=mine)


def run(block: Block, names: dict, folder) -> None:
    if block.file:
        path = folder / block.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")
    elif block.language == "python":
        exec(compile(block.text, block.where, "exec"), names)
    elif block.language == "bash":
        for words in commands(block):
            assert words[0] == "saccade", f"{block.where}: only saccade is run here: {words}"
            with pytest.raises(SystemExit) as ended:
                main(words[1:])
            assert bool(ended.value.code) == block.fails, f"{block.where}: {words} gives {ended.value.code}"


def told(page, tmp_path, monkeypatch, *, slow: bool) -> None:
    before = set(sys.modules)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    names = {"__name__": "guide"}
    for block in blocks(page):
        if block.slow and not slow:
            return
        if not block.not_run:
            run(block, names, tmp_path)
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(DOCS)))
def test_a_guide_runs_as_it_is_printed(page, tmp_path, monkeypatch):
    """Up to the first block that is slow."""
    told(page, tmp_path, monkeypatch, slow=False)


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in pages() if any(each.slow for each in blocks(page))],
                         ids=lambda page: str(page.relative_to(DOCS)))
def test_a_guide_runs_to_its_end(page, tmp_path, monkeypatch):
    told(page, tmp_path, monkeypatch, slow=True)


@pytest.mark.parametrize("block", ALL, ids=lambda block: block.where)
def test_a_block_can_be_read(block):
    """Shell by `bash -n`, our commands by the parser of their verb, Python and YAML by their parsers."""
    if block.language == "python":
        ast.parse(block.text)
    elif block.language == "bash":
        assert subprocess.run(["bash", "-n"], input=block.text, text=True).returncode == 0
        if not block.file:
            for words in commands(block):
                if words[0] == "saccade" and not block.fails:
                    understood(words[1:])
    elif block.language == "yaml":
        import yaml

        yaml.safe_load(block.text)
    else:
        assert block.language == "", f"{block.where}: a block in {block.language} is neither run nor parsed"


@pytest.mark.parametrize("block", [each for each in ALL if (each.file or "").endswith(".py")], ids=lambda each: each.where)
def test_a_component_of_a_guide_keeps_its_contract(block, tmp_path):
    kind = block.page.removeprefix("write/").removesuffix(".md")
    (tmp_path / block.file).write_text(block.text)
    assert check_file(tmp_path / block.file, kind)[1] == []


def test_what_is_not_run_says_why():
    assert all(each.not_run is None or len(each.not_run) > 10 for each in ALL)
    ran = [each for each in ALL if each.language in RUN and not each.not_run]
    assert len(ran) > 2 * len([each for each in ALL if each.not_run])


def test_launch_files_are_those_of_the_page():
    files = {each.file: each.text for each in ALL if each.file and each.file.startswith("launch/")}
    assert set(files) == {f"launch/{each.name}" for each in (DOCS / "launch").iterdir()} and len(files) >= 4
    for name, text in files.items():
        assert (DOCS / name).read_text() == text


def test_the_slurm_array_has_a_task_for_every_cell():
    from saccade.claims.verdict import arms_of
    from saccade.recipes import deepeyes

    text = (DOCS / "launch" / "reproduce.sbatch").read_text()
    cells = len(arms_of(deepeyes.CLAIM)) * len(deepeyes.CLAIM.seeds)
    assert f"--array=0-{cells - 1}\n" in text and f"arms=({' '.join(arms_of(deepeyes.CLAIM))})" in text


def test_the_map_of_methods_is_fresh():
    """Written again with: saccade gallery"""
    from saccade.claims.gallery import stale_pages

    assert (DOCS / "methods.md").is_file()
    assert "methods.md" not in stale_pages(DOCS), "docs/methods.md is stale: run `saccade gallery` and commit it"


def test_every_package_has_a_page_of_reference(tmp_path):
    from saccade.claims.reference import write_reference

    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "gone.md").write_text("# gone")
    written = {each.stem for each in write_reference(tmp_path)}
    package = DOCS.parent / "saccade"
    assert written == {each.parent.name for each in package.glob("*/__init__.py")} - {"cli", "glimpse"} | {"index"}
    assert {each.stem for each in (tmp_path / "api").iterdir()} == written
    assert "::: saccade.rewards\n" in (tmp_path / "api" / "rewards.md").read_text()


def test_every_guide_is_in_the_menu():
    import tomllib

    menu = json.dumps(tomllib.loads((DOCS.parent / "zensical.toml").read_text())["project"]["nav"])
    for page in pages():
        assert f'"{page.relative_to(DOCS)}"' in menu, page


def test_the_questions_name_files_that_are_there():
    import re

    text = (DOCS / "faq.md").read_text() + (DOCS / "security.md").read_text()
    root = DOCS.parent
    named = re.findall(r"`((?:\w+/)+(?:\w+\.\w+)?)`", text)
    assert len(named) > 30
    for name in named:
        assert (root / "saccade" / name).exists() or (root / name).exists(), name
