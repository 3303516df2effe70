"""Ask one question about a picture and see where the model looked."""

from __future__ import annotations

from saccade.cli.arguments import Flag, OneModel, OneRecipe, Picture, Question, Tools, at_least


def verb(
    image: Picture,
    question: Question,
    *,
    model: OneModel = "glimpse",
    recipe: OneRecipe = "",
    arm: str = "",
    tools: Tools = "",
    out: str = "",
    temperature: float = 0.0,
    seed: int = 0,
    max_tokens: int = 0,
    api_model: str = "",
    json: Flag = False,
) -> None:
    """Ask one question about a picture; prints the answer and writes a page with every look the model took.

      saccade ask photo.jpg "Which digit is on the red card?" --model runs/demo/train
      saccade ask photo.jpg "What does the sign say?" --model path/to/Qwen2.5-VL-3B-Instruct --tools crop

    Args:
        image: a picture file; several with commas.
        question: what to ask.
        model: glimpse, a run folder, a checkpoint folder, or the address of an OpenAI-compatible endpoint.
        recipe: take episode, tools and limits of this recipe or file.py.
        arm: with --recipe, the miniature of this arm.
        tools: tools to offer, with commas.
        out: the page; runs/ask/PICTURE.html when left out.
        temperature: 0 is greedy.
        seed: of sampling, where the temperature is above 0.
        max_tokens: of one message; 0 for the recipe's, else 512.
        api_model: the model to ask an endpoint for.
        json: print {answer, said, stop, looks, page}.
    """
    from dataclasses import replace
    from pathlib import Path

    from saccade.cli.players import plain_run, player_of, protocol_run, split
    from saccade.cli.report import show_json, waiting
    from saccade.evals.ask import ask
    from saccade.media import open_store

    at_least(0, max_tokens=max_tokens, temperature=temperature)
    paths = [Path(image)] if Path(image).is_file() else [Path(each) for each in split(image)]
    run = protocol_run(model, recipe=recipe, arm=arm, tools=tools, seed=seed, max_tokens=max_tokens)
    store = open_store()
    player = player_of(model, run, api_model=api_model, max_tokens=max_tokens, store=store)
    asked = run or plain_run(model)
    with waiting(f"asking {model}", enabled=not json):
        found = ask(
            player, paths, question, asked.tools, out or f"runs/ask/{paths[0].stem}.html", episode=asked.episode,
            sampling=replace(asked.policy.sampling, temperature=temperature), limits=asked.limits, store=store, seed=seed,
        )
    if json:
        show_json(found.plain())
        return
    for number, look in enumerate(found.looks(), start=1):
        print(
            f"look {number}: {look['tool']} {look['box_xyxy'] or look['arguments']}"
            + (f": {look['error']}" if look["error"] else "")
        )
    print(found.text or f"(no answer: {found.trajectory.stop})")
    print(f"\nwhat it looked at: {found.page}")
