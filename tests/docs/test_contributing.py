"""The files worked through in CONTRIBUTING.md keep the contract of their kind, exactly as they are printed there."""

import re
from pathlib import Path

import pytest

from saccade.testing.contracts import check_file

GUIDE = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"<!-- file: (\S+) -->\n```python\n(.*?)```", GUIDE, flags=re.DOTALL))


def test_every_kind_of_the_promise_is_worked_through() -> None:
    assert {Path(name).parent.name for name in FILES} >= {"rewards", "tools", "credit", "worlds"}


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_the_guide_keeps_its_contract(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    path.write_text(FILES[name], encoding="utf-8")
    kind, faults = check_file(path)
    assert not faults, faults
    assert kind


@pytest.mark.parametrize("name", FILES)
def test_the_contract_notices_a_wrong_example(tmp_path: Path, name: str) -> None:
    """The control: the same file with an example that does not hold."""
    wrong = {
        "rewards": ('("It is red.", "red", 1.0', '("It is red.", "red", 0.0'), "tools": ('"image": 1', '"image": 99'),
        "credit": ("0.5, -0.5, -0.5, 0.5", "0.5, 0.5, -0.5, 0.5"), "worlds": ('"right")]', '"up")]'),
    }[Path(name).parent.name]
    assert wrong[0] in FILES[name]
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    path.write_text(FILES[name].replace(*wrong), encoding="utf-8")
    assert check_file(path)[1]
