"""A run small enough for a test and complete enough to break: two prompts of different size, a look, two turns."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image as PILImage

import saccade.core as sc
from saccade import credit, objectives
from saccade.core.sample import Rows
from saccade.core.seed import generator
from saccade.testing.tiny import tiny
from saccade.tools.crop import crop

BOX = [50, 50, 150, 160]


@sc.episode
async def looks(sample, context, *, box=tuple(BOX)):
    """Whatever the model says, it is shown the box and asked again."""
    yield sc.show(sample.prompt, tools=context.tools)
    call = sc.ToolCall(name="image_zoom_in_tool", arguments={"bbox_2d": list(box)})
    yield sc.show(await context.call(call))


@sc.reward
def low_letters():
    """Something that random answers differ in."""
    return lambda trajectory: sum(map(ord, trajectory.answer)) % 97 / 97


def picture(index, size=(280, 196)):
    """Large patches of random colour: no two places alike, and resampling changes little."""
    rng = generator("picture", index)
    small = rng.integers(0, 256, (size[1] // 14, size[0] // 14, 3), dtype=np.uint8)
    return PILImage.fromarray(small).resize(size, PILImage.Resampling.NEAREST)


def question(row, index):
    size = (280, 196) if row % 2 else (196, 280)
    shown = sc.Image(ref=f"lazy:{row}", data=picture(row, size))
    return sc.Sample(id=f"s{row}", prompt=(sc.user(shown, "What is it?"),), target="a")


def rows(*numbers):
    """A source of these rows; odd ones are wide, even ones tall."""
    return Rows(rows=numbers, make=question)


def small_run(checkpoint, **schedule):
    """GRPO on two prompts, three attempts each, all parts learning."""
    return sc.Run(
        name="test",
        data=rows(1, 2, 3, 5),
        episode=looks(),
        policy=sc.policy(str(checkpoint), freeze=(), sampling=sc.Sampling(max_tokens=6)),
        tools=(crop(frame="per_mille"),),
        rewards=(low_letters(),),
        credit=credit.group_mean(),
        objective=(objectives.clip(),),
        explore=sc.Independent(n=3),
        optim=sc.Optim(lr=1e-3),
        schedule=sc.Schedule(
            **{"updates": 1, "prompts": 2, "save_every": 0, "blind_every": 0, "micro_tokens": 2048, **schedule}
        ),
        evals=(sc.Benchmark(name="held_out", data=rows(8, 9), metric="low_letters"),) if schedule.get("eval_every") else (),
    )


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory):
    return tiny("qwen2_5_vl", tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def questions():
    return rows


@pytest.fixture
def run(checkpoint):
    return small_run(checkpoint)


@pytest.fixture
def having(run):
    """The run with other settings; `schedule` settings may be given by name."""

    def make(**settings):
        schedule = {key: settings.pop(key) for key in list(settings) if key in sc.Schedule.__dataclass_fields__}
        return replace(run, **settings, schedule=replace(run.schedule, **schedule))

    return make
