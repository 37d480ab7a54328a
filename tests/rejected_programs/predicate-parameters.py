"""Parameters that cannot be bound."""

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


@actor
class Other:
    count: Durable[Count] = 0

    @action
    def run(self) -> None:
        self.count = 0


@predicate
def fine(machine: Machine, limit: int, free, text: str, other: Other) -> bool:
    return True
