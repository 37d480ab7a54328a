"""Chameneos: creatures meet in pairs and change colour until the allowed number of meetings is used up.

Follows Chameneos.tla. One actor holds the whole game, because a meeting changes both creatures in one step.
"""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from checker.lang import Below, Durable, UpTo, action, actor, anything, choose, each, ensure, predicate, require

Creature = Annotated[int, Below("creatures")]
Meetings = Annotated[int, UpTo("meetings")]


class Colour(Enum):
    BLUE = 0
    RED = 1
    YELLOW = 2


@actor
class Game:
    limit: int  # Meetings after which the creatures fade.

    colour: Durable[dict[Creature, Colour]] = anything()
    faded: Durable[dict[Creature, bool]] = each(False)
    met: Durable[dict[Creature, Meetings]] = each(0)
    waiting: Durable[Creature | None] = None  # Who is in the meeting place.
    meetings: Durable[Meetings] = 0

    @action
    def enter_meeting_place(self) -> None:
        creature = self.unfaded()
        require(self.waiting is None)
        require(self.meetings < self.limit)
        self.waiting = creature

    @action
    def fade(self) -> None:
        creature = self.unfaded()
        require(self.waiting is None)
        require(self.meetings == self.limit)
        self.faded[creature] = True
        self.colour[creature] = Colour.BLUE  # Its former colour is forgotten.

    @action
    def meet(self) -> None:
        creature = self.unfaded()
        other = self.waiting
        require(other is not None and other != creature)
        assert other is not None
        mixed = complement(self.colour[creature], self.colour[other])
        self.colour[creature] = mixed
        self.colour[other] = mixed
        self.met[creature] += 1
        self.met[other] += 1
        self.waiting = None
        self.meetings += 1

    def unfaded(self) -> Creature:
        return choose(creature for creature, faded in self.faded.items() if not faded)


def complement(first: Colour, second: Colour) -> Colour:
    """The colour that both take: their common one, or else the third."""
    if first != second:
        for third in Colour:
            if third != first and third != second:
                return third
    return first


@predicate
def meetings_add_up(game: Game) -> bool:
    """Once the meetings are used up, the creatures' own counts sum to twice their number."""
    total = sum(game.met.values())
    over = game.meetings == game.limit
    ensure(not over or total == 2 * game.limit, f"{game.limit} meetings, but the counts sum to {total}")
    return True


@predicate
def all_faded(game: Game) -> bool:
    """Every creature has faded."""
    return all(game.faded.values())
