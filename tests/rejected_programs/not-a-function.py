"""A local that has the name of a function hides it everywhere in the method, as in Python."""

from __future__ import annotations

import enum
from typing import Annotated

from checker.lang import *

Count = Annotated[int, UpTo(3)]


LIMIT = 2


@actor
class Machine:
    count: Durable[Count] = 0

    @action
    def run(self) -> None:
        self.count = max(1, 2)
        max = 3
        for suspected in range(2):
            self.count = suspected
        self.count = LIMIT
        LIMIT = 1


@predicate
def fine(machine: Machine) -> bool:
    return True
