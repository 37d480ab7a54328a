"""Items of a sequence cannot be assigned."""

from __future__ import annotations

import enum
from typing import Annotated

from checker.lang import *

Count = Annotated[int, UpTo(3)]


@actor
class Machine:
    count: Durable[Count] = 0
    log: Durable[Annotated[tuple[Count, ...], MaxLen(2)]] = ()

    @action
    def run(self) -> None:
        self.log[0] = 1
        local = (1, 2)
        local[0] = 2


@predicate
def fine(machine: Machine) -> bool:
    return True
