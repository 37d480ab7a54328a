"""A field that the struct lacks, read, given and replaced."""

from __future__ import annotations

import enum
from typing import Annotated

from checker.lang import *

Count = Annotated[int, UpTo(3)]


@struct
class Pair:
    first: Count
    second: Count


@actor
class Machine:
    count: Durable[Count] = 0

    @action
    def run(self) -> None:
        pair = Pair(1, secnod=2)
        pair = replace(Pair(1, 2), thrid=3)
        self.count = Pair(1, 2).frist


@predicate
def fine(machine: Machine) -> bool:
    return True
