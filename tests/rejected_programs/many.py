"""Several mistakes, all told at once, in the order of the lines."""

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
        first = self.conut
        self.count = first + 1
        second = mox(first)
        self.count = second
        if self.count:
            self.count = first
        require(self.count > 0)
        self.count = third


@predicate
def fine(machine: Machine) -> bool:
    return True
