"""Wiring never changes."""

from __future__ import annotations

import enum
from typing import Annotated

from checker.lang import *

Count = Annotated[int, UpTo(3)]


@actor
class Machine:
    limit: Count = 1
    count: Durable[Count] = 0

    @action
    def run(self) -> None:
        self.limit = 2


@predicate
def fine(machine: Machine) -> bool:
    return True
