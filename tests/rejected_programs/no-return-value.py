"""A helper that does not always say what its caller needs."""

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
        self.count = self.sign()
        self.count = self.size()
        self.count = self.nothing()

    def sign(self) -> int:
        if self.count > 0:
            return 1

    def size(self) -> int:
        if self.count > 0:
            return
        return 1

    def nothing(self) -> None:
        pass


@predicate
def fine(machine: Machine) -> bool:
    return True
