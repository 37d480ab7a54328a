"""A predicate neither sends, nor guards, nor chooses."""

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

    @on(Ping)
    def take(self, ping: Ping) -> None:
        self.count = 0


@predicate
def fine(machine: Machine) -> bool:
    send(machine.me, Ping(1))
    require(machine.count > 1)
    return choose((True, False))
