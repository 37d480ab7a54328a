"""Paxos for a single decision: no two different values are ever chosen.

Follows Paxos.tla (PaxosHowToWinATuringAward). One actor holds all, because choosing what to propose reads the
whole set of promises in a single step there. Three acceptors, so that a quorum is all of them but one.
Not modelled: who leads a ballot, and learning what has been chosen.
"""

from __future__ import annotations

from typing import Annotated

from checker.lang import Below, Between, Durable, UpTo, action, actor, choose, each, ensure, predicate, require, struct

ACCEPTORS = 3
NO_BALLOT = -1

Acceptor = Annotated[int, Below(ACCEPTORS)]
Ballot = Annotated[int, Below("ballots")]
BallotOrNone = Annotated[int, Between(NO_BALLOT, "ballots - 1")]
Value = Annotated[int, Below("values")]


@struct
class Promise:
    """Message 1b: the acceptor will not take part in smaller ballots; it last voted for ``value``."""

    acceptor: Acceptor
    ballot: Ballot
    voted: BallotOrNone
    value: Value | None


@struct
class Proposal:
    """Message 2a."""

    ballot: Ballot
    value: Value


@struct
class Vote:
    """Message 2b."""

    acceptor: Acceptor
    ballot: Ballot
    value: Value


@actor
class Paxos:
    ballots: Annotated[int, UpTo("ballots")]
    values: Annotated[int, UpTo("values")]

    promised: Durable[dict[Acceptor, BallotOrNone]] = each(NO_BALLOT)
    voted: Durable[dict[Acceptor, BallotOrNone]] = each(NO_BALLOT)
    value: Durable[dict[Acceptor, Value | None]] = each(None)
    prepares: Durable[frozenset[Ballot]] = frozenset()  # Message 1a.
    promises: Durable[frozenset[Promise]] = frozenset()
    proposals: Durable[frozenset[Proposal]] = frozenset()
    votes: Durable[frozenset[Vote]] = frozenset()

    @action
    def prepare(self) -> None:
        ballot = choose(range(self.ballots))
        self.prepares |= {ballot}

    @action
    def promise(self) -> None:
        acceptor = choose(range(ACCEPTORS))
        ballot = choose(one for one in self.prepares if one > self.promised[acceptor])
        self.promised[acceptor] = ballot
        self.promises |= {Promise(acceptor, ballot, self.voted[acceptor], self.value[acceptor])}

    @action
    def propose(self) -> None:
        ballot = choose(range(self.ballots))
        require(not any(one.ballot == ballot for one in self.proposals))
        value = choose(range(self.values))
        absent = choose(range(ACCEPTORS))  # The one that is not in the quorum.
        heard = {one for one in self.promises if one.ballot == ballot and one.acceptor != absent}
        require(all(one == absent or any(promise.acceptor == one for promise in heard) for one in range(ACCEPTORS)))
        if any(one.voted != NO_BALLOT for one in heard):
            latest = max(one.voted for one in heard)
            # One successor for each promise that justifies the value, as TLC counts.
            choose(one for one in heard if one.voted == latest and one.value == value)
        self.proposals |= {Proposal(ballot, value)}

    @action
    def vote(self) -> None:
        acceptor = choose(range(ACCEPTORS))
        proposal = choose(one for one in self.proposals if one.ballot >= self.promised[acceptor])
        self.promised[acceptor] = proposal.ballot
        self.voted[acceptor] = proposal.ballot
        self.value[acceptor] = proposal.value
        self.votes |= {Vote(acceptor, proposal.ballot, proposal.value)}


def chosen(paxos: Paxos, ballot: Ballot, value: Value) -> bool:
    """At least two of the three acceptors voted for the value in this ballot."""
    return sum(1 for one in paxos.votes if one.ballot == ballot and one.value == value) >= 2


@predicate
def agreement(paxos: Paxos) -> bool:
    """No two different values are chosen."""
    values = {value for value in range(paxos.values) if any(chosen(paxos, b, value) for b in range(paxos.ballots))}
    ensure(len(values) <= 1, f"the values {values} are chosen")
    return True


@predicate
def one_proposal_a_ballot(paxos: Paxos) -> bool:
    """A ballot proposes at most one value."""
    return all(sum(1 for one in paxos.proposals if one.ballot == ballot) <= 1 for ballot in range(paxos.ballots))


@predicate
def a_value_is_chosen(paxos: Paxos) -> bool:
    """Some value is chosen."""
    return any(chosen(paxos, one.ballot, one.value) for one in paxos.votes)
