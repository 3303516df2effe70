"""Benchmarks: source, episode, rewards and protocol notes; one file each."""

import importlib
from pathlib import Path

from saccade.core.folder import component_folder, names
from saccade.core.run import Benchmark

component_folder(__name__)


def named(name: str) -> Benchmark:
    """The benchmark of this name (``hidden_detail``, with its options behind a question mark), or one over a source
    written as a text (``jsonl:mine.jsonl``). Raises ValueError listing the names there are."""
    from saccade.data.spec import parse_settings

    head, settings = parse_settings(name)
    known = names(Path(__path__[0]))
    if head in known:
        factory = vars(importlib.import_module(f"{__name__}.{head}"))[head]
        try:
            return factory(**settings)
        except TypeError as error:
            raise ValueError(f"benchmark {head!r}: {error}") from error
    if ":" in head or Path(head).exists():
        return vars(importlib.import_module(f"{__name__}.own_file"))["own_file"](name)
    raise ValueError(f"no benchmark {head!r}; there are {', '.join(known)}; or give a source, such as jsonl:mine.jsonl")
