"""The variable of a loop is assigned, or is a local already."""

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
        i = 1
        for j in range(3):
            j = j + 1
        for i in range(3):
            self.count = i


@predicate
def fine(machine: Machine) -> bool:
    return True
