"""A misspelt local, constant and field."""

from __future__ import annotations

import enum
from typing import Annotated

from checker.lang import *

Count = Annotated[int, UpTo(3)]


MAXIMUN = 3


@actor
class Machine:
    count: Durable[Count] = 0

    @action
    def run(self) -> None:
        number = 1
        self.count = numbr
        self.count = MAXIMUM
        self.cuont = 1
        self.count = self.conut


@predicate
def fine(machine: Machine) -> bool:
    return True
