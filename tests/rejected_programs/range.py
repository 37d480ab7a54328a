"""Ranges stand where something is iterated, and have no step."""

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
        for i in range(0, 6, 2):
            self.count = i
        numbers = range(3)
        self.count = range(3)[0]
        self.count = sorted((2, 1))[0]
        print(self.count)


@predicate
def fine(machine: Machine) -> bool:
    return True
