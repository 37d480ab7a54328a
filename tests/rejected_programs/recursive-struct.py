"""A struct inside itself."""

from __future__ import annotations

import enum
from typing import Annotated

from checker.lang import *

Count = Annotated[int, UpTo(3)]


@struct
class Tree:
    left: Tree | None


@actor
class Machine:
    tree: Durable[Tree | None] = None

    @action
    def run(self) -> None:
        pass


@predicate
def fine(machine: Machine) -> bool:
    return True
