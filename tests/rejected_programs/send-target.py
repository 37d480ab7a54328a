"""A message is sent to an actor."""

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
        self.count = ping.number

    @action
    def run(self) -> None:
        send(self.count, Ping(1))
        send(1, Ping(1))
        require(suspected(self.count))


@predicate
def fine(machine: Machine) -> bool:
    return True
