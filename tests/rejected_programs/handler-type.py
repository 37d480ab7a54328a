"""The handler's parameter is annotated with another message than @on names."""

from __future__ import annotations

import enum
from typing import Annotated

from checker.lang import *

Count = Annotated[int, UpTo(3)]


@message
class Ping:
    number: Count


@message
class Pong:
    number: Count


@actor
class Machine:
    count: Durable[Count] = 0

    @on(Ping)
    def take(self, pong: Pong) -> None:
        self.count = pong.number


@predicate
def fine(machine: Machine) -> bool:
    return True
