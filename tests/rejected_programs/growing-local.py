"""A local that grows in a loop without a bound that is known."""

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
        log = ()
        for i in range(9):
            log = log + (i,)
        self.count = len(log)


@predicate
def fine(machine: Machine) -> bool:
    return True
