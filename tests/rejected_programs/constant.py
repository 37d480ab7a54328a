"""Values that the language does not have."""

from __future__ import annotations

import enum
from typing import Annotated

from checker.lang import *

Count = Annotated[int, UpTo(3)]


RATE = 0.5
TABLE = {0: 1}
LOG = [1, 2]


@actor
class Machine:
    count: Durable[Count] = 0

    @action
    def run(self) -> None:
        self.count = 1.5
        name = 'one'
        self.count = RATE
        self.count = TABLE[0]
        self.count = LOG[0]
        self.count = 10 ** 2 - 99999999999999999999


@predicate
def fine(machine: Machine) -> bool:
    return True
