"""How many rounds, nobody knows."""

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
        total = 1
        for i in range(3):
            total = total * 2 + i
        for i in range(total):
            self.count = 0
        for i in range(0, 6, 2):
            self.count = i


@predicate
def fine(machine: Machine) -> bool:
    return True
