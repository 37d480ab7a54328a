"""An action has no parameters, a handler has one."""

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
    def run(self, by: int) -> None:
        self.count = by

    @on(Ping)
    def take(self) -> None:
        self.count = 0

    @on_restart
    def again(self, why: int) -> None:
        self.count = 0

    @action
    def defaults(self, by: int = 1) -> None:
        self.count = by

    @action
    def many(self, *numbers: int) -> None:
        self.count = 0


@predicate
def fine(machine: Machine) -> bool:
    return True
