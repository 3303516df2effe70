"""What `.ci/run` does where a browser can be had, where it cannot, and where tests fail: with a `make` that plays along."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

RUN = Path(__file__).parents[1] / ".ci" / "run"


@pytest.fixture
def ran(tmp_path):
    def run(**fails):
        (tmp_path / ".ci").mkdir(exist_ok=True)
        shutil.copy(RUN, tmp_path / ".ci" / "run")
        make = tmp_path / "make"
        cases = "\n".join(f'{name}) echo "{said}"; exit 1;;' for name, said in fails.items())
        make.write_text(f'#!/bin/sh\nfor word; do case "$word" in -*) ;; *) break;; esac; done\n'
                        f'echo "made $word"\ncase "$word" in {cases} esac\n')
        make.chmod(0o755)
        path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
        return subprocess.run([tmp_path / ".ci" / "run"], capture_output=True, text=True, env={**os.environ, "PATH": path})

    return run


def test_browser_tests_follow_the_others(ran):
    done = ran()
    assert done.returncode == 0 and done.stdout.split() == ["made", "test", "made", "test-browser"]


def test_where_no_browser_can_be_had_it_says_so_and_does_not_fail(ran):
    done = ran(chromium="only root may: sudo apt-get install chromium")
    assert done.returncode == 0 and "made test-browser" not in done.stdout
    assert "BROWSER TESTS LEFT OUT" in done.stdout and "only root may" in done.stdout


@pytest.mark.parametrize("target", ["test", "test-browser"])
def test_tests_that_fail_fail_the_run(ran, target):
    assert ran(**{target: "1 failed"}).returncode != 0
