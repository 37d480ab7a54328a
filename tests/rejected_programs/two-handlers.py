"""One message, two handlers; handled and ignored; two markers; two recoveries."""

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

    @on(Ping)
    def take(self, ping: Ping) -> None:
        self.count = 0

    @on(Ping)
    def again(self, ping: Ping) -> None:
        self.count = 1

    @action
    @on(Ping)
    def both(self, ping: Ping) -> None:
        self.count = 2

    _drop = ignore(Ping, because="no reason")

    @on_restart
    def first(self) -> None:
        self.count = 0

    @on_restart
    def second(self) -> None:
        self.count = 1


@predicate
def fine(machine: Machine) -> bool:
    return True
