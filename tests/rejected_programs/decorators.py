"""Decorators that the language does not have, or in the wrong place."""

from __future__ import annotations

import enum
from typing import Annotated

from checker.lang import *

Count = Annotated[int, UpTo(3)]


def cached(f):
    return f


@action
def outside(machine: int) -> None:
    pass


@actor
class Machine:
    count: Durable[Count] = 0

    @property
    def double(self) -> int:
        return self.count * 2

    @staticmethod
    def helper() -> int:
        return 1

    @predicate
    def inside(self) -> bool:
        return True

    @cached
    @action
    def run(self) -> None:
        self.count = 0


@predicate
def fine(machine: Machine) -> bool:
    return True
