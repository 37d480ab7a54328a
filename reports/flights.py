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
    PENDING = "pending"  # the path ends (or its receiver crashes) before it arrives


@dataclass
class Flight:
    """One copy of one message. Steps are numbers of the path; ``sent`` is 0 for what was there from the start."""

    message: SentMessage
    sent: int
    place: int = 0  # among the messages that the step sent; LOST without a hit: its connection broke
    fate: Fate = Fate.PENDING
    ended: int | None = None
    delayed: int | None = None  # the step that held it up
    repeated: int | None = None  # the step that made this copy
    hits: list[int] = field(default_factory=list)  # the faults that struck it, by step: delay, duplicate, lose
    again: bool = False  # delivered once more, from a network that keeps its messages
    receiver: str | None = None  # of a broadcast: who read this copy


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

    def disconnect(self, lost: list[str], step: PathStep) -> None:
        """End the flights of these messages, by their text: the connection that carried them is gone."""
        for text in lost:
            for flight in self.flights:
                waiting = flight.fate is Fate.PENDING and flight.message.receiver == step.actor
                if waiting and words.message(flight.message) == text:
                    flight.fate, flight.ended = Fate.LOST, step.number
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
            tracker.disconnect(vanished(path, step), step)
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
        tracker.flights.extend(Flight(sent, number, place) for place, sent in enumerate(step.sent))
    read = {(flight.sent, flight.place) for flight in tracker.flights if flight.receiver is not None}
    # The original of a broadcast that somebody read is drawn as those readings.
    return [
        flight
        for flight in tracker.flights
        if flight.receiver is not None or flight.message.receiver is not None or (flight.sent, flight.place) not in read
    ]


def vanished(path: Path, step: PathStep) -> list[str]:
    """What was on its way to the actor and went with its connections in this step (a crash or restart), as text.

    The states of a path show the links under ``network``, each as the sequence of its messages.
    """
    if len(path.states) <= step.number:
        return []
    before, after = (path.states[number].get("network", {}) for number in (step.number - 1, step.number))
    ends = (f"-> {step.actor}", f"the late messages to {step.actor}")
    gone = [text for link, text in before.items() if after.get(link) != text and link.endswith(ends)]
    return [item for text in gone for item in words.items(words.clean(text))]


def origins(path: Path) -> dict[int, int]:
    """For each step that handles, loses, repeats or delays a message: the step that sent it, where one did."""
    found = {}
    for flight in flights(path):
        for number in (flight.ended, *flight.hits):
            if number is not None and flight.sent:
                found[number] = flight.sent
    return found


def sender_of(path: Path, step: PathStep, sent_in: int | None) -> str | None:
    """Who sent what this step received: as the message says, else as the step that sent it says."""
    if step.received is None or step.received.sender is not None or sent_in is None:
        return None if step.received is None else step.received.sender
    return path.steps[sent_in - 1].actor
