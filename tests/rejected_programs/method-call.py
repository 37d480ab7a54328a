"""Methods of collections: they would change a value in place."""

from __future__ import annotations

import enum
from typing import Annotated

from checker.lang import *

Count = Annotated[int, UpTo(3)]


@actor
class Machine:
    count: Durable[Count] = 0
    queue: Durable[Annotated[tuple[Count, ...], MaxLen(2)]] = ()

    @action
    def run(self) -> None:
        self.queue.append(1)
        first = self.queue.pop()
        self.count = self.queue.index(1)


@predicate
def fine(machine: Machine) -> bool:
    return True
