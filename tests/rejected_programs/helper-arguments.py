"""Arguments by name, too few, a default value."""

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
        self.set(to=1)
        self.set()
        self.maybe(1)

    def set(self, to: int) -> None:
        self.count = to

    def maybe(self, to: int, also: int = 2) -> None:
        self.count = to + also


@predicate
def fine(machine: Machine) -> bool:
    return True
