"""A run's tools, budgets and rewards inside TRL's `GRPOTrainer`: its `environment_factory`, reward functions and rows.

There TRL owns the loop: it asks the model, calls the environment's methods as tools and shows what they return, until a
message holds no call. So runs whose episode is that loop (`tool_loop`, or `single` without tools) can be given away, and
what is left to us is what happens inside a call and what an attempt is worth: arguments are checked, pictures numbered,
budgets kept and mistakes told to the model exactly as in our own rollouts, and our rewards see a `Trajectory`.

Written against trl 1.16. Tokens are TRL's own affair: the trajectory has messages and tool events and no tokens, so rewards
that read tokens see none. Raises ValueError for a run that would mean something else there.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from PIL import Image as PILImage

from saccade.core.message import Image, Message, Part, Text, ToolCall, assistant, tool_result
from saccade.core.reward import Reward, evaluate, weighted_sum
from saccade.core.run import Independent, Run
from saccade.core.sample import Sample
from saccade.core.seed import generator
from saccade.core.store import MediaStore
from saccade.core.tool import Tool
from saccade.core.trajectory import Group, Step, Stop, ToolEvent, Trajectory
from saccade.media import open_store
from saccade.rollout.context import AttemptContext, Ledger
from saccade.rollout.run import offered, released
from saccade.rollout.waiting import Clock
from saccade.sandbox.chosen import chosen

Reply = str | list[dict[str, Any]]
TYPES = {"string": str, "integer": int, "number": float, "boolean": bool, "object": dict}
EPISODES = ("tool_loop", "single")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What `GRPOTrainer` is given, under its names; `settings` are those of `GRPOConfig` that the run decides.

    `environment_factory` is None for a run without tools; `rows` makes the rows of the data set, in order.
    """

    environment_factory: Callable[[], Any] | None
    reward_funcs: list[Callable[..., list[float | None]]]
    rows: Callable[[], Iterator[dict[str, Any]]]
    settings: dict[str, Any]


def parts(run: Run) -> Parts:
    """Take a run apart for TRL::

        made = parts(run)
        GRPOTrainer(model=..., args=GRPOConfig(output_dir=..., **made.settings), reward_funcs=made.reward_funcs,
                    train_dataset=datasets.Dataset.from_generator(made.rows), environment_factory=made.environment_factory)
    """
    refuse(run)
    store = open_store()
    tools = tuple(run.tools) if run.episode.name == "tool_loop" else ()
    made = environment_class(tools)

    def factory() -> Any:
        return made(run, store)

    return Parts(
        environment_factory=factory if tools else None,
        reward_funcs=[scoring(each, run, store) for each in run.rewards],
        rows=lambda: rows(run, store),
        settings=settings(run),
    )


def refuse(run: Run) -> None:
    """Raise ValueError for what TRL's loop would turn into something else."""
    name = getattr(run.episode, "name", "")
    wrong = [
        (name not in EPISODES, f"its episode is {name}; TRL runs the loop itself, which is {' or '.join(EPISODES)}"),
        (run.mode != "rl", f"its mode is {run.mode}"),
        (bool(run.follow_ups), "follow-ups ask the policy after the attempt"),
        (bool(run.experts), "experts put answers nobody sampled into a group"),
        (bool(run.probes), "probes need passes of our own model"),
        (run.total is not weighted_sum, "its total is no weighted sum of rewards"),
        (not isinstance(run.explore, Independent), "its attempts are not independent"),
        (any(not isinstance(each.weight, (int, float)) for each in run.rewards), "a reward's weight changes over time"),
    ]
    found = [words for holds, words in wrong if holds]
    if found:
        raise ValueError(f"run {run.name!r} cannot be given to TRL: {'; '.join(found)}")


def settings(run: Run) -> dict[str, Any]:
    """Fields of `GRPOConfig` with the same meaning. TRL counts what tools show as completion, so that its bound is ours for
    the whole row. Loss and advantages are chosen there: ours are not the same by name."""
    sampling = run.policy.sampling
    steps = run.limits.steps if run.episode.name == "tool_loop" else 1
    most = run.episode.settings.get("max_steps") if run.episode.name == "tool_loop" else None
    return {
        "num_generations": run.explore.n if isinstance(run.explore, Independent) else 1,
        "temperature": sampling.temperature, "top_p": sampling.top_p, "top_k": sampling.top_k,
        "max_completion_length": run.limits.tokens if run.tools else sampling.max_tokens,
        "max_tool_calling_iterations": min(steps, most or steps) - 1,
        "reward_weights": [float(each.weight) for each in run.rewards],  # type: ignore[arg-type]
        "learning_rate": run.optim.lr, "max_grad_norm": run.optim.clip, "max_steps": run.schedule.updates, "seed": run.seed,
    }


def rows(run: Run, store: MediaStore) -> Iterator[dict[str, Any]]:
    """Rows of the data set: `prompt` as messages with marks where pictures stand, `images`, and the number of the sample."""
    for index in range(len(run.data)):
        sample = run.data[index]
        pictures = [store.get(store.adopt(each).ref) for each in sample.images]
        yield {"sample": index, "prompt": [as_blocks(each) for each in sample.prompt],
               **({"images": pictures} if pictures else {})}


def as_blocks(message: Message) -> dict[str, Any]:
    """A message as TRL's conversational form has it; a picture is a block that the `images` column fills."""
    blocks = [{"type": "image", "text": None} if isinstance(each, Image) else {"type": "text", "text": worded(each)}
              for each in message.parts]
    return {"role": message.role, "content": blocks}


def worded(part: Part) -> str:
    if isinstance(part, Text):
        return part.text
    raise ValueError(f"a prompt with {type(part).__name__} cannot be given to TRL; text and pictures can")


class Attempt:
    """State of one attempt between two resets; TRL keeps as many instances as attempts run side by side.

    TRL takes every public function of the class for a tool, so everything but `reset` has an underscore.
    """

    def __init__(self, run: Run, store: MediaStore) -> None:
        self._run, self._store = run, store
        self._pixels: dict[int, tuple[PILImage.Image, Image]] = {}
        self._tools: tuple[Tool, ...] = ()
        self._context: AttemptContext | None = None
        self._resets = 0

    def reset(self, sample: int, **columns: Any) -> None:
        """Begin an attempt at a sample; whatever the last one held is released."""
        released(self._tools)
        question = self._run.data[int(sample)]
        self._tools = offered(question, self._run.tools)
        self._pixels = {}
        self._resets += 1
        names = (self._run.seed, question.id, self._resets, "trl")
        shown = tuple(self._store.adopt(each) for each in question.images)
        self._context = AttemptContext(
            sample=question, limits=self._run.limits, tools=self._tools, store=self._store, clock=Clock(until=math.inf),
            ledger=Ledger(images=shown, offered=self._tools), rng=generator(*names), names=names, clients=self._run.others,
            sandbox=chosen(),
        )

    async def _call(self, name: str, arguments: Mapping[str, Any]) -> Reply:
        """Run a call and give the result as TRL shows it. Raises what failed on our side, which TRL tells the model."""
        context = self._context
        assert context is not None, "TRL resets an environment before it calls a tool"
        if context.ledger.stop is not None:
            return f"Error: this attempt has used up its {context.ledger.stop.value.removeprefix('max_')}; answer now"
        message = await context.call(ToolCall(name=name, arguments=dict(arguments)))
        context.ledger.images = (*context.ledger.images, *message.images)
        blocks: list[dict[str, Any]] = []
        for part in message.parts:
            if isinstance(part, Image):
                pixels = self._store.get(part.ref).copy()  # its own object: it is known by identity afterwards
                self._pixels[id(pixels)] = (pixels, part)
                blocks.append({"type": "image", "image": pixels})
            elif isinstance(part, Text):
                blocks.append({"type": "text", "text": part.text})
        return blocks if message.images else message.text

    def _trajectory(self, completion: Sequence[Mapping[str, Any]]) -> Trajectory:
        """The attempt as our rewards read it: the sample's prompt, then what TRL says was written and shown."""
        assert self._context is not None
        ledger = self._context.ledger
        return trajectory_of(self._context.sample, completion, events=tuple(ledger.events), pixels=self._pixels,
                             failure=ledger.failure)


def environment_class(tools: Sequence[Tool]) -> type:
    """`Attempt` with one coroutine for each tool, typed and documented as `transformers` reads a schema from."""
    wrong = sorted(each.name for each in tools if not each.name.isidentifier() or each.name in ("reset", "get_reward"))
    if wrong:
        raise ValueError(f"tools named {wrong} cannot be methods of a TRL environment; rename them with `renamed`")
    return type("SaccadeEnvironment", (Attempt,), {each.name: method(each) for each in tools})


def method(tool: Tool) -> Callable[..., Any]:
    async def call(self: Attempt, **arguments: Any) -> Reply:
        return await self._call(tool.name, arguments)

    described, required = tool.parameters["properties"], set(tool.parameters["required"])
    hints = {name: hint_of(each) for name, each in described.items()}
    own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    ordered = sorted(hints, key=lambda name: name not in required)
    call.__name__ = call.__qualname__ = tool.name
    call.__annotations__ = {**{name: hints[name] for name in ordered}, "return": str}
    call.__signature__ = inspect.Signature([own, *(  # type: ignore[attr-defined]
        inspect.Parameter(
            name, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=hints[name],
            default=inspect.Parameter.empty if name in required else None,
        ) for name in ordered
    )])
    lines = [f"    {name}: {' '.join(str(described[name].get('description', name)).split())}" for name in ordered]
    call.__doc__ = "\n".join([" ".join(tool.description.split()), "", *(["Args:", *lines] if lines else [])])
    return call


def hint_of(schema: Mapping[str, Any]) -> Any:
    """The Python type that gives this JSON schema back."""
    if "enum" in schema:
        return Literal[tuple(schema["enum"])]
    if schema.get("type") == "array":
        return list[hint_of(schema.get("items", {}))]  # type: ignore[misc]
    return TYPES.get(str(schema.get("type")), str)


def scoring(reward: Reward, run: Run, store: MediaStore) -> Callable[..., list[float | None]]:
    """One of our rewards as a reward function of TRL; None where it does not apply or the attempt failed on our side."""

    def score(completions: Sequence[Any], sample: Sequence[int], environments: Sequence[Attempt] | None = None,
              **columns: Any) -> list[float | None]:
        held = [Attempt(run, store) for _ in completions] if environments is None else environments
        made = []
        for attempt, index, completion in zip(held, sample, completions, strict=True):
            if environments is None:
                attempt.reset(index)
            made.append(attempt._trajectory(messages_in(completion)))
        values: list[float | None] = [None] * len(made)
        for chosen_rows in groups_in(sample, reward, run).values():
            group = Group(sample=made[chosen_rows[0]].sample, trajectories=tuple(made[row] for row in chosen_rows))
            scored = evaluate(group, (replace(reward, weight=1.0),))
            for row, trajectory, total in zip(chosen_rows, scored.trajectories, scored.total, strict=True):  # type: ignore[arg-type]
                said = [each.value for each in trajectory.rewards.values() if each.value is not None]
                values[row] = float(total) if said and not math.isnan(total) else None
        return values

    score.__name__ = reward.name
    return score


def groups_in(sample: Sequence[int], reward: Reward, run: Run) -> dict[int, list[int]]:
    """Rows of a batch by sample. Raises ValueError where a reward that compares attempts would see some of them only."""
    found: dict[int, list[int]] = {}
    for row, index in enumerate(sample):
        found.setdefault(int(index), []).append(row)
    size = run.explore.n if isinstance(run.explore, Independent) else 1
    if reward.scope == "group" and any(len(each) % size for each in found.values()):
        raise ValueError(f"{reward.name} compares {size} attempts, and this process has others of them; use a batch per "
                         "process that num_generations divides")
    return found


def messages_in(completion: Any) -> Sequence[Mapping[str, Any]]:
    return [{"role": "assistant", "content": completion}] if isinstance(completion, str) else completion


def trajectory_of(
    sample: Sample, completion: Sequence[Mapping[str, Any]], *, events: Sequence[ToolEvent] = (),
    pixels: Mapping[int, tuple[PILImage.Image, Image]] | None = None, failure: str | None = None,
) -> Trajectory:
    """Messages of a chat as a trajectory without tokens; events get the steps in which their calls were written."""
    steps = [Step(parent=at - 1 if at else None, speaker=each.role, message=each) for at, each in enumerate(sample.prompt)]
    waiting, placed = list(events), []
    for said in completion:
        message = heard(said, pixels or {})
        speaker = "policy" if message.role == "assistant" else message.role
        for call in message.calls:
            if waiting and waiting[0].name == call.name:
                placed.append(replace(waiting.pop(0), step=len(steps)))
        steps.append(Step(parent=len(steps) - 1 if steps else None, speaker=speaker, message=message))
    last = steps[-1].message if steps else None
    cut = last is not None and (last.role == "tool" or bool(last.calls))
    stop = Stop.ERROR if failure is not None else Stop.MAX_STEPS if cut else Stop.DONE
    return Trajectory(sample=sample, steps=tuple(steps), events=tuple([*placed, *waiting]), stop=stop, error=failure)


def heard(said: Mapping[str, Any], pixels: Mapping[int, tuple[PILImage.Image, Image]]) -> Message:
    """One message of TRL's as one of ours."""
    content = said.get("content") or ""
    blocks = content if isinstance(content, list) else [{"type": "text", "text": str(content)}]
    found = [pixels[id(each["image"])][1] if each.get("type") == "image" and id(each.get("image")) in pixels
             else Text(text=str(each.get("text") or "")) for each in blocks]
    parts = [each for each in found if isinstance(each, Image) or each.text]
    if said.get("role") == "tool":
        return tool_result(*parts, name=said.get("name"))
    calls = tuple(call_of(each) for each in said.get("tool_calls") or ())
    thought = said.get("reasoning_content") or said.get("thinking") or None
    return assistant(*parts, calls=calls, thought=None if thought is None else str(thought))


def call_of(written: Mapping[str, Any]) -> ToolCall:
    function = written.get("function") or written
    arguments = function.get("arguments")
    if not isinstance(arguments, Mapping):
        return ToolCall(name=str(function.get("name")), error=f"arguments are {arguments!r:.80}, not an object")
    return ToolCall(name=str(function.get("name")), arguments=dict(arguments))
