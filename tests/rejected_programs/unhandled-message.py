"""Nobody handles what is sent."""

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
    me: ActorId
    count: Durable[Count] = 0

    @action
    def run(self) -> None:
        send(self.me, Ping(1))


@predicate
def fine(machine: Machine) -> bool:
    return True
