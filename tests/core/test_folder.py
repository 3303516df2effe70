"""A component is found because its file exists, whichever way it is imported first."""

import subprocess
import sys
from pathlib import Path

import pytest

from saccade.core.folder import about, names


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "things"
    folder.mkdir()
    (folder / "__init__.py").write_text("from saccade.core.folder import component_folder\n\ncomponent_folder(__name__)\n")
    (folder / "apple.py").write_text('"""An apple.\n\nRed."""\n\n\ndef apple():\n    return "red"\n\n\nEXAMPLES = []\n')
    (folder / "_shared.py").write_text("def _shared():\n    pass\n")
    (folder / "notes.py").write_text('"""Not a component."""\n\nX = 1\n')
    (folder / "broken.py").write_text("import not_installed_anywhere\n\n\ndef broken():\n    pass\n")
    return folder


def run(package: Path, code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=package.parent)
    return done.stdout.strip() + done.stderr.strip()[-300:]


@pytest.mark.parametrize("first", ["import things", "import things.apple", "from things.apple import EXAMPLES"])
def test_the_name_is_the_thing_however_it_came(package: Path, first: str) -> None:
    assert run(package, f"{first}\nimport things\nprint(things.apple(), things.apple())") == "red red"
    assert run(package, f"{first}\nfrom things import apple\nprint(apple())") == "red"


def test_an_unknown_name_lists_the_known_ones(package: Path) -> None:
    assert "things has no 'pear'; it has apple, broken" in run(package, "import things\nthings.pear")


def test_a_missing_dependency_is_not_hidden(package: Path) -> None:
    assert "No module named 'not_installed_anywhere'" in run(package, "import things\nthings.broken")


def test_listing_imports_nothing(package: Path) -> None:
    assert names(package) == ("apple", "broken")
    assert about(package / "apple.py") == "An apple."
