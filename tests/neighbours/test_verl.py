"""verl's side as it is documented: an agent loop over a server that gives tokens, a batch in its layout. Not run in verl."""

import sys
import types
from dataclasses import dataclass, field

import numpy as np
import pytest
from PIL import Image as PILImage

import saccade as sc
from saccade import episodes, rewards, tools
from saccade.core.engine import Prompt, Sampling
from saccade.core.message import Image, user
from saccade.core.reward import evaluate
from saccade.core.run import Independent
from saccade.core.sample import Rows, Sample
from saccade.core.trajectory import Stop
from saccade.media import open_store
from saccade.neighbours.verl import EpisodeLoop, ServerEngine, batch, output_of
from saccade.rollout.pool import run_rollouts, run_sync
from saccade.testing.replay import ByteRenderer, Replay

CALL = '<tool_call>{"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [0, 0, 32, 24]}}</tool_call>'


def picture(shade=90):
    return PILImage.new("RGB", (64, 48), (shade, shade, 9))


def made(**changes) -> sc.Run:
    settings = {
        "name": "zoom", "data": Rows(rows=[]), "episode": episodes.tool_loop(max_steps=3), "tools": (tools.crop(),),
        "policy": sc.policy("glimpse", sampling=Sampling(max_tokens=200)), "explore": Independent(n=2),
        "rewards": (rewards.answer_match(), rewards.tool_bonus(only_if_correct=True, weight=0.5)),
    }
    return sc.Run(**{**settings, **changes})


@pytest.fixture
def groups():
    store = open_store()
    samples = [Sample(id=f"item {n}", prompt=(user(Image(ref=f"lazy:{n}", data=picture(n)), "Which?"),), target="4")
               for n in range(2)]
    found = run_rollouts(samples, episodes.tool_loop(), store=store, engine=Replay(texts=[CALL, "<answer>4</answer>"]),
                         renderer=ByteRenderer(), tools=(tools.crop(),), explore=Independent(n=2))
    return [evaluate(group, made().rewards) for group in found], store


def test_a_row_is_what_was_recorded(groups):
    scored, store = groups
    trajectory = scored[0].trajectories[0]
    row = output_of(trajectory, store, 1.5)
    whole = trajectory.prompt()
    assert row.prompt_ids + row.response_ids == whole.tokens.tolist()
    assert sum(row.response_mask) == trajectory.num_sampled and row.response_mask[0] == row.response_mask[-1] == 1
    drawn = [value for value, mask in zip(row.response_logprobs, row.response_mask, strict=True) if mask]
    assert np.allclose(drawn, np.concatenate([step.logp for step in trajectory.steps if step.logp is not None]))
    assert not any(value for value, mask in zip(row.response_logprobs, row.response_mask, strict=True) if not mask)
    assert [each.size for each in row.images] == [(64, 48), (32, 24)] and row.num_turns == 4


def test_a_batch_is_padded_as_verl_pads(groups):
    scored, store = groups
    made_batch = batch(scored, store, prompt_length=200, response_length=400, pad=258)
    count = 4
    for name, width in (("prompts", 200), ("responses", 400), ("response_mask", 400), ("input_ids", 600),
                        ("attention_mask", 600), ("position_ids", 600), ("rm_scores", 400), ("rollout_log_probs", 400)):
        assert made_batch[name].shape == (count, width), name
    row = output_of(scored[0].trajectories[0], store, None)
    assert made_batch["prompts"][0, -len(row.prompt_ids):].tolist() == row.prompt_ids
    assert made_batch["responses"][0, : len(row.response_ids)].tolist() == row.response_ids
    assert (made_batch["attention_mask"].sum(1) == len(row.prompt_ids) + len(row.response_ids)).all()
    assert made_batch["position_ids"].max(1).tolist() == (made_batch["attention_mask"].sum(1) - 1).tolist()
    last = len(row.response_ids) - 1
    assert made_batch["rm_scores"][:, last].tolist() == [1.5] * count and np.count_nonzero(made_batch["rm_scores"]) == count
    assert made_batch["uid"].tolist() == ["item 0", "item 0", "item 1", "item 1"]


def test_what_does_not_fit_is_named(groups):
    scored, store = groups
    with pytest.raises(ValueError, match=r"item 0: a response of \d+ tokens does not fit into response_length=20"):
        batch(scored, store, prompt_length=200, response_length=20, pad=0)
    assert batch([], store, prompt_length=5, response_length=5, pad=0)["prompts"].shape == (0, 5)


def test_failed_attempts_are_left_out(groups):
    from dataclasses import replace

    scored, store = groups
    one, other = scored[0].trajectories
    broken = replace(scored[0], trajectories=(replace(one, stop=Stop.ERROR), other))
    assert len(batch([broken], store, prompt_length=200, response_length=400, pad=0)["uid"]) == 1


@dataclass
class Said:
    token_ids: list
    log_probs: list | None


@dataclass
class Server:
    """A server manager of verl: `generate` with these four names, token ids and log-probabilities back."""

    texts: list
    asked: list = field(default_factory=list)
    short: bool = False

    async def generate(self, *, request_id, prompt_ids, sampling_params, image_data=None):
        self.asked.append((request_id, prompt_ids, sampling_params, image_data))
        text = self.texts[min(len(self.asked), len(self.texts)) - 1].encode()
        tokens = [*text, 257]
        return Said(tokens, [-0.5] * (len(tokens) - self.short))


@pytest.fixture
def verl(monkeypatch):
    """The two names the loop takes from verl, with the fields its documentation lists."""

    @dataclass(kw_only=True)
    class AgentLoopMetrics:
        generate_sequences: float = 0.0
        tool_calls: float = 0.0

    @dataclass(kw_only=True)
    class AgentLoopOutput:
        prompt_ids: list
        response_ids: list
        response_mask: list
        metrics: AgentLoopMetrics
        response_logprobs: list | None = None
        multi_modal_data: dict | None = None
        reward_score: float | None = None
        num_turns: int = 0
        extra_fields: dict = field(default_factory=dict)

    names = {"AgentLoopMetrics": AgentLoopMetrics, "AgentLoopOutput": AgentLoopOutput}
    for name in ("verl", "verl.experimental", "verl.experimental.agent_loop", "verl.experimental.agent_loop.agent_loop"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    for name, value in names.items():
        setattr(sys.modules["verl.experimental.agent_loop.agent_loop"], name, value)


COLUMNS = {
    "raw_prompt": [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "Which digit?"}]}],
    "multi_modal_data": {"image": [picture()]}, "data_source": "mine", "extra_info": {"index": 7},
    "reward_model": {"style": "rule", "ground_truth": "4"},
}


def test_the_loop_plays_the_episode_over_verls_server(verl):
    server = Server(texts=[CALL, "<answer>4</answer>"])
    loop = EpisodeLoop(made(), server, ByteRenderer(), open_store())
    out = run_sync(loop.run({"temperature": 1.0, "top_p": 1.0, "logprobs": True}, **COLUMNS))
    assert out.reward_score == 1.5 and out.num_turns == 4
    assert out.extra_fields["reward_extra_info"] == {"answer_match": 1.0, "tool_bonus": 1.0, "stop": "done"}
    assert len(out.response_ids) == len(out.response_mask) == len(out.response_logprobs)
    assert [each.size for each in out.multi_modal_data["image"]] == [(64, 48), (32, 24)]
    (first, asked, params, shown), (again, later, _, both) = server.asked
    assert first == again, "one id, so that the server keeps the prefix"
    assert later[: len(asked)] == asked and out.prompt_ids == asked, "tokens are appended"
    assert len(shown) == 1 and len(both) == 2 and params["logprobs"] and params["max_tokens"] == 200
    assert loop.sample(dict(COLUMNS)).target == "4"


def test_a_server_that_miscounts_ends_the_attempt(verl):
    loop = EpisodeLoop(made(), Server(texts=["4"], short=True), ByteRenderer(), open_store())
    with pytest.raises(RuntimeError, match="log-probabilities for"):
        run_sync(loop.run({}, **COLUMNS))


def test_a_completion_that_filled_its_length_is_cut_off():
    engine = ServerEngine(manager=Server(texts=["x" * 30]), store=open_store(), params={})
    found = run_sync(engine.generate(Prompt(tokens=np.arange(3, dtype=np.int32)), Sampling(max_tokens=31, stop=(999,))))
    assert found.finish == "length"
    found = run_sync(engine.generate(Prompt(tokens=np.arange(3, dtype=np.int32)), Sampling(max_tokens=31, stop=(257,))))
    assert found.finish == "stop"
