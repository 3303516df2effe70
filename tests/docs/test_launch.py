"""Launch files of the documentation: shell that parses, directives Slurm has, Kubernetes jobs whose parts fit together, and
commands of ours that our own parser reads."""

from __future__ import annotations

import re
import shlex
import subprocess

import pytest
import yaml

from tests.docs.guides import DOCS
from tests.docs.test_guides import understood

SLURM = sorted((DOCS / "launch").glob("*.sbatch"))
KUBERNETES = sorted((DOCS / "launch").glob("*.yaml"))
DIRECTIVES = {"job-name", "array", "nodes", "ntasks-per-node", "gres", "cpus-per-task", "time", "requeue"}
POD = {"restartPolicy", "containers", "volumes"}
CONTAINER = {"name", "image", "command", "args", "resources", "volumeMounts"}
SPEC = {"completionMode", "completions", "parallelism", "backoffLimit", "backoffLimitPerIndex", "template"}


def parses(text):
    return subprocess.run(["bash", "-n"], input=text, text=True).returncode == 0


def ours(text):
    """Words after ``saccade`` (or ``-m saccade``) in a script, shell variables replaced by a word."""
    joined = re.sub(r"\$\{?\w+[^}\s\"]*\}?", "word", text.replace("\\\n", " "))
    for line in joined.splitlines():
        words = shlex.split(line, comments=True)
        if "saccade" in words and words[0] in ("saccade", "torchrun", "srun"):
            rest = words[words.index("saccade") + 1 :]
            yield rest[: rest.index("||")] if "||" in rest else rest


@pytest.mark.parametrize("path", SLURM, ids=lambda path: path.name)
def test_a_slurm_file_can_be_submitted(path):
    text = path.read_text()
    assert text.startswith("#!/usr/bin/env bash\n#SBATCH ") and parses(text) and "set -euo pipefail" in text
    given = re.findall(r"^#SBATCH --([\w-]+)(?:=(\S+))?$", text, flags=re.MULTILINE)
    assert {name for name, _ in given} <= DIRECTIVES and len(given) == text.count("#SBATCH")
    times = dict(given)["time"]
    assert re.fullmatch(r"\d\d:\d\d:\d\d", times)
    (words,) = ours(text)
    understood([each if each != "word" or at < 2 else "1" for at, each in enumerate(words)])


@pytest.mark.parametrize("path", KUBERNETES, ids=lambda path: path.name)
def test_a_kubernetes_job_is_one(path):
    job = yaml.safe_load(path.read_text())
    assert set(job) == {"apiVersion", "kind", "metadata", "spec"} and (job["apiVersion"], job["kind"]) == ("batch/v1", "Job")
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", job["metadata"]["name"])
    spec, pod = job["spec"], job["spec"]["template"]["spec"]
    assert set(spec) <= SPEC and set(pod) == POD and pod["restartPolicy"] == "Never"
    assert ("backoffLimitPerIndex" in spec) <= (spec.get("completionMode") == "Indexed")
    volumes = [each["name"] for each in pod["volumes"]]
    assert len(volumes) == len(set(volumes)) and all(len(each) == 2 for each in pod["volumes"])
    for container in pod["containers"]:
        assert set(container) == CONTAINER and container["command"] == ["bash", "-c"] and len(container["args"]) == 1
        assert {each["name"] for each in container["volumeMounts"]} == set(volumes)
        assert container["resources"]["limits"]["nvidia.com/gpu"] >= 1 and parses(container["args"][0])
        (words,) = ours(container["args"][0])
        understood([each if each != "word" or at < 2 else "1" for at, each in enumerate(words)])


def test_the_job_of_a_claim_has_an_index_for_every_cell():
    from saccade.claims.verdict import arms_of
    from saccade.recipes import deepeyes

    job = yaml.safe_load((DOCS / "launch" / "reproduce.yaml").read_text())
    assert job["spec"]["completionMode"] == "Indexed"
    assert job["spec"]["completions"] == len(arms_of(deepeyes.CLAIM)) * len(deepeyes.CLAIM.seeds)


def test_processes_and_gpus_of_a_launch_are_as_many():
    for path in (*SLURM, *KUBERNETES):
        text = path.read_text()
        started = re.findall(r"--nproc-per-node (\d+)", text)
        given = re.findall(r"(?:gres=gpu|nvidia.com/gpu): ?(\d+)|gres=gpu:(\d+)", text)
        counts = [one or other for one, other in given]
        assert len(counts) == 1 and (not started or started == counts) and (started or counts == ["1"]), path.name
