"""History flows into a helper that changes more than history."""

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
        self.seen = self.next(self.seen)

    def next(self, seen: int) -> int:
        if seen > 1:
            self.count = 0
        return 0


@predicate
def fine(machine: Machine) -> bool:
    return True
