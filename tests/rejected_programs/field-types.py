"""Types that the language does not have."""

from __future__ import annotations

import enum
from typing import Annotated

from checker.lang import *

Count = Annotated[int, UpTo(3)]


@actor
class Machine:
    number: Durable[int] = 0
    rate: Durable[float] = 0.5
    name: Durable[str] = ""
    log: Durable[tuple[Count, ...]] = ()
    either: Durable[Count | bool] = 0
    table: Durable[dict[int, bool]] = each(False)
    large: Durable[frozenset[Annotated[int, UpTo(600)]]] = frozenset()
    nothing: Durable[Annotated[int, Between(3, 2)]] = 3
    unknown: Durable[Annotated[int, UpTo("limit")]] = 0
    friend: Durable[Annotated[ActorId, Of("Friend")] | None] = None
    items: Durable[list[Count]] = []
    bare: Durable[tuple] = ()
    typo: Durable[Cuont] = 0
    twice: Durable[Count] = 0
    twice: Durable[Count] = 1
    set: Durable[frozenset] = frozenset()
    map: Durable[dict] = {}

    @action
    def run(self) -> None:
        pass


@predicate
def fine(machine: Machine) -> bool:
    return True
