"""What else may stand in a class."""

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
        self.count = 0

    @action
    def run(self) -> None:
        self.count = 1

    for number in range(2):
        pass

    class Inner:
        pass

    async def later(self) -> None:
        pass


@predicate
def fine(machine: Machine) -> bool:
    return True
