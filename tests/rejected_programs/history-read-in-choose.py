"""What is chosen would depend on history."""

from __future__ import annotations

import enum
from typing import Annotated

from checker.lang import *

Count = Annotated[int, UpTo(3)]


@actor
class Machine:
    count: Durable[Count] = 0
    seen: History[Count] = 0

    @action
    def run(self) -> None:
        self.seen = choose(range(self.seen))


@predicate
def fine(machine: Machine) -> bool:
    return True
