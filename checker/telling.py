"""What a model's ``story`` module is given and fills in: a finished path with its values; its logs and its ledger.

It is plain Python over finished paths, outside the actor language, and decides no verdict.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from checker.verdict import NO_PLUMBING, LedgerEvent, Log, Plumbing


@dataclass(frozen=True)
class Happening:
    """One step, with the values themselves. ``received`` and ``sent`` are the model's own message objects."""

    number: int  # from 1
    actor: str
    action: str  # as in ``PathStep.action``
    received: Any = None
    sent: tuple[tuple[str | None, Any], ...] = ()  # (name of the receiver, message); None: broadcast
    chosen: tuple[Any, ...] = ()
    late: bool = False  # What was received had been delayed past its connection's end.
    fault: bool = False


@dataclass(frozen=True)
class World:
    """One state of a path: the actors as objects, with their wiring and their fields, by name in the spec's order."""

    actors: dict[str, Any]
    stopped: dict[str, str] = field(default_factory=dict)  # Who does not run: "down" after a crash, or "paused".

    def of(self, cls: type) -> list[tuple[str, Any]]:
        """The actors of one class, each with its name."""
        return [(name, one) for name, one in self.actors.items() if isinstance(one, cls)]


@dataclass
class Telling:
    """What ``tell`` fills in: ``worlds`` has one entry more than ``happenings``."""

    worlds: list[World]
    happenings: list[Happening]
    constants: dict[str, int]
    logs: list[list[Log]] = field(default_factory=list)
    records: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    events: list[LedgerEvent] = field(default_factory=list)
    plumbing: Plumbing = NO_PLUMBING
    # By step: what the values do not tell, because only the model's own history does: a request that is accepted is one
    # of the transaction before. A short story tells such a step, and points at it.
    remarks: dict[int, str] = field(default_factory=dict)
    # Fields of actors, as "Class.field", that a short story leaves out: the ledger and the logs tell what they are for.
    aside: frozenset[str] = frozenset()

    def origins(self) -> dict[int, int]:
        """The step that sent what a step received (0: none of the path). Of equal messages the oldest arrives first."""
        found: dict[int, int] = {}
        waiting: list[tuple[str | None, Any, int, bool]] = []  # (receiver, message, sent in, held up)
        for step in self.happenings:
            if step.fault and step.action == "crash":  # Its connections go with it.
                waiting = [one for one in waiting if one[0] != step.actor]
            if step.received is not None:
                equal = [one for one in waiting if one[0] in (step.actor, None) and one[1] == step.received]
                equal.sort(key=lambda one: one[3] != step.late)
                found[step.number] = equal[0][2] if equal else 0
                if equal and not (step.fault and step.action == "duplicate"):
                    waiting.remove(equal[0])
                    if step.fault and step.action == "delay":
                        waiting.append((*equal[0][:3], True))
                elif equal:
                    waiting.append(equal[0])
            waiting += [(to, message, step.number, False) for to, message in step.sent]
        return found

    def note(self, record: str, column: str, text: str, step: int) -> None:
        """Something happened to a record in a step (0: it was so from the start)."""
        self.events.append(LedgerEvent(record, column, text, step))

    def remark(self, step: int, text: str) -> None:
        """What is to be pointed at in a step; more than one are told together."""
        self.remarks[step] = f"{self.remarks[step]}; {text}" if step in self.remarks else text
