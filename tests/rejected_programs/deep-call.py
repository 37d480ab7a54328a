"""Functions that call each other too deep."""

from __future__ import annotations

import enum
from typing import Annotated

from checker.lang import *

Count = Annotated[int, UpTo(3)]


def f0(n: int) -> int:
    return f1(n)


def f1(n: int) -> int:
    return f2(n)


def f2(n: int) -> int:
    return f3(n)


def f3(n: int) -> int:
    return f4(n)


def f4(n: int) -> int:
    return f5(n)


def f5(n: int) -> int:
    return f6(n)


def f6(n: int) -> int:
    return f7(n)


def f7(n: int) -> int:
    return f8(n)


def f8(n: int) -> int:
    return f9(n)


def f9(n: int) -> int:
    return f10(n)


def f10(n: int) -> int:
    return f11(n)


def f11(n: int) -> int:
    return f12(n)


def f12(n: int) -> int:
    return f13(n)


def f13(n: int) -> int:
    return f14(n)


def f14(n: int) -> int:
    return n


@actor
class Machine:
    count: Durable[Count] = 0

    @action
    def run(self) -> None:
        self.count = f0(1)


@predicate
def fine(machine: Machine) -> bool:
    return True
