"""What has no order, and what is not the same kind."""

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
        require((1, 2) < (1, 3))
        require(True < False)
        require(self.count < (1,))


@predicate
def fine(machine: Machine) -> bool:
    return True
