"""Load a local checkpoint for looking: model, and what prepares its inputs."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SAFE: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Weights:
    """A model in evaluation and what prepares its inputs. Calls of many attempts take turns under `turn`."""

    model: Any
    prepare: Any
    turn: Any = field(default_factory=threading.Lock)

    def run(self, work: Any, **inputs: Any) -> Any:
        """Call the model, or one of its methods, without gradients."""
        import torch

        with self.turn, torch.inference_mode():
            return work(**inputs)


def load(folder: str | Path, kind: str, prepare: str = "AutoProcessor") -> Weights:
    """Load with the auto classes named. Raises ValueError naming the folder where it is no checkpoint of that kind."""
    import transformers

    if not (Path(folder) / "config.json").is_file():
        raise ValueError(f"{folder}: no checkpoint (config.json is missing); weights are local folders")
    try:
        model = class_of(transformers, kind).from_pretrained(str(folder), use_safetensors=True, **SAFE)
        inputs = class_of(transformers, prepare).from_pretrained(str(folder), **SAFE)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{folder}: cannot be loaded as {kind} ({str(error).splitlines()[0]:.200})") from error
    return Weights(model=model.eval(), prepare=inputs)


def class_of(module: Any, name: str) -> Any:
    """A public class of `transformers`, which loads its names when they are asked for."""
    found = getattr(module, name, None)
    assert found is not None, name
    return found
