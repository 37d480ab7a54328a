"""A helper that the actor lacks; an action called as a helper."""

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
        self.bmup()
        self.other()

    @action
    def other(self) -> None:
        self.bump()

    def bump(self) -> None:
        self.count = 0


@predicate
def fine(machine: Machine) -> bool:
    return True
