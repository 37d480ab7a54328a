"""An application that sends records with a plain or idempotent producer: what it is told is acknowledged was appended.

Follows RecordAccumulator, Sender and TransactionManager of org.apache.kafka.clients.producer.internals without a
transactional id: the sequence is assigned when a batch is drained; a batch that has one is sent again only when nothing
before it is unresolved; without idempotence a batch that is retried goes to the front of the queue.
A connection breaks when the broker is down or starts again, or when request.timeout.ms passes, which it does only when
nothing is on its way (`times_out`). Then everything in flight to this broker is failed or queued again, oldest first.
Producer ids come from the brokers' allocator, which gives each out once: no message is sent for that.
With `queues_requests` a request waits in the client until its connection takes it (NetworkClient: one unwritten request
a connection), and what is written then is what its pooled buffer holds. A batch that expires gives its buffer back to
the BufferPool, which did no harm as long as a copy was written (before 2.8), nor does since the buffer stays with its
request (KAFKA-19012). When send() is called is left open for a record that was never drained: its batch may get any
buffer that is free at any time before that.
Not modelled: batches of several records, linger.ms, max.block.ms, a number of retries other than none and unlimited,
metadata of brokers other than the one that was asked last, a buffer that is given back twice while one request waits.
"""

from enum import Enum
from typing import Annotated

from checker.lang import (
    ActorId,
    Below,
    Counts,
    Durable,
    History,
    MaxLen,
    UpTo,
    Volatile,
    action,
    actor,
    choose,
    each,
    on,
    on_restart,
    quiet,
    replace,
    require,
    send,
    struct,
    suspected,
)  # fmt: skip
from model.kafka.replication.messages import (
    NO_OFFSET,
    NO_RECORD,
    NO_SEQUENCE,
    Acks,
    Attempt,
    Batch,
    Broker,
    Checksum,
    Disconnected,
    Error,
    Offset,
    Partition,
    ProducerEpoch,
    ProduceRequest,
    ProduceResponse,
    ProducerId,
    Record,
    Sequence,
)  # fmt: skip

Target = Annotated[int, Below("targets")]  # Its place among `brokers`.
Records = Annotated[tuple[Record, ...], MaxLen("records")]

RETRIABLE = (
    Error.NOT_LEADER_OR_FOLLOWER, Error.NOT_ENOUGH_REPLICAS, Error.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
    Error.CORRUPT_MESSAGE,
)  # fmt: skip

# The leader has appended nothing where it answers so: to this request, which need not be the only one.
DEFINITE = (
    Error.NOT_ENOUGH_REPLICAS, Error.OUT_OF_ORDER_SEQUENCE_NUMBER, Error.UNKNOWN_PRODUCER_ID,
    Error.INVALID_PRODUCER_EPOCH, Error.TOPIC_AUTHORIZATION_FAILED, Error.CORRUPT_MESSAGE,
)  # fmt: skip


class Outcome(Enum):
    """What the application was told about a record."""

    PENDING = "nothing yet"
    ACKED = "acknowledged"
    FAILED = "failed"


class Reaction(Enum):
    """What the application does when a send fails."""

    GIVE_UP = "give up"
    RESEND = "resend"
    RESEND_ELSEWHERE = "resend elsewhere"  # The record has no key: the next send may go to another partition.
    RESTART = "restart"  # Close the producer, start another and resend what is not acknowledged.


@struct
class Flight:
    """What the client knows of the batch of one record."""

    batch: Batch
    attempt: Attempt = 0
    target: Target = 0
    retried: bool = False  # inRetry
    renumbered: bool = False  # sequenceHasBeenReset
    moved: bool = False  # To the partition after its own.


@actor
class Producer:
    me: ActorId
    brokers: tuple[ActorId, ...]  # The replicas of the one partition, or the leaders of several, which stay.
    replicas: int
    records: int
    partitions: int
    attempts: int  # Connections that have to be told apart.
    acks: Acks = Acks.ALL
    idempotent: bool = True
    retries: bool = True
    max_in_flight: Annotated[int, UpTo(5)] = 5
    bumps_epoch: bool = True  # KIP-360; before it the producer id was given up.
    marks_first_attempts: bool = False  # A batch that expires unanswered leaves a gap, retried or not.
    times_out: bool = True  # request.timeout.ms may pass whenever nothing is on its way.
    queues_requests: bool = False  # A request waits in the client until its connection takes it.
    frees_early: bool = False  # KAFKA-19012: the buffer of a batch that expires is free, whoever still reads it.
    looks_back: bool = False  # Whether a guarantee is asked that speaks of the past; else there are fewer states.
    reaction: Reaction = Reaction.GIVE_UP
    delivery_timeouts: Annotated[int, UpTo(2)] = 0  # How often delivery.timeout.ms passes.
    unknown_topics: Annotated[int, UpTo(2)] = 0  # How often a restarting broker's metadata lack the topic.
    forgets_sequences: bool = False  # librdkafka before 1.9 drops the sequences of a topic that it does not find.

    outcome: Durable[dict[Record, Outcome]] = each(Outcome.PENDING)  # The application keeps it.
    producer_id: Durable[ProducerId] = 0  # A new process asks for the next.
    connection: Durable[dict[Target, Attempt]] = each(0)
    leader: Durable[Broker] = 1  # A new process asks for it; without an answer it asks any live broker.
    expired: Durable[Annotated[int, UpTo(2), Counts("delivery_timeout")]] = 0
    missed: Durable[Annotated[int, UpTo(2), Counts("unknown_topic")]] = 0

    started: Volatile[bool] = False  # The application has called send() for all of its records.
    queue: Volatile[Records] = ()
    in_flight: Volatile[Records] = ()  # Oldest first.
    flights: Volatile[dict[Record, Flight]] = each(Flight(Batch(0)))
    noticed: Volatile[dict[Target, bool]] = each(False)  # That the broker is down, before it said that it is up again.
    # The request that waits for the connection, by the record of its batch, and whose batch is in its buffer by now:
    # nobody's where it was given back.
    unwritten: Volatile[dict[Target, Record | None]] = each(None)
    buffer: Volatile[dict[Target, Record | None]] = each(None)
    epoch: Volatile[ProducerEpoch] = 0
    partition_epoch: Volatile[dict[Partition, ProducerEpoch]] = each(0)
    next_sequence: Volatile[dict[Partition, Sequence]] = each(0)
    last_acked: Volatile[dict[Partition, Sequence]] = each(NO_SEQUENCE)
    last_offset: Volatile[dict[Partition, Offset]] = each(NO_OFFSET)  # lastAckedOffset
    unresolved: Volatile[dict[Partition, Sequence]] = each(NO_SEQUENCE)  # The sequence after the gap.

    drained: History[dict[Record, bool]] = each(False)  # It was in a batch that was closed and handed to the network.
    refused: History[dict[Record, bool]] = each(False)  # The error of its last send says that nothing was appended.

    @action
    def send_batch(self) -> None:
        queue = self.accumulated()
        record = choose(
            one
            for position, one in enumerate(queue)
            if not any(self.partition(other) == self.partition(one) for other in queue[:position])
        )
        partition = self.partition(record)
        broker = choose(
            one for one in range(1, self.replicas + 1) if one == self.leader or suspected(self.brokers[self.leader - 1])
        )
        target: Target = broker - 1 + partition
        flying = sum(1 for one in self.in_flight if self.partition(one) == partition)
        require(flying < self.max_in_flight or self.acks == Acks.NONE)
        require(not suspected(self.brokers[target]) and self.unwritten[target] is None)
        require(not self.idempotent or self.may_drain(record))
        self.started = True
        self.queue = tuple(one for one in queue if one != record)
        if self.idempotent and self.flights[record].batch.sequence == NO_SEQUENCE:
            self.number(record)
        batch = replace(self.flights[record].batch, record=record)
        flight = replace(self.flights[record], batch=batch, attempt=self.connection[target], target=target)
        self.flights[record] = flight
        self.leader = broker
        if self.looks_back:
            self.drained[record] = True
        if self.queues_requests:
            if not flight.retried:
                self.take_buffer(record)
            self.unwritten[target] = record
            self.buffer[target] = record
            self.in_flight += (record,)
        else:
            self.transmit(record, batch, NO_RECORD)
            self.in_flight += (record,)

    @action
    def write_request(self) -> None:
        """The connection takes the request that waits for it, with what its buffer holds by now.

        A batch that is still being filled has no header yet: the batch before has left its own, and its checksum.
        """
        target = choose(one for one in range(len(self.brokers)) if self.unwritten[one] is not None)
        waits = self.unwritten[target]
        assert waits is not None
        holder = self.buffer[target]
        filled: Records = ()
        if holder is None:
            filled = tuple(one for one in self.queue if not self.flights[one].retried)
        filler = choose(filled + (waits,))
        self.unwritten[target] = None
        self.buffer[target] = None
        if holder is not None and holder != waits:
            self.transmit(waits, self.flights[holder].batch, NO_RECORD)
        else:
            checksum: Checksum = NO_RECORD if filler == waits else waits
            self.transmit(waits, replace(self.flights[waits].batch, record=filler), checksum)

    def transmit(self, record: Record, batch: Batch, checksum: Checksum) -> None:
        flight = self.flights[record]
        previous: Record | None = None
        for one in self.in_flight:
            other = self.flights[one]
            if one != record and other.attempt == flight.attempt and other.target == flight.target:
                previous = one
        send(
            self.brokers[flight.target],
            ProduceRequest(self.me, self.acks, batch, flight.attempt, previous, record, checksum),
        )

    def take_buffer(self, record: Record) -> None:
        """BufferPool.allocate: send() may have been called when a buffer was free that a request still waits in."""
        free = tuple(
            one for one in range(len(self.brokers)) if self.unwritten[one] is not None and self.buffer[one] is None
        )
        target = choose(free + (self.flights[record].target,))
        self.buffer[target] = record

    @action
    def count_as_sent(self) -> None:
        """acks=0: the application hears of success at once; judged is the record when its request is no longer on its
        way, lost or not.
        """
        require(self.acks == Acks.NONE)
        record = choose(self.in_flight)
        require(quiet(self.brokers[self.flights[record].target]))
        self.outcome[record] = Outcome.ACKED
        self.remove(record)

    @on(ProduceResponse)
    def receive(self, response: ProduceResponse) -> None:
        record = response.request
        flight = self.flights[record]
        if response.attempt != flight.attempt:
            return  # It came on a connection that is closed.
        for one in self.in_flight:
            older = self.flights[one]
            if one == record:
                break
            if older.attempt == flight.attempt and older.target == flight.target:
                return  # The answer before it is lost, and so is the connection.
        if response.error == Error.NOT_LEADER_OR_FOLLOWER and response.leader is not None:
            self.leader = response.leader
        if record in self.in_flight:
            if response.error in (Error.NONE, Error.DUPLICATE_SEQUENCE_NUMBER):
                self.complete(record, response.offset)
            elif self.can_retry(record, response):
                self.requeue(record)
            else:
                self.fail(record, response.error)
        elif response.error == Error.NONE and response.attempt == self.connection[flight.target]:
            if record not in self.queue:
                self.note_acknowledged(record, response.offset)  # It has expired: the user was told otherwise.
        self.resolve(self.partition(record))

    @action
    def break_connection(self) -> None:
        """The broker stands still, or an answer does not come: NETWORK_EXCEPTION for all in flight to it."""
        target = choose(frozenset(self.flights[one].target for one in self.in_flight))
        lost = suspected(self.brokers[target]) or (self.times_out and quiet(self.brokers[target]))
        require(self.acks != Acks.NONE and lost)
        self.noticed[target] = not self.times_out
        self.disconnect(target)

    @on(Disconnected)
    def lose_connection(self, message: Disconnected) -> None:
        target = message.broker - 1
        noticed = self.noticed[target]
        self.noticed[target] = False
        if not noticed and self.acks != Acks.NONE and any(self.flights[one].target == target for one in self.in_flight):
            self.disconnect(target)

    @action
    def expire_batch(self) -> None:
        """delivery.timeout.ms passes for the oldest batch; what is in flight is not taken back."""
        require(self.started and self.expired < self.delivery_timeouts)
        require(len(self.queue) + len(self.in_flight) > 0)
        record = min(one for one in self.queue + self.in_flight)
        flight = self.flights[record]
        partition = self.partition(record)
        self.expired += 1
        if (flight.retried or self.marks_first_attempts) and flight.batch.sequence != NO_SEQUENCE:
            self.unresolved[partition] = max(self.unresolved[partition], flight.batch.sequence + 1)
        if self.frees_early and self.unwritten[flight.target] == record:
            self.buffer[flight.target] = None
        self.remove(record)
        self.react(record)
        self.resolve(partition)

    @action
    def miss_topic(self) -> None:
        """UNKNOWN_TOPIC_OR_PARTITION in the metadata; the topic is there again with the next."""
        require(self.missed < self.unknown_topics and self.started)
        require(len(self.in_flight) == 0)
        self.missed += 1
        if self.forgets_sequences:
            for partition in range(self.partitions):
                self.next_sequence[partition] = 0
                self.last_acked[partition] = NO_SEQUENCE

    @on_restart
    def start_again(self) -> None:
        self.renew_connections()
        if self.idempotent:
            self.producer_id += 1

    # --- Outcomes -----------------------------------------------------------------------------------------------------

    def complete(self, record: Record, offset: Offset) -> None:
        self.outcome[record] = Outcome.ACKED
        self.note_acknowledged(record, offset)
        self.remove(record)

    def note_acknowledged(self, record: Record, offset: Offset) -> None:
        partition = self.partition(record)
        if self.idempotent:
            self.last_acked[partition] = max(self.last_acked[partition], self.flights[record].batch.sequence)
            if not self.bumps_epoch:
                self.last_offset[partition] = max(self.last_offset[partition], offset)

    def can_retry(self, record: Record, response: ProduceResponse) -> bool:
        """Sender.canRetry and TransactionManager.canRetry."""
        batch = self.flights[record].batch
        partition = self.partition(record)
        if not self.retries or (self.idempotent and batch.producer_id != self.producer_id):
            return False
        if response.error == Error.UNKNOWN_PRODUCER_ID:
            if not self.flights[record].renumbered:
                if self.last_offset[partition] >= response.offset:
                    return False
                self.renumber(partition)  # Retention took the records: numbers start again, in the same epoch.
            return True
        if response.error == Error.OUT_OF_ORDER_SEQUENCE_NUMBER:
            is_next = batch.sequence == self.last_acked[partition] + 1
            gap = self.unresolved[partition]
            if gap == NO_SEQUENCE and (self.flights[record].renumbered or not is_next):
                return True
            if self.bumps_epoch and gap in (NO_SEQUENCE, batch.sequence):
                self.bump_epoch(partition)
            return self.bumps_epoch
        return response.error in RETRIABLE

    def fail(self, record: Record, error: Error) -> None:
        """TransactionManager.handleFailedBatch"""
        partition = self.partition(record)
        self.remove(record)
        if self.looks_back:
            self.refused[record] = error in DEFINITE
        if self.idempotent:
            if self.bumps_epoch:
                self.bump_epoch(partition)
            elif self.flights[record].batch.producer_id == self.producer_id:
                self.reset_producer_id()
        self.react(record)

    def react(self, record: Record) -> None:
        self.outcome[record] = Outcome.FAILED
        if self.reaction != Reaction.GIVE_UP:
            self.outcome[record] = Outcome.PENDING
        if self.reaction in (Reaction.RESEND, Reaction.RESEND_ELSEWHERE):
            self.renew_connections()  # A new batch, with answers of its own.
            moved = self.reaction == Reaction.RESEND_ELSEWHERE
            self.flights[record] = Flight(Batch(0), moved=moved)
            self.queue += (record,)
        if self.reaction == Reaction.RESTART:
            self.queue = ()
            self.in_flight = ()
            self.started = False
            self.renew_connections()
            self.reset_producer_id()
            for one in range(self.records):
                self.flights[one] = Flight(Batch(0))

    def renew_connections(self) -> None:
        for target in range(len(self.brokers)):
            self.connection[target] = (self.connection[target] + 1) % self.attempts

    def disconnect(self, target: Target) -> None:
        self.connection[target] = (self.connection[target] + 1) % self.attempts
        self.unwritten[target] = None
        self.buffer[target] = None
        lost = tuple(one for one in self.in_flight if self.flights[one].target == target)
        for record in lost:
            current = not self.idempotent or self.flights[record].batch.producer_id == self.producer_id
            if self.retries and current:
                self.requeue(record)
            elif record in self.in_flight:
                self.fail(record, Error.NOT_LEADER_OR_FOLLOWER)

    def requeue(self, record: Record) -> None:
        """RecordAccumulator.reenqueue: in the order of sequences, or simply in front."""
        self.in_flight = tuple(one for one in self.in_flight if one != record)
        self.flights[record] = replace(self.flights[record], retried=True)
        before: Records = ()
        if self.idempotent:
            before = tuple(one for one in self.queue if self.is_numbered_before(one, record))
        self.queue = before + (record,) + tuple(one for one in self.queue if one not in before)

    def is_numbered_before(self, one: Record, record: Record) -> bool:
        sequence = self.flights[one].batch.sequence
        return (
            sequence != NO_SEQUENCE
            and sequence < self.flights[record].batch.sequence
            and self.partition(one) == self.partition(record)
        )

    def remove(self, record: Record) -> None:
        self.queue = tuple(one for one in self.queue if one != record)
        self.in_flight = tuple(one for one in self.in_flight if one != record)

    # --- Sequences ----------------------------------------------------------------------------------------------------

    def may_drain(self, record: Record) -> bool:
        """RecordAccumulator.shouldStopDrainBatchesForPartition"""
        partition = self.partition(record)
        batch = self.flights[record].batch
        if batch.sequence == NO_SEQUENCE:
            old = self.partition_epoch[partition] != self.epoch and self.has_unresolved(partition)
            return not old and self.unresolved[partition] == NO_SEQUENCE
        return not any(
            self.is_numbered_before(one, record) for one in range(self.records) if self.is_outstanding(one, partition)
        )

    def number(self, record: Record) -> None:
        partition = self.partition(record)
        if self.partition_epoch[partition] != self.epoch:
            self.partition_epoch[partition] = self.epoch
            self.next_sequence[partition] = 0
            self.last_acked[partition] = NO_SEQUENCE
        batch = Batch(record, self.producer_id, self.epoch, self.next_sequence[partition])
        self.flights[record] = replace(self.flights[record], batch=batch)
        self.next_sequence[partition] += 1

    def is_outstanding(self, record: Record, partition: Partition) -> bool:
        """It has a sequence and no outcome: inflightBatchesBySequence."""
        known = self.partition(record) == partition and self.flights[record].batch.sequence != NO_SEQUENCE
        return known and (record in self.in_flight or record in self.queue)

    def has_unresolved(self, partition: Partition) -> bool:
        return any(self.is_outstanding(one, partition) for one in range(self.records))

    def resolve(self, partition: Partition) -> None:
        """TransactionManager.maybeResolveSequences"""
        if self.unresolved[partition] != NO_SEQUENCE and not self.has_unresolved(partition):
            self.unresolved[partition] = NO_SEQUENCE
            if self.next_sequence[partition] != self.last_acked[partition] + 1:
                if self.bumps_epoch:
                    self.bump_epoch(partition)
                else:
                    self.reset_producer_id()

    def bump_epoch(self, partition: Partition) -> None:
        """bumpIdempotentProducerEpoch: no broker is asked; what is in flight gets new numbers too."""
        self.epoch += 1
        self.unresolved[partition] = NO_SEQUENCE
        self.partition_epoch[partition] = self.epoch
        self.renumber(partition)

    def renumber(self, partition: Partition) -> None:
        """TxnPartitionMap.startSequencesAtBeginning"""
        count = sum(1 for one in range(self.records) if self.is_outstanding(one, partition))
        ranks = tuple(
            sum(
                1
                for other in range(self.records)
                if self.is_outstanding(other, partition) and self.is_numbered_before(other, one)
            )
            for one in range(self.records)
        )
        for one in range(self.records):
            if self.is_outstanding(one, partition):
                batch = Batch(one, self.producer_id, self.partition_epoch[partition], ranks[one])
                self.flights[one] = replace(self.flights[one], batch=batch, renumbered=True)
        self.next_sequence[partition] = count
        self.last_acked[partition] = NO_SEQUENCE

    def reset_producer_id(self) -> None:
        if self.idempotent:
            self.producer_id += 1
            self.epoch = 0
            for partition in range(self.partitions):
                self.partition_epoch[partition] = 0
                self.next_sequence[partition] = 0
                self.last_acked[partition] = NO_SEQUENCE
                self.last_offset[partition] = NO_OFFSET
                self.unresolved[partition] = NO_SEQUENCE

    # --- Where things go ----------------------------------------------------------------------------------------------

    def accumulated(self) -> Records:
        if self.started:
            return self.queue
        return tuple(one for one in range(self.records) if self.outcome[one] == Outcome.PENDING)

    def partition(self, record: Record) -> Partition:
        moved = 1 if self.flights[record].moved else 0
        return (record + moved) % self.partitions
