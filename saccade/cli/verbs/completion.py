"""Print a script that completes verbs, their options and names of components in your shell."""

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
    print(SCRIPTS[shell])


BASH = """_saccade() {
  local line="${COMP_LINE:0:COMP_POINT}" found about before=""
  local word="${line##* }"  # readline ends words at : and =, so what stands before those is there already
  case "$word" in *[:=]*) before="${word%"${word##*[:=]}"}";; esac
  COMPREPLY=()
  while IFS=$'\\t' read -r found about; do COMPREPLY+=("${found#"$before"}"); done < <("$1" --offers "$line" 2>/dev/null)
}
complete -o default -o bashdefault -F _saccade saccade"""

ZSH = """#compdef saccade
_saccade() {
  local -a found
  local line word about
  while IFS=$'\\t' read -r word about; do found+=("${word//:/\\\\:}:$about"); done < <(
    "$words[1]" --offers "${(j: :)words[1,CURRENT]}" 2>/dev/null)
  if (( $#found )); then _describe -V saccade found; else _files; fi
}
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }
compdef _saccade saccade"""

FISH = """function __saccade_offers
  set -l found (saccade --offers (commandline --current-process --cut-at-cursor | string collect) 2>/dev/null)
  if test (count $found) -gt 0
    printf '%s\\n' $found
  else
    __fish_complete_path (commandline --current-token)
  end
end
complete --command saccade --no-files --arguments '(__saccade_offers)'"""

SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH}
"""Each asks the command itself, so what it offers is never out of date."""
