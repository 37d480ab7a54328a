"""Verbs that are statements, verbs with too many arguments, markers inside a body."""

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
        done = send(self.me, Ping(1))
        require(self.count < 3, 'full')
        require(require(True))
        other = each(1)
        self.count = choose(1, 2)
        send(self.me)
        self.count = choose(enumerate((1, 2)))
        ensure(self.count < 3, 'full')


@predicate
def fine(machine: Machine) -> bool:
    return True
