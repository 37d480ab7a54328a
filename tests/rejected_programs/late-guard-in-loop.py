"""In its second round, the guard comes after the change of the first."""

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
        for i in range(2):
            require(self.count > i)
            if i == 0:
                self.count = 2
                continue


@predicate
def fine(machine: Machine) -> bool:
    return True
