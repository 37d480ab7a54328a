"""Structs made with too few and too many values; replace of something else."""

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
        pair = Pair(1)
        other = Pair(1, 2, 3)
        third = replace(self.count, first=1)
        fourth = replace(Pair(1, 2), first=True)


@predicate
def fine(machine: Machine) -> bool:
    return True
