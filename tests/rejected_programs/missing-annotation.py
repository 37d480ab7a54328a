"""Everything that is called says what it takes and returns."""

from __future__ import annotations

import enum
from typing import Annotated

from checker.lang import *

Count = Annotated[int, UpTo(3)]


@message
class Ping:
    number: Count


@actor
class Machine:
    count: Durable[Count] = 0

    @action
    def run(self):
        self.bump(1)

    @on(Ping)
    def take(self, ping):
        self.count = 0

    def bump(self, by):
        self.count = by


@predicate
def fine(machine: Machine) -> bool:
    return True
