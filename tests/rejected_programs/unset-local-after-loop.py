"""The loop may have no round; its own variable ends with it."""

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
        for i in range(self.count):
            last = i
        self.count = last
        self.count = i


@predicate
def fine(machine: Machine) -> bool:
    return True
