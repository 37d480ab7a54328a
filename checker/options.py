"""How a check is run: what the command line and a spec's ``limits:`` decide, and nothing about the model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from checker.spec import Limits

Engine = Literal["auto", "native", "reference"]
ENGINES: tuple[Engine, ...] = ("auto", "native", "reference")


@dataclass(frozen=True)
class Options:
    """``None`` leaves a choice to the checker: all cores, 70 % of the memory, no limit on time or states."""

    engine: Engine = "auto"
    workers: int | None = None
    memory_bytes: int | None = None
    seconds: float | None = None
    states: int | None = None
    keep_going: bool = False  # After a violation, go on to decide the other properties.

    def limited_by(self, limits: Limits) -> Options:
        """The same, with the spec's own limits where the command line set none."""
        return replace(
            self,
            memory_bytes=limits.memory_bytes if self.memory_bytes is None else self.memory_bytes,
            seconds=limits.seconds if self.seconds is None else self.seconds,
            states=limits.states if self.states is None else self.states,
        )
