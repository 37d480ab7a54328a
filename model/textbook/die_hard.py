"""The water jugs of Die Hard 3: four gallons from a 5-gallon jug, a 3-gallon jug and a tap.

Follows DieHard.tla. The claim to refute is that it cannot be done; the shortest refutation is the solution.
"""

from __future__ import annotations

from typing import Annotated

from checker.lang import Durable, UpTo, action, actor, predicate

SMALL = 3
BIG = 5


@actor
class Jugs:
    small: Durable[Annotated[int, UpTo(SMALL)]] = 0
    big: Durable[Annotated[int, UpTo(BIG)]] = 0

    @action
    def fill_small(self) -> None:
        self.small = SMALL

    @action
    def fill_big(self) -> None:
        self.big = BIG

    @action
    def empty_small(self) -> None:
        self.small = 0

    @action
    def empty_big(self) -> None:
        self.big = 0

    @action
    def small_to_big(self) -> None:
        poured = min((self.small, BIG - self.big))
        self.small -= poured
        self.big += poured

    @action
    def big_to_small(self) -> None:
        poured = min((self.big, SMALL - self.small))
        self.big -= poured
        self.small += poured


@predicate
def not_solved(jugs: Jugs, goal: int) -> bool:
    """The big jug does not hold the wanted amount."""
    return jugs.big != goal


@predicate
def solved(jugs: Jugs, goal: int) -> bool:
    """The big jug holds the wanted amount."""
    return jugs.big == goal
