"""ViLaSR: Reinforcing Spatial Reasoning with Interwoven Thinking and Visual Drawing (arXiv 2506.09965).

New there: the model draws boxes and lines on pictures and frames, sees the drawing, and corrects it; only elementary
drawing, so that no expert tool sets the ceiling. Three stages: imitation, own right traces that hold a correction,
reinforcement.
"""

from __future__ import annotations

from dataclasses import replace

import saccade as sc
from saccade import credit, episodes, objectives, rewards, tools
from saccade.data.published import published
from saccade.recipes import _simulated as table
from saccade.recipes._tracing import every_cell, traces, tracing, walks, word_of

DEVIATIONS = (
    "traces of the second stage are sampled and filtered beforehand (`data.reflection.revised` is the filter), not by this "
    "recipe",
    "numbers are compared as right or wrong; the publication grades them by mean relative accuracy over ten thresholds",
    table.ON_A_TABLE + " but the direction of a drawn line, which is read from the pixels of the drawing. Its traces are "
    "written, one move in ten wrong; those of the second stage are not its own",
)

CLAIM = sc.Claim(
    text="following six to eight moves through a maze, a policy that draws every move, sees the line and learned to redraw "
    "what went wrong ends in the right cell more often than one that writes its way with the same share of slips (drawing "
    "without redrawing, and reinforcement on top, are run beside it); it does not where the drawing is not shown",
    metric="answer_match",
    arms=("text", "drawn", "reflective", "reinforced"),
    better="reflective",
    over="text",
    control="unseen",
    margin=0.1,
    seeds=(1, 2, 3),
    scale="tabular",
)



def run() -> tuple[sc.Stage, ...]:
    """33 thousand traces (rate 1e-5, three passes), 8 thousand own ones, then 8 attempts at 1e-6 without penalty."""
    cold = sc.Run(
        name="vilasr-cold",
        mode="sft",
        data=published("ViLaSR-ColdStart-33k", about="traces over mazes, videos, scans and relations", layout="swift"),
        episode=episodes.tool_loop(max_steps=10),
        tools=(tools.draw_box(width_px=4), tools.draw_line()),
        policy=sc.policy("Qwen/Qwen2.5-VL-7B-Instruct", freeze=("vision", "connector"), dtype="bfloat16",
                         sampling=sc.Sampling(temperature=1.0, max_tokens=1024), max_pixels=448 * 448),
        limits=sc.Limits(steps=10, tokens=32768, sampled=10240, frames=45),
        objective=(objectives.sft(),),
        optim=sc.Optim(lr=1e-5),
        schedule=sc.Schedule(updates=1550, prompts=64),
    )
    reflective = replace(cold, name="vilasr-reflective", schedule=sc.Schedule(updates=125, prompts=64),
                         data=published("ViLaSR-RRS-8k", about="own right traces that hold a correction", layout="swift"))
    drawn = replace(
        cold,
        name="vilasr",
        mode="rl",
        data=published("ViLaSR-RL-40k", about="questions about space on pictures and frames", layout="verl"),
        policy=replace(cold.policy, freeze=()),
        explore=sc.Independent(n=8),
        rewards=(
            rewards.answer_match(weight=0.5),
            sc.only_if(rewards.format_tags(), rewards.answer_match(), weight=0.5),
        ),
        credit=credit.group_mean(by_std=True),
        objective=(objectives.clip(low=0.2, high=0.2, normaliser="tokens"),),
        optim=sc.Optim(lr=1e-6),
        schedule=sc.Schedule(updates=1250, prompts=32),
    )
    return (sc.Stage(name="cold", run=cold), sc.Stage(name="reflective", run=reflective), sc.Stage(name="drawn", run=drawn))


def miniature(arm: str, seed: int) -> tuple[sc.Stage, ...]:
    """text: cells are written; drawn: drawn, nothing is redrawn; reflective: slips are redrawn; reinforced: and then outcome
    reward; unseen: as reflective, but where a line goes is not shown."""
    draws, shows = arm != "text", arm != "unseen"
    small = table.simulated(
        run()[-1].run, " ".join([*(word_of(cell) for cell in every_cell()), "on", "redraw"]), walks(100 + seed), seed=seed,
        updates=20 if arm == "reinforced" else 0, length=2, metric="answer_match", test=walks(7),
        judged_by=(rewards.answer_match(),), rewards=(rewards.answer_match(),), tools=(),
        episode=tracing(draws=draws, shows=shows), name=f"vilasr-{arm}",
    )
    small = replace(small, limits=sc.Limits(steps=40, tokens=512, sampled=96),
                    evals=(replace(small.evals[0], sampling=sc.Sampling(temperature=1.0, max_tokens=2)),))
    given = traces(seed, draws=draws, reflects=arm in ("reflective", "reinforced", "unseen"), shows=shows)
    return table.then(table.imitating(small, lambda sample: str(sample.target), updates=400, data=given), small)
