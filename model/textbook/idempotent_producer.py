"""An idempotent producer and one log: whatever the network loses, repeats or reorders, the log is the records in order.

The broker appends a record only if its sequence number is the next one, acknowledges an older one again, and
answers a later one with an error, upon which the producer resends. Each direction of the network holds a bounded number
of messages in any order, and may lose and repeat them without limit.
Not modelled: batches, several partitions, crashes, the end of a producer id.
"""

from __future__ import annotations

from typing import Annotated

from checker.lang import (
    ActorId,
    Below,
    Durable,
    MaxLen,
    UpTo,
    action,
    actor,
    choose,
    each,
    ensure,
    message,
    on,
    predicate,
    require,
    send,
)  # fmt: skip

Sequence = Annotated[int, Below("records")]
SequenceOrEnd = Annotated[int, UpTo("records")]
Retries = Annotated[int, UpTo("retries")]


@message
class ProduceRequest:
    sequence: Sequence


@message
class Acknowledged:
    sequence: Sequence


@message
class OutOfOrder:
    sequence: Sequence


@actor
class Producer:
    broker: ActorId
    records: int
    retries: int  # Of each record, until it is acknowledged.
    max_in_flight: int

    next_sequence: Durable[SequenceOrEnd] = 0
    pending: Durable[frozenset[Sequence]] = frozenset()
    retried: Durable[dict[Sequence, Retries]] = each(0)

    @action
    def send_next(self) -> None:
        require(self.next_sequence < self.records)
        require(len(self.pending) < self.max_in_flight)
        self.pending |= {self.next_sequence}
        send(self.broker, ProduceRequest(self.next_sequence))
        self.next_sequence += 1

    @action
    def retry(self) -> None:
        sequence = choose(self.pending)
        require(self.retried[sequence] < self.retries)
        self.resend(sequence)

    @on(Acknowledged)
    def complete(self, reply: Acknowledged) -> None:
        require(reply.sequence in self.pending)
        self.pending -= {reply.sequence}
        self.retried[reply.sequence] = 0

    @on(OutOfOrder)
    def retry_after_error(self, reply: OutOfOrder) -> None:
        require(reply.sequence in self.pending)
        require(self.retried[reply.sequence] < self.retries)
        self.resend(reply.sequence)

    def resend(self, sequence: Sequence) -> None:
        self.retried[sequence] += 1
        send(self.broker, ProduceRequest(sequence))


@actor
class Broker:
    producer: ActorId
    records: int
    drops_duplicates: bool = True
    rejects_gaps: bool = True

    expected: Durable[SequenceOrEnd] = 0
    log: Durable[Annotated[tuple[Sequence, ...], MaxLen("records")]] = ()
    overflowed: Durable[bool] = False  # A record was appended to a log that already held as many as there are.

    @on(ProduceRequest)
    def receive(self, request: ProduceRequest) -> None:
        if request.sequence == self.expected or (request.sequence > self.expected and not self.rejects_gaps):
            self.append(request.sequence)
            self.expected = request.sequence + 1
            send(self.producer, Acknowledged(request.sequence))
        elif request.sequence < self.expected:
            if not self.drops_duplicates:
                self.append(request.sequence)
            send(self.producer, Acknowledged(request.sequence))
        else:
            send(self.producer, OutOfOrder(request.sequence))

    def append(self, sequence: Sequence) -> None:
        if len(self.log) < self.records:
            self.log += (sequence,)
        else:
            self.overflowed = True


@predicate
def exact_prefix(broker: Broker) -> bool:
    """The log is the first records, each once and in order."""
    ensure(not broker.overflowed, "more records were appended than there are")
    for position, sequence in enumerate(broker.log):
        ensure(sequence == position, f"position {position} of the log holds record {sequence}")
    return True


@predicate
def acknowledged_is_in_log(producer: Producer, broker: Broker) -> bool:
    """Every record that the producer knows to be acknowledged is in the log."""
    for sequence in range(producer.next_sequence):
        acknowledged = sequence not in producer.pending
        ensure(not acknowledged or sequence in broker.log, f"record {sequence} was acknowledged but is lost")
    return True


@predicate
def all_acknowledged(producer: Producer) -> bool:
    """Every record has been acknowledged."""
    return producer.next_sequence == producer.records and len(producer.pending) == 0
