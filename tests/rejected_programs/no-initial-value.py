"""State begins somewhere, inside its bounds."""

from __future__ import annotations

import enum
from typing import Annotated

from checker.lang import *

Count = Annotated[int, UpTo(3)]


@actor
class Machine:
    first: Durable[Count]
    second: Durable[Count] = 4
    third: Durable[bool] = 0
    fourth: Volatile[dict[bool, Count]] = each(9)
    fifth: Durable[Count] = one_of(1, 5)
    sixth: Durable[frozenset[Count]] = {1}

    @action
    def run(self) -> None:
        pass


@predicate
def fine(machine: Machine) -> bool:
    return True
