"""A value of another kind than its place."""

from __future__ import annotations

import enum
from typing import Annotated

from checker.lang import *

Count = Annotated[int, UpTo(3)]


@actor
class Machine:
    count: Durable[Count] = 0
    flags: Durable[dict[bool, bool]] = each(False)

    @action
    def run(self) -> None:
        self.count = True
        self.count = (1,)
        step: Count = False
        self.flags[1] = True
        self.flags[True] = 1


@predicate
def fine(machine: Machine) -> bool:
    return True
