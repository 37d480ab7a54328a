"""Peterson's algorithm: two processes are never in the critical section together.

Follows Peterson.tla (locks_auxiliary_vars), label by label: one step for each label. One actor holds the shared
memory, because each process reads the other's flag.
"""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from checker.lang import Below, Durable, action, actor, choose, each, ensure, predicate, require

Process = Annotated[int, Below(2)]


class Label(Enum):
    IDLE = 0  # a0 in the source
    RAISE_FLAG = 1  # a1
    YIELD_TURN = 2  # a2
    WAIT = 3  # a3
    CRITICAL = 4  # cs
    LEAVE = 5  # a4


@actor
class SharedMemory:
    at: Durable[dict[Process, Label]] = each(Label.IDLE)
    flag: Durable[dict[Process, bool]] = each(False)
    turn: Durable[Process] = 0

    @action
    def wish_to_enter(self) -> None:
        process = self.one_at(Label.IDLE)
        self.at[process] = Label.RAISE_FLAG

    @action
    def raise_flag(self) -> None:
        process = self.one_at(Label.RAISE_FLAG)
        self.flag[process] = True
        self.at[process] = Label.YIELD_TURN

    @action
    def yield_turn(self) -> None:
        process = self.one_at(Label.YIELD_TURN)
        self.turn = 1 - process
        self.at[process] = Label.WAIT

    @action
    def enter(self) -> None:
        process = self.one_at(Label.WAIT)
        require(not self.flag[1 - process] or self.turn == process)
        self.at[process] = Label.CRITICAL

    @action
    def finish(self) -> None:
        process = self.one_at(Label.CRITICAL)
        self.at[process] = Label.LEAVE

    @action
    def lower_flag(self) -> None:
        process = self.one_at(Label.LEAVE)
        self.flag[process] = False
        self.at[process] = Label.IDLE

    def one_at(self, label: Label) -> Process:
        return choose(process for process, at in self.at.items() if at == label)


@predicate
def mutual_exclusion(memory: SharedMemory) -> bool:
    """At most one process holds the lock."""
    holders = sum(1 for label in memory.at.values() if label in (Label.CRITICAL, Label.LEAVE))
    ensure(holders <= 1, f"{holders} processes hold the lock")
    return True


@predicate
def flags_tell_where(memory: SharedMemory) -> bool:
    """A flag is raised exactly from the step that raises it to the step that lowers it."""
    return all(
        raised == (memory.at[process] not in (Label.IDLE, Label.RAISE_FLAG)) for process, raised in memory.flag.items()
    )


@predicate
def both_wait(memory: SharedMemory) -> bool:
    """Both processes contend for the lock."""
    return all(label == Label.WAIT for label in memory.at.values())
