"""Statements and expressions that the language does not have."""

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
        while self.count < 3:
            self.count += 1
        try:
            self.count = 1
        except ValueError:
            pass
        a = b = 1
        (first := 2)
        del self.count
        with open("x") as file:
            pass
        self.count = [1, 2][0]
        self.count = (lambda: 1)()
        def inner() -> int:
            return 1
        global nothing
        raise ValueError
        match self.count:
            case 1:
                pass
        x, y = 1, 2
        for i in range(3):
            pass
        else:
            self.count = 0
        table = {1: 2}
        self.count = 1 if f"{self.count}" == "1" else 2


@predicate
def fine(machine: Machine) -> bool:
    return True
