"""Kafka as a connector sees it: a transaction is committed if and only if EndTxn comes with the epoch that wrote it and
before its timeout.

Abstracts model.kafka.transactions. EndTxn follows TransactionCoordinator.endTransaction, its answers to a resumed
(transactional id, epoch) included; a timeout follows abortTimedOutTransactions, which bumps the epoch before it aborts.
Prepare, markers and Complete are one step here: PrepareCommit is never taken back, so what a read_committed reader gets
in the end is the same, and only how long it waits is not seen. For the same reason a transaction of several partitions
is one of one partition.
Not modelled: replication, sequence numbers of the connector's producers, lost or repeated produce requests of theirs
(the models of those), members of the group (every offset commit has generation -1 and meets an empty group).

Two grains. Where nobody here writes an input, its records are simply there; where nobody here consumes an output,
`visible` says what whoever reads it gets. A topic that an application (``clients``) or a job writes, and a job or an
application reads, is a log: entries in order, open, aborted or readable, control records among them, and a fetch that
waits at the last stable offset. So the sink of one job can be read by the source of another. Wiring
the actors of model.kafka to the tasks instead would be more of Kafka and no more of the question: partition leader,
coordinator and markers apart cost factors of states, and what they add (failover, markers that are late, reordered
batches) is settled there for the same settings: what arrives here is what those models show to hold.
"""

from enum import Enum
from typing import Annotated

from checker.lang import (
    ActorId,
    Counts,
    Durable,
    History,
    MaxLen,
    Of,
    UpTo,
    action,
    actor,
    choose,
    each,
    ignore,
    on,
    replace,
    require,
    send,
    struct,
    suspected,
)
from model.flink.messages import (
    NO_EPOCH,
    NO_SESSION,
    Aborts,
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
    ConnectionsClosed,
    Copies,
    EndTxnRequest,
    EndTxnResponse,
    EntryState,
    Epoch,
    Error,
    InitProducerIdRequest,
    InitProducerIdResponse,
    LogEntry,
    Offset,
    OffsetCommitRequest,
    Partition,
    Place,
    PositionRequest,
    PositionResponse,
    ProduceRequest,
    ProduceResponse,
    Reader,
    Record,
    Reset,
    Session,
    SourceFetchRequest,
    SourceFetchResponse,
    StartFrom,
    Topic,
    TransactionalId,
    Value,
    Values,
    Writer,
)  # fmt: skip

Budget = Annotated[int, UpTo(3)]


class TransactionState(Enum):
    EMPTY = "Empty"
    ONGOING = "Ongoing"
    COMPLETE_COMMIT = "CompleteCommit"
    COMPLETE_ABORT = "CompleteAbort"


@struct
class Transaction:
    """What the coordinator keeps for a transactional id."""

    epoch: Epoch = NO_EPOCH
    state: TransactionState = TransactionState.EMPTY
    records: frozenset[Record] = frozenset()  # Of the transaction that is open.


@actor
class Kafka:
    tasks: tuple[Annotated[ActorId, Of("Task")], ...]
    records: tuple[Offset, ...]  # How many each input partition is going to hold.
    first_ids: tuple[TransactionalId | None, ...] = ()  # By task: from here on, so many ids are its own.
    ids_each: Annotated[int, UpTo(16)] = 0
    stride: Offset  # Record i of partition p is number p * stride + i.
    shown_uncommitted: frozenset[Partition] = frozenset()  # Who reads what becomes of it has read_uncommitted.
    transaction_timeouts: Budget = 0  # How often transaction.timeout.ms passes.
    times_out_only_in_outages: bool = True  # transaction.timeout.ms is longer than a checkpoint takes.
    expirations: Budget = 0  # How often transactional.id.expiration.ms passes.
    added: frozenset[Partition] = frozenset()  # kafka-topics --alter --partitions, after the job has listed them.
    deletions: Budget = 0  # How often retention deletes the oldest record of an input partition.
    offset_writes: Budget = 0  # How often somebody else commits offsets for the group.
    partial_listings: Budget = 0  # How often the metadata leave out a partition whose leader is away.
    unavailabilities: Budget = 0  # How often the coordinator answers EndTxn with COORDINATOR_NOT_AVAILABLE.
    inputs: tuple[Topic | None, ...]  # By partition: the log that it is; None: its records are simply there.
    outputs: tuple[Topic | None, ...]  # By partition: the log that what is read there is written to; None: not kept.
    committed_sources: frozenset[Partition] = frozenset()  # isolation.level=read_committed, where the input is a log.
    listed_ends: frozenset[Partition] = frozenset()  # Whose latest offset the enumerator's AdminClient lists.
    processes: tuple[ActorId, ...]  # Of producing applications, and which application each is of.
    writers: tuple[Writer, ...]
    writer_topics: tuple[Topic, ...]  # By application: the log that it writes.
    readers: tuple[ActorId, ...]  # Consuming applications, and the log that each reads; each is a group.
    reader_topics: tuple[Topic, ...]
    committed_readers: frozenset[Reader] = frozenset()  # isolation.level=read_committed

    # Answers to applications: in a spec without one, nobody would take them, and nobody asks.
    not_init = ignore(AppInitProducerIdResponse, because="a spec without this application")
    not_produced = ignore(AppProduceResponse, because="a spec without this application")
    not_ended = ignore(AppEndTxnResponse, because="a spec without this application")
    not_position = ignore(AppPositionResponse, because="a spec without this application")
    not_fetched = ignore(AppFetchResponse, because="a spec without this application")
    not_committed = ignore(AppOffsetCommitResponse, because="a spec without this application")

    transactions: Durable[dict[TransactionalId, Transaction]] = each(Transaction())
    group_offsets: Durable[dict[Partition, Offset | None]] = each(None)
    listed: Durable[bool] = False  # A job knows which partitions there are without those.
    existing: Durable[frozenset[Partition]] = frozenset()  # Of those.
    log_starts: Durable[dict[Partition, Offset]] = each(0)
    timeouts: Durable[Annotated[Budget, Counts("transaction_timeout")]] = 0
    expired: Durable[Annotated[Budget, Counts("transactional_id_expiration")]] = 0
    deleted: Durable[Annotated[Budget, Counts("retention")]] = 0
    written: Durable[Annotated[Budget, Counts("foreign_offset_commit")]] = 0
    unavailable: Durable[Annotated[Budget, Counts("coordinator_unavailable")]] = 0
    unlisted: Durable[Annotated[Budget, Counts("partial_listing")]] = 0
    gone: Durable[frozenset[Partition]] = frozenset()  # Tasks of jobs that have ended.

    logs: Durable[dict[Topic, Annotated[tuple[LogEntry, ...], MaxLen("entries")]]] = each(())
    source_waits: Durable[dict[Partition, Offset | None]] = each(None)  # Fetches: until this offset can be read.
    app_sessions: Durable[dict[Writer, Session]] = each(0)  # The epoch of an application's transactional.id.
    app_committed: Durable[dict[Writer, Values]] = each(0)  # What it has stored with its last committed transaction.
    reader_waits: Durable[dict[Reader, Place | None]] = each(None)
    reader_offsets: Durable[dict[Reader, Place | None]] = each(None)  # Of their groups.

    visible: History[dict[Record, Copies]] = each(0)  # What the reader of the output gets.
    committed_epochs: History[dict[TransactionalId, Epoch]] = each(NO_EPOCH)  # Of the id's latest commit.

    @on(InitProducerIdRequest)
    def init_producer_id(self, request: InitProducerIdRequest) -> None:
        """initTransactions() of each id: it fences whoever had it, and aborts what it left open."""
        for partition, task in enumerate(self.tasks):
            if task == request.sender:
                self.gone -= {partition}
        first = request.transactional_id
        if request.aborts == Aborts.PROBING:
            self.probe(first)
            unused = False
            for start in request.others:  # First ids of subtasks that are gone, in order.
                unused = unused or self.transactions[start].epoch == NO_EPOCH
                if not unused:
                    self.probe(start)
        else:
            for one in request.others:
                kept = self.transactions[one]
                ongoing = kept.state == TransactionState.ONGOING
                used = kept.epoch != NO_EPOCH
                if ongoing or request.aborts == Aborts.GAPS or (request.aborts == Aborts.ALL and used):
                    self.fence(one)
        self.fence(first)
        send(request.sender, InitProducerIdResponse(self.transactions[first].epoch))

    @on(ProduceRequest)
    def append(self, request: ProduceRequest) -> None:
        error = Error.NONE
        if request.transactional_id is None:
            self.show(request.record)
            self.append_output(request.record, None)
        else:
            kept = self.transactions[request.transactional_id]
            if kept.epoch != request.epoch:
                error = Error.PRODUCER_FENCED
            else:
                records = kept.records | {request.record}
                self.transactions[request.transactional_id] = Transaction(kept.epoch, TransactionState.ONGOING, records)
                self.append_output(request.record, request.transactional_id)
                if self.partition_of(request.record) in self.shown_uncommitted:
                    self.show(request.record)
        send(request.sender, ProduceResponse(request.record, error))

    @on(EndTxnRequest)
    def end_transaction(self, request: EndTxnRequest) -> None:
        kept = self.transactions[request.transactional_id]
        fails = False
        if self.unavailable < self.unavailabilities:
            fails = choose((False, True))
        if fails:
            self.unavailable += 1
            error = Error.COORDINATOR_NOT_AVAILABLE
        elif kept.epoch == NO_EPOCH:
            error = Error.INVALID_PRODUCER_ID_MAPPING
        elif kept.epoch != request.epoch:
            error = Error.PRODUCER_FENCED
        elif kept.state == TransactionState.ONGOING:
            error = Error.NONE
            self.committed_epochs[request.transactional_id] = kept.epoch
            self.end(request.transactional_id, TransactionState.COMPLETE_COMMIT, kept.epoch)
        elif kept.state == TransactionState.COMPLETE_COMMIT:
            error = Error.NONE  # The answer was lost, and the commit comes again.
        else:
            error = Error.INVALID_TXN_STATE
        send(request.sender, EndTxnResponse(request.transactional_id, error))

    @on(OffsetCommitRequest)
    def commit_offset(self, request: OffsetCommitRequest) -> None:
        self.group_offsets[request.partition] = request.offset

    @on(PositionRequest)
    def position(self, request: PositionRequest) -> None:
        """SubscriptionState's position: the offset given or committed if there is one in range, else the reset."""
        if request.partition in self.added and request.partition not in self.existing:
            self.listed = True
            send(request.sender, PositionResponse(Error.NO_PARTITION, 0))
            return
        hidden = False
        if self.unlisted < self.partial_listings:
            hidden = choose((False, True))
        if hidden:
            self.unlisted += 1
            send(request.sender, PositionResponse(Error.NOT_LISTED, 0))
            return
        start = self.log_starts[request.partition]
        found = request.offset
        if found is None and request.start_from == StartFrom.GROUP_OFFSETS:
            found = self.group_offsets[request.partition]
        error = Error.NONE
        if found is None or found < start:
            reset = request.reset
            if request.offset is None and request.start_from == StartFrom.EARLIEST:
                reset = Reset.EARLIEST
            elif request.offset is None and request.start_from == StartFrom.LATEST:
                reset = Reset.LATEST
            if reset == Reset.NONE:
                error = Error.NO_OFFSET
                found = 0
            elif reset == Reset.EARLIEST:
                found = start
            elif self.inputs[request.partition] is not None:
                found = self.end_of_source(request.partition)
            else:  # Where the log ends is open: what comes later is there when it is read.
                found = choose(range(max(start, request.seen), self.records[request.partition] + 1))
        send(request.sender, PositionResponse(error, found))

    @action
    def abort_timed_out_transaction(self) -> None:
        require(self.timeouts < self.transaction_timeouts)
        one = choose(self.transactions)
        require(self.transactions[one].state == TransactionState.ONGOING)
        require(not self.times_out_only_in_outages or self.is_unattended(one))
        self.timeouts += 1
        self.end(one, TransactionState.COMPLETE_ABORT, self.transactions[one].epoch + 1)

    def is_unattended(self, transactional_id: TransactionalId) -> bool:
        unattended = False
        for number, task in enumerate(self.tasks):
            first = self.first_ids[number]
            if first is not None and first <= transactional_id < first + self.ids_each:
                unattended = unattended or number in self.gone or suspected(task)
        return unattended

    @on(ConnectionsClosed)
    def close_connections(self, message: ConnectionsClosed) -> None:
        self.gone |= {message.partition}

    @action
    def expire_transactional_id(self) -> None:
        """transactional.id.expiration.ms after its last transaction ended, the coordinator forgets the id."""
        require(self.expired < self.expirations)
        one = choose(self.transactions)
        require(self.transactions[one].epoch != NO_EPOCH)
        require(self.transactions[one].state != TransactionState.ONGOING)
        self.expired += 1
        self.transactions[one] = Transaction()

    @action
    def add_partition(self) -> None:
        partition = choose(self.added)
        require(self.listed and partition not in self.existing)
        self.existing |= {partition}

    @action
    def delete_oldest_record(self) -> None:
        require(self.deleted < self.deletions)
        partition = choose(self.log_starts)
        require(self.inputs[partition] is None and self.log_starts[partition] < self.records[partition])
        self.deleted += 1
        self.log_starts[partition] += 1

    @action
    def commit_offset_of_another_member(self) -> None:
        """Another job with this group.id, or kafka-consumer-groups --reset-offsets: to any offset there is."""
        require(self.written < self.offset_writes)
        partition = choose(self.group_offsets)
        offset = choose(range(self.records[partition] + 1))
        self.written += 1
        self.group_offsets[partition] = offset

    # --- Logs: what a source reads ---

    @on(SourceFetchRequest)
    def fetch_for_source(self, request: SourceFetchRequest) -> None:
        self.source_waits[request.partition] = request.offset
        self.serve_source(request.partition)

    def serve_source(self, partition: Partition) -> None:
        """With read_committed nothing from the last stable offset on is read: no transaction before it is open."""
        offset = self.source_waits[partition]
        topic = self.inputs[partition]
        if topic is not None and offset is not None and offset < len(self.logs[topic]):
            committed = partition in self.committed_sources
            if not committed or offset < self.last_stable_offset(topic):
                entry = self.logs[topic][offset]
                skipped = entry.state == EntryState.ABORTED and committed
                self.source_waits[partition] = None
                send(self.tasks[partition], SourceFetchResponse(offset, entry.value is not None and not skipped))

    def end_of_source(self, partition: Partition) -> Place:
        """KafkaSourceEnumerator asks at the AdminClient's default, read_uncommitted, whatever the source is to read."""
        topic = self.inputs[partition]
        assert topic is not None
        return self.end_for(topic, partition in self.committed_sources and partition not in self.listed_ends)

    # --- Logs: what an application writes ---

    @on(AppInitProducerIdRequest)
    def init_app(self, request: AppInitProducerIdRequest) -> None:
        """It aborts what the process before has left open, and fences it."""
        for number, process in enumerate(self.processes):
            if process == request.sender:
                writer = self.writers[number]
                self.end_in_log(self.writer_topics[writer], None, writer, False)
                self.app_sessions[writer] += 1
                send(
                    request.sender, AppInitProducerIdResponse(self.app_sessions[writer], self.app_committed[writer])
                )

    @on(AppProduceRequest)
    def append_input(self, request: AppProduceRequest) -> None:
        """ProducerStateManager: a sequence that the producer id has in the log is a duplicate, and is acknowledged."""
        error = Error.NONE
        for number, process in enumerate(self.processes):
            if process == request.sender:
                writer = self.writers[number]
                topic = self.writer_topics[writer]
                if request.transactional and request.session != self.app_sessions[writer]:
                    error = Error.PRODUCER_FENCED
                elif request.session == NO_SESSION or all(
                    one.writer != writer or one.session != request.session or one.sequence != request.sequence
                    for one in self.logs[topic]
                ):
                    state = EntryState.OPEN if request.transactional else EntryState.READABLE
                    entry = LogEntry(request.value, state, None, writer, request.session, request.sequence)
                    self.add_entry(topic, entry)
        if request.answered:
            send(request.sender, AppProduceResponse(request.value, error))

    @on(AppEndTxnRequest)
    def end_app(self, request: AppEndTxnRequest) -> None:
        """Once more after its answer was lost: there is nothing open, and the answer is the same."""
        error = Error.NONE
        for number, process in enumerate(self.processes):
            if process == request.sender:
                writer = self.writers[number]
                if request.session != self.app_sessions[writer]:
                    error = Error.PRODUCER_FENCED
                else:
                    if request.commits:
                        self.app_committed[writer] = request.position
                    self.end_in_log(self.writer_topics[writer], None, writer, request.commits)
        send(request.sender, AppEndTxnResponse(error))

    # --- Logs: what a sink writes ---

    def partition_of(self, record: Record) -> Partition:
        return record // self.stride

    def content(self, record: Record) -> Value:
        """A record is named by its place in the input; what it says is what stands there."""
        topic = self.inputs[self.partition_of(record)]
        if topic is not None:
            value = self.logs[topic][record % self.stride].value
            assert value is not None
            return value
        return record % self.stride

    def append_output(self, record: Record, transactional_id: TransactionalId | None) -> None:
        topic = self.outputs[self.partition_of(record)]
        if topic is not None:
            state = EntryState.READABLE if transactional_id is None else EntryState.OPEN
            self.add_entry(topic, LogEntry(self.content(record), state, transactional_id))

    # --- Logs: what an application reads ---

    @on(AppPositionRequest)
    def position_of_reader(self, request: AppPositionRequest) -> None:
        for reader, one in enumerate(self.readers):
            if one == request.sender:
                found = self.reader_offsets[reader]
                if found is None and request.reset == Reset.NONE:
                    send(request.sender, AppPositionResponse(Error.NO_OFFSET, 0))
                elif found is None and request.reset == Reset.EARLIEST:
                    send(request.sender, AppPositionResponse(Error.NONE, 0))
                elif found is None:
                    end = self.end_for(self.reader_topics[reader], reader in self.committed_readers)
                    send(request.sender, AppPositionResponse(Error.NONE, end))
                else:
                    send(request.sender, AppPositionResponse(Error.NONE, found))

    @on(AppFetchRequest)
    def fetch_for_reader(self, request: AppFetchRequest) -> None:
        for reader, one in enumerate(self.readers):
            if one == request.sender:
                self.reader_waits[reader] = request.place
                self.serve_reader(reader)

    def serve_reader(self, reader: Reader) -> None:
        place = self.reader_waits[reader]
        topic = self.reader_topics[reader]
        if place is not None and place < len(self.logs[topic]):
            committed = reader in self.committed_readers
            if not committed or place < self.last_stable_offset(topic):
                entry = self.logs[topic][place]
                skipped = entry.state == EntryState.ABORTED and committed
                self.reader_waits[reader] = None
                send(self.readers[reader], AppFetchResponse(place, None if skipped else entry.value))

    @on(AppOffsetCommitRequest)
    def commit_of_reader(self, request: AppOffsetCommitRequest) -> None:
        for reader, one in enumerate(self.readers):
            if one == request.sender:
                self.reader_offsets[reader] = request.place
        if request.answered:
            send(request.sender, AppOffsetCommitResponse())

    # --- Logs ---

    def add_entry(self, topic: Topic, entry: LogEntry) -> None:
        self.logs[topic] += (entry,)
        self.serve(topic)

    def end_in_log(
        self, topic: Topic, transactional_id: TransactionalId | None, writer: Writer | None, commits: bool
    ) -> None:
        """A marker: of a sink's transactional id, or of an application's (which has one transaction at a time)."""
        state = EntryState.READABLE if commits else EntryState.ABORTED
        if any(
            one.state == EntryState.OPEN and one.transactional_id == transactional_id and one.writer == writer
            for one in self.logs[topic]
        ):
            self.logs[topic] = tuple(
                replace(one, state=state, transactional_id=None)
                if one.state == EntryState.OPEN and one.transactional_id == transactional_id and one.writer == writer
                else one
                for one in self.logs[topic]
            )
            self.add_entry(topic, LogEntry(None))

    def last_stable_offset(self, topic: Topic) -> Place:
        return min(
            (place for place, one in enumerate(self.logs[topic]) if one.state == EntryState.OPEN),
            default=len(self.logs[topic]),
        )

    def end_for(self, topic: Topic, committed: bool) -> Place:
        """ListOffsets: the latest offset is the last stable one for a consumer with read_committed."""
        return self.last_stable_offset(topic) if committed else len(self.logs[topic])

    def serve(self, topic: Topic) -> None:
        for partition, one in enumerate(self.inputs):
            if one == topic:
                self.serve_source(partition)
        for reader, read in enumerate(self.reader_topics):
            if read == topic:
                self.serve_reader(reader)

    # --- Transactions of the connector ---

    def probe(self, start: TransactionalId) -> None:
        """TransactionAbortStrategyImpl.PROBING: ids are used without gaps, so the first unused one ends the search."""
        unused = False
        for one in self.transactions:
            if one >= start and not unused:
                unused = self.transactions[one].epoch == NO_EPOCH
                if not unused:
                    self.fence(one)

    def fence(self, one: TransactionalId) -> None:
        """InitProducerId: PrepareEpochFence and abort if a transaction is open, then the next epoch."""
        self.end(one, TransactionState.EMPTY, self.transactions[one].epoch + 1)

    def end(self, one: TransactionalId, state: TransactionState, epoch: Epoch) -> None:
        commits = state == TransactionState.COMPLETE_COMMIT
        if commits:
            for record in self.transactions[one].records:
                if self.partition_of(record) not in self.shown_uncommitted:
                    self.show(record)
        self.transactions[one] = Transaction(epoch, state)
        for topic in self.logs:
            self.end_in_log(topic, one, None, commits)

    def show(self, record: Record) -> None:
        self.visible[record] = min(self.visible[record] + 1, 2)
