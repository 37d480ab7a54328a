"""The leader of an output partition: each batch of a live producer enters its log once, and its transactions end only
by marker.

Follows ReplicaManager.handleProduceAppend, UnifiedLog.append, ProducerAppendInfo, ProducerStateManager (last stable
offset, aborted transactions) and VerificationGuard, with checks in their order; ``protocol`` says what which version
does.
With followers that lag, the high watermark follows an append in a step of its own; the answer does not wait for it,
which nobody can tell while no broker fails. A leader that starts again has its log, and loads its producer states
before it serves anybody. The switches of the read side are the places of BRK-01 (Log.read before KAFKA-9807) and of two
defects of Redpanda (BRK-02).
Not modelled: replicas that lead or lose their logs, a client that hears of a restart, more than one batch in flight but
where a transaction has several records (a verification entry's lowest sequence is kept there only; one connection is
served one request at a time, the answer included: SocketServer mutes its channel), more than five batches an epoch (the
window holds them all), retention, expiry of producer ids but for the defect of KAFKA-9144; requests to verify queue
here and not in AddPartitionsToTxnManager, which would answer the older one of two with a retriable error; the answers
of verification and the markers come on one connection here (in Kafka on two), but what is verified is appended in a
step of its own, so that a marker can come between the two either way.
"""

from typing import Annotated

from checker.lang import (
    ActorId,
    Counts,
    Durable,
    History,
    MaxLen,
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
    replace,
    require,
    send,
    struct,
)
from model.kafka.transactions.messages import (
    ABORTED,
    BOTH,
    COMMITTED,
    NO_EPOCH,
    AbortedTransaction,
    AcknowledgedSequence,
    AddPartitionRequest,
    Batch,
    Connection,
    CoordinatorEpoch,
    Copies,
    Epoch,
    Error,
    FetchResponse,
    Ghost,
    GhostOutcome,
    IsolationLevel,
    LogEntry,
    LogOffset,
    Marker,
    OutputPartition,
    ProduceRequest,
    ProduceResponse,
    ProducerId,
    Received,
    Record,
    Sequence,
    TransactionResult,
    Uplink,
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


Entries = Annotated[int, UpTo("log")]


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
    drops_late_answers: bool = True
    late_verifications: Uplink = 0  # How many answers of the coordinator may come late in one run.
    checks_lowest_sequence: bool = False
    starts_unready: bool = False  # A new topic: clients may know its leader before the leader does.
    lists_aborted: bool = True
    upgrades: bool = False  # To transaction version 2, while it runs: each batch says which it is of.
    tells_apart: bool = False  # Each transaction has an identity, for the guarantees.
    batches: Annotated[int, UpTo(3)] = 1  # Of one transaction of a client.
    connections_break: bool = False  # Requests may be lost, with all that come after them on their connection.
    # Protocol generations: protocol.CHANGES says which version has what.
    adds_partitions: bool = False
    expects_first_sequence: bool = False
    previous_marker_spares_guard: bool = True
    checks_epoch_first: bool = True  # Before it asks whether the batch was verified.
    marker_is_activity: bool = True
    expirations_max: Annotated[int, UpTo("producer_expirations")] = 0
    epoch_max: Annotated[int, UpTo(100)] = 100  # Short.MAX_VALUE; small in a spec whose runs are to reach it.
    accepts_marker_at_epoch_max: bool = False
    checks_marker_epoch_strictly: bool = False
    accepts_marker_again: bool = True
    reads_high_watermark_once: bool = True
    followers_lag: bool = False  # The high watermark follows an append in a step of its own.
    bound_is_exclusive: bool = True  # A fetch ends before the last stable offset.
    reads_what_is_applied: bool = True  # After a restart no fetch sees what the producer states do not know yet.

    # What the reader or the last stable offset still needs: nobody asks for what is below again.
    log: Durable[Annotated[tuple[LogEntry, ...], MaxLen("log")]] = ()
    producers: Durable[dict[ProducerId, ProducerStateEntry]] = each(ProducerStateEntry())
    expirations: Durable[Annotated[int, UpTo("producer_expirations"), Counts("producer_id_expiration")]] = 0
    waiting: Volatile[Batch | None] = None  # The batch that is being verified.
    guard: Volatile[bool] = False  # The guard that `waiting` presents is still the stored one.
    uplink: Volatile[Uplink] = 0
    verified: Volatile[bool] = False  # `waiting` has its answer and is about to be appended.
    given: Durable[Entries] = 0  # So many entries of the log the reader has; with read_committed none.
    unreplicated: Durable[Entries] = 0  # So many entries at the end of the log are above the high watermark.
    # VerificationStateEntry.lowestSequence + 1 of a producer whose batch was verified last, or is being verified; 0 if
    # there is no entry. Its epoch is not needed here: the first batch of each has sequence 0.
    lowest: Volatile[dict[ProducerId, AcknowledgedSequence]] = each(0)
    received: Volatile[dict[Connection, Received]] = each(0)  # The latest batch that came on it.
    compared: Volatile[bool] = False  # A fetch found no unstable offset below the high watermark.
    loading: Volatile[bool] = False
    ready: Durable[bool] = False  # Where it starts unready: it has heard that it leads.
    committed: History[dict[Record, Copies]] = each(0)
    outcome: History[dict[Ghost, GhostOutcome]] = each(0)  # What the markers here said to each transaction.
    newest_coordinator_epoch: History[dict[ProducerId, CoordinatorEpoch]] = each(NO_EPOCH)  # Whose marker is here.
    zombie_committed: History[bool] = False  # A record became readable under a marker of another epoch than its own.

    @on_restart
    def recover(self) -> None:
        self.loading = True

    @action
    def load_producer_states(self) -> None:
        require(self.loading and quiet(self.reader))
        self.loading = False
        self.answer_fetch()

    @action
    def read_before_loading(self) -> None:
        require(self.loading and not self.reads_what_is_applied and quiet(self.reader))
        self.give(self.high_watermark())

    @on(ProduceRequest)
    def produce(self, request: ProduceRequest) -> None:
        batch = request.batch
        entry = self.producers[batch.producer_id]
        asks = self.verification or self.adds(batch)
        verify = asks and not (entry.in_transaction and entry.epoch == batch.epoch)
        require(quiet(self.reader) and not self.loading)
        require(not verify or self.waiting is None)
        if self.connections_break and self.is_out_of_order(request):
            return  # What was sent before it on this connection is lost, and so is the connection.
        if self.starts_unready and not self.ready:
            self.answer(batch, Error.NOT_LEADER_OR_FOLLOWER)  # Before anything is noted of its verification.
            return
        if verify:
            self.waiting = batch
            self.guard = True
            self.note_lowest_sequence(batch)
            self.ask_coordinator(batch)
        else:
            self.append_and_answer(batch, not asks)

    def is_out_of_order(self, request: ProduceRequest) -> bool:
        batch = request.batch
        first = batch.correlation * self.batches
        if request.behind > 0 and self.received[request.connection] != first + request.behind:
            return True
        self.received[request.connection] = first + batch.number + 1
        return False

    @action
    def become_ready(self) -> None:
        """The leader of a new topic applies the metadata that its clients already have."""
        require(self.starts_unready and not self.ready)
        self.ready = True

    @on(VerifyOnlyResponse)
    def end_verification(self, response: VerifyOnlyResponse) -> None:
        batch = self.waiting
        if batch is None or (self.drops_late_answers and response.uplink != self.uplink):
            return  # Given up when the connection broke.
        if response.error == Error.NONE:
            self.verified = True
        elif self.adds(batch) and response.error == Error.CONCURRENT_TRANSACTIONS:
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
        self.uplink = (self.uplink + 1) % (self.late_verifications + 1)
        self.forget_waiting()
        self.answer(batch, Error.NOT_ENOUGH_REPLICAS)

    @on(WriteTxnMarkersRequest)
    def write_marker(self, request: WriteTxnMarkersRequest) -> None:
        require(quiet(self.reader) and not self.loading)
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

    @action
    def advance_high_watermark(self) -> None:
        require(self.unreplicated > 0 and quiet(self.reader))
        self.unreplicated -= 1
        self.answer_fetch()

    @action
    def compare_with_high_watermark(self) -> None:
        """Before KAFKA-9807 a fetch finds that nothing below the high watermark is unstable ..."""
        require(self.followers_lag and not self.reads_high_watermark_once and not self.compared)
        require(self.last_stable_offset() == self.high_watermark())
        self.compared = True

    @action
    def read_to_high_watermark(self) -> None:
        """... and then reads the high watermark again: it may have moved."""
        require(self.compared and quiet(self.reader))
        self.compared = False
        self.give(self.high_watermark())

    @action
    def expire_producer(self) -> None:
        """Judged by the timestamps of its records, which are the application's and may be old, a producer is idle."""
        require(self.expirations < self.expirations_max and not self.marker_is_activity)
        producer_id = choose(i for i, entry in self.producers.items() if entry.epoch != NO_EPOCH)
        require(not self.producers[producer_id].in_transaction)
        self.expirations += 1
        self.producers[producer_id] = ProducerStateEntry()

    def is_old(self, marker: Marker, entry: ProducerStateEntry) -> bool:
        """TV2 bumps the epoch with each marker; one that is not higher belongs to an earlier transaction (KIP-1228)."""
        last = self.accepts_marker_at_epoch_max and marker.epoch == self.epoch_max
        if self.checks_marker_epoch_strictly and marker.epoch == entry.epoch and not last:
            return entry.in_transaction or not self.accepts_marker_again
        return marker.epoch < entry.epoch

    def adds(self, batch: Batch) -> bool:
        return self.adds_partitions or (self.upgrades and batch.version_2 > 0)

    def ask_coordinator(self, batch: Batch) -> None:
        if self.adds(batch):
            send(
                self.coordinator,
                AddPartitionRequest(self.partition, batch.producer_id, batch.epoch, self.uplink, batch.transaction),
            )
        else:
            send(self.coordinator, VerifyOnlyRequest(self.partition, batch.producer_id, batch.epoch, self.uplink))

    def note_lowest_sequence(self, batch: Batch) -> None:
        """What was to be verified before a batch, and was not, is to come before it (KAFKA-14920)."""
        if self.checks_lowest_sequence:
            lowest = self.lowest[batch.producer_id]
            if lowest == 0 or batch.sequence < lowest - 1:
                self.lowest[batch.producer_id] = batch.sequence + 1

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
            stale = self.checks_epoch and self.checks_epoch_first and batch.epoch < entry.epoch
            error = Error.INVALID_PRODUCER_EPOCH if stale else Error.INVALID_TXN_STATE
        elif self.checks_epoch and batch.epoch < entry.epoch:
            error = Error.INVALID_PRODUCER_EPOCH
        elif self.checks_sequence and not self.in_sequence(batch, entry):
            error = Error.OUT_OF_ORDER_SEQUENCE_NUMBER
        else:
            self.append_batch(batch)
        self.answer(batch, error)

    def in_sequence(self, batch: Batch, entry: ProducerStateEntry) -> bool:
        lowest = self.lowest[batch.producer_id]
        if self.checks_lowest_sequence and lowest != 0 and batch.sequence > lowest - 1:
            return False
        if entry.epoch == NO_EPOCH:
            # No state: any sequence (since 2.5), but of version 2, which begins each transaction at 0.
            return batch.sequence == 0 or not (self.expects_first_sequence and self.adds(batch))
        if entry.epoch != batch.epoch:
            return batch.sequence == 0
        return batch.sequence == max(entry.sequences, default=-1) + 1

    def append_batch(self, batch: Batch) -> None:
        entry = self.producers[batch.producer_id]
        kept = entry.sequences if entry.epoch == batch.epoch else frozenset()
        self.log += (LogEntry(batch.producer_id, batch.epoch, batch.record, None, batch.transaction, batch.version_2),)
        self.producers[batch.producer_id] = replace(
            entry, epoch=batch.epoch, in_transaction=True, sequences=kept | {batch.sequence}
        )
        self.drop_guard(batch.producer_id)
        self.end_append()

    def append_marker(self, marker: Marker) -> None:
        producer_id = marker.producer_id
        entry = self.producers[producer_id]
        if marker.result == TransactionResult.COMMIT and entry.in_transaction:
            for logged in self.log[self.first_offset(producer_id, len(self.log)) :]:
                if logged.producer_id == producer_id and logged.record is not None:
                    self.committed[logged.record] = min(self.committed[logged.record] + 1, 2)
                    own = marker.epoch - 1 if self.adds_partitions else marker.epoch
                    if not self.upgrades and logged.epoch != own:
                        self.zombie_committed = True
        if self.tells_apart and entry.in_transaction:
            mark = COMMITTED if marker.result == TransactionResult.COMMIT else ABORTED
            for logged in self.log[self.first_offset(producer_id, len(self.log)) :]:
                one = logged.transaction
                if logged.producer_id == producer_id and logged.record is not None:
                    self.outcome[one] = mark if self.outcome[one] in (0, mark) else BOTH
        self.newest_coordinator_epoch[producer_id] = max(
            self.newest_coordinator_epoch[producer_id], marker.coordinator_epoch
        )
        kept = entry.sequences if entry.epoch == marker.epoch else frozenset()
        self.log += (LogEntry(producer_id, marker.epoch, None, marker.result, 0, 0),)
        self.producers[producer_id] = ProducerStateEntry(marker.epoch, marker.coordinator_epoch, False, kept)
        waiting = self.waiting
        next_is_waiting = waiting is not None and waiting.epoch == marker.epoch and self.adds(waiting)
        if not (next_is_waiting and self.previous_marker_spares_guard):
            self.drop_guard(producer_id)
        self.end_append()

    def end_append(self) -> None:
        if self.followers_lag:
            self.unreplicated += 1
        else:
            self.answer_fetch()

    def drop_guard(self, producer_id: ProducerId) -> None:
        """Any transactional append ends the verification of its producer: what was verified before it may be over."""
        if self.waiting is not None and self.waiting.producer_id == producer_id:
            self.guard = False
        if self.checks_lowest_sequence:
            self.lowest[producer_id] = 0

    def answer_fetch(self) -> None:
        if self.isolation_level == IsolationLevel.READ_UNCOMMITTED:
            self.give(self.high_watermark())
        else:
            stable = self.last_stable_offset()
            self.give(stable if self.bound_is_exclusive else min(stable + 1, self.high_watermark()))

    def give(self, bound: int) -> None:
        """The reader gets the log from its position on, below `bound`."""
        if any(entry.record is not None for entry in self.log[self.given : bound]):
            send(self.reader, FetchResponse(self.log[self.given : bound], self.aborted_transactions(bound)))
        self.given = max(self.given, bound)
        cut = min(self.given, self.last_stable_offset())
        self.log = self.log[cut:]
        self.given -= cut

    def high_watermark(self) -> int:
        return len(self.log) - self.unreplicated

    def last_stable_offset(self) -> int:
        """Where the first transaction starts that has no marker below the high watermark."""
        end = self.high_watermark()
        return min((self.first_offset(producer_id, end) for producer_id in self.producers.keys()), default=end)

    def first_offset(self, producer_id: ProducerId, end: int) -> int:
        """Where the producer's latest transaction starts in what is left of the log below `end`."""
        first = end
        for offset in reversed(range(end)):
            if self.log[offset].producer_id == producer_id:
                if self.log[offset].marker is not None:
                    break
                first = offset
        return first

    def aborted_transactions(self, bound: int) -> frozenset[AbortedTransaction]:
        """The transaction index: each producer's first offset since its last marker, where the next says ABORT.

        A reader with read_uncommitted, who is not told in Kafka, does not look at it.
        """
        found: frozenset[AbortedTransaction] = frozenset()
        for producer_id in self.producers.keys():
            first: LogOffset | None = None
            for offset, entry in enumerate(self.log):  # The marker may be above the bound.
                if entry.producer_id != producer_id:
                    continue
                if entry.marker is None and first is None:
                    first = offset
                asked_for = first is not None and first < bound and offset >= self.given
                if entry.marker == TransactionResult.ABORT and first is not None and asked_for and self.lists_aborted:
                    found |= {AbortedTransaction(producer_id, max(first - self.given, 0))}
                if entry.marker is not None:
                    first = None
        return found

    def answer(self, batch: Batch, error: Error) -> None:
        send(
            batch.client,
            ProduceResponse(
                self.partition, batch.producer_id, batch.epoch, batch.correlation, batch.attempt, batch.number, error
            ),
        )

    def translated(self, error: Error) -> Error:
        """ReplicaManager's words for the coordinator's refusals."""
        if error == Error.PRODUCER_FENCED:
            return Error.INVALID_PRODUCER_EPOCH
        if error == Error.CONCURRENT_TRANSACTIONS:
            return Error.NOT_ENOUGH_REPLICAS
        return error
