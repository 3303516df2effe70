"""Load a checkpoint folder: stock classes, safetensors, a PIL image processor, and errors that name the file.

A folder is never trusted: no pickled weights, no code from it. The vision-language families are the files in
`saccade.models.families`; each says which ``model_type`` values of ``config.json`` it speaks for.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from saccade.core.run import PolicySpec
from saccade.models import adapters
from saccade.models.families import gemma, internvl, qwen, smolvlm
from saccade.models.family import Family
from saccade.models.patch_product import multiply_patches_
from saccade.models.policy import Policy

FAMILIES: tuple[ModuleType, ...] = (qwen, smolvlm, internvl, gemma)


def load(spec: PolicySpec) -> Policy:
    """See `saccade.models.policy.load_policy`."""
    from saccade.models.renderer import make_renderer

    folder = checkpoint_folder(spec.model)
    family, tokenizer = load_family(folder, spec)
    renderer = make_renderer(folder, family, spec.dialect)
    model = load_model(folder, spec)
    adapters.prepare(model, family, spec)
    return assemble(spec, folder, model, family, renderer, num_known=len(tokenizer))


def assemble(spec: PolicySpec, folder: Path, model: Any, family: Family, renderer: Any, *, num_known: int) -> Policy:
    """Put a policy together. `num_known` is the size of the tokenizer: rows of the head beyond it are never sampled."""
    rows = model.get_output_embeddings().weight.shape[0]
    banned = sorted({*family.banned, *renderer.banned, *range(num_known, rows)})
    device = next(model.parameters()).device
    return Policy(
        spec=spec, model=model, family=family, renderer=renderer, folder=folder, device=device,
        banned=torch.tensor(banned, dtype=torch.int64, device=device), notes=tuple(renderer.notes),
    )


def checkpoint_folder(name: str) -> Path:
    """The folder a `PolicySpec.model` names. Raises ValueError when it is none, or lacks a file a checkpoint needs."""
    if name == "glimpse":
        from importlib import import_module

        return import_module("saccade.glimpse").path()
    folder = Path(name).expanduser()
    if not folder.is_dir():
        raise ValueError(
            f"no checkpoint folder {name!r}; download the model first (for example with `hf download`) and give the folder, "
            "or use the packaged model: glimpse"
        )
    if (folder / "adapter_config.json").exists() and not (folder / "config.json").exists():
        raise ValueError(f"{folder} holds only an adapter; merge it into its model first, or give the model's folder")
    for needed, what in (
        (("config.json",), "the model's configuration"),
        (("tokenizer.json", "tokenizer_config.json"), "the tokenizer"),
        (("preprocessor_config.json", "processor_config.json"), "the image processor's settings"),
        (("model.safetensors", "model.safetensors.index.json"), "the weights (pickled .bin files are not read)"),
    ):
        if not any((folder / each).exists() for each in needed):
            raise ValueError(f"{folder} has no {' or '.join(needed)}: {what}")
    _check_shards(folder)
    return folder


def _check_shards(folder: Path) -> None:
    index = folder / "model.safetensors.index.json"
    if index.exists() and not (folder / "model.safetensors").exists():
        shards = sorted(set(_json(index).get("weight_map", {}).values()))
        missing = [each for each in shards if not (folder / each).exists()]
        if missing or not shards:
            raise ValueError(f"{index} names weights that are not there: {', '.join(missing) or 'none at all'}")


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is not readable JSON: {error}") from error
    if not isinstance(found, dict):
        raise ValueError(f"{path} must hold a JSON object, not a {type(found).__name__}")
    return found


def load_family(folder: Path, spec: PolicySpec) -> tuple[Family, Any]:
    """The family object of a checkpoint folder, and its tokenizer. Reads no weights."""
    from transformers import AutoConfig, AutoTokenizer

    model_type = _json(folder / "config.json").get("model_type")
    module = next((each for each in FAMILIES if model_type in each.MODEL_TYPES), None)
    if module is None:
        known = ", ".join(sorted(name for each in FAMILIES for name in each.MODEL_TYPES))
        raise ValueError(f"{folder / 'config.json'} has the model type {model_type!r}; supported are {known}")
    config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    processor = module.load_processor(folder, min_pixels=spec.min_pixels, max_pixels=spec.max_pixels)
    return module.build(config, tokenizer, processor, processor_key(processor)), tokenizer


def processor_key(processor: Any) -> str:
    """A name for what a processor does to pixels; changes with any of its settings."""
    settings = json.dumps(processor.to_dict(), sort_keys=True, default=str)
    return f"{type(processor).__name__}:{hashlib.blake2b(settings.encode(), digest_size=8).hexdigest()}"


def load_model(folder: Path, spec: PolicySpec) -> Any:
    """The stock model with weights from safetensors, on the device and in the dtype of the spec."""
    from safetensors import SafetensorError
    from transformers import AutoModelForImageTextToText
    from transformers.utils import logging

    if spec.attention not in ("sdpa", "eager"):
        raise ValueError(f"attention {spec.attention!r} cannot take the masks of cached and padded rows; use sdpa or eager")
    device = torch.device(("cuda" if torch.cuda.is_available() else "cpu") if spec.device == "auto" else spec.device)
    dtype = spec.dtype if spec.dtype != "auto" or device.type != "cpu" else "float32"
    bars = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        model, report = AutoModelForImageTextToText.from_pretrained(
            folder, dtype=dtype, attn_implementation=spec.attention, use_safetensors=True, local_files_only=True,
            trust_remote_code=False, output_loading_info=True,
        )
    except SafetensorError as error:
        raise ValueError(f"the weights in {folder} are damaged or cut off: {error}") from error
    finally:
        if bars:
            logging.enable_progress_bar()
    absent = sorted(map(str, (*report["missing_keys"], *report["mismatched_keys"])))
    if absent:
        raise ValueError(f"the weights in {folder} lack or misshape {len(absent)} tensors, {absent[0]} for example")
    multiply_patches_(model)
    return model.to(device).eval()
