"""Loops are unrolled, so they have limits."""

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
        for i in range(self.count * 1000):
            self.count = 0
        pairs = tuple(i + j for i in range(30) for j in range(30))
        self.count = pairs[0]


@predicate
def fine(machine: Machine) -> bool:
    return True
