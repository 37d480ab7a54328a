"""Broadcast needs a set network."""

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
        self.count = ping.number

    @action
    def run(self) -> None:
        broadcast(Ping(1))


@predicate
def fine(machine: Machine) -> bool:
    return True
