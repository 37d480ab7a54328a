"""Numbers have no attributes, tuples no methods."""

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
        self.count = self.count.real
        log = (1, 2)
        self.count = log.size


@predicate
def fine(machine: Machine) -> bool:
    return True
