#: actors: {machine: {is: Machine, other: machine}}
"""An action cannot ask a predicate, nor read another actor."""

from __future__ import annotations

import enum
from typing import Annotated

from checker.lang import *

Count = Annotated[int, UpTo(3)]


@actor
class Machine:
    count: Durable[Count] = 0

    other: ActorId

    @action
    def run(self) -> None:
        if fine(self):
            self.count = 1
        self.count = self.other.count
        self.count = Machine.count


@predicate
def fine(machine: Machine) -> bool:
    return True
