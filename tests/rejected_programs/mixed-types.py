"""Values of different kinds meet."""

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
        require(self.count == True)
        value = 1 if self.count == 0 else (2,)
        mixed = (1, True)
        self.count = 0 if 1 in (True, False) else 1


@predicate
def fine(machine: Machine) -> bool:
    return True
