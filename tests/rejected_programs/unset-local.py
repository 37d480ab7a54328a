"""A local that has a value on one way only."""

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
        if self.count == 0:
            step = 1
        self.count = step


@predicate
def fine(machine: Machine) -> bool:
    return True
