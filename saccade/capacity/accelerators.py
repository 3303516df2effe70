"""Accelerators by the figures their makers publish. Nothing here was measured.

Memory in gigabytes (10^9 bytes), matrix throughput in bf16 with dense matrices in TFLOP/s, memory bandwidth in TB/s, the
link between accelerators of one machine in GB/s in one direction (half of the sum that data sheets state).
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Accelerator:
    name: str
    memory_gb: float
    tflops: float
    bandwidth_tb: float
    link_gb: float
    source: str


def _of(name: str, memory_gb: float, tflops: float, bandwidth_tb: float, link_gb: float, source: str) -> Accelerator:
    return Accelerator(name=name, memory_gb=memory_gb, tflops=tflops, bandwidth_tb=bandwidth_tb, link_gb=link_gb,
                       source=source)


ACCELERATORS: tuple[Accelerator, ...] = (
    _of("B200", 180, 2250, 8.0, 900, "NVIDIA HGX B200 data sheet"),
    _of("H200", 141, 989, 4.8, 450, "NVIDIA H200 SXM data sheet"),
    _of("H100", 80, 989, 3.35, 450, "NVIDIA H100 SXM data sheet"),
    _of("A100-80GB", 80, 312, 2.04, 300, "NVIDIA A100 SXM data sheet"),
    _of("A100-40GB", 40, 312, 1.56, 300, "NVIDIA A100 SXM data sheet"),
    _of("L40S", 48, 362, 0.864, 32, "NVIDIA L40S data sheet; PCIe 4.0 x16"),
    _of("L4", 24, 121, 0.3, 32, "NVIDIA L4 data sheet; PCIe 4.0 x16"),
    _of("RTX4090", 24, 165, 1.008, 32, "NVIDIA Ada architecture paper; PCIe 4.0 x16"),
    _of("RTX3090", 24, 71, 0.936, 32, "NVIDIA Ampere GA102 architecture paper; PCIe 4.0 x16"),
    _of("MI300X", 192, 1307, 5.3, 448, "AMD Instinct MI300X data sheet"),
)


def gpus(text: str) -> tuple[int, Accelerator]:
    """Read ``8xH200`` or ``H100``. ``A100`` is the one with 80 GB. Raises ValueError with the names there are."""
    found = re.fullmatch(r"\s*(?:(\d+)\s*[xX*]\s*)?([\w. -]+?)\s*", text)
    if found is None or found[1] == "0":
        raise ValueError(f"--gpus is a count and a name, like 8xH200, not {text!r}")
    wanted = re.sub(r"[ _-]", "", found[2]).lower()
    for each in ACCELERATORS:
        if re.sub(r"-", "", each.name).lower() in (wanted, wanted + "80gb"):
            return int(found[1] or 1), each
    raise ValueError(f"--gpus: {found[2]!r} is not in the table; {', '.join(each.name for each in ACCELERATORS)} are")
