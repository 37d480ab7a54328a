"""Applications around a job: what one sends before it, what another does with what the job has written.

The producing application has a list of records in a store of its own, and sends them one after the other: the next
when the one before is acknowledged (or, with acks=0, at once). A crash makes it go on behind what it knows to be done:
with a transactional.id that is what it has stored with its last committed transaction, or else what it has noted down
after the acknowledgement. Follows KafkaProducer and TransactionManager where the log of the input depends on it: a
batch that is sent again is recognised by producer id and sequence, and a new process has a new producer id; a
transaction is readable when it commits. One record is a batch, and a transaction. One that is paused is replaced: a new
process starts with its transactional.id, goes on behind what is committed, and the first may wake up beside it.

The consuming application is the loop of KafkaConsumer.poll(): the position that earlier polls have reached is committed
automatically by a later one, or by commitSync(), or is kept with the result. It alone is the group. What it does with a
record is an effect outside Kafka: `ledger` counts them.

A request timeout is longer than an answer takes: a request is repeated when nothing is on its way (`quiet`).
Not modelled: several records in flight (reordering: model.kafka.replication), several partitions, delivery.timeout.ms
with retries, transaction.timeout.ms of the application, rebalances and fencing in the group (model.kafka.groups),
leaders that fail: acks=1 and acks=all are the same here.
"""

from enum import Enum
from typing import Annotated

from checker.lang import (
    ActorId,
    Counts,
    Durable,
    History,
    Of,
    UpTo,
    Volatile,
    action,
    actor,
    choose,
    each,
    on,
    on_restart,
    quiet,
    require,
    send,
    suspected,
)  # fmt: skip
from model.flink.messages import (
    NO_SESSION,
    AppEndTxnRequest,
    AppEndTxnResponse,
    AppFetchRequest,
    AppFetchResponse,
    AppInitProducerIdRequest,
    AppInitProducerIdResponse,
    AppOffsetCommitRequest,
    AppOffsetCommitResponse,
    AppPositionRequest,
    AppPositionResponse,
    AppProduceRequest,
    AppProduceResponse,
    Copies,
    Error,
    Place,
    Reader,
    Reset,
    Sequence,
    Session,
    Value,
    Values,
)  # fmt: skip


class Sending(Enum):
    """What the producing application waits for."""

    STARTING = "not started"
    INITIALIZING = "initTransactions()"
    READY = "nothing"
    SENDING = "the acknowledgement of its record"
    COMMITTING = "commitTransaction()"
    ABORTING = "abortTransaction()"
    FLUSHING = "that its record is on the wire, and not what becomes of it"
    FENCED = "nothing any more: another process has its transactional.id"


@actor
class ProducingApp:
    me: ActorId
    kafka: Annotated[ActorId, Of("Kafka")]
    first_value: Values = 0  # What it has to send: this one, and those after it.
    records: Values  # How many.
    answered: bool = True  # acks is not 0.
    idempotent: bool = True
    transactional: bool = False
    retries: bool = True
    stores_in_transaction: bool = True  # Its position, with sendOffsetsToTransaction() or in a topic of its own.
    stands_in_for: tuple[ActorId, ...] = ()  # It starts when that one is missed.
    aborts: Annotated[int, UpTo(1)] = 0  # How often it aborts for a reason of its own, and sends the record again.

    noted: Durable[Values] = 0  # Up to here its records are done, as its own store says.
    processes: Durable[Session] = 0
    aborted: Durable[Annotated[int, UpTo(1), Counts("application_abort")]] = 0
    phase: Volatile[Sending] = Sending.STARTING
    position: Volatile[Values] = 0
    session: Volatile[Session] = NO_SESSION
    sequence: Volatile[Sequence] = 0  # Of the batch that is sent next, or again.

    acknowledged: History[frozenset[Value]] = frozenset()  # What it takes for delivered.
    given_up: History[frozenset[Value]] = frozenset()  # What it was told could not be sent.

    @action
    def start(self) -> None:
        require(self.phase == Sending.STARTING and quiet(self.kafka))
        require(all(suspected(one) for one in self.stands_in_for))
        self.position = max(self.noted, self.first_value)
        if self.transactional:
            self.phase = Sending.INITIALIZING
            send(self.kafka, AppInitProducerIdRequest(self.me))
        else:
            self.phase = Sending.READY
            if self.idempotent:
                self.processes += 1
                self.session = self.processes

    @on(AppInitProducerIdResponse)
    def begin(self, response: AppInitProducerIdResponse) -> None:
        if self.phase == Sending.INITIALIZING:
            self.phase = Sending.READY
            self.session = response.session
            if self.stores_in_transaction:
                self.position = max(response.committed, self.first_value)
                for value in range(self.first_value, response.committed):
                    self.acknowledged |= {value}

    @action
    def send_next(self) -> None:
        require(self.phase == Sending.READY and self.position < self.first_value + self.records)
        self.produce()
        if self.answered:
            self.phase = Sending.SENDING
        else:
            self.done()
            self.phase = Sending.FLUSHING

    @action
    def go_on(self) -> None:
        """acks=0: the socket has taken it, and no answer comes."""
        require(self.phase == Sending.FLUSHING and quiet(self.kafka))
        self.phase = Sending.READY

    @on(AppProduceResponse)
    def produced(self, response: AppProduceResponse) -> None:
        if self.phase != Sending.SENDING or response.value != self.position:
            return
        if response.error != Error.NONE:
            self.phase = Sending.FENCED
            return
        if self.idempotent:
            self.sequence += 1
        if self.transactional:
            aborts = False
            if self.aborted < self.aborts:
                aborts = choose((False, True))
            if aborts:
                self.aborted += 1
                self.phase = Sending.ABORTING
            else:
                self.phase = Sending.COMMITTING
            self.end_transaction()
        else:
            self.done()

    @on(AppEndTxnResponse)
    def transaction_ended(self, response: AppEndTxnResponse) -> None:
        if self.phase not in (Sending.COMMITTING, Sending.ABORTING):
            return
        if response.error != Error.NONE:
            self.phase = Sending.FENCED
        elif self.phase == Sending.COMMITTING:
            self.done()
        else:
            self.phase = Sending.READY  # The record is sent again, in the next transaction.

    @action
    def send_again(self) -> None:
        """request.timeout.ms has passed without an answer."""
        require(self.phase in (Sending.SENDING, Sending.COMMITTING, Sending.ABORTING, Sending.INITIALIZING))
        require(self.retries and quiet(self.kafka))
        if self.phase == Sending.SENDING:
            self.produce()
        elif self.phase == Sending.INITIALIZING:
            send(self.kafka, AppInitProducerIdRequest(self.me))
        else:
            self.end_transaction()

    @action
    def give_up(self) -> None:
        """retries=0: the callback gets a TimeoutException, and the application goes on with the next record."""
        require(self.phase == Sending.SENDING and not self.retries and quiet(self.kafka))
        self.phase = Sending.READY
        self.given_up |= {self.position}
        self.position += 1
        self.noted = self.position

    def produce(self) -> None:
        send(
            self.kafka,
            AppProduceRequest(self.me, self.position, self.session, self.sequence, self.transactional, self.answered),
        )

    def end_transaction(self) -> None:
        commits = self.phase == Sending.COMMITTING
        send(self.kafka, AppEndTxnRequest(self.me, self.session, commits, self.position + 1 if commits else 0))

    def done(self) -> None:
        self.phase = Sending.READY
        self.acknowledged |= {self.position}
        self.position += 1
        if not (self.transactional and self.stores_in_transaction):
            self.noted = self.position


class Loop(Enum):
    STARTING = "not started"
    SEEKING = "waiting for its position"
    READY = "before poll()"
    POLLING = "in poll()"
    PROCESSED = "before commitSync()"
    COMMITTING = "in commitSync()"
    PROCESSING = "processing a record"
    FAILED = "poll() has thrown NoOffsetForPartitionException"


class Processing(Enum):
    """When a record is processed."""

    BEFORE_COMMIT = "before its offset is committed"
    AFTER_COMMIT = "after commitSync() of its offset"
    WORKER = "in another thread, beside poll()"


@actor
class ConsumingApp:
    me: ActorId
    kafka: Annotated[ActorId, Of("Kafka")]
    number: Reader = 0
    reset: Reset = Reset.LATEST
    auto_commits: bool = True
    commits_sync: bool = False
    processing: Processing = Processing.BEFORE_COMMIT
    first_values: tuple[Value, ...] = ()  # Of each writer of what comes here: its records have an order.
    stores_offset: bool = False  # Where the results are, in the same transaction; it starts there, with seek().

    stored: Durable[Place] = 0  # `stores_offset` only.
    phase: Volatile[Loop] = Loop.STARTING
    position: Volatile[Place] = 0
    committed: Volatile[Place] = 0  # Up to here this process has committed: to do it again changes nothing.
    in_hand: Volatile[Value | None] = None

    ledger: Durable[dict[Value, Copies]] = each(0)  # The world: how often each record has had its effect.
    out_of_order: History[bool] = False  # A record had its first effect after that of a later one.

    @action
    def start(self) -> None:
        require(self.phase == Loop.STARTING and quiet(self.kafka))
        if self.stores_offset:
            self.phase = Loop.READY
            self.position = self.stored
        else:
            self.ask_for_position()

    @on(AppPositionResponse)
    def seek(self, response: AppPositionResponse) -> None:
        if self.phase == Loop.SEEKING:
            if response.error == Error.NONE:
                self.phase = Loop.READY
                self.position = response.place
                self.committed = response.place
            else:
                self.phase = Loop.FAILED

    @action
    def poll(self) -> None:
        """Auto-commit comes before records; auto.commit.interval.ms has passed, or not."""
        require(self.phase == Loop.READY and self.in_hand is None)
        expired = False
        if self.auto_commits and self.position > self.committed:
            expired = choose((False, True))
        if expired:
            self.commit_automatically()
        self.phase = Loop.POLLING
        send(self.kafka, AppFetchRequest(self.me, self.position))

    @action
    def poll_beside_worker(self) -> None:
        """A poll() that finds no more records, while the worker has one: it commits what was handed out."""
        require(self.phase == Loop.READY and self.in_hand is not None)
        require(self.auto_commits and self.position > self.committed)
        self.commit_automatically()

    @on(AppFetchResponse)
    def receive(self, response: AppFetchResponse) -> None:
        if self.phase != Loop.POLLING or response.place != self.position:
            return  # An answer to the process before this one.
        self.position += 1
        if response.value is None:
            send(self.kafka, AppFetchRequest(self.me, self.position))  # The same poll() goes on.
            return
        self.in_hand = response.value
        if self.processing == Processing.AFTER_COMMIT and self.commits_sync:
            self.commit()
        elif self.processing == Processing.WORKER:
            self.phase = Loop.READY
        else:
            self.phase = Loop.PROCESSING

    @action
    def process(self) -> None:
        require(self.in_hand is not None and (self.phase == Loop.PROCESSING or self.processing == Processing.WORKER))
        value = self.in_hand
        assert value is not None
        later = any(
            self.ledger[other] > 0 and other > value and not any(value < first <= other for first in self.first_values)
            for other in self.ledger
        )
        self.out_of_order = self.out_of_order or (later and self.ledger[value] == 0)
        self.ledger[value] = min(self.ledger[value] + 1, 2)
        self.in_hand = None
        if self.stores_offset:
            self.stored = self.position
        if self.commits_sync and self.processing == Processing.BEFORE_COMMIT:
            self.phase = Loop.PROCESSED  # A crash may come between the effect and the commit.
        else:
            self.phase = Loop.READY

    @action
    def commit_processed(self) -> None:
        require(self.phase == Loop.PROCESSED)
        self.commit()

    @on(AppOffsetCommitResponse)
    def committed_sync(self, response: AppOffsetCommitResponse) -> None:
        if self.phase == Loop.COMMITTING:
            self.committed = self.position
            self.phase = Loop.READY if self.in_hand is None else Loop.PROCESSING

    @action
    def ask_again(self) -> None:
        """commitSync() retries for default.api.timeout.ms, which is longer than any outage here."""
        require(self.phase == Loop.COMMITTING and quiet(self.kafka))
        self.commit()

    @on_restart
    def restart(self) -> None:
        """Nothing beside the group's offset, or what is stored with the results, is left of the process before."""

    def ask_for_position(self) -> None:
        self.phase = Loop.SEEKING
        send(self.kafka, AppPositionRequest(self.me, self.reset))

    def commit(self) -> None:
        self.phase = Loop.COMMITTING
        send(self.kafka, AppOffsetCommitRequest(self.me, self.position, True))

    def commit_automatically(self) -> None:
        self.committed = self.position
        send(self.kafka, AppOffsetCommitRequest(self.me, self.position, False))
