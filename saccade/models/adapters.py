"""What learns: freezing of parts, LoRA adapters inside the stock model, and the reference policy as adapter-off.

Adapters are injected into the model in place, so the model keeps its class and the names of its parts, and every forward
pass of the library works unchanged. The adapter's second matrix starts at zero: with a fresh adapter the policy is the
checkpoint, and with it switched off it stays the checkpoint for ever.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import nn

from saccade.core.run import PolicySpec
from saccade.models.family import Family
from saccade.models.policy import Policy

PARTS = ("vision", "connector", "language")


def prepare(model: nn.Module, family: Family, spec: PolicySpec) -> None:
    """Freeze what `spec.freeze` names; with `spec.lora`, freeze everything and add adapters to the parts left."""
    unknown = set(spec.freeze) - set(PARTS)
    if unknown:
        raise ValueError(f"cannot freeze {sorted(unknown)}: a model has the parts {', '.join(PARTS)}")
    parts = family.parts(model)
    learning = [part for name in PARTS if name not in spec.freeze for part in parts[name]]
    if spec.lora is not None:
        targets = lora_targets(model, learning, spec.lora_targets)
        _inject(model, spec, targets)
        return
    model.requires_grad_(False)
    for part in learning:
        part.requires_grad_(True)
    if "language" in spec.freeze:  # tied heads share the embedding with the language model
        for part in parts["language"]:
            part.requires_grad_(False)


def lora_targets(model: nn.Module, learning: list[nn.Module], wanted: tuple[str, ...]) -> list[str]:
    """Full names of the linear layers inside the learning parts that get an adapter: all but the head, or those whose
    last name is in `wanted`. Raises ValueError when there is none."""
    inside = {id(module) for part in learning for module in part.modules()}
    head = model.get_output_embeddings()
    names = [
        name
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and module is not head and id(module) in inside
        and (not wanted or name.rsplit(".", 1)[-1] in wanted)
    ]
    if not names:
        raise ValueError(f"no linear layer takes an adapter (targets {list(wanted)}): freeze less, or name other targets")
    return names


def _inject(model: nn.Module, spec: PolicySpec, targets: list[str]) -> None:
    try:
        from peft import LoraConfig, inject_adapter_in_model
    except ImportError as error:
        raise ValueError("LoRA needs peft: pip install 'saccade[train]'") from error
    if spec.lora is None or spec.lora < 1:
        raise ValueError(f"the rank of a LoRA adapter must be at least 1, not {spec.lora}")
    model.requires_grad_(False)
    settings = LoraConfig(r=spec.lora, lora_alpha=spec.lora_alpha or 2 * spec.lora, target_modules=targets)
    inject_adapter_in_model(settings, model)


def adapter_layers(model: nn.Module) -> list[Any]:
    """Layers that carry an adapter; empty for a model without one."""
    try:
        from peft.tuners.tuners_utils import BaseTunerLayer
    except ImportError:
        return []
    return [module for module in model.modules() if isinstance(module, BaseTunerLayer)]


@contextmanager
def reference(policy: Policy) -> Iterator[Policy]:
    """The policy as it was loaded: adapters off while the block runs, and image features of their own.

    Raises ValueError for a policy without adapters; keep a second, frozen copy of the checkpoint there.
    """
    layers = adapter_layers(policy.model)
    if not layers:
        raise ValueError("this policy has no adapter to switch off: load the checkpoint a second time as the reference")
    trains = policy.tower_trains
    tower_version, policy.tower_version = policy.tower_version, -1 if trains else policy.tower_version
    needs = [parameter for parameter in policy.model.parameters() if parameter.requires_grad]
    for layer in layers:
        layer.enable_adapters(False)
    try:
        yield policy
    finally:
        for layer in layers:
            layer.enable_adapters(True)
        for parameter in needs:
            parameter.requires_grad_(True)
        policy.tower_version = tower_version


def merge(model: nn.Module) -> None:
    """Fold adapters into the weights and take them out, in place. For export: the adapter cannot be trained further."""
    for name, module in list(model.named_modules()):
        if module in adapter_layers(module)[:1]:
            module.merge()
            parent, _, child = name.rpartition(".")
            setattr(model.get_submodule(parent), child, module.get_base_layer())
