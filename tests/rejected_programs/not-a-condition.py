"""A number is no condition."""

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
        require(self.count)
        if self.count:
            self.count = 0
        self.count = 1 if not self.count else 0


@predicate
def fine(machine: Machine) -> bool:
    return True
