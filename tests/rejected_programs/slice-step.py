"""Slices have no step; sets no items; numbers neither."""

from __future__ import annotations

import enum
from typing import Annotated

from checker.lang import *

Count = Annotated[int, UpTo(3)]


@actor
class Machine:
    count: Durable[Count] = 0

    @action
    def run(self) -> None:
        log = (1, 2, 3)[::2]
        pair = {1, 2}
        self.count = pair[0]
        self.count = self.count[0]


@predicate
def fine(machine: Machine) -> bool:
    return True
