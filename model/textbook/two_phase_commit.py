"""Two-phase commit: no resource manager commits a transaction that another one aborts.

Follows TwoPhase.tla (Gray and Lamport, "Consensus on Transaction Commit"): messages are never lost and never
taken off the network, so one that has been sent may be received any number of times.
Not modelled: crashes, and the resource managers' timeouts.
"""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from checker.lang import (
    ActorId,
    Durable,
    Of,
    action,
    actor,
    broadcast,
    ensure,
    message,
    on,
    predicate,
    require,
    send,
)  # fmt: skip

ResourceManagerId = Annotated[ActorId, Of("ResourceManager")]


class ManagerState(Enum):
    INIT = 0
    COMMITTED = 1
    ABORTED = 2


class ResourceState(Enum):
    WORKING = 0
    PREPARED = 1
    COMMITTED = 2
    ABORTED = 3


@message
class Prepared:
    rm: ResourceManagerId


@message
class Commit:
    pass


@message
class Abort:
    pass


@actor
class TransactionManager:
    rms: tuple[ActorId, ...]

    state: Durable[ManagerState] = ManagerState.INIT
    prepared: Durable[frozenset[ResourceManagerId]] = frozenset()

    @on(Prepared)
    def note_prepared(self, vote: Prepared) -> None:
        require(self.state == ManagerState.INIT)
        self.prepared |= {vote.rm}

    @action
    def commit(self) -> None:
        require(self.state == ManagerState.INIT)
        require(len(self.prepared) == len(self.rms))
        self.state = ManagerState.COMMITTED
        broadcast(Commit())

    @action
    def abort(self) -> None:
        require(self.state == ManagerState.INIT)
        self.state = ManagerState.ABORTED
        broadcast(Abort())


@actor
class ResourceManager:
    me: ActorId
    tm: ActorId

    state: Durable[ResourceState] = ResourceState.WORKING

    @action
    def prepare(self) -> None:
        require(self.state == ResourceState.WORKING)
        self.state = ResourceState.PREPARED
        send(self.tm, Prepared(self.me))

    @action
    def choose_to_abort(self) -> None:
        require(self.state == ResourceState.WORKING)
        self.state = ResourceState.ABORTED

    @on(Commit)
    def commit(self, _order: Commit) -> None:
        self.state = ResourceState.COMMITTED

    @on(Abort)
    def abort(self, _order: Abort) -> None:
        self.state = ResourceState.ABORTED


@predicate
def consistent(rms: tuple[ResourceManager, ...]) -> bool:
    """No resource manager has committed while another has aborted."""
    committed = sum(1 for rm in rms if rm.state == ResourceState.COMMITTED)
    aborted = sum(1 for rm in rms if rm.state == ResourceState.ABORTED)
    ensure(committed == 0 or aborted == 0, f"{committed} resource managers have committed and {aborted} have aborted")
    return True


@predicate
def all_committed(rms: tuple[ResourceManager, ...]) -> bool:
    """Every resource manager has committed."""
    return all(rm.state == ResourceState.COMMITTED for rm in rms)


@predicate
def all_aborted(rms: tuple[ResourceManager, ...]) -> bool:
    """Every resource manager has aborted."""
    return all(rm.state == ResourceState.ABORTED for rm in rms)
