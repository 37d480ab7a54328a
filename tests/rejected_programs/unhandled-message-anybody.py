#: actors: {machine: {is: Machine, all: [machine]}}
"""Nobody at all handles what is sent to whoever is chosen."""

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
    all: tuple[ActorId, ...]
    count: Durable[Count] = 0

    @action
    def run(self) -> None:
        send(choose(self.all), Ping(1))


@predicate
def fine(machine: Machine) -> bool:
    return True
