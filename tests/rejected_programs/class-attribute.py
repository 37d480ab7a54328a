"""A value without a type."""

from __future__ import annotations

import enum
from typing import Annotated

from checker.lang import *

Count = Annotated[int, UpTo(3)]


@actor
class Machine:
    count: Durable[Count] = 0
    limit = 3

    @action
    def run(self) -> None:
        self.count = 0


@predicate
def fine(machine: Machine) -> bool:
    return True
