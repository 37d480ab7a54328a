"""A message that has been sent is a change."""

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

    me: ActorId

    @action
    def run(self) -> None:
        send(self.me, Ping(1))
        require(self.count < 3)

    @on(Ping)
    def take(self, ping: Ping) -> None:
        self.count = ping.number


@predicate
def fine(machine: Machine) -> bool:
    return True
