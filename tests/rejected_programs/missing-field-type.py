"""A struct's field without a type is no field."""

from __future__ import annotations

import enum
from typing import Annotated

from checker.lang import *

Count = Annotated[int, UpTo(3)]


@struct
class Pair:
    first: Count
    second = 2


@actor
class Machine:
    count: Durable[Count] = 0

    @action
    def run(self) -> None:
        self.count = Pair(1).first


@predicate
def fine(machine: Machine) -> bool:
    return True
