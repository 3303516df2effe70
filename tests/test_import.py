"""`import saccade` is cheap and needs nothing heavy; every public name is there when it is asked for."""

import subprocess
import sys

import pytest

import saccade

BLOCKED = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {blocked!r}:
            raise ImportError("blocked: " + name)
sys.meta_path.insert(0, Block())
"""


def python(code, *, blocked=()):
    return subprocess.run(
        [sys.executable, "-c", BLOCKED.format(blocked=tuple(blocked)) + code], capture_output=True, text=True
    )


def test_import_needs_neither_torch_nor_transformers_nor_numpy():
    done = python(
        "import saccade\nassert 'numpy' not in sys.modules", blocked=("torch", "transformers", "peft", "numpy")
    )
    assert done.returncode == 0, done.stderr


def test_the_names_of_a_light_recipe_need_no_torch():
    code = (
        "import saccade as sc\nfrom saccade import rewards, tools, worlds, episodes, credit\n"
        "sc.Run, sc.Sample, sc.source, sc.policy('glimpse'), rewards.answer_match(), tools.crop(), credit.group_mean()\n"
        "worlds.hidden_detail.source(size=1)"
    )
    done = python(code, blocked=("torch", "transformers", "peft"))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", saccade.__all__)
def test_every_public_name_resolves(name):
    assert getattr(saccade, name) is not None
    assert name in dir(saccade)


def test_an_unknown_name_is_an_attribute_error_that_lists_the_known():
    with pytest.raises(AttributeError, match=r"no 'tran'.*train"):
        _ = saccade.tran


def test_names_that_could_hide_each_other_do_not():
    assert saccade.tool is not saccade.tools
    assert callable(saccade.train) and callable(saccade.evaluate) and callable(saccade.compare)
