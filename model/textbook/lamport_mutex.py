"""Lamport's distributed mutual exclusion: logical clocks order the requests, so only one process is in its section.

Follows LamportMutex.tla. A request that would take the receiver's clock past ``max_clock`` waits for ever, which bounds
the runs; the source leaves such states out by a constraint, so the states are the same ones.
Not modelled: loss and reordering of messages between two processes.
"""

from __future__ import annotations

from typing import Annotated

from checker.lang import (
    ActorId,
    Below,
    Between,
    Durable,
    UpTo,
    action,
    actor,
    each,
    ensure,
    message,
    on,
    predicate,
    require,
    send,
)  # fmt: skip

Position = Annotated[int, Below("processes")]
Clock = Annotated[int, Between(1, "max_clock")]
ClockOrNone = Annotated[int, UpTo("max_clock")]


@message
class Request:
    sender: Position
    clock: Clock


@message
class Acknowledgement:
    sender: Position


@message
class Release:
    sender: Position


@actor
class Process:
    index: Position
    processes: tuple[ActorId, ...]
    max_clock: int

    clock: Durable[Clock] = 1
    requested: Durable[dict[Position, ClockOrNone]] = each(0)  # The clock of each process's request; 0: none.
    acknowledged: Durable[frozenset[Position]] = frozenset()
    critical: Durable[bool] = False

    @action
    def request(self) -> None:
        require(self.requested[self.index] == 0)
        self.requested[self.index] = self.clock
        self.acknowledged = frozenset({self.index})
        for position in range(len(self.processes)):
            if position != self.index:
                send(self.processes[position], Request(self.index, self.clock))

    @on(Request)
    def receive_request(self, request: Request) -> None:
        clock = max((request.clock, self.clock)) + 1
        require(clock <= self.max_clock)
        self.clock = clock
        self.requested[request.sender] = request.clock
        send(self.processes[request.sender], Acknowledgement(self.index))

    @on(Acknowledgement)
    def receive_acknowledgement(self, acknowledgement: Acknowledgement) -> None:
        self.acknowledged |= {acknowledgement.sender}

    @action
    def enter(self) -> None:
        require(len(self.acknowledged) == len(self.processes))
        require(all(self.beats(other) for other in range(len(self.processes)) if other != self.index))
        self.critical = True

    @action
    def leave(self) -> None:
        require(self.critical)
        self.critical = False
        self.requested[self.index] = 0
        self.acknowledged = frozenset()
        for position in range(len(self.processes)):
            if position != self.index:
                send(self.processes[position], Release(self.index))

    @on(Release)
    def receive_release(self, release: Release) -> None:
        self.requested[release.sender] = 0

    def beats(self, other: Position) -> bool:
        """This process's request comes before the other's, as far as it knows; equal clocks go by position."""
        mine = self.requested[self.index]
        theirs = self.requested[other]
        return theirs == 0 or mine < theirs or (mine == theirs and self.index < other)


@predicate
def mutual_exclusion(processes: tuple[Process, ...]) -> bool:
    """At most one process is in its critical section."""
    inside = sum(1 for process in processes if process.critical)
    ensure(inside <= 1, f"{inside} processes are in their critical sections")
    return True


@predicate
def someone_enters(processes: tuple[Process, ...]) -> bool:
    """A process is in its critical section."""
    return any(process.critical for process in processes)
