"""A member that the enum lacks."""

from __future__ import annotations

import enum
from typing import Annotated

from checker.lang import *

Count = Annotated[int, UpTo(3)]


class Colour(enum.Enum):
    RED = 0
    GREEN = 1


@actor
class Machine:
    count: Durable[Count] = 0

    @action
    def run(self) -> None:
        self.count = 1 if Colour.REED == Colour.GREEN else 0


@predicate
def fine(machine: Machine) -> bool:
    return True
