"""A module-level function may not send, require or choose: it is not an actor's."""

from __future__ import annotations

import enum
from typing import Annotated

from checker.lang import *

Count = Annotated[int, UpTo(3)]


@message
class Ping:
    number: Count


def notify(to: ActorId) -> None:
    send(to, Ping(1))


def any_of(n: int) -> int:
    return choose(range(n))


@actor
class Machine:
    me: ActorId
    count: Durable[Count] = 0

    @on(Ping)
    def take(self, ping: Ping) -> None:
        self.count = ping.number

    @action
    def run(self) -> None:
        notify(self.me)
        self.count = any_of(2)


@predicate
def fine(machine: Machine) -> bool:
    return True
