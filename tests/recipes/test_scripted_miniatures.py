"""The small worlds behind tabular claims about tools: who does everything right is right, what is taken away shows."""

import re
from dataclasses import replace

import pytest

import saccade as sc
from saccade import rewards
from saccade.claims.measure import measure
from saccade.claims.verdict import arms_of
from saccade.cli.resolve import recipe_module
from saccade.clients.scripted import Scripted
from saccade.core.reward import evaluate
from saccade.core.run import Job, describe
from saccade.media import open_store
from saccade.recipes import _searcher, _searching, _sketching, _tracing, _trails, _viewing
from saccade.rollout.pool import run_rollouts
from saccade.tools import search_pages

TABULAR = ("vilasr", "vrag_rl", "think3d", "v_thinker")


def played(items, episode, reply, *, tools=(), steps=40):
    """Share of right answers of a policy that is a function of the conversation."""
    groups = run_rollouts(items, episode, store=open_store(), tools=tools, clients={"policy": Scripted(replies=reply)},
                          limits=sc.Limits(steps=steps))
    made = [evaluate(group, (rewards.answer_match(),)).trajectories[0] for group in groups]
    assert not [each.error for each in made if each.stop.failed]
    return sum(each.rewards["answer_match"].value for each in made) / len(made), made


def last(made):
    return made[-1].run if isinstance(made, tuple) else made


@pytest.mark.parametrize("name", TABULAR)
def test_arms_differ_and_are_judged_alike(name):
    module = recipe_module(name)
    arms = {arm: module.miniature(arm, 1) for arm in arms_of(module.CLAIM)}
    found = [describe(each) for each in arms.values()]
    assert all(one != other for place, one in enumerate(found) for other in found[:place])
    assert len({str(describe(last(each).evals[0])["rewards"]) for each in arms.values()}) == 1
    for each in arms.values():
        test = last(each).evals[0].data
        assert test[0].id == last(arms[module.CLAIM.better]).evals[0].data[0].id
        assert {item.id for item in (test[k] for k in range(8))} and module.CLAIM.seeds == (1, 2, 3)
    assert describe(module.miniature(module.CLAIM.better, 1)) != describe(module.miniature(module.CLAIM.better, 2))


def right_move(messages):
    said = messages[-1].text
    at, move = re.match(r"at (\w+), (?:next (\w+))?", said + " ").groups() if said.startswith("at ") else (None, None)
    if at is None:
        asked, drawn = re.match(r"asked for (\w+), drawn (\w+)", said).groups()
        return "on" if asked == drawn else "redraw"
    return _tracing.word_of(_tracing.moved(_tracing.cell_of(at), move)) if move else at


def test_the_direction_of_a_drawn_move_can_be_read_and_a_slip_mended():
    walks = _tracing.walks(3, 12)
    assert {len(each.meta["moves"]) for each in walks} <= {6, 7, 8}
    assert played(walks, _tracing.tracing(draws=True), right_move)[0] == 1.0
    assert played(walks, _tracing.tracing(draws=False), right_move)[0] == 1.0
    slips = iter(range(10_000))

    def slipping(messages):
        if messages[-1].text.startswith("at ") and "next" in messages[-1].text and next(slips) % 4 == 0:
            return "r4c4"
        return right_move(messages)

    seen, _ = played(walks, _tracing.tracing(draws=True), slipping)
    slips = iter(range(10_000))
    unseen, _ = played(walks, _tracing.tracing(draws=False), slipping)
    assert seen > 0.8 > unseen


def sketched(messages):
    said = messages[-1].text
    if said.startswith("a point at spot"):
        spot = int(said.split()[-1])
        return f"{spot % _sketching.GRID} {spot // _sketching.GRID}"
    return said.split()[-1]


def test_a_fitting_drawing_shows_the_answer_and_another_does_not():
    figures = _sketching.figures(5, 24)
    right, made = played(figures, _sketching.sketching(), sketched, tools=[_sketching.draw])
    assert right == 1.0 and all(each.events[0].error is None for each in made)
    exchanged = {"line": "circle", "circle": "line"}
    other = lambda messages: exchanged.get(sketched(messages), sketched(messages))  # noqa: E731
    assert played(figures, _sketching.sketching(), other, tools=[_sketching.draw])[0] < 0.5
    assert played(figures, _sketching.sketching(shows=False), sketched, tools=[_sketching.draw])[0] == 0.0
    _, broken = played(figures, _sketching.sketching(), lambda messages: "erase", tools=[_sketching.draw])
    assert all("there is no command" in each.events[0].error for each in broken)


def test_the_words_of_users_find_other_pages_and_those_of_pages_the_right_one():
    questions, tools = _searching.questions(), [search_pages(corpus=_searching.library())]
    meant = {word: title for title, word in _searching.WORDS.items()}

    def asking(word_for):
        def reply(messages):
            said = messages[-1].text
            if said.startswith("the cell says"):
                return said.split()[-1]
            if said == "no such cell":
                return "crop"
            if "found" not in said:
                return word_for(said.split()[-1])
            asked, found = re.match(r"asked for (\w+), found (\w+)", said).groups()
            return "crop" if meant[asked] == found else word_for(asked)

        return reply

    right, made = played(questions, _searching.searching(), asking(meant.get), tools=tools)
    ndcg = rewards.retrieval_ndcg().function
    assert right == 1.0 and all(ndcg(each).value == 1.0 for each in made)
    own, _ = played(questions, _searching.searching(), asking(lambda word: word), tools=tools)
    assert own < 0.5
    assert played(questions, _searching.searching(closer=False), asking(meant.get), tools=tools)[0] < 0.2


def test_a_view_from_elsewhere_shows_what_the_first_picture_hides():
    rooms = [_viewing.room(4, index) for index in range(16)]
    hidden = [each for each in rooms if each.meta["topic"] == "hidden"]
    assert 3 < len(hidden) < 16
    for each in hidden:
        told = {_viewing.said(each, dict(_viewing.seen(*each.meta["source"], *view))) for view in _viewing.VIEWS.values()}
        assert f"new here: {each.target}" in told
        assert _viewing.said(each, each.meta["first"]) == "nothing new"
    behind = next(each for each in rooms if each.meta["topic"] == "behind")
    from_behind = _viewing.said(behind, dict(_viewing.seen(*behind.meta["source"], "global", 180.0, 0.0)))
    assert from_behind == f"the first looks {behind.target}"


def searching(pictures, **changes):
    web, store = _trails.trails(9, 12), open_store()
    searcher = _searcher.Searcher(**{"store": store, "seed": 9, "room": 10**6, "error": 0.0, **changes})
    groups = run_rollouts(web.questions, sc.episodes.windowed(keep=3), store=store, clients={"policy": searcher},
                          tools=_searcher.offered(web.corpus, pictures), limits=sc.Limits(steps=60))
    return [evaluate(group, (rewards.answer_match(),)).trajectories[0] for group in groups]


def test_a_searcher_with_room_and_pictures_finds_every_end():
    assert all(_trails.read_emblem(_trails.emblem(*each)) == each for each in _trails.EMBLEMS)
    shares = {"in_context": (1.0, 1.0), "fetch": (1.0, 1.0), "captions": (0.0, 0.3), "swapped": (0.0, 0.3)}
    for pictures, (least, most) in shares.items():
        made = searching(pictures)
        right = sum(each.rewards["answer_match"].value for each in made) / len(made)
        assert least <= right <= most, pictures
    shown = max(_searcher.longest(each) for each in searching("in_context"))
    named = max(_searcher.longest(each) for each in searching("fetch"))
    assert shown > 2 * named
    cramped = searching("in_context", room=500)
    assert all(each.answer.endswith("too long</answer>") or "too long" in each.answer for each in cramped)


def test_waiting_is_counted_exactly_and_alike_latencies_gain_nothing(monkeypatch, tmp_path):
    from saccade.recipes import _waiting, verltool

    monkeypatch.setattr(_waiting, "ATTEMPTS", 8)
    monkeypatch.setattr(_waiting, "BATCHES", 1)
    alike = verltool.miniature("alike", 5)
    assert isinstance(alike, Job)
    wanted = {"speed_up": 1.0, "seconds": 7.0, "seconds_together": 7.0, "excluded": 0.0}
    assert measure(alike, tmp_path) == pytest.approx(wanted), "sums of waits, up to rounding"
    alone, together = (replace(alike, spread=1.0, together=each).measure() for each in (False, True))
    assert together["speed_up"] == 1.0 and alone["speed_up"] >= 1.0 and alone["excluded"] == together["excluded"] == 0.0
    assert alone == replace(alike, spread=1.0).measure()
