"""Only messages are received."""

from __future__ import annotations

import enum
from typing import Annotated

from checker.lang import *

Count = Annotated[int, UpTo(3)]


@struct
class Pair:
    first: Count


@actor
class Machine:
    count: Durable[Count] = 0

    @on(Pair)
    def take(self, pair: Pair) -> None:
        self.count = pair.first

    @on(int)
    def number(self, n: int) -> None:
        self.count = n

    _drop_pair = ignore(Pair, because="it is a struct")


@predicate
def fine(machine: Machine) -> bool:
    return True
