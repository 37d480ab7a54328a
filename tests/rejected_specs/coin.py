"""A player tosses a coin and tells the referee. Small on purpose: the mistakes are in the specs around it."""

from __future__ import annotations

import enum
from typing import Annotated

from checker.lang import ActorId, Durable, UpTo, Volatile, action, actor, message, on, predicate, require, send

Toss = Annotated[int, UpTo("tosses")]


class Side(enum.Enum):
    HEADS = 1
    TAILS = 2


@message
class Result:
    side: Side


@actor
class Player:
    referee: ActorId
    favourite: Side = Side.HEADS

    tossed: Volatile[Toss] = 0

    @action
    def toss(self) -> None:
        require(self.tossed == 0)
        self.tossed = 1
        send(self.referee, Result(self.favourite))


@actor
class Referee:
    heard: Durable[Toss] = 0

    @on(Result)
    def note(self, result: Result) -> None:
        if result.side == Side.HEADS and self.heard == 0:
            self.heard = 1


@predicate
def at_most_once(referee: Referee, players: tuple[Player, ...], tosses: int) -> bool:
    """No more tosses are heard than were made."""
    return referee.heard <= tosses
