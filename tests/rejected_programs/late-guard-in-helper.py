"""The helper changes, then the caller guards; and the other way round is fine."""

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
        self.bump()
        require(self.count < 3)

    @action
    def well(self) -> None:
        self.guard()
        self.bump()

    def guard(self) -> None:
        require(self.count < 3)

    def bump(self) -> None:
        if self.count == 3:
            return
        self.count += 1
        return


@predicate
def fine(machine: Machine) -> bool:
    return True
