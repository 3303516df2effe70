"""Say on paper what a run needs: memory of each GPU, tokens and time of an update, what will hold it up."""

from __future__ import annotations

from saccade.cli.arguments import Flag, OneModel, Recipe
from saccade.cli.signature import Overrides


def verb(
    recipe: Recipe = "grpo",
    *,
    gpus: str = "1xH100",
    model: OneModel | None = None,
    config: str | None = None,
    arm: str | None = None,
    mixed: Flag = False,
    recompute: Flag = False,
    image: str = "1024x768",
    images: int = 1,
    look: str = "512x384",
    looks: float | None = None,
    question: int | None = None,
    sampled: int | None = None,
    json: Flag = False,
    overrides: Overrides = (),
) -> int:
    """Plan a run before anything is downloaded. Leaves of the run are set as for `saccade train`. Exits with 1 when it does
    not fit.

    Memory and tokens follow from formulas (docs/scale.md derives them, tests hold them against measured small models);
    seconds rest on data-sheet figures and on guesses about how much of them is reached, which are printed.

      saccade plan deepeyes --model 7B --gpus 8xH200
      saccade plan grpo --model Qwen3-VL-4B --gpus RTX4090 --policy.lora 16 --recompute
      saccade plan grpo --model path/to/checkpoint --gpus 1xA100 --image 640x480 --json

    Args:
        recipe: a name of `saccade list recipe`, or a file.py with run() -> Run.
        gpus: how many of which, 8xH200; more than one are processes that torchrun starts.
        model: a size (7B), a name (Qwen3-VL-8B), or a checkpoint folder; instead of the recipe's.
        config: a YAML or JSON file of settings; flags win over it.
        arm: plan the recipe's miniature, this arm of its claim.
        mixed: float32 slices and moments, bfloat16 passes; under torchrun.
        recompute: keep no activations inside the layers.
        image: width x height of a picture of the question.
        images: pictures of a question.
        look: width x height of a picture that a tool adds.
        looks: pictures that tools add to an attempt; 1 where the run has tools.
        question: tokens of the question's text.
        sampled: tokens an attempt writes; half of what it may when left out.
        json: print an object.
    """
    from saccade.capacity.accelerators import gpus as read_gpus
    from saccade.capacity.plan import Setting, planned_run
    from saccade.capacity.report import as_json, report
    from saccade.capacity.workload import Habits
    from saccade.cli.arguments import at_least
    from saccade.cli.plan import planned
    from saccade.cli.report import show_json

    at_least(0, images=images, looks=looks or 0, question=question or 0, sampled=sampled or 0)
    number, accelerator = read_gpus(gpus)
    asked = planned(recipe, model=model, data=None, out=None, resume=None, config=config, arm=arm, seed=None,
                    overrides=overrides)
    habits = Habits(image=sides("image", image), images=images, look=sides("look", look), looks=looks, question=question,
                    sampled=sampled)
    fits, shown = True, []
    for stage in asked.stages:
        shape, folder = named(stage.run.policy.model)
        plan = planned_run(Setting(
            run=stage.run, shape=shape, accelerator=accelerator, ranks=number if number > 1 or mixed else 0, mixed=mixed,
            recompute=recompute, habits=habits, folder=folder,
        ))
        fits = fits and plan.memory.fits
        shown.append(as_json(plan) if json else report(plan))
    if json:
        show_json(shown[0] if len(shown) == 1 else shown)
    else:
        print("\n\n".join(shown))
    return 0 if fits else 1


def sides(flag: str, text: str) -> tuple[int, int]:
    """Width and height in pixels of ``1024x768``."""
    width, _, height = text.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise ValueError(f"--{flag} is a width and a height in pixels, like 1024x768, not {text!r}")
    return int(width), int(height)


def named(model: str):
    """The shape of a known model or of a checkpoint folder, and the folder."""
    from pathlib import Path

    from saccade.capacity.known import known
    from saccade.capacity.shapes import from_folder

    if model == "glimpse":
        import saccade.glimpse

        model = str(saccade.glimpse.path())
    if Path(model).expanduser().is_dir():
        folder = Path(model).expanduser()
        return from_folder(folder), folder
    return known(model), None
