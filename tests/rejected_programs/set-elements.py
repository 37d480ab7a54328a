"""A set whose elements have no known bounds, or too many."""

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
        total = 1
        for i in range(3):
            total = total * 2 + i
        if self.count in {total}:
            self.count = 0
        if self.count in {self.count * 1000}:
            self.count = 0


@predicate
def fine(machine: Machine) -> bool:
    return True
