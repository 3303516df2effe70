"""The command as a user meets it: help, mistakes in one line with exit code 2, JSON where it reports."""

import functools
import importlib
import inspect
import json
import re
import shlex
import shutil
import subprocess
import sys
import time

import pytest
import tyro
from PIL import Image

from saccade.cli import arguments as aliases_of_arguments
from saccade.cli import extras, known_verbs, main
from saccade.cli.completion import arguments, named, offers
from saccade.cli.signature import bindable, split

ISSUE = {
    "demo",
    "train",
    "eval",
    "rollout",
    "ask",
    "compare",
    "rescore",
    "reproduce",
    "methods",
    "list",
    "show",
    "check",
    "new",
    "pretrain",
    "export",
    "doctor",
    "completion",
    "gallery",
}


@pytest.fixture
def saccade(capsys, monkeypatch, tmp_path):
    """Run a command in an empty folder; (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([str(each) for each in arguments])
        out = capsys.readouterr()
        return ended.value.code or 0, out.out, out.err

    return run


def test_every_verb_is_there(saccade):
    assert set(known_verbs()) >= ISSUE
    code, out, _ = saccade("--help")
    assert code == 0 and all(f"  {word} " in out for word in ISSUE)


@pytest.mark.parametrize("word", known_verbs())
def test_every_verb_explains_itself(saccade, word):
    code, out, _ = saccade(word, "--help")
    assert code == 0 and f"saccade {word}" in out and len(out) > 200


@pytest.mark.parametrize("word", known_verbs())
def test_help_is_a_screen_with_examples_that_can_be_read(saccade, monkeypatch, word):
    """Two examples at least, and every one of them is understood by the parser of its verb."""
    monkeypatch.setenv("COLUMNS", "100")
    out = saccade(word, "--help")[1]
    assert len(out.splitlines()) <= 42
    examples = re.findall(rf"(?:^ +|\()saccade ({word}\b[^\n)>]*)", out, flags=re.MULTILINE)
    assert len(examples) >= 2, out
    verb = vars(importlib.import_module(f"saccade.cli.verbs.{word}"))["verb"]
    own = set(inspect.signature(verb).parameters) - {"overrides"}
    for example in examples:
        given = shlex.split(example)[1:]
        mine = split(given, own=own)[0] if "overrides" in inspect.signature(verb).parameters else given
        called = []
        recorder = functools.wraps(verb)(lambda *a, called=called, **k: called.append(k))
        recorder.__signature__ = inspect.signature(bindable(verb), eval_str=True).replace(return_annotation=type(None))
        recorder.__annotations__ = {name: each.annotation for name, each in recorder.__signature__.parameters.items()}
        tyro.cli(recorder, prog=word, args=mine)
        assert called, example


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_every_verb_and_its_options(saccade, shell):
    """Where the shell is on this machine its own reader checks the script; the scripts ask `saccade --offers`."""
    code, out, _ = saccade("completion", shell)
    assert code == 0 and "--offers" in out
    if shutil.which(shell):
        flags = {"bash": ["-n"], "zsh": ["-n"], "fish": ["--no-execute"]}[shell]
        assert subprocess.run([shell, *flags, "/dev/stdin"], input=out, text=True).returncode == 0
    code, out, _ = saccade("--offers", "saccade ")
    assert [line.split("\t")[0] for line in out.splitlines()] == list(known_verbs())
    assert "--api-model\t" in saccade("--offers", "saccade eval glimpse --a")[1]


def test_bash_completes_verbs_components_and_lists(saccade, tmp_path):
    """The script itself, asked as the shell asks it."""
    script = saccade("completion", "bash")[1]
    command = tmp_path / "bin" / "saccade"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m saccade "$@"\n')
    command.chmod(0o755)

    def completed(line):
        asked = "\n".join((script, f"COMP_LINE={shlex.quote(line)}", f"COMP_POINT={len(line)}", f"_saccade {command}",
                           "printf '%s\\n' \"${COMPREPLY[@]}\""))
        return subprocess.run(["bash", "-c", asked], capture_output=True, text=True).stdout.split()

    assert completed("saccade dem") == ["demo"]
    assert "crop,rotate" in completed("saccade eval glimpse --tools crop,ro")
    assert "hidden_detail" in completed("saccade eval glimpse --data world:hidden_d")
    assert completed("saccade train deepeye") == ["deepeyes"]


@pytest.mark.parametrize(
    ("line", "offered", "withheld"),
    [
        ("saccade train dee", {"deepeyes"}, {"crop"}),
        ("saccade reproduce ", {"deepeyes", "grpo"}, {"answer_match"}),
        ("saccade show answer_m", {"answer_match"}, set()),
        ("saccade list ", {"reward", "tool", "world"}, {"crop"}),
        ("saccade new wor", {"world"}, {"reward"}),
        ("saccade new reward ", set(), {"crop"}),
        ("saccade check x.py --kind re", {"reward", "recipe"}, {"world"}),
        ("saccade rescore runs/x --rewards answer_match,format", {"answer_match,format_tags"}, {"answer_match"}),
        ("saccade eval glimpse --on ", {"hidden_detail"}, {"crop"}),
        ("saccade eval glimpse --recipe dee", {"deepeyes"}, set()),
        ("saccade eval glimpse --quiet --tools=cr", {"--tools=crop"}, {"crop"}),
        ("saccade tools serve crop rot", {"rotate"}, set()),
        ("saccade tools ", {"serve"}, set()),
        ("saccade completion ", {"bash", "zsh", "fish"}, set()),
        ("saccade train deepeyes --arm start --optim.lr 1e-4 --", {"--seed", "--data", "--help"}, {"--arm"}),
        ("saccade ask photo.jpg 'What is", set(), {"--model"}),
        ("saccade ask photo.jpg 'What is it?' --mo", {"--model"}, set()),
        ("saccade nothing ", set(), {"--help"}),
        ("", set(), {"train"}),
    ],
)
def test_the_shell_is_offered_what_may_stand_there(line, offered, withheld):
    found = set(offers(line))
    assert offered <= found and not withheld & found


def test_runs_are_offered_unless_their_names_are_commands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("zoom", "$(touch x)", "a b"):
        folder = tmp_path / "runs" / name
        folder.mkdir(parents=True)
        (folder / "config.json").write_text("{}")
    assert set(offers("saccade eval ")) == {"glimpse", "runs/zoom"} == set(offers("saccade view ")) | {"glimpse"}


def test_every_option_that_names_components_offers_some():
    """An annotation that is misspelt would offer nothing."""
    for word in known_verbs():
        for each in arguments(word):
            if each.kind in vars(aliases_of_arguments) and each.kind not in (
                "Flag", "Name", "File", "Folder", "RunFolder", "RunFolders", "Question", "Picture"
            ):
                assert named(each.kind), (word, each)


def test_verbs_that_report_take_json(saccade):
    for word in ISSUE - {"new", "pretrain", "completion", "gallery"}:
        assert "--json" in saccade(word, "--help")[1], word


def test_help_is_quick_and_needs_no_torch():
    blocked = "import sys; sys.modules['torch'] = None; sys.modules['numpy'] = None\n"
    code = blocked + "from saccade.cli import main\nmain(['--help'])"
    began = time.process_time(), time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0 and "usage: saccade VERB" in done.stdout, done.stderr
    assert time.perf_counter() - began[1] < 10


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["tran"], "did you mean train"),
        (["list", "rewrd"], "kinds are"),
        (["show", "group_men"], "did you mean group_mean"),
        (["train", "deepeye"], "did you mean deepeyes"),
        (["train", "missing.py"], "missing.py: there is no such file"),
        (["train", "deepeyes", "--optim.lrr", "1"], "--optim.lrr: there is no 'lrr'"),
        (["train", "deepeyes", "--arm", "nobody"], "--arm nobody: this recipe has the arms start, outcome"),
        (["train", "deepeyes", "--config", "no.yaml"], "--config no.yaml: there is no such file"),
        (["train", "grpo", "--data", "no.jsonl"], "--data: there is no file no.jsonl"),
        (["train"], "bring your own"),
        (["train", "deepeyes", "--use_vllm", "true"], "has no effect here"),
        (["eval", "nowhere", "--data", "world:scenes?size=2"], "nowhere"),
        (["eval", "glimpse", "--data", "world:scens"], "scens"),
        (["rollout", "nowhere"], "--data FILE"),
        (["ask", "no.png", "What?"], "no.png: there is no such file"),
        (["compare", "a", "b"], "a"),
        (["rescore", "nothing"], "nothing: there is no such run"),
        (["export", "nothing", "out"], "nothing: there is no such run folder"),
        (["reproduce", "deepeyes", "--seed", "9"], "--seed 9: the claim of deepeyes names the seeds 1, 2, 3"),
        (["methods", "--family", "videos"], "families are"),
        (["check", "no.py"], "no.py: there is no such file"),
        (["new", "reward", "My-Reward"], "no name for a file"),
        (["new", "engine", "mine"], "no scaffold for a engine"),
        (["pretrain", "gpt"], "one reference model"),
        (["demo", "--updates", "0"], "--updates is at least 1"),
        (["demo", "--items", "-1"], "--items is at least 0"),
        (["pretrain", "--updates", "0"], "--updates is at least 1"),
        (["eval", "glimpse", "--data", "world:scenes?size=2", "--attempts", "0"], "--attempts is at least 1"),
        (["eval", "http://127.0.0.1:9/v1", "--api-model", "m", "--data", "world:scenes?size=2"], "nothing answers there"),
        (["ask", "binary.png", "What?", "--temperature", "-1"], "--temperature is at least 0"),
        (["compare", "binary.png", "binary.png"], "binary.png: not text in UTF-8"),
        (["check", "binary.png"], "binary.png: not a text file"),
        (["ask", "binary.png", "What?"], "binary.png: not a picture"),
        (["train", "raises.py"], "raises.py:2: ZeroDivisionError"),
        (["train", "raises_early.py"], "raises_early.py:1: ZeroDivisionError"),
        (["train", "grpo", "--model", "glimpse", "--data", "world:scenes?size=2", "--rewards", "raises_early.py:f"],
         "raises_early.py:1: ZeroDivisionError"),
        (["gallery", "--out", "nowhere/site", "--check"], "nowhere/site"),
    ],
)
def test_mistakes_are_one_line_with_the_way_out(saccade, tmp_path, arguments, said):
    (tmp_path / "binary.png").write_bytes(b"\x89PNG\r\n\x1a\n no picture")
    (tmp_path / "raises.py").write_text("def run():\n    return 1 / 0\n")
    (tmp_path / "raises_early.py").write_text("1 / 0\n")
    code, _, err = saccade(*arguments)
    assert code == 2 and said in err and "Traceback" not in err
    assert len(err.strip().splitlines()) == 1 and err.startswith("saccade: ")


def test_the_traceback_can_be_had(saccade, monkeypatch):
    monkeypatch.setenv("SACCADE_TRACEBACK", "1")
    with pytest.raises(ValueError, match="there is no recipe"):
        main(["train", "nobody"])


def test_a_bug_is_not_hidden(saccade, monkeypatch):
    monkeypatch.setattr("saccade.catalog.entries", lambda kind=None: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        main(["list"])


def test_a_missing_extra_is_named(saccade, monkeypatch):
    def lacking(*arguments, **settings):
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr("saccade.cli.health.examine", lacking)
    code, _, err = saccade("doctor")
    assert code == 2 and "this needs torch" in err and "pip install" in err and "[train]'" in err


def test_advice_on_installing_fits_the_place(monkeypatch, tmp_path):
    """In a checkout the package is installed from its folder; elsewhere by its name."""
    monkeypatch.setattr(extras, "CHECKOUT", tmp_path)
    assert extras.install(["data", "video"]) == "pip install 'saccade[data,video]'"
    (tmp_path / "pyproject.toml").touch()
    assert extras.install(["data", "video"]) == f"pip install -e '{tmp_path}[data,video]'"


def test_list_and_show_are_json(saccade):
    listed = json.loads(saccade("list", "credit", "--json")[1])
    assert {"kind", "name", "about", "path"} == set(listed[0]) and "group_mean" in {each["name"] for each in listed}
    shown = json.loads(saccade("show", "group_mean", "--json")[1])
    assert shown["examples"].startswith("EXAMPLES") and shown["signature"].startswith("def group_mean(")


def test_methods_json(saccade):
    found = json.loads(saccade("methods", "--json")[1])
    assert (
        len(found) == 136
        and next(each for each in found if each["name"] == "DeepEyes")["recipe"] == "saccade/recipes/deepeyes.py"
    )


def test_doctor_json(saccade):
    code, out, _ = saccade("doctor", "--json")
    found = json.loads(out)
    assert code in (0, 1) and (code == 1) == bool(found["problems"])
    assert found["extras"]["train"]["torch"] and found["machine"]["cores"] >= 1


@pytest.mark.parametrize("kind", ["reward", "tool", "credit", "world", "episode", "objective", "recipe"])
def test_what_new_writes_passes_check(saccade, kind):
    assert saccade("new", kind, f"my_{kind}", "--out", ".")[0] == 0
    code, out, _ = saccade("check", f"my_{kind}.py", "--kind", kind, "--json")
    assert json.loads(out)["faults"] == [] and code == 0
    code, _, err = saccade("new", kind, f"my_{kind}", "--out", ".")
    assert code == 2 and "--force" in err


@pytest.mark.parametrize(
    ("kind", "change", "fault"),
    [
        ("reward", ('"It is 7.", "7", 1.0', '"It is 7.", "7", 0.5'), "example 0: gives 1.0, not 0.5"),
        ("reward", ("EXAMPLES = [", "OTHERS = ["), "has no EXAMPLES"),
        ("reward", ("@reward\n", ""), "mark it with @reward"),
        ("reward", ('"""Pay for', 'x = """Pay for'), "has no docstring"),
        ("reward", ("from collections", "import torch\nfrom collections"), "imports torch"),
        ("credit", ("[1.0, 0.0, 0.5], [1.0, 0.0, 0.5]", "[1.0, 0.0, 0.5], [1.0, 0.0]"), "example 0"),
        ("tool", ("(192, 144)", "(10, 10)"), "example 0"),
        ("world", ("rng.random() < 0.5", "np.random.random() < 0.5"), "draw from the rng"),
        ("world", ("float(answer.strip().lower() == solve(state))", "1.0"), "verify accepts an empty answer"),
        ("recipe", ("DEVIATIONS = (", "DEVIATED = ("), "has no DEVIATIONS"),
        ("episode", ("async def", "sync def"), "not Python"),
    ],
)
def test_check_finds_what_is_wrong(saccade, tmp_path, kind, change, fault):
    saccade("new", kind, f"my_{kind}", "--out", ".")
    path = tmp_path / f"my_{kind}.py"
    text = path.read_text()
    assert change[0] in text
    path.write_text(text.replace(*change))
    code, out, err = saccade("check", path.name, "--kind", kind)
    assert code in (1, 2) and fault in out + err


def test_an_endpoint_can_be_asked_from_the_command_line(saccade, tmp_path):
    from tests.clients.server import said, serving

    Image.new("RGB", (40, 30)).save(tmp_path / "p.png")
    with serving(said("<answer>a cat</answer>")) as server:
        code, out, err = saccade("ask", "p.png", "What is it?", "--model", server.url, "--api-model", "m")
    assert code == 0 and out.startswith("a cat"), err
    assert server.bodies[0]["model"] == "m"


def test_an_evaluation_that_could_ask_nothing_fails_and_says_why(saccade, tmp_path):
    from tests.clients.server import serving, status

    Image.new("RGB", (40, 30)).save(tmp_path / "p.png")
    (tmp_path / "rows.jsonl").write_text('{"image": "p.png", "question": "What?", "answer": "x"}\n')
    with serving(status(401, b"no such key")) as server:
        code, out, _ = saccade("eval", server.url, "--api-model", "m", "--data", "rows.jsonl")
    assert code == 1 and "1 of 1 items failed on our side" in out and "401" in out


def test_a_component_of_a_file_may_be_a_factory_or_the_thing_itself(tmp_path):
    from saccade.cli.resolve import component
    from saccade.core.reward import as_reward
    from saccade.testing.scripted import scripted

    path = tmp_path / "mine.py"
    path.write_text("from saccade.core import reward\n\n@reward\ndef made(*, least: int = 1):\n"
                    "    return lambda trajectory: float(len(trajectory.answer) >= least)\n\n"
                    "def plain(trajectory):\n    return 0.5\n")
    attempt = scripted("It is 7.", "7")
    assert as_reward(component("reward", f"{path}:made")).function(attempt) == 1.0
    assert as_reward(component("reward", f"{path}:plain")).function(attempt) == 0.5


def test_ctrl_c_says_what_is_kept(saccade, monkeypatch):
    def interrupted(*arguments, **settings):
        raise KeyboardInterrupt

    monkeypatch.setattr("saccade.claims.demo.demo", interrupted)
    code, _, err = saccade("demo", "--quiet")
    assert code == 130 and "what was finished is on disk" in err and "Traceback" not in err


def test_exit_codes_and_version(saccade):
    assert saccade("--version")[1].strip() == "0.1.0"
    assert saccade("list", "--nonsense")[0] == 2


def test_a_warning_is_one_line_without_code(tmp_path):
    """A row that is skipped, as somebody sees it who has not read the library."""
    Image.new("RGB", (32, 24)).save(tmp_path / "a.png")
    row = json.dumps({"image": "a.png", "question": "What?", "answer": "a"})
    (tmp_path / "rows.jsonl").write_text(f"{row}\n{{broken\n")
    done = subprocess.run([sys.executable, "-m", "saccade", "eval", "glimpse", "--data", "rows.jsonl", "--quiet"],
                          cwd=tmp_path, capture_output=True, text=True)
    said = [line for line in done.stderr.splitlines() if "rows.jsonl, row 2" in line]
    assert done.returncode == 0 and said and said[0].startswith("saccade: ") and "sample = " not in done.stderr
