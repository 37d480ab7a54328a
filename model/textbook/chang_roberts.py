"""Leader election on a ring after Chang and Roberts: only the initiator with the smallest identity wins.

Follows ChangRoberts.tla with identities in ring order. Any subset of the nodes may start an election.
Not modelled: loss of messages.
"""

from __future__ import annotations

from typing import Annotated

from checker.lang import ActorId, Below, Durable, action, actor, anything, ensure, message, on, predicate, require, send

Identity = Annotated[int, Below("nodes")]


@message
class Candidate:
    identity: Identity


@actor
class Node:
    index: Identity
    ring: tuple[ActorId, ...]

    initiator: Durable[bool] = anything()
    started: Durable[bool] = False
    beaten: Durable[bool] = False
    won: Durable[bool] = False

    @action
    def start(self) -> None:
        require(not self.started)
        self.started = True
        if self.initiator:
            self.tell_successor(self.index)

    @on(Candidate)
    def receive(self, candidate: Candidate) -> None:
        require(self.started)
        if not self.initiator or self.beaten:
            self.tell_successor(candidate.identity)
        elif candidate.identity < self.index:
            self.won = False
            self.beaten = True
            self.tell_successor(candidate.identity)
        elif candidate.identity == self.index:
            self.won = True

    def tell_successor(self, identity: Identity) -> None:
        send(self.ring[(self.index + 1) % len(self.ring)], Candidate(identity))


@predicate
def smallest_initiator_wins(nodes: tuple[Node, ...]) -> bool:
    """A winner is an initiator, no other node is still a candidate, and every other initiator is larger."""
    for winner in nodes:
        if winner.won:
            ensure(winner.initiator, f"node {winner.index} has won without being an initiator")
            for other in nodes:
                if other.index != winner.index and other.initiator:
                    ensure(other.beaten, f"node {winner.index} has won while node {other.index} is a candidate")
                    ensure(other.index > winner.index, f"node {winner.index} has won over the smaller {other.index}")
    return True


@predicate
def someone_wins(nodes: tuple[Node, ...]) -> bool:
    """A leader is elected."""
    return any(node.won for node in nodes)
