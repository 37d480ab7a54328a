"""A predicate reads fields by their names; the tuple in a loop."""

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
        self.count = 0


@predicate
def fine(machines: tuple[Machine, ...]) -> bool:
    return all(one.cuont == 0 for one in machines) and len(machines) > 0
