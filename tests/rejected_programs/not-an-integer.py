"""Arithmetic and ranges are about integers."""

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
        self.count = sum(True == False for i in range(True))
        self.count = (1, 2)[True]
        self.count = -True


@predicate
def fine(machine: Machine) -> bool:
    return True
