"""Nothing can be in it."""

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
        nothing = ()
        for one in nothing:
            self.count = one
        self.count = choose(frozenset())
        self.count = nothing[0]


@predicate
def fine(machine: Machine) -> bool:
    return True
