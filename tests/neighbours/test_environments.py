"""Environments of other projects as episodes: what they draw is shown, what they pay is kept, mistakes are the model's."""

import asyncio
import socket
import threading
import time

import numpy as np
import pytest
from PIL import Image as PILImage

from saccade import episodes, rewards
from saccade.core.episode import Limits
from saccade.core.message import user
from saccade.core.record import plain, trajectory_from
from saccade.core.reward import evaluate
from saccade.core.sample import Sample
from saccade.core.trajectory import Group, Stop
from saccade.episodes.environment import Turn
from saccade.media import open_store
from saccade.neighbours.gymnasium import Played, gymnasium
from saccade.neighbours.openenv import openenv
from saccade.rollout.pool import run_sync
from saccade.rollout.run import attempt
from saccade.testing.replay import ByteRenderer, Replay

SAMPLE = Sample(id="walk", prompt=(user("Reach the right end."),))


def played(open, replies, *, store=None, **settings):
    return run_sync(attempt(
        SAMPLE, episodes.environment(open=open, **settings), store=store or open_store(), engine=Replay(texts=replies),
        renderer=ByteRenderer(), limits=Limits(steps=20),
    ))


def paid(trajectory):
    return [step.scores["environment"] for step in trajectory.steps if "environment" in step.scores]


class Log:
    """An environment that writes down what happens to it."""

    def __init__(self, turns=(), fail=None):
        self.turns, self.fail, self.happened = list(turns), fail, []

    def begin(self, seed):
        self.happened.append(f"begin {seed >= 0}")
        return Turn(content=("Begin.",))

    def say(self, text):
        self.happened.append(text)
        if self.fail:
            raise self.fail
        return self.turns.pop(0)

    def close(self):
        self.happened.append("close")


def test_payments_are_kept_and_the_last_one_is_not_lost():
    log = Log([Turn(content=("next",), reward=0.25), Turn(content=("seen by nobody",), reward=2.0, over=True)])
    made = played(lambda sample, context: log, ["one", "two"])
    assert made.stop is Stop.DONE and log.happened == ["begin True", "one", "two", "close"]
    assert paid(made) == [0.25, 2.0] and made.steps[-1].message.text == "two"
    assert trajectory_from(plain(made)).steps[-1].scores == {"environment": 2.0}
    group = evaluate(Group(sample=SAMPLE, trajectories=(made,)), (rewards.environment_return(),))
    assert group.total.tolist() == [2.25]
    half = evaluate(Group(sample=SAMPLE, trajectories=(made,)), (rewards.environment_return(discount=0.5),))
    assert half.total.tolist() == [1.25]


def test_steps_are_bounded_and_what_was_paid_until_then_counts():
    log = Log([Turn(content=("next",), reward=1.0)] * 9)
    made = played(lambda sample, context: log, ["go"], max_steps=3)
    assert made.stop is Stop.MAX_STEPS and paid(made) == [1.0, 1.0, 1.0] and log.happened[-1] == "close"


def test_an_environment_that_crashes_is_our_failure_and_is_closed():
    log = Log(fail=RuntimeError("simulator gone"))
    made = played(lambda sample, context: log, ["go"])
    assert made.stop is Stop.ERROR and "simulator gone" in made.error and log.happened[-1] == "close"


def corridor():
    """Walk to the right end of five places; every step costs a little."""
    theirs = pytest.importorskip("gymnasium", reason="needs gymnasium: the extra `environments`")

    class Corridor(theirs.Env):
        metadata = {"render_modes": ["rgb_array"]}  # noqa: RUF012

        def __init__(self, render_mode=None, length=5):
            self.render_mode, self.length = render_mode, length
            self.action_space = theirs.spaces.Discrete(2)
            self.observation_space = theirs.spaces.Discrete(length)

        def reset(self, *, seed=None, options=None):
            super().reset(seed=seed)
            self.at = 0
            return self.at, {}

        def step(self, action):
            self.at = max(0, self.at + (1 if action == 1 else -1))
            done = self.at == self.length - 1
            return self.at, 1.0 if done else -0.1, done, False, {}

        def render(self):
            frame = np.zeros((8, 8 * self.length, 3), np.uint8)
            frame[:, 8 * self.at : 8 * self.at + 8] = 255
            return frame

    return Corridor


def test_a_gymnasium_environment_is_played_to_its_end():
    store = open_store()
    made = played(gymnasium(corridor(), words=("left", "right"), length=3), ["I go <answer>right</answer>"], store=store)
    assert made.stop is Stop.DONE and paid(made) == [-0.1, 1.0]
    pictures = [image for step in made.steps for image in step.message.images]
    assert len(pictures) == 2 and [np.asarray(store.get(each.ref))[0, ::8, 0].tolist() for each in pictures] == [
        [255, 0, 0], [0, 255, 0]]
    assert "one of: left, right" in made.steps[0].message.text and made.steps[0].message.text.startswith("Reach")


def test_what_no_action_can_be_read_from_is_told_and_costs_a_turn_only():
    made = played(gymnasium(corridor(), words=("left", "right"), length=2), ["hmm", "right"])
    assert made.stop is Stop.DONE and paid(made) == [0.0, 1.0]
    assert any(step.message.text.startswith("Error: there is no action") for step in made.steps)


@pytest.mark.parametrize(("space", "said", "action"), [
    ("Discrete(3)", "2", 2), ("Discrete(3)", "I take 1, no, 0", 0), ("Discrete(3)", "<answer>1</answer> 2", 1),
    ("Discrete(3)", "7", None), ("Discrete(3)", "1.5", None), ("Discrete(3)", "", None), ("Discrete(3)", "9" * 40, None),
    ("Box(-1, 1, (2,))", "[0.5, -1]", [0.5, -1.0]), ("Box(-1, 1, (2,))", "[0.5]", None),
    ("Box(-1, 1, (2,))", "[3, 0]", None),
    ("MultiDiscrete([2, 3])", "[1, 2]", [1, 2]), ("MultiDiscrete([2, 3])", "[1, 1.5]", None),
])
def test_actions_are_read_and_checked_by_the_space(space, said, action):
    theirs = pytest.importorskip("gymnasium", reason="needs gymnasium: the extra `environments`")
    made = corridor()(render_mode="rgb_array")
    name, _, rest = space.partition("(")
    given = {"Discrete": lambda: theirs.spaces.Discrete(3), "Box": lambda: theirs.spaces.Box(-1, 1, (2,)),
             "MultiDiscrete": lambda: theirs.spaces.MultiDiscrete([2, 3])}
    assert rest
    made.action_space = given[name]()
    player = Played(made, open_store(), words=(), told=None)
    if action is None:
        with pytest.raises(ValueError, match=r"no action"):
            player.read(said)
    else:
        assert np.allclose(player.read(said), action)


def test_words_must_be_as_many_as_actions():
    with pytest.raises(ValueError, match="give one for each"):
        gymnasium(corridor(), words=("left",))(SAMPLE, type("C", (), {"store": open_store()})())


def test_an_environment_of_the_package_by_its_name():
    pytest.importorskip("gymnasium", reason="needs gymnasium: the extra `environments`")
    lake = gymnasium("FrozenLake-v1", words=("left", "down", "right", "up"), render_mode=None, is_slippery=False,
                     told=lambda place: f"You stand at {place}.")
    made = played(lake, ["down", "down", "right", "right", "down", "right"])
    assert made.stop is Stop.DONE and paid(made)[-1] == 1.0 and "You stand at 0." in made.steps[0].message.text


@pytest.fixture
def server():
    """A real OpenEnv server on this machine, in a thread: counts to three, shows a picture, pays at the end."""
    core = pytest.importorskip("openenv.core.env_server", reason="needs openenv-core: the extra `environments`")
    uvicorn = pytest.importorskip("uvicorn", reason="comes with openenv-core")
    import base64
    import io

    class Say(core.Action):
        text: str

    class Seen(core.Observation):
        count: int = 0
        picture: str = ""

    class Count(core.Environment):
        SUPPORTS_CONCURRENT_SESSIONS = True

        def __init__(self):
            super().__init__()
            self.count = 0

        def seen(self, reward=None):
            held = io.BytesIO()
            PILImage.new("RGB", (8 + self.count, 8), "red").save(held, "PNG")
            return Seen(count=self.count, picture=base64.b64encode(held.getvalue()).decode(), done=self.count >= 3,
                        reward=reward)

        def reset(self, seed=None, episode_id=None, **_):
            self.count = 0
            return self.seen()

        def step(self, action, timeout_s=None, **_):
            self.count += int(action.text == "up")
            return self.seen(reward=float(self.count >= 3))

        @property
        def state(self):
            return core.State(step_count=self.count)

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    app = core.create_app(Count, Say, Seen, max_concurrent_envs=4)
    running = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=lambda: asyncio.run(running.serve()), daemon=True)
    thread.start()
    for _ in range(600):
        if running.started:
            break
        time.sleep(0.1)
    yield f"http://127.0.0.1:{port}"
    running.should_exit = True
    thread.join(20)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_an_openenv_server_is_played(server):
    store = open_store()

    def act(text):
        if text not in ("up", "stay"):
            raise ValueError("say up or stay")
        return {"text": text}

    open_one = openenv(server, act=act, pictures=("picture",), told=lambda seen: f"count {seen['count']}")
    made = played(open_one, ["jump", "up", "stay", "up", "up"], store=store)
    assert made.stop is Stop.DONE, made.error
    assert paid(made) == [0.0, 0.0, 0.0, 0.0, 1.0]
    sizes = [store.size(image.ref)[0] for step in made.steps for image in step.message.images]
    assert sizes == [8, 9, 9, 10]
    assert any("Error: say up or stay" in step.message.text for step in made.steps)
