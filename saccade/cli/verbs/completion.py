"""Print a script that completes verbs and their options in your shell."""

from __future__ import annotations

from typing import Annotated, Literal

import tyro

Shell = Annotated[Literal["bash", "zsh", "fish"], tyro.conf.Positional]


def verb(shell: Shell = "bash") -> None:
    """Print a completion script. Load it in one shell, or write it where your shell looks for such scripts:

      eval "$(saccade completion bash)"
      saccade completion zsh > ~/.zfunc/_saccade
      saccade completion fish > ~/.config/fish/completions/saccade.fish

    Args:
        shell: bash, zsh or fish.
    """
    import importlib

    from saccade.cli import known_verbs
    from saccade.cli.signature import bindable

    verbs = {word: bindable(vars(importlib.import_module(f"saccade.cli.verbs.{word}"))["verb"]) for word in known_verbs()}
    tyro.extras.subcommand_cli_from_dict(verbs, prog="saccade", args=["--tyro-print-completion", shell])
