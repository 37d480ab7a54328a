"""Kafka as a connector sees it: a transaction is committed if and only if EndTxn comes with the epoch that wrote it and
before its timeout.

Abstracts model.kafka.transactions. EndTxn follows TransactionCoordinator.endTransaction, its answers to a resumed
(transactional id, epoch) included; a timeout follows abortTimedOutTransactions, which bumps the epoch before it aborts.
Prepare, markers and Complete are one step here: PrepareCommit is never taken back, so what a read_committed reader gets
in the end is the same, and only how long it waits is not seen. For the same reason a transaction of several partitions
is one of one partition.
Not modelled: replication, sequence numbers, lost or repeated produce requests (the models of those), members of the
group (every offset commit has generation -1 and meets an empty group).
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
    action,
    actor,
    choose,
    each,
    on,
    require,
    send,
    struct,
    suspected,
)
from model.flink.messages import (
    NO_EPOCH,
    Aborts,
    Copies,
    EndTxnRequest,
    EndTxnResponse,
    Epoch,
    Error,
    InitProducerIdRequest,
    InitProducerIdResponse,
    Offset,
    OffsetCommitRequest,
    Partition,
    PositionRequest,
    PositionResponse,
    ProduceRequest,
    ProduceResponse,
    Record,
    Reset,
    StartFrom,
    TransactionalId,
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
    records: Offset  # How many each input partition is going to hold.
    read_committed: bool = True  # isolation.level of who reads the output.
    transaction_timeouts: Budget = 0  # How often transaction.timeout.ms passes.
    times_out_only_in_outages: bool = True  # transaction.timeout.ms is longer than a checkpoint takes.
    expirations: Budget = 0  # How often transactional.id.expiration.ms passes.
    added: frozenset[Partition] = frozenset()  # kafka-topics --alter --partitions, after the job has listed them.
    deletions: Budget = 0  # How often retention deletes the oldest record of an input partition.
    offset_writes: Budget = 0  # How often somebody else commits offsets for the group.
    partial_listings: Budget = 0  # How often the metadata leave out a partition whose leader is away.
    unavailabilities: Budget = 0  # How often the coordinator answers EndTxn with COORDINATOR_NOT_AVAILABLE.

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

    visible: History[dict[Record, Copies]] = each(0)  # What the reader of the output gets.
    committed_epochs: History[dict[TransactionalId, Epoch]] = each(NO_EPOCH)  # Of the id's latest commit.

    @on(InitProducerIdRequest)
    def init_producer_id(self, request: InitProducerIdRequest) -> None:
        """initTransactions() of each id: it fences whoever had it, and aborts what it left open."""
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
        else:
            kept = self.transactions[request.transactional_id]
            if kept.epoch != request.epoch:
                error = Error.PRODUCER_FENCED
            else:
                records = kept.records | {request.record}
                self.transactions[request.transactional_id] = Transaction(kept.epoch, TransactionState.ONGOING, records)
                if not self.read_committed:
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
            else:  # Where the log ends is open: what comes later is there when it is read.
                found = choose(range(max(start, request.seen), self.records + 1))
        send(request.sender, PositionResponse(error, found))

    @action
    def abort_timed_out_transaction(self) -> None:
        require(self.timeouts < self.transaction_timeouts)
        require(not self.times_out_only_in_outages or any(suspected(one) for one in self.tasks))
        one = choose(self.transactions)
        require(self.transactions[one].state == TransactionState.ONGOING)
        self.timeouts += 1
        self.end(one, TransactionState.COMPLETE_ABORT, self.transactions[one].epoch + 1)

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
        require(self.log_starts[partition] < self.records)
        self.deleted += 1
        self.log_starts[partition] += 1

    @action
    def commit_offset_of_another_member(self) -> None:
        """Another job with this group.id, or kafka-consumer-groups --reset-offsets: to any offset there is."""
        require(self.written < self.offset_writes)
        partition = choose(self.group_offsets)
        offset = choose(range(self.records + 1))
        self.written += 1
        self.group_offsets[partition] = offset

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
        if state == TransactionState.COMPLETE_COMMIT and self.read_committed:
            for record in self.transactions[one].records:
                self.show(record)
        self.transactions[one] = Transaction(epoch, state)

    def show(self, record: Record) -> None:
        self.visible[record] = min(self.visible[record] + 1, 2)
