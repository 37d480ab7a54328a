"""`is` is about None only."""

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
        other = 1
        require(self.count is other)


@predicate
def fine(machine: Machine) -> bool:
    return True
