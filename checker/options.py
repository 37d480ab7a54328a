"""How a check is run: what the command line and a spec's ``limits:`` decide, and nothing about the model."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal, Protocol

Engine = Literal["auto", "native", "reference"]
ENGINES: tuple[Engine, ...] = ("auto", "native", "reference")

SIZE_HELP = "for example 512M, 4G or 16G"
_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,6})?)\s*(?:([KMGT])i?)?B?\Z", re.ASCII | re.IGNORECASE)


def size_in_bytes(text: str) -> int:
    """``16G``, ``512M``, ``1.5 GiB`` or a number of bytes; ``ValueError`` for anything else."""
    found = _SIZE.match(text.strip())
    size = int(float(found[1]) * 1024 ** " KMGT".index((found[2] or " ").upper())) if found else 0
    if size <= 0:
        raise ValueError(f"not an amount of memory: {SIZE_HELP}")
    return size


class Limits(Protocol):
    """What a spec may limit."""

    @property
    def states(self) -> int | None: ...
    @property
    def seconds(self) -> float | None: ...
    @property
    def memory_bytes(self) -> int | None: ...


@dataclass(frozen=True)
class Options:
    """``None`` leaves a choice to the checker: all cores, 70 % of the memory, no limit on time or states."""

    engine: Engine = "auto"
    workers: int | None = None
    memory_bytes: int | None = None
    seconds: float | None = None
    states: int | None = None
    keep_going: bool = False  # After a violation, go on to decide the other properties.
    witnesses: bool = False  # Give the path to every `sometimes`, whatever it costs to find.
    beside: frozenset[str] = frozenset()  # Properties that are looked at and decide nothing: by name.

    def limited_by(self, limits: Limits) -> Options:
        """The same, with the spec's own limits where the command line set none."""
        return replace(
            self,
            memory_bytes=limits.memory_bytes if self.memory_bytes is None else self.memory_bytes,
            seconds=limits.seconds if self.seconds is None else self.seconds,
            states=limits.states if self.states is None else self.states,
        )
