"""The leader of an output partition: each batch of a live producer enters its log once, and its transactions end only
by marker.

Follows ReplicaManager.handleProduceAppend, UnifiedLog.append, ProducerAppendInfo, ProducerStateManager (last stable
offset, aborted transactions) and VerificationGuard of 3.9, with checks in their order.
Not modelled: replication (every append is below the high watermark at once), a broken leader, more than one batch in
flight (so a verification entry's lowest sequence never bites) or more than five batches an epoch (the window holds
them all), retention, producer.id.expiration.ms; requests to verify queue here and not in AddPartitionsToTxnManager,
which would answer the older one of two with a retriable error; the answers of verification and the markers come on one
connection here (in Kafka on two), but what is verified is appended in a step of its own, so that a marker can come
between the two either way.
"""

from typing import Annotated

from checker.lang import (
    ActorId,
    Durable,
    History,
    MaxLen,
    Of,
    Volatile,
    action,
    actor,
    each,
    on,
    quiet,
    replace,
    require,
    send,
    struct,
)
from model.kafka.transactions.messages import (
    NO_EPOCH,
    AbortedTransaction,
    AddPartitionRequest,
    Batch,
    CoordinatorEpoch,
    Copies,
    Epoch,
    Error,
    FetchResponse,
    IsolationLevel,
    LogEntry,
    LogOffset,
    Marker,
    OutputPartition,
    ProduceRequest,
    ProduceResponse,
    ProducerId,
    Record,
    Sequence,
    TransactionResult,
    VerifyOnlyRequest,
    VerifyOnlyResponse,
    WriteTxnMarkersRequest,
    WriteTxnMarkersResponse,
)  # fmt: skip


@struct
class ProducerStateEntry:
    epoch: Epoch = NO_EPOCH
    coordinator_epoch: CoordinatorEpoch = NO_EPOCH
    in_transaction: bool = False  # currentTxnFirstOffset is set.
    sequences: frozenset[Sequence] = frozenset()  # The retained batches of this epoch.


@actor
class PartitionLeader:
    partition: OutputPartition
    coordinator: Annotated[ActorId, Of("TransactionCoordinator")]
    reader: Annotated[ActorId, Of("Consumer")]
    # The reader's fetch waits here from the start (fetch sessions, purgatory): it is answered in the step that makes
    # something readable. NOTE(reader): an answer on its way is read before the next step of this leader. No reader
    # influences anybody else, and what it gets is a function of the log: a slower one sees nothing more.
    isolation_level: IsolationLevel
    verification: bool = True  # transaction.partition.verification.enable
    checks_epoch: bool = True
    checks_sequence: bool = True
    checks_guard: bool = True
    # Protocol generations: protocol.CHANGES says which version has what.
    adds_partitions: bool = False
    previous_marker_spares_guard: bool = True
    checks_marker_epoch_strictly: bool = False
    accepts_marker_again: bool = True

    # The log from the reader's position on: nobody asks for what is below it again.
    log: Durable[Annotated[tuple[LogEntry, ...], MaxLen("log")]] = ()
    producers: Durable[dict[ProducerId, ProducerStateEntry]] = each(ProducerStateEntry())
    waiting: Volatile[Batch | None] = None  # The batch that is being verified.
    guard: Volatile[bool] = False  # The guard that `waiting` presents is still the stored one.
    verified: Volatile[bool] = False  # `waiting` has its answer and is about to be appended.
    committed: History[dict[Record, Copies]] = each(0)
    zombie_committed: History[bool] = False  # A record became readable under a marker of another epoch than its own.

    @on(ProduceRequest)
    def produce(self, request: ProduceRequest) -> None:
        batch = request.batch
        entry = self.producers[batch.producer_id]
        asks = self.verification or self.adds_partitions
        verify = asks and not (entry.in_transaction and entry.epoch == batch.epoch)
        require(quiet(self.reader))
        require(not verify or self.waiting is None)
        if verify:
            self.waiting = batch
            self.guard = True
            self.ask_coordinator(batch)
        else:
            self.append_and_answer(batch, not asks)

    @on(VerifyOnlyResponse)
    def end_verification(self, response: VerifyOnlyResponse) -> None:
        batch = self.waiting
        if batch is None:
            return  # Given up when the connection broke.
        if response.error == Error.NONE:
            self.verified = True
        elif self.adds_partitions and response.error == Error.CONCURRENT_TRANSACTIONS:
            self.ask_coordinator(batch)  # The end of the transaction before is on its way (KAFKA-18654).
        else:
            self.forget_waiting()
            self.answer(batch, self.translated(response.error))

    @action
    def append_verified(self) -> None:
        """The callback runs later than the answer came: a marker may have been appended meanwhile (KAFKA-14884)."""
        batch = self.waiting
        require(self.verified)
        require(quiet(self.reader))
        assert batch is not None
        guard = self.guard or not self.checks_guard
        self.forget_waiting()
        self.append_and_answer(batch, guard)

    @action
    def lose_connection_to_coordinator(self) -> None:
        """The verification or its answer is lost: NETWORK_EXCEPTION, which the client is to retry."""
        require(quiet(self.coordinator))
        batch = self.waiting
        require(batch is not None and not self.verified)
        assert batch is not None
        self.forget_waiting()
        self.answer(batch, Error.NOT_ENOUGH_REPLICAS)

    @on(WriteTxnMarkersRequest)
    def write_marker(self, request: WriteTxnMarkersRequest) -> None:
        require(quiet(self.reader))
        marker = request.marker
        entry = self.producers[marker.producer_id]
        error = Error.NONE
        if self.checks_epoch and self.is_old(marker, entry):
            error = Error.INVALID_PRODUCER_EPOCH
        elif marker.coordinator_epoch < entry.coordinator_epoch:
            error = Error.TRANSACTION_COORDINATOR_FENCED
        else:
            self.append_marker(marker)
        send(self.coordinator, WriteTxnMarkersResponse(self.partition, marker, error))

    def is_old(self, marker: Marker, entry: ProducerStateEntry) -> bool:
        """TV2 bumps the epoch with each marker; one that is not higher belongs to an earlier transaction (KIP-1228)."""
        if self.checks_marker_epoch_strictly and marker.epoch == entry.epoch:
            return entry.in_transaction or not self.accepts_marker_again
        return marker.epoch < entry.epoch

    def ask_coordinator(self, batch: Batch) -> None:
        if self.adds_partitions:
            send(self.coordinator, AddPartitionRequest(self.partition, batch.producer_id, batch.epoch))
        else:
            send(self.coordinator, VerifyOnlyRequest(self.partition, batch.producer_id, batch.epoch))

    def forget_waiting(self) -> None:
        self.waiting = None
        self.guard = False
        self.verified = False

    def append_and_answer(self, batch: Batch, guard: bool) -> None:
        entry = self.producers[batch.producer_id]
        same_epoch = entry.epoch == batch.epoch
        error = Error.NONE
        if self.checks_sequence and same_epoch and batch.sequence in entry.sequences:
            error = Error.NONE  # A duplicate: answered as the first copy was, and not appended.
        elif not guard and not (entry.in_transaction and same_epoch):
            error = Error.INVALID_TXN_STATE
        elif self.checks_epoch and batch.epoch < entry.epoch:
            error = Error.INVALID_PRODUCER_EPOCH
        elif self.checks_sequence and not self.in_sequence(batch, entry):
            error = Error.OUT_OF_ORDER_SEQUENCE_NUMBER
        else:
            self.append_batch(batch)
        self.answer(batch, error)

    def in_sequence(self, batch: Batch, entry: ProducerStateEntry) -> bool:
        if entry.epoch == NO_EPOCH:
            return True  # No state: any sequence (since 2.5).
        if entry.epoch != batch.epoch:
            return batch.sequence == 0
        return batch.sequence == max(entry.sequences, default=-1) + 1

    def append_batch(self, batch: Batch) -> None:
        entry = self.producers[batch.producer_id]
        kept = entry.sequences if entry.epoch == batch.epoch else frozenset()
        self.log += (LogEntry(batch.producer_id, batch.epoch, batch.record, None),)
        self.producers[batch.producer_id] = replace(
            entry, epoch=batch.epoch, in_transaction=True, sequences=kept | {batch.sequence}
        )
        self.drop_guard(batch.producer_id)
        self.answer_fetch()

    def append_marker(self, marker: Marker) -> None:
        producer_id = marker.producer_id
        entry = self.producers[producer_id]
        if marker.result == TransactionResult.COMMIT and entry.in_transaction:
            for logged in self.log[self.first_offset(producer_id) :]:
                if logged.producer_id == producer_id and logged.record is not None:
                    self.committed[logged.record] = min(self.committed[logged.record] + 1, 2)
                    if logged.epoch != (marker.epoch - 1 if self.adds_partitions else marker.epoch):
                        self.zombie_committed = True
        kept = entry.sequences if entry.epoch == marker.epoch else frozenset()
        self.log += (LogEntry(producer_id, marker.epoch, None, marker.result),)
        self.producers[producer_id] = ProducerStateEntry(marker.epoch, marker.coordinator_epoch, False, kept)
        waiting = self.waiting
        next_is_waiting = waiting is not None and waiting.epoch == marker.epoch and self.adds_partitions
        if not (next_is_waiting and self.previous_marker_spares_guard):
            self.drop_guard(producer_id)
        self.answer_fetch()

    def drop_guard(self, producer_id: ProducerId) -> None:
        """Any transactional append ends the verification of its producer: what was verified before it may be over."""
        if self.waiting is not None and self.waiting.producer_id == producer_id:
            self.guard = False

    def answer_fetch(self) -> None:
        stable = self.last_stable_offset()
        if self.isolation_level == IsolationLevel.READ_UNCOMMITTED:
            if self.log[-1].record is not None:
                send(self.reader, FetchResponse(self.log[-1:], frozenset()))
        elif any(entry.record is not None for entry in self.log[:stable]):
            send(self.reader, FetchResponse(self.log[:stable], self.aborted_transactions(stable)))
        self.log = self.log[stable:]

    def last_stable_offset(self) -> int:
        stable = len(self.log)
        for producer_id, entry in self.producers.items():
            if entry.in_transaction:
                stable = min(stable, self.first_offset(producer_id))
        return stable

    def first_offset(self, producer_id: ProducerId) -> int:
        """Where the producer's latest transaction starts in what is left of the log."""
        first = len(self.log)
        for offset in reversed(range(len(self.log))):
            if self.log[offset].producer_id == producer_id:
                if self.log[offset].marker is not None:
                    break
                first = offset
        return first

    def aborted_transactions(self, stable: int) -> frozenset[AbortedTransaction]:
        """The transaction index: each producer's first offset since its last marker, where the next says ABORT."""
        found: frozenset[AbortedTransaction] = frozenset()
        for producer_id in self.producers.keys():
            first: LogOffset | None = None
            for offset, entry in enumerate(self.log):  # The marker may be above the last stable offset.
                if entry.producer_id != producer_id:
                    continue
                if entry.marker is None and first is None:
                    first = offset
                if entry.marker == TransactionResult.ABORT and first is not None and first < stable:
                    found |= {AbortedTransaction(producer_id, first)}
                if entry.marker is not None:
                    first = None
        return found

    def answer(self, batch: Batch, error: Error) -> None:
        send(
            batch.client,
            ProduceResponse(self.partition, batch.producer_id, batch.epoch, batch.correlation, batch.attempt, error),
        )

    def translated(self, error: Error) -> Error:
        """ReplicaManager's words for the coordinator's refusals."""
        if error == Error.PRODUCER_FENCED:
            return Error.INVALID_PRODUCER_EPOCH
        if error == Error.CONCURRENT_TRANSACTIONS:
            return Error.NOT_ENOUGH_REPLICAS
        return error
