"""A fault is counted in a field of the state that holds a number: not in wiring, not in a set."""

from __future__ import annotations

from typing import Annotated

from checker.lang import *

Count = Annotated[int, UpTo(3)]


@actor
class Machine:
    limit: Annotated[int, UpTo(3), Counts("timeout")] = 1
    met: Volatile[Annotated[frozenset[Count], Counts("timeout")]] = frozenset()
    count: Volatile[Annotated[int, UpTo(3), Counts("timeout")]] = 0

    @action
    def run(self) -> None:
        require(self.count < self.limit)
        self.count += 1


@predicate
def fine(machine: Machine) -> bool:
    return machine.count <= 3
