"""A message is constructed where it is sent."""

from __future__ import annotations

import enum
from typing import Annotated

from checker.lang import *

Count = Annotated[int, UpTo(3)]


@message
class Ping:
    number: Count


def pinged(n: int) -> Ping:
    return Ping(n)


@actor
class Machine:
    me: ActorId
    count: Durable[Count] = 0

    @on(Ping)
    def take(self, ping: Ping) -> None:
        self.count = ping.number

    @action
    def run(self) -> None:
        ping = Ping(1)
        send(self.me, ping)
        send(self.me, 1)
        send(self.me, pinged(1))


@predicate
def fine(machine: Machine) -> bool:
    return True
