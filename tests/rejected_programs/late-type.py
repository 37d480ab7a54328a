"""A local's type is given once, at the beginning, and holds from there on."""

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
        step = 1
        step: Count = 2
        other: Count = 0
        other: bool = True
        other = True
        self.count = other


@predicate
def fine(machine: Machine) -> bool:
    return True
