"""Which step received what which step had sent: the messages of a path, each from its sending to its end.

A path does not number its messages, so they are matched by their two ends and their content, in the order of the
link. Two messages that are equal in all of that are interchangeable; what was sent before the receiver's last crash
is taken last, because a connection does not survive it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from checker.verdict import Path, PathStep, SentMessage
from reports import words


class Fate(Enum):
    ARRIVED = "arrived"
    LOST = "lost"
    GONE = "gone"  # with its connection: its receiver crashed, or was down already
    PENDING = "pending"  # the path ends before it arrives


@dataclass
class Flight:
    """One copy of one message. Steps are numbers of the path; ``sent`` is 0 for what was there from the start."""

    message: SentMessage
    sent: int
    place: int = 0  # among the messages that the step sent
    fate: Fate = Fate.PENDING
    ended: int | None = None  # the step that took it, lost it, or broke its connection; GONE: perhaps its own
    delayed: int | None = None  # the step that held it up
    repeated: int | None = None  # the step that made this copy
    hits: list[int] = field(default_factory=list)  # the faults that struck it, by step: delay, duplicate, lose
    again: bool = False  # delivered once more, from a network that keeps its messages
    receiver: str | None = None  # of a broadcast: who read this copy

    @property
    def refused(self) -> bool:
        """Whether nobody was there: its receiver was down when it was sent."""
        return self.fate is Fate.GONE and self.ended == self.sent

    def cause(self) -> str:
        """Why it never arrived, in words; "" if it did, or may yet, or if a fault of the network says it."""
        receiver = words.clean(self.message.receiver or "its receiver")
        if self.refused:
            return f"lost: {receiver} is down"
        return f"lost: {receiver} crashed at step {self.ended}" if self.fate is Fate.GONE else ""


@dataclass
class _Tracker:
    flights: list[Flight] = field(default_factory=list)
    down_since: dict[str, int] = field(default_factory=dict)  # actor -> number of its last crash or restart

    def find(self, message: SentMessage, actor: str, *, late: bool) -> Flight | None:
        waiting = [
            flight
            for flight in self.flights
            if flight.fate is Fate.PENDING and _same(flight.message, message) and flight.receiver is None
        ]
        down = self.down_since.get(actor, 0)
        waiting.sort(key=lambda flight: ((flight.delayed is not None) != late, flight.sent < down, flight.sent))
        return waiting[0] if waiting else None

    def kept(self, message: SentMessage) -> Flight | None:
        """An equal message that has arrived before: on a ``set`` network it is still there."""
        arrived = [flight for flight in self.flights if flight.fate is Fate.ARRIVED and _same(flight.message, message)]
        return arrived[-1] if arrived else None

    def disconnect(self, step: PathStep) -> None:
        """End the flights of what is gone: the connections that carried it have broken. The oldest copy first."""
        for message in step.gone:
            for flight in self.flights:
                waiting = flight.fate is Fate.PENDING and flight.message.receiver == step.actor
                if waiting and _same(flight.message, message):
                    flight.fate, flight.ended = Fate.GONE, step.number
                    break

    def take(self, message: SentMessage, actor: str, *, late: bool) -> Flight:
        flight = self.find(message, actor, late=late)
        if flight is not None and flight.message.receiver is not None:
            return flight
        if flight is not None:  # A broadcast stays for the other readers: this one reads a copy.
            copy = Flight(flight.message, flight.sent, flight.place, receiver=actor)
        elif (old := self.kept(message)) is not None:
            copy = Flight(old.message, old.sent, old.place, again=True, receiver=actor)
        else:
            copy = Flight(message, 0, receiver=actor)
        self.flights.append(copy)
        return copy


def _same(one: SentMessage, other: SentMessage) -> bool:
    """Equal in content, and in both ends as far as they are known: an unordered network does not say who sent."""
    ends = all(
        mine == other_end or None in (mine, other_end)
        for mine, other_end in ((one.sender, other.sender), (one.receiver, other.receiver))
    )
    return ends and one.type == other.type and one.fields == other.fields


def flights(path: Path) -> list[Flight]:
    """Every copy of every message that a step of the path sends, receives, loses, repeats or delays."""
    tracker = _Tracker()
    for step in path.steps:
        number = step.number
        if step.action in ("crash", "restart"):
            tracker.down_since[step.actor] = number
            tracker.disconnect(step)
        if step.received is not None:
            flight = tracker.take(step.received, step.actor, late=step.late)
            strikes = step.fault and step.action in ("lose", "delay", "duplicate")
            if strikes:
                flight.hits.append(number)
            match step.action if strikes else "":
                case "lose":
                    flight.fate, flight.ended = Fate.LOST, number
                case "delay":
                    flight.delayed = number
                case "duplicate":
                    tracker.flights.append(Flight(flight.message, flight.sent, flight.place, repeated=number))
                case _:
                    flight.fate, flight.ended = Fate.ARRIVED, number
        for place, sent in enumerate(step.sent):
            nobody = place in step.refused
            fate, ended = (Fate.GONE, number) if nobody else (Fate.PENDING, None)
            tracker.flights.append(Flight(sent, number, place, fate, ended))
    read = {(flight.sent, flight.place) for flight in tracker.flights if flight.receiver is not None}
    # The original of a broadcast that somebody read is drawn as those readings.
    return [
        flight
        for flight in tracker.flights
        if flight.receiver is not None or flight.message.receiver is not None or (flight.sent, flight.place) not in read
    ]


def causes(path: Path) -> dict[tuple[int, int], str]:
    """Of what a step sends and nobody receives for want of a receiver: why, by step and place."""
    return {(one.sent, one.place): one.cause() for one in flights(path) if one.fate is Fate.GONE and one.sent}


def origins(path: Path) -> dict[int, int]:
    """For each step that handles, loses, repeats or delays a message: the step that sent it, where one did."""
    found = {}
    for flight in flights(path):
        for number in (None if flight.fate is Fate.GONE else flight.ended, *flight.hits):
            if number is not None and flight.sent:
                found[number] = flight.sent
    return found


def sender_of(path: Path, step: PathStep, sent_in: int | None) -> str | None:
    """Who sent what this step received: as the message says, else as the step that sent it says."""
    if step.received is None or step.received.sender is not None or sent_in is None:
        return None if step.received is None else step.received.sender
    return path.steps[sent_in - 1].actor
