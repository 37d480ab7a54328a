"""Slush, the simplest protocol of the Avalanche family: nodes adopt the colour that most of a sample holds.

Follows Slush.tla, label by label. One actor holds all, because a tally takes several replies off the network in one
step there. A sample has two nodes.
Not modelled: probabilities; every colouring and every sample is possible.
"""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from checker.lang import Below, Durable, UpTo, action, actor, choose, each, predicate, require, struct

Node = Annotated[int, Below("nodes")]
Iterations = Annotated[int, UpTo("iterations")]


class Colour(Enum):
    RED = 0
    BLUE = 1


class QueryAt(Enum):
    LOOP = 0
    WAIT = 1
    RESPOND = 2
    DONE = 3


class LoopAt(Enum):
    UNCOLOURED = 0
    LOOP = 1
    SAMPLE = 2
    TALLY = 3
    TERMINATE = 4
    DONE = 5


class ClientAt(Enum):
    LOOP = 0
    ASSIGN = 1
    DONE = 2


@struct
class Query:
    asker: Node
    node: Node
    colour: Colour


@struct
class Reply:
    node: Node
    asker: Node
    colour: Colour


@actor
class Slush:
    nodes: int
    iterations: int
    threshold: int  # So many replies of one colour make a node adopt it.

    pick: Durable[dict[Node, Colour | None]] = each(None)
    queries: Durable[frozenset[Query]] = frozenset()
    replies: Durable[frozenset[Reply]] = frozenset()
    terminated: Durable[frozenset[Node]] = frozenset()
    query_at: Durable[dict[Node, QueryAt]] = each(QueryAt.LOOP)
    loop_at: Durable[dict[Node, LoopAt]] = each(LoopAt.UNCOLOURED)
    client_at: Durable[ClientAt] = ClientAt.LOOP
    sample: Durable[dict[Node, frozenset[Node]]] = each(frozenset())
    iteration: Durable[dict[Node, Iterations]] = each(0)

    # The client colours the nodes.

    @action
    def client_loop(self) -> None:
        require(self.client_at == ClientAt.LOOP)
        uncoloured = any(colour is None for colour in self.pick.values())
        self.client_at = ClientAt.ASSIGN if uncoloured else ClientAt.DONE

    @action
    def assign_colour(self) -> None:
        require(self.client_at == ClientAt.ASSIGN)
        node = choose(self.pick)
        colour = choose(Colour)
        if self.pick[node] is None:
            self.pick[node] = colour
        self.client_at = ClientAt.LOOP

    # Every node answers queries.

    @action
    def query_loop(self) -> None:
        node = self.one_answering(QueryAt.LOOP)
        self.query_at[node] = QueryAt.DONE if self.all_terminated() else QueryAt.WAIT

    @action
    def await_query(self) -> None:
        node = self.one_answering(QueryAt.WAIT)
        require(any(query.node == node for query in self.queries) or self.all_terminated())
        self.query_at[node] = QueryAt.LOOP if self.all_terminated() else QueryAt.RESPOND

    @action
    def respond(self) -> None:
        node = self.one_answering(QueryAt.RESPOND)
        query = choose(one for one in self.queries if one.node == node)
        held = self.pick[node]
        colour = query.colour if held is None else held
        self.pick[node] = colour
        self.queries -= {query}
        self.replies |= {Reply(node, query.asker, colour)}
        self.query_at[node] = QueryAt.LOOP

    # Every node samples the others.

    @action
    def await_colour(self) -> None:
        node = self.one_looping(LoopAt.UNCOLOURED)
        require(self.pick[node] is not None)
        self.loop_at[node] = LoopAt.LOOP

    @action
    def next_iteration(self) -> None:
        node = self.one_looping(LoopAt.LOOP)
        self.loop_at[node] = LoopAt.SAMPLE if self.iteration[node] < self.iterations else LoopAt.TERMINATE

    @action
    def query_sample(self) -> None:
        node = self.one_looping(LoopAt.SAMPLE)
        first = choose(one for one in self.pick if one != node)
        second = choose(one for one in self.pick if one != node and one > first)
        colour = self.pick[node]
        assert colour is not None
        self.sample[node] = frozenset({first, second})
        self.queries |= {Query(node, first, colour), Query(node, second, colour)}
        self.loop_at[node] = LoopAt.TALLY

    @action
    def tally(self) -> None:
        node = self.one_looping(LoopAt.TALLY)
        sample = self.sample[node]
        answers = {reply for reply in self.replies if reply.asker == node and reply.node in sample}
        require(all(any(answer.node == one for answer in answers) for one in sample))
        if sum(1 for answer in answers if answer.colour == Colour.RED) >= self.threshold:
            self.pick[node] = Colour.RED
        elif sum(1 for answer in answers if answer.colour == Colour.BLUE) >= self.threshold:
            self.pick[node] = Colour.BLUE
        self.replies -= answers
        self.sample[node] = frozenset()
        self.iteration[node] += 1
        self.loop_at[node] = LoopAt.LOOP

    @action
    def terminate(self) -> None:
        node = self.one_looping(LoopAt.TERMINATE)
        self.terminated |= {node}
        self.loop_at[node] = LoopAt.DONE

    @action
    def stay_terminated(self) -> None:
        """The end of a run is no deadlock."""
        require(self.client_at == ClientAt.DONE)
        require(all(at == QueryAt.DONE for at in self.query_at.values()))
        require(all(at == LoopAt.DONE for at in self.loop_at.values()))

    def one_answering(self, wanted: QueryAt) -> Node:
        return choose(node for node, at in self.query_at.items() if at == wanted)

    def one_looping(self, wanted: LoopAt) -> Node:
        return choose(node for node, at in self.loop_at.items() if at == wanted)

    def all_terminated(self) -> bool:
        return len(self.terminated) == self.nodes and len(self.queries) == 0 and len(self.replies) == 0


@predicate
def every_loop_has_a_colour(slush: Slush) -> bool:
    """A node that samples others has a colour itself."""
    return all(at == LoopAt.UNCOLOURED or slush.pick[node] is not None for node, at in slush.loop_at.items())


def finished(slush: Slush) -> bool:
    return all(at == LoopAt.DONE for at in slush.loop_at.values())


def of_one_colour(slush: Slush) -> bool:
    return any(all(held == colour for held in slush.pick.values()) for colour in Colour)


@predicate
def ends_agreed(slush: Slush) -> bool:
    """When every node has finished, all hold the same colour (true of three nodes that each ask both others)."""
    return not finished(slush) or of_one_colour(slush)


@predicate
def agreed(slush: Slush) -> bool:
    """Every node has finished with the same colour."""
    return finished(slush) and of_one_colour(slush)
