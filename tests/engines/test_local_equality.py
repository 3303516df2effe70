"""What the local engine samples is what the learner scores and what the stock model computes, in all five families."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from saccade.core.engine import EMPTY_PROMPT, Sampling
from saccade.core.message import user
from saccade.core.run import PolicySpec
from saccade.engines.local import LocalEngine
from saccade.engines.local_batch import run_batch
from saccade.engines.local_cache import PrefixStore
from saccade.media import open_store
from saccade.models.forward import score
from saccade.models.inputs import image_features
from saccade.models.policy import load_policy
from saccade.models.shared import plan_for
from saccade.testing.talks import append, picture, talks
from saccade.testing.tiny import tiny

NAMES = ("qwen2_5_vl", "qwen3_vl", "smolvlm", "idefics3", "internvl", "gemma3")


@pytest.fixture(scope="module", params=NAMES)
def policy(request, tmp_path_factory):
    folder = tiny(request.param, tmp_path_factory.mktemp(request.param))
    return load_policy(PolicySpec(model=str(folder)))


@pytest.fixture(scope="module")
def store():
    return open_store()


@pytest.fixture(scope="module")
def played(policy, store):
    return talks(LocalEngine(policy, store), policy.renderer, store, range(5))


def test_sampler_and_learner_agree_on_three_turns_with_three_images(policy, store, played):
    scores = score(policy, [each.prompt for each in played], store, wanted=[each.sampled for each in played])
    sampled = np.concatenate([each.logp for each in played])
    assert len(sampled) == sum(int(each.sampled.sum()) for each in played) > 50
    assert all(len(each.prompt.media) == 3 for each in played)
    assert scores.logp_N.requires_grad
    assert np.abs(scores.logp_N.detach().numpy() - sampled).max() <= 1e-5


def test_forward_equals_the_stock_model(policy, store, played):
    stock = stock_logp(policy, store, played[2])
    scores = score(policy, [played[2].prompt], store, wanted=[played[2].sampled])
    assert np.abs(scores.logp_N.detach().numpy() - stock).max() <= 1e-5


def stock_logp(policy, store, talk):
    """Log-probabilities by the unmodified model's own forward, banned ids removed."""
    prompt = talk.prompt
    patches = [policy.family.patches(store.get(span.ref)) for span in prompt.media]
    tokens = torch.from_numpy(prompt.tokens.astype(np.int64))[None]
    inputs = {"input_ids": tokens, "attention_mask": torch.ones_like(tokens)}
    kinds = (tokens == policy.family.placeholder).int()
    pixels = torch.from_numpy(np.concatenate([each["pixel_values"] for each in patches]))
    if policy.family.name.startswith("qwen"):
        grid = torch.from_numpy(np.stack([each["grid"] for each in patches]))
        inputs |= {"pixel_values": pixels, "image_grid_thw": grid, "mm_token_type_ids": kinds}
    elif policy.family.name == "gemma3":
        inputs |= {"pixel_values": pixels, "token_type_ids": kinds}
    else:
        inputs["pixel_values"] = pixels if policy.family.name == "internvl" else pixels[None]
    with torch.no_grad():
        logits = policy.model(**inputs).logits[0].clone()
    logits[:, policy.banned] = float("-inf")
    places = np.flatnonzero(talk.sampled)
    return logits.log_softmax(-1)[places - 1, prompt.tokens[places].astype(np.int64)].numpy()


def test_kept_keys_equal_a_full_forward(policy, store, played):
    """Each second and third turn asked again on an engine that remembers nothing."""
    for talk in played[:3]:
        for prompt, sampling, completion in talk.turns:
            (alone,) = run_batch(policy, store, PrefixStore(0), [prompt], [sampling])
            assert np.array_equal(alone.tokens, completion.tokens) and alone.finish == completion.finish
            assert np.abs(alone.logp - completion.logp).max() <= 1e-5


def test_prefixes_are_found_and_only_new_tokens_run(policy, store, monkeypatch):
    engine = LocalEngine(policy, store)
    widths = []
    run = type(policy.family).text

    def counted(self, model, embeds, *args, **options):
        widths.append(embeds.shape[1])
        return run(self, model, embeds, *args, **options)

    monkeypatch.setattr(type(policy.family), "text", counted)
    (played,) = talks(engine, policy.renderer, store, [7])
    prefills = [width for width in widths if width > 1]
    assert len(prefills) == 3
    assert sum(widths) <= len(played.prompt.tokens)


def test_members_of_a_group_share_their_prompt(policy, store, monkeypatch):
    seen = []
    run = type(policy.family).text

    def counted(self, model, embeds, *args, **options):
        seen.append(embeds.shape[:2])
        return run(self, model, embeds, *args, **options)

    prompt = append(EMPTY_PROMPT, policy.renderer.encode([user(picture(store, "shared"), "What?")], (), store))
    samplings = [Sampling(seed=seed, max_tokens=6) for seed in range(8)]
    alone = [run_batch(policy, store, PrefixStore(0), [prompt], [each])[0] for each in samplings]
    monkeypatch.setattr(type(policy.family), "text", counted)
    together = run_batch(policy, store, PrefixStore(0), [prompt] * 8, samplings)
    assert seen[0] == (1, len(prompt.tokens))
    for one, other in zip(alone, together, strict=True):
        assert np.array_equal(one.tokens, other.tokens) and np.allclose(one.logp, other.logp, atol=1e-5)
    assert len({each.tokens.tobytes() for each in together}) > 4


def test_image_tokens_are_never_sampled(policy, store):
    """Even where the model wants nothing else: the head is turned so that every logit prefers them."""
    prompt = append(EMPTY_PROMPT, policy.renderer.encode([user(picture(store, "b"), "What?")], (), store))
    head = policy.model.get_output_embeddings()

    def prefer(module, inputs, logits):
        logits = logits.clone()
        logits[..., list(policy.family.banned)] += 100
        return logits

    handle = head.register_forward_hook(prefer)
    try:
        out = run_batch(
            policy, store, PrefixStore(0), [prompt] * 3,
            [Sampling(seed=1, max_tokens=40), Sampling(temperature=0.0, max_tokens=40), Sampling(top_k=2, max_tokens=40)],
        )
    finally:
        handle.remove()
    for each in out:
        assert not np.isin(each.tokens, policy.family.banned).any()
        assert np.isfinite(each.logp).all() and len(each.tokens)


def test_an_image_is_encoded_once_a_version(policy, monkeypatch):
    store = open_store()
    counts = []
    encode = type(policy.family).encode

    def counted(self, model, patches):
        counts.append(len(patches))
        return encode(self, model, patches)

    monkeypatch.setattr(type(policy.family), "encode", counted)
    played = talks(LocalEngine(policy, store), policy.renderer, store, [3, 3, 3, 4])
    assert sum(counts) == len({span.ref for each in played for span in each.prompt.media}) == 6
    counts.clear()
    with torch.no_grad():
        score(policy, [each.prompt for each in played], store, wanted=[each.sampled for each in played])
    assert not counts
    score(policy, [each.prompt for each in played], store, wanted=[each.sampled for each in played])
    assert policy.tower_trains and counts == [6]  # the connector learns, so its output needs a gradient
    counts.clear()
    version = policy.version, policy.tower_version
    policy.updated()
    with torch.no_grad():
        image_features(policy, played[0].prompt.media, store)
    policy.version, policy.tower_version = version
    assert counts == [3]


def test_stale_embeddings_cannot_survive_an_update(policy):
    """After the tower changed, features must be those of the new weights."""
    store = open_store()
    span = append(
        EMPTY_PROMPT, policy.renderer.encode([user(picture(store, "s"), "What?")], (), store)
    ).media
    before = policy.version, policy.tower_version
    weights = [each for part in policy.family.parts(policy.model)["connector"] for each in part.parameters()]
    with torch.no_grad():
        old = image_features(policy, span, store)[span[0].ref].embeds.clone()
        for weight in weights:
            weight.mul_(2.0)
        policy.updated()
        new = image_features(policy, span, store)[span[0].ref].embeds
        for weight in weights:
            weight.div_(2.0)
    policy.version, policy.tower_version = before
    assert (old - new).abs().max() > 1e-3


def test_images_matter_and_views_replace_them(policy, store, played):
    talk = played[0]
    ref = talk.prompt.media[0].ref
    blank = store.get(ref).point(lambda value: 0)
    with torch.no_grad():
        seen = score(policy, [talk.prompt], store, wanted=[talk.sampled]).logp_N
        unseen = score(policy, [talk.prompt], store, wanted=[talk.sampled], media={ref: blank}).logp_N
        again = score(policy, [talk.prompt], store, wanted=[talk.sampled]).logp_N
    assert (seen - unseen).abs().max() > 1e-3
    assert torch.equal(seen, again)


def test_a_lost_placeholder_and_a_wrong_grid_are_named(policy, store, played):
    prompt, marks = played[0].prompt, played[0].sampled
    at = prompt.media[0].start
    lost = replace(prompt, tokens=np.delete(prompt.tokens, at), media=prompt.media[:1])
    with pytest.raises(ValueError, match="placeholder"):
        score(policy, [lost], store, wanted=[np.delete(marks, at)])
    with pytest.raises(ValueError, match="belong to no image"):
        score(policy, [replace(prompt, media=prompt.media[1:])], store, wanted=[marks])
    if policy.family.name != "gemma3":
        name = next(iter(prompt.media[0].inputs))
        wrong = replace(prompt.media[0], inputs={name: [9, *prompt.media[0].inputs[name][1:]]})
        with pytest.raises(ValueError, match="grid"):
            score(policy, [replace(prompt, media=(wrong, *prompt.media[1:]))], store, wanted=[marks])
    shifted = marks.copy()
    shifted[at] = True
    with pytest.raises(ValueError, match="mask is shifted"):
        score(policy, [prompt], store, wanted=[shifted])


def test_a_shared_beginning_changes_neither_values_nor_gradients(policy, store):
    """Rows of one prompt scored together and one by one; the prompt's image must get the whole group's gradient."""
    asked = user(picture(store, "g"), "What is in the picture? " * 9)
    prompt = append(EMPTY_PROMPT, policy.renderer.encode([asked], (), store))
    out = run_batch(policy, store, PrefixStore(0), [prompt] * 4, [Sampling(seed=s, max_tokens=5 + s) for s in range(4)])
    whole = [prompt.extend(each.tokens) for each in out]
    wanted = [np.arange(len(each.tokens)) >= len(prompt.tokens) for each in whole]
    weights = [each for each in policy.model.parameters() if each.requires_grad]
    assert plan_for(policy, whole, [len(each.tokens) - 1 for each in whole]).start_R == [len(prompt.tokens)] * 4
    together = score(policy, whole, store, wanted=wanted).logp_N
    shared = torch.autograd.grad(together.square().sum(), weights, allow_unused=True)
    apart = torch.cat([score(policy, [p], store, wanted=[w]).logp_N for p, w in zip(whole, wanted, strict=True)])
    single = torch.autograd.grad(apart.square().sum(), weights, allow_unused=True)
    assert (together - apart).abs().max() <= 1e-5
    for one, other in zip(shared, single, strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            assert (one - other).abs().max() <= 1e-4 * other.abs().max() + 1e-6


@pytest.mark.parametrize("name", ["qwen2_5_vl", "gemma3"])
def test_eager_attention_takes_the_same_masks(name, tmp_path, store):
    folder = tiny(name, tmp_path / name)
    sdpa, eager = (load_policy(PolicySpec(model=str(folder), attention=each)) for each in ("sdpa", "eager"))
    (talk,) = talks(LocalEngine(eager, store), eager.renderer, store, [2])
    with torch.no_grad():
        for policy in (sdpa, eager):
            scored = score(policy, [talk.prompt], store, wanted=[talk.sampled]).logp_N
            assert np.abs(scored.numpy() - talk.logp).max() <= 1e-5
