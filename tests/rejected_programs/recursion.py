"""A helper that calls itself by way of another."""

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
        self.down(3)

    def down(self, n: int) -> None:
        self.further(n)

    def further(self, n: int) -> None:
        if n > 0:
            self.down(n - 1)


@predicate
def fine(machine: Machine) -> bool:
    return True
