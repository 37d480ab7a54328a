"""A predicate only looks."""

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
    machine.count = 1
    self.count = 1
    return True
