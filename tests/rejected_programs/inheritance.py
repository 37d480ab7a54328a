"""An actor stands alone."""

from __future__ import annotations

import enum
from typing import Annotated

from checker.lang import *

Count = Annotated[int, UpTo(3)]


class Base:
    pass


@actor
class Machine(Base):
    count: Durable[Count] = 0

    @action
    def run(self) -> None:
        self.count = 0


@predicate
def fine(machine: Machine) -> bool:
    return True
