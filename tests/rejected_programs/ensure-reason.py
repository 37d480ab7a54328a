"""An ensure says why."""

from __future__ import annotations

import enum
from typing import Annotated

from checker.lang import *

Count = Annotated[int, UpTo(3)]


@actor
class Machine:
    count: Durable[Count] = 0

    @action
    def run(self) -> None:
        self.count = 0


@predicate
def fine(machine: Machine) -> bool:
    ensure(machine.count < 3)
    ensure(machine.count < 3, machine.count)
    ensure(machine.count, f"{machine.count}")
    ensure(machine.count < 3, f"{machin.count} and {machine.cuont}")
    return True
