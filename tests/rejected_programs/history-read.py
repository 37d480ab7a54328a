"""An action decides by what only properties may know."""

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
        require(self.seen < 3)
        self.count = self.seen
        self.seen += 1


@predicate
def fine(machine: Machine) -> bool:
    return True
