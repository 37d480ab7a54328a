"""Termination detection on a ring (Dijkstra's EWD 840): node 0 announces termination only when every node is idle.

Follows EWD840.tla. One actor holds the whole ring, because waking another node is a single step there.
Not modelled: messages in flight between the nodes.
"""

from __future__ import annotations

from typing import Annotated

from checker.lang import Below, Durable, action, actor, anything, choose, predicate, require

Node = Annotated[int, Below("nodes")]


@actor
class Ring:
    nodes: int

    active: Durable[dict[Node, bool]] = anything()
    black: Durable[dict[Node, bool]] = anything()
    token: Durable[Node] = anything()
    token_black: Durable[bool] = True

    @action
    def initiate_probe(self) -> None:
        require(self.token == 0)
        choose_a_reason((self.token_black, self.black[0]))
        self.token = self.nodes - 1
        self.token_black = False
        self.black[0] = False

    @action
    def pass_token(self) -> None:
        require(self.token != 0)
        node = self.token
        choose_a_reason((not self.active[node], self.black[node], self.token_black))
        self.token = node - 1
        if self.black[node]:
            self.token_black = True
        self.black[node] = False

    @action
    def wake_another(self) -> None:
        node = self.an_active_node()
        other = choose(one for one in self.active if one != node)
        self.active[other] = True
        if other > node:
            self.black[node] = True

    @action
    def become_idle(self) -> None:
        node = self.an_active_node()
        self.active[node] = False

    def an_active_node(self) -> Node:
        return choose(node for node, active in self.active.items() if active)


def choose_a_reason(reasons: tuple[bool, ...]) -> int:
    """The step is possible if one of these holds. It counts once for each that does, as TLC counts a disjunction."""
    return choose(number for number, holds in enumerate(reasons) if holds)


@predicate
def termination_detection(ring: Ring) -> bool:
    """When node 0 can announce termination, every node is idle."""
    announces = ring.token == 0 and not ring.token_black and not ring.black[0] and not ring.active[0]
    return not announces or not any(ring.active.values())


@predicate
def dijkstra_invariant(ring: Ring) -> bool:
    """Nodes behind the token are idle, or a node it has yet to visit is black, or the token is black."""
    behind_idle = all(not active for node, active in ring.active.items() if ring.token < node)
    black_ahead = any(black for node, black in ring.black.items() if node <= ring.token)
    return behind_idle or black_ahead or ring.token_black


@predicate
def announced(ring: Ring) -> bool:
    """Node 0 can announce termination."""
    return ring.token == 0 and not ring.token_black and not ring.black[0] and not ring.active[0]
