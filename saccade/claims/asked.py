"""What a run was asked for: recipe, arm, seed and overrides, kept in its folder so that its protocol can be had again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ASKED = "asked.json"


def remember(folder: Path, **asked: Any) -> None:
    """Write down `recipe`, `arm`, `seed`, `overrides` and what else was said."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ASKED).write_text(json.dumps(asked, indent=1, default=str) + "\n", encoding="utf-8")
