"""Loop variables that do not fit."""

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
        for i, j in range(3):
            pass
        for self.count in range(3):
            pass
        for pair in enumerate((1, 2)):
            pass


@predicate
def fine(machine: Machine) -> bool:
    return True
