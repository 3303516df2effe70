"""Your own held-out rows as a benchmark: any file, folder or world that `saccade.data.source` opens.

Rows that cannot be used are skipped and counted in the notes of the result. Questions about one picture are one cluster.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from saccade.core.run import Benchmark
from saccade.data.spec import parse, source


def own_file(spec: str, *, name: str = "", metric: str = "lenient", **settings: Any) -> Benchmark:
    """A benchmark over a source; `settings` are those of `source`. Raises ValueError as that does."""
    kind, path, written = parse(spec)
    if kind == "dataset" and written.get("split"):
        path = f"{path}-{written['split']}"
    stem = Path(path).stem if kind != "world" else path
    return Benchmark(name=name or re.sub(r"[^\w.-]+", "_", stem) or "own_file", data=source(spec, **settings), metric=metric)


EXAMPLES = [({"spec": "world:hidden_detail?size=2"}, 2)]
