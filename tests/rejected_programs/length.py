"""Not everything has a length, or is a map."""

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
        self.count = len(self.count)
        for key, value in (1, 2).items():
            pass
        for i in reversed({1}):
            pass
        for i, one in enumerate({1}):
            pass
        require(1 in self.count)


@predicate
def fine(machine: Machine) -> bool:
    return True
