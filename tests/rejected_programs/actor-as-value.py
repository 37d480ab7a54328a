"""An actor is no value, a tuple of actors is not one of them."""

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
def fine(machine: Machine, machines: tuple[Machine, ...]) -> bool:
    other = machine
    machine = 1
    return machines.count == 0 and machine.count == machines
