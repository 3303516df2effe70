"""Nine faults, each put into the path the data takes, never into the check: each is refused with its cause named.

Every test trains for real (rollout, rows, update) through the public entry; without its fault the same run trains.
"""

from dataclasses import replace

import numpy as np
import pytest
import torch

import saccade.core as sc
from saccade.core.store import MediaStore
from saccade.engines.local import LocalEngine
from saccade.learn import opening
from saccade.learn import rows as rows_module
from saccade.learn.blind import BlindError
from saccade.learn.loop import train
from saccade.media import boxes
from saccade.models.families.qwen import Qwen
from saccade.models.policy import Policy, load_policy
from saccade.rollout.recorder import Recorder


def refused(run, folder, match):
    with pytest.raises(BlindError, match=match) as caught:
        train(run, folder, progress=False, export=False)
    return str(caught.value)


def test_without_a_fault_it_trains_and_reports(run, tmp_path):
    summary = train(run, tmp_path / "run", progress=False, export=False)
    assert summary["last"]["blind/mismatch_max"] < 1e-5
    assert summary["last"]["blind/noise"] > 1e-2
    assert summary["last"]["blind/noise_tools"] > 1e-3
    assert summary["last"]["blind/images"] >= 4


def test_image_dropped_in_the_model(run, tmp_path, monkeypatch):
    encode = Qwen.encode

    def blank(self, model, patches):
        return [replace(each, embeds=torch.zeros_like(each.embeds)) for each in encode(self, model, patches)]

    monkeypatch.setattr(Qwen, "encode", blank)
    refused(run, tmp_path / "run", "an image is dropped|is dropped on its way")


def test_image_dropped_between_rollout_and_training(run, tmp_path, monkeypatch):
    whole = rows_module.concatenate
    monkeypatch.setattr(rows_module, "concatenate", lambda steps: replace(whole(steps), media=whole(steps).media[:1]))
    message = refused(run, tmp_path / "run", "an image is dropped")
    assert "px:" in message


def test_images_swapped_within_a_batch(having, tmp_path, monkeypatch, questions):
    encode = Qwen.encode
    monkeypatch.setattr(Qwen, "encode", lambda self, model, patches: encode(self, model, patches)[::-1])
    refused(having(data=questions(1, 3, 5, 7)), tmp_path / "run", "images are swapped within a batch")


def test_images_swapped_in_the_rows(run, tmp_path, monkeypatch):
    whole = rows_module.concatenate

    def swapped(steps):
        prompt = whole(steps)
        first, second = prompt.media
        return replace(prompt, media=(replace(first, ref=second.ref), replace(second, ref=first.ref)))

    monkeypatch.setattr(rows_module, "concatenate", swapped)
    refused(run, tmp_path / "run", "images are swapped")


@pytest.mark.parametrize("by", [1, -1])
def test_placeholder_count_off_by_one(run, tmp_path, monkeypatch, by):
    expand = Qwen.expand

    def miscounted(self, size):
        right = expand(self, size)
        count = len(right.tokens) + by
        return replace(right, tokens=(self.placeholder,) * count, feature_mask=(True,) * count)

    monkeypatch.setattr(Qwen, "expand", miscounted)
    message = refused(run, tmp_path / "run", "placeholder count")
    assert f"{by:+d}" in message


def test_wrong_rotary_grid_in_the_positions(run, tmp_path, monkeypatch):
    positions = Qwen.positions

    def turned(self, prompt):
        media = tuple(replace(s, inputs={"grid": [s.inputs["grid"][at] for at in (0, 2, 1)]}) for s in prompt.media)
        return positions(self, replace(prompt, media=media))

    monkeypatch.setattr(Qwen, "positions", turned)
    refused(run, tmp_path / "run", "wrong rotary grid")


def test_wrong_rotary_grid_in_the_record(run, tmp_path, monkeypatch):
    expand = Qwen.expand

    def turned(self, size):
        right = expand(self, size)
        frames, tall, wide = right.inputs["grid"]
        return replace(right, inputs={"grid": [frames, wide, tall]})

    monkeypatch.setattr(Qwen, "expand", turned)
    message = refused(run, tmp_path / "run", "wrong rotary grid")
    assert "recorded" in message


class Speller:
    """Finds other tokens for a text: `other(tokens)` says the same in as many tokens, or is None where it cannot."""

    def __init__(self, checkpoint):
        self.renderer = load_policy(sc.policy(str(checkpoint))).renderer
        vocabulary = sorted(self.renderer.encoder.tokenizer.get_vocab().values())
        self.texts = {index: self.renderer.decode(np.array([index])) for index in vocabulary}
        self.ids = {text: index for index, text in self.texts.items() if text and "\ufffd" not in text and "<" not in text}
        self.plain = set(self.ids.values())

    def ways(self, text, count):
        """All ways to write a text in exactly `count` tokens."""
        if count == 0:
            return [()] if not text else []
        return [
            (self.ids[text[:border]], *rest)
            for border in range(1, min(len(text), 12) + 1)
            if text[:border] in self.ids
            for rest in self.ways(text[border:], count - 1)
        ]

    def other(self, tokens):
        for at in range(len(tokens) - 2):
            part = tuple(int(token) for token in tokens[at : at + 3])
            whole = "".join(self.texts[token] for token in part)
            if self.plain.issuperset(part) and len(whole) > 3:
                for found in self.ways(whole, 3):
                    if found != part:
                        return np.concatenate([tokens[:at], np.array(found, tokens.dtype), tokens[at + 3 :]])
        return None


@pytest.fixture(scope="module")
def speller(checkpoint):
    return Speller(checkpoint)


def test_retokenised_turn_of_equal_length(having, tmp_path, monkeypatch, checkpoint, speller):
    wrote = Recorder.wrote
    changed = []

    def respelled(self, strand, speaker, message, started_s, *, completion=None, **rest):
        other = speller.other(completion.tokens)
        if other is not None:
            changed.append(other)
            completion = replace(completion, tokens=other)
        return wrote(self, strand, speaker, message, started_s, completion=completion, **rest)

    monkeypatch.setattr(Recorder, "wrote", respelled)
    only_letters(monkeypatch, speller)
    refused(having(policy=talkative(checkpoint)), tmp_path / "run", "re-tokenised turn")
    assert changed


def talkative(checkpoint):
    return sc.policy(str(checkpoint), freeze=(), sampling=sc.Sampling(max_tokens=24))


def only_letters(monkeypatch, speller):
    """Let sampler and learner know only tokens of small letters, among which other spellings are frequent."""
    letters = [index for text, index in speller.ids.items() if text.isascii() and text.isalpha() and text.islower()]

    def load(spec):
        policy = load_policy(spec)
        rest = set(range(policy.model.get_output_embeddings().weight.shape[0])) - set(letters)
        return replace(policy, banned=torch.tensor(sorted(rest)))

    monkeypatch.setattr(opening, "load_policy", load)


def test_retokenised_turn_of_another_length(run, tmp_path, monkeypatch):
    wrote = Recorder.wrote

    def shorter(self, strand, speaker, message, started_s, *, completion=None, **rest):
        completion = replace(completion, tokens=completion.tokens[:-1])
        return wrote(self, strand, speaker, message, started_s, completion=completion, **rest)

    monkeypatch.setattr(Recorder, "wrote", shorter)
    with pytest.raises(RuntimeError, match="re-tokenised turn"):
        train(run, tmp_path / "run", progress=False, export=False)


def test_retokenised_turn_in_the_rows(having, tmp_path, monkeypatch, checkpoint, speller):
    whole = rows_module.concatenate

    def rendered_again(steps):
        prompt = whole(steps)
        start = len(steps[0].tokens)
        end = start + len(steps[1].tokens)
        other = speller.other(prompt.tokens[start:end])
        if other is None:
            return prompt
        return replace(prompt, tokens=np.concatenate([prompt.tokens[:start], other, prompt.tokens[end:]]))

    monkeypatch.setattr(rows_module, "concatenate", rendered_again)
    only_letters(monkeypatch, speller)
    refused(having(policy=talkative(checkpoint)), tmp_path / "run", "re-tokenised turn")


@pytest.mark.parametrize("by", [1, -1])
def test_mask_shifted_by_one(run, tmp_path, monkeypatch, by):
    right = rows_module.trainable_of
    monkeypatch.setattr(rows_module, "trainable_of", lambda *a, **k: np.roll(right(*a, **k), by))
    refused(run, tmp_path / "run", "mask of trained tokens is shifted by one")


def test_log_probabilities_shifted_by_one(run, tmp_path, monkeypatch):
    generate = LocalEngine.generate

    async def late(self, prompt, sampling):
        completion = await generate(self, prompt, sampling)
        return replace(completion, logp=np.roll(completion.logp, 1))

    monkeypatch.setattr(LocalEngine, "generate", late)
    refused(run, tmp_path / "run", "shifted by one")


def test_tool_result_in_the_loss_of_rows(run, tmp_path, monkeypatch):
    right = rows_module.trainable_of

    def greedy(steps, fresh, **settings):
        own = [np.full(len(step.tokens), step.message.role == "tool") for step in steps]
        return right(steps, fresh, **settings) | np.concatenate(own)

    monkeypatch.setattr(rows_module, "trainable_of", greedy)
    refused(run, tmp_path / "run", "a tool result is in the loss")


def test_tool_result_in_the_loss_of_the_record(run, tmp_path, monkeypatch):
    show = Recorder.show

    def all_sampled(self, strand, messages, rendered, reply):
        out = show(self, strand, messages, rendered, reply)
        last = self.steps[-1]
        if last.message.role == "tool":
            self.steps[-1] = replace(last, sampled=np.ones(len(last.tokens), bool))
        return out

    monkeypatch.setattr(Recorder, "show", all_sampled)
    refused(run, tmp_path / "run", "a tool result")


def test_stale_image_embedding_after_an_update(having, tmp_path, monkeypatch):
    def forgetful(self):
        self.version += 1

    monkeypatch.setattr(Policy, "updated", forgetful)
    run = having(updates=3, prompts=4, blind_every=1, optim=sc.Optim(lr=1e-2))
    refused(run, tmp_path / "run", "stale image embedding")
    assert (tmp_path / "run" / "metrics.jsonl").read_text().count("\n") == 1


def test_stale_weights_in_the_engine(having, tmp_path, monkeypatch):
    """Not one of the nine, but its neighbour: the sampler did not get the new weights."""
    generate = LocalEngine.generate

    async def behind(self, prompt, sampling):
        completion = await generate(self, prompt, sampling)
        return replace(completion, version=0, logp=completion.logp - 0.5 * (self.version > 0))

    monkeypatch.setattr(LocalEngine, "generate", behind)
    refused(having(updates=2, blind_every=1), tmp_path / "run", "stale weights")


def test_wrong_coordinate_frame_of_the_box(run, tmp_path, monkeypatch):
    monkeypatch.setattr(boxes, "to_pixels", lambda box, size, bins=16: box.xyxy)
    message = refused(run, tmp_path / "run", "wrong coordinate frame")
    assert "per_mille" in message and "as if the numbers were px" in message


def test_wrong_coordinate_frame_of_the_crop(run, tmp_path, monkeypatch):
    put = MediaStore.put

    def misplaced(self, pixels, *, parent=None, to_parent=(1.0, 1.0, 0.0, 0.0), **rest):
        sx, sy, ox, oy = to_parent
        return put(self, pixels, parent=parent, to_parent=(sx, sy, ox + 60, oy + 60), **rest)

    monkeypatch.setattr(MediaStore, "put", misplaced)
    message = refused(run, tmp_path / "run", "wrong coordinate frame")
    assert "pixels" in message


def test_observation_dropped_from_the_training_context(run, tmp_path, monkeypatch):
    """The learner sees question, call and answer without what the tool showed: one published trainer did so."""
    whole = rows_module.concatenate

    def without_observations(steps):
        return whole([step for step in steps if step.message.role != "tool"])

    monkeypatch.setattr(rows_module, "concatenate", without_observations)
    refused(run, tmp_path / "run", "observation is left out")
