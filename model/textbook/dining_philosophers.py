"""Dining philosophers after Chandy and Misra: neighbours never eat at the same time.

Follows DiningPhilosophers.tla, label by label. A dirty fork is cleaned and handed to the neighbour; a clean one is
kept until its holder has eaten. One actor holds the table, because handing over a fork is a single step there.
"""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from checker.lang import Below, Durable, action, actor, choose, each, predicate

Seat = Annotated[int, Below("philosophers")]  # Fork n lies to the left of philosopher n.

# Each fork starts with the philosopher to its right, but the second one starts with the first philosopher.
FIRST_HOLDERS = {0: 0, 1: 0, 2: 2, 3: 3, 4: 4}


class At(Enum):
    LOOP = 0
    EAT = 1
    THINK = 2


@actor
class Table:
    philosophers: int

    at: Durable[dict[Seat, At]] = each(At.LOOP)
    hungry: Durable[dict[Seat, bool]] = each(True)
    holder: Durable[dict[Seat, Seat]] = FIRST_HOLDERS
    clean: Durable[dict[Seat, bool]] = each(False)

    @action
    def look_around(self) -> None:
        seat = self.one_at(At.LOOP)
        left = seat
        right = self.next_seat(seat)
        # What the philosopher can do is decided on the forks before any is handed over, as in the source.
        can_eat = self.holder[left] == seat and self.holder[right] == seat and self.clean[left] and self.clean[right]
        if self.holder[left] == seat and not self.clean[left]:
            self.holder[left] = (seat + self.philosophers - 1) % self.philosophers
            self.clean[left] = True
        elif self.holder[right] == seat and not self.clean[right]:
            self.holder[right] = right
            self.clean[right] = True
        if not self.hungry[seat]:
            self.at[seat] = At.THINK
        elif can_eat:
            self.at[seat] = At.EAT

    @action
    def eat(self) -> None:
        seat = self.one_at(At.EAT)
        self.hungry[seat] = False
        self.clean[seat] = False
        self.clean[self.next_seat(seat)] = False
        self.at[seat] = At.LOOP

    @action
    def think(self) -> None:
        seat = self.one_at(At.THINK)
        self.hungry[seat] = True
        self.at[seat] = At.LOOP

    def one_at(self, wanted: At) -> Seat:
        return choose(seat for seat, at in self.at.items() if at == wanted)

    def next_seat(self, seat: Seat) -> Seat:
        return (seat + 1) % self.philosophers


@predicate
def neighbours_do_not_eat_together(table: Table) -> bool:
    """No two neighbours eat at the same time."""
    return not any(
        at == At.EAT and table.at[(seat + 1) % table.philosophers] == At.EAT for seat, at in table.at.items()
    )


@predicate
def someone_eats(table: Table) -> bool:
    """A philosopher eats."""
    return any(at == At.EAT for at in table.at.values())
