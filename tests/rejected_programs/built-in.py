"""Uses of built-in functions that are not known here."""

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
        self.count = sum(range(3), 1)
        self.count = len()
        self.count = max((i for i in range(3)), key=1)
        self.count = min(i for i in range(3) if i) + any(1)


@predicate
def fine(machine: Machine) -> bool:
    return True
