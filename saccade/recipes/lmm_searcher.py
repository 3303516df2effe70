"""LMM-Searcher: Towards Long-horizon Agentic Multimodal Search (April 2026).

New there: the context holds names of pictures and not pictures; one is loaded when it is asked for. So a search may take
a hundred turns. It is learned by imitation of right attempts of teachers.
"""

from __future__ import annotations

import saccade as sc
from saccade import episodes, objectives, tools
from saccade.data.published import published
from saccade.recipes._searcher import Search

DEVIATIONS = (
    "a local corpus of pages and pictures that the user names (``web`` is looked for here) stands for the web",
    "a summary of a failed attempt for the next one is not made",
    "interpolation with a text model that searches, after the training, is not part of the recipe",
    "Qwen3-VL-8B; the publication trains a mixture-of-experts model of 30 billion parameters",
    "miniature: nothing is trained; a script searches 300 pages of a made-up web through the real tools and episodes, under "
    "a context of 6 thousand tokens",
)

CLAIM = sc.Claim(
    text="in searches of up to some thirty turns, naming pictures, loading one when it is wanted and keeping the last five "
    "results answers more than showing every picture of a page, which fills the context (pictures known by their captions "
    "alone are run beside it); it does not when what is loaded is another picture",
    metric="accuracy",
    arms=("in_context", "captions", "fetch"),
    better="fetch",
    over="in_context",
    control="swapped",
    margin=0.2,
    seeds=(1, 2, 3),
    scale="tabular",
)


def run() -> sc.Run:
    """12 thousand attempts of teachers, right within 40 turns; three passes, batch 64, rate 1e-5, 128 thousand tokens."""
    return sc.Run(
        name="lmm_searcher",
        mode="sft",
        data=published("LMM-Searcher-12K", about="right attempts of teachers at questions over several pages and pictures",
                       layout="swift"),
        episode=episodes.windowed(keep=5, max_steps=100),
        tools=(
            tools.search_text(corpus="web", most=10), tools.search_images(corpus="web", most=10),
            tools.open_page(corpus="web"),
            tools.fetch_image(corpus="web", min_side_px=28, max_side_px=2048), tools.crop(target="indexed"),
        ),
        policy=sc.policy("Qwen/Qwen3-VL-8B-Instruct", freeze=("vision",), dtype="bfloat16",
                         sampling=sc.Sampling(temperature=1.0, max_tokens=4096)),
        limits=sc.Limits(steps=100, tokens=131072, sampled=65536),
        objective=(objectives.sft(),),
        optim=sc.Optim(lr=1e-5, warmup=28, shape="cosine"),
        schedule=sc.Schedule(updates=560, prompts=64, micro_tokens=131072),
    )


def miniature(arm: str, seed: int) -> Search:
    """in_context: a page comes with its pictures; captions: with their captions; fetch: the method; swapped: the method,
    another picture is loaded."""
    return Search(name=f"lmm_searcher-{arm}", seed=seed, pictures=arm)
