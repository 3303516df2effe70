"""Is an evaluation picture among the training pictures? Compared by content hash, numbers in the message.

Training data may be endless and drawn on demand, so it is compared as it comes: every batch's images against those of the
evaluations, and a first sample of it before training starts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal

from saccade.core.run import Benchmark
from saccade.core.sample import Sample, Source
from saccade.core.seed import generator

Policy = Literal["warn", "raise", "ignore"]
AHEAD = 64
"""Rows of the training data that are compared before training starts."""


@dataclass(slots=True, kw_only=True)
class Contamination:
    """Hashes of evaluation images by benchmark, and which of them training has met. `seen` counts training images."""

    policy: Policy
    held_out: dict[str, str] = field(default_factory=dict)
    met: set[str] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)

    def check(self, samples: Iterable[Sample], store: Any) -> str:
        """Compare the images of training samples. Returns a message when new ones are shared, else an empty string.

        Raises ValueError with the same message when the policy is ``raise``.
        """
        if self.policy == "ignore" or not self.held_out:
            return ""
        found: dict[str, str] = {}
        for sample in samples:
            refs = refs_of(sample, store)
            self.seen |= refs
            found.update({ref: sample.id for ref in refs if ref in self.held_out and ref not in self.met})
        if not found:
            return ""
        self.met |= set(found)
        ref, row = next(iter(found.items()))
        message = (
            f"{len(self.met)} of {len(self.held_out)} evaluation images ({len(self.met) / len(self.held_out):.1%}) are "
            f"also training images ({len(self.seen)} looked at): training row {row!r} shows the picture of evaluation "
            f"row {self.held_out[ref]}; split the data by image, or expect inflated accuracy"
        )
        if self.policy == "raise":
            raise ValueError(message)
        return message


def watch(benchmarks: Sequence[Benchmark], store: Any, *, policy: Policy) -> Contamination:
    """Hash the images of every evaluation. Reads all of their rows once."""
    held_out: dict[str, str] = {}
    for benchmark in benchmarks if policy != "ignore" else ():
        for index in range(len(benchmark.data)):
            sample = benchmark.data[index]
            held_out.update(dict.fromkeys(refs_of(sample, store), f"{benchmark.name}:{sample.id}"))
    return Contamination(policy=policy, held_out=held_out)


def refs_of(sample: Sample, store: Any) -> set[str]:
    """Content hashes of a sample's pictures; one that cannot be read meets its error where it is used."""
    out: set[str] = set()
    for image in sample.images:
        with suppress(ValueError):
            out.add(store.adopt(image).ref)
    return out


def ahead(source: Source, seed: int) -> list[Sample]:
    """A sample of the training rows without repetition, at most `AHEAD`."""
    size = len(source)
    chosen = range(min(size, AHEAD))
    if AHEAD < size < 10**7:
        chosen = sorted(generator(seed, "contamination").choice(size, AHEAD, replace=False).tolist())
    out: list[Sample] = []
    for index in chosen:
        with suppress(ValueError, OSError):  # a row that cannot be made is reported when its turn comes
            out.append(source[index])
    return out
