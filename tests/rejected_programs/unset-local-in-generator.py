"""All variables of a generator expression are its own, as in Python."""

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
        x = 2
        self.count = sum(x for y in range(2) if x > 0 for x in range(y))


@predicate
def fine(machine: Machine) -> bool:
    return True
