"""An operator that its operands do not have."""

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
        self.count = self.count / 2
        self.count = self.count + (1,)
        self.count = 2 ** 2
        self.count = self.count + True


@predicate
def fine(machine: Machine) -> bool:
    return True
