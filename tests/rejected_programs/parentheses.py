"""A marker without its argument, or with one."""

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

    @on
    def take(self, ping: Ping) -> None:
        self.count = 0


@predicate
def fine(machine: Machine) -> bool:
    return True
