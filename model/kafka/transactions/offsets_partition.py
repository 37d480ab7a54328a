"""The group's offsets partition with its group coordinator: an offset sent in a transaction counts if and only if it
commits.

Follows GroupCoordinator.commitTransactionalOffsets, OffsetMetadataManager (pending transactional offsets, end-
transaction markers, requireStable) and the producer state checks of ProducerAppendInfo in 3.9.
A group that subscribes has a generation: join and sync are one step, the answer on its way is CompletingRebalance,
and ClassicGroup.validateOffsetCommit refuses any generation but the present one; a commit without one is accepted if
it is transactional, and the group is not one of KIP-848 (whose member epochs are the generation here). A consumer
that assigns its partitions itself has none, and only the transactional id fences.
Not modelled: more than one rebalance, a member that leaves, group.instance.id, a broken coordinator, expiry of offsets,
more than one input partition.
"""

from typing import Annotated

from checker.lang import (
    ActorId,
    Durable,
    History,
    Of,
    UpTo,
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
    ABORTED,
    BOTH,
    COMMITTED,
    NO_EPOCH,
    NO_GENERATION,
    AddPartitionRequest,
    Client,
    CoordinatorEpoch,
    Epoch,
    Error,
    Generation,
    Ghost,
    GhostOutcome,
    JoinGroupRequest,
    JoinGroupResponse,
    Marker,
    OffsetCommitInTransaction,
    OffsetCommitRequest,
    OffsetCommitResponse,
    OffsetFetchRequest,
    OffsetFetchResponse,
    Position,
    ProducerId,
    TopicPartition,
    TransactionResult,
    TxnOffsetCommitRequest,
    TxnOffsetCommitResponse,
    Uplink,
    VerifyOnlyRequest,
    VerifyOnlyResponse,
    WriteTxnMarkersRequest,
    WriteTxnMarkersResponse,
)  # fmt: skip


@struct
class PendingOffset:
    offset: Position
    older: frozenset[ProducerId]  # Whose pending offsets are before it in the log.
    superseded: bool  # An offset that counts is later in the log: that stays when the transaction commits.
    transaction: Ghost = 0
    fetched_past: bool = False  # For `stable_fetch`: somebody was given the offset before it.


@struct
class OffsetsProducerEntry:
    epoch: Epoch = NO_EPOCH
    coordinator_epoch: CoordinatorEpoch = NO_EPOCH
    pending: PendingOffset | None = None  # Set while a transaction of the producer is open on this partition.


@actor
class OffsetsPartition:
    partition: TopicPartition
    coordinator: Annotated[ActorId, Of("TransactionCoordinator")]
    verification: bool = True  # transaction.partition.verification.enable
    checks_epoch: bool = True
    checks_guard: bool = True
    upgrades: bool = False  # To transaction version 2, while it runs: each commit says which it is of.
    tells_apart: bool = False  # Each transaction has an identity, for the guarantees.
    drops_late_answers: bool = True
    late_verifications: Uplink = 0  # How many answers of the coordinator may come late in one run.
    requires_member: bool = False  # ConsumerGroup.validateOffsetCommit (KIP-848): none but members, if there are any.
    members: tuple[Client, ...] = ()  # Of a group that subscribes, in the order in which they get the input partition.
    # Protocol generations: protocol.CHANGES says which version has what.
    adds_partitions: bool = False
    previous_marker_spares_guard: bool = True
    checks_epoch_first: bool = True  # Before it asks whether the batch was verified.
    retries_network_error: bool = True
    epoch_max: Annotated[int, UpTo(100)] = 100  # Short.MAX_VALUE; small in a spec whose runs are to reach it.
    accepts_marker_at_epoch_max: bool = False
    checks_marker_epoch_strictly: bool = False
    accepts_marker_again: bool = True
    checks_generation: bool = True
    serves_stable_offsets: bool = True

    generation: Durable[Generation] = NO_GENERATION  # Of the group; the partition is members[generation]'s.
    committed: Durable[Position] = 0
    producers: Durable[dict[ProducerId, OffsetsProducerEntry]] = each(OffsetsProducerEntry())
    waiting: Volatile[OffsetCommitInTransaction | None] = None  # The commit that is being verified.
    guard: Volatile[bool] = False  # The guard that `waiting` presents is still the stored one.
    uplink: Volatile[Uplink] = 0
    verified: Volatile[bool] = False  # `waiting` has its answer and is about to be appended.
    outcome: History[dict[Ghost, GhostOutcome]] = each(0)  # What the markers here said to each transaction.
    gave_old_offset: History[bool] = False
    moved_back: History[bool] = False
    took_old_generation: History[bool] = False

    @on(TxnOffsetCommitRequest)
    def commit_offset_in_transaction(self, request: TxnOffsetCommitRequest) -> None:
        commit = request.commit
        entry = self.producers[commit.producer_id]
        asks = self.verification or self.adds(commit)
        verify = asks and not (entry.pending is not None and entry.epoch == commit.epoch)
        require(not verify or self.waiting is None)
        if verify:
            self.waiting = commit
            self.guard = True
            self.ask_coordinator(commit)
        else:
            self.append_and_answer(commit, not asks)

    @on(VerifyOnlyResponse)
    def end_verification(self, response: VerifyOnlyResponse) -> None:
        commit = self.waiting
        if commit is None or (self.drops_late_answers and response.uplink != self.uplink):
            return  # Given up when the connection broke.
        if response.error == Error.NONE:
            self.verified = True
        else:
            self.forget_waiting()
            self.answer(commit, self.translated(response.error))

    @action
    def append_verified(self) -> None:
        """The callback runs later than the answer came: a marker may have been appended meanwhile (KAFKA-14884)."""
        commit = self.waiting
        require(self.verified)
        assert commit is not None
        guard = self.guard or not self.checks_guard
        self.forget_waiting()
        self.append_and_answer(commit, guard)

    @action
    def lose_connection_to_coordinator(self) -> None:
        """The verification or its answer is lost: NETWORK_EXCEPTION, which the client is to retry."""
        require(quiet(self.coordinator))
        commit = self.waiting
        require(commit is not None and not self.verified)
        assert commit is not None
        self.uplink = (self.uplink + 1) % (self.late_verifications + 1)
        self.forget_waiting()
        self.answer(
            commit, Error.COORDINATOR_LOAD_IN_PROGRESS if self.retries_network_error else Error.NETWORK_EXCEPTION
        )

    @on(JoinGroupRequest)
    def join_group(self, request: JoinGroupRequest) -> None:
        if self.generation == NO_GENERATION:
            self.generation = 0
        mine = self.members[self.generation] == request.client
        send(request.client, JoinGroupResponse(self.generation if mine else NO_GENERATION))

    @action
    def rebalance(self) -> None:
        """The member that has the partition is taken for dead (session.timeout.ms, max.poll.interval.ms) and not told.

        Until the next generation its commits are accepted (PreparingRebalance), from then on refused.
        """
        require(self.generation != NO_GENERATION and self.generation < len(self.members) - 1)
        self.generation += 1
        send(self.members[self.generation], JoinGroupResponse(self.generation))

    @on(OffsetCommitRequest)
    def commit_offset(self, request: OffsetCommitRequest) -> None:
        if request.generation != self.generation:
            send(request.client, OffsetCommitResponse(Error.ILLEGAL_GENERATION))
            return
        self.materialise(request.offset, frozenset(self.producers.keys()))
        send(request.client, OffsetCommitResponse(Error.NONE))

    @on(OffsetFetchRequest)
    def fetch_offset(self, request: OffsetFetchRequest) -> None:
        """With requireStable, as every consumer since 2.5 asks."""
        unstable = self.serves_stable_offsets and any(entry.pending is not None for entry in self.producers.values())
        error = Error.UNSTABLE_OFFSET_COMMIT if unstable else Error.NONE
        for producer_id, entry in self.producers.items():
            if not unstable and entry.pending is not None:
                self.producers[producer_id] = replace(entry, pending=replace(entry.pending, fetched_past=True))
        send(request.client, OffsetFetchResponse(error, 0 if unstable else self.committed))

    @on(WriteTxnMarkersRequest)
    def write_marker(self, request: WriteTxnMarkersRequest) -> None:
        marker = request.marker
        entry = self.producers[marker.producer_id]
        error = Error.NONE
        if self.checks_epoch and self.is_old(marker, entry):
            error = Error.INVALID_PRODUCER_EPOCH
        elif marker.coordinator_epoch < entry.coordinator_epoch:
            error = Error.TRANSACTION_COORDINATOR_FENCED
        else:
            pending = entry.pending
            if self.tells_apart and pending is not None:
                one = pending.transaction
                mark = COMMITTED if marker.result == TransactionResult.COMMIT else ABORTED
                self.outcome[one] = mark if self.outcome[one] in (0, mark) else BOTH
            if marker.result == TransactionResult.COMMIT and pending is not None and not pending.superseded:
                if pending.fetched_past and pending.offset > self.committed:
                    self.gave_old_offset = True
                self.materialise(pending.offset, pending.older)
            self.producers[marker.producer_id] = OffsetsProducerEntry(marker.epoch, marker.coordinator_epoch, None)
            self.forget_order(marker.producer_id)
            waiting = self.waiting
            next_is_waiting = waiting is not None and waiting.epoch == marker.epoch and self.adds(waiting)
            if not (next_is_waiting and self.previous_marker_spares_guard):
                self.drop_guard(marker.producer_id)
        send(self.coordinator, WriteTxnMarkersResponse(self.partition, marker, error))

    def materialise(self, offset: Position, older: frozenset[ProducerId]) -> None:
        """OffsetMetadataManager.replayEndTransactionMarker: the later record counts, not the later marker."""
        if offset < self.committed:
            self.moved_back = True
        self.committed = offset
        for producer_id in older:
            entry = self.producers[producer_id]
            if entry.pending is not None:
                self.producers[producer_id] = replace(entry, pending=replace(entry.pending, superseded=True))

    def is_old(self, marker: Marker, entry: OffsetsProducerEntry) -> bool:
        """TV2 bumps the epoch with each marker; one that is not higher belongs to an earlier transaction (KIP-1228)."""
        last = self.accepts_marker_at_epoch_max and marker.epoch == self.epoch_max
        if self.checks_marker_epoch_strictly and marker.epoch == entry.epoch and not last:
            return entry.pending is not None or not self.accepts_marker_again
        return marker.epoch < entry.epoch

    def adds(self, commit: OffsetCommitInTransaction) -> bool:
        return self.adds_partitions or (self.upgrades and commit.version_2 > 0)

    def ask_coordinator(self, commit: OffsetCommitInTransaction) -> None:
        producer_id = commit.producer_id
        one = commit.transaction
        if self.adds(commit):
            send(self.coordinator, AddPartitionRequest(self.partition, producer_id, commit.epoch, self.uplink, one))
        else:
            send(self.coordinator, VerifyOnlyRequest(self.partition, producer_id, commit.epoch, self.uplink))

    def forget_waiting(self) -> None:
        self.waiting = None
        self.guard = False
        self.verified = False

    def append_and_answer(self, commit: OffsetCommitInTransaction, guard: bool) -> None:
        """Origin COORDINATOR: no sequence, hence no recognition of duplicates."""
        entry = self.producers[commit.producer_id]
        error = Error.NONE
        if self.requires_member and commit.generation == NO_GENERATION and self.generation != NO_GENERATION:
            error = Error.UNKNOWN_MEMBER_ID
        elif self.checks_generation and commit.generation not in (NO_GENERATION, self.generation):
            error = Error.ILLEGAL_GENERATION
        elif not guard and not (entry.pending is not None and entry.epoch == commit.epoch):
            stale = self.checks_epoch and self.checks_epoch_first and commit.epoch < entry.epoch
            error = Error.INVALID_PRODUCER_EPOCH if stale else Error.INVALID_TXN_STATE
        elif self.checks_epoch and commit.epoch < entry.epoch:
            error = Error.INVALID_PRODUCER_EPOCH
        else:
            older = frozenset(
                i for i, other in self.producers.items() if i != commit.producer_id and other.pending is not None
            )
            self.took_old_generation = self.took_old_generation or commit.generation not in (
                NO_GENERATION,
                self.generation,
            )
            self.forget_order(commit.producer_id)
            self.producers[commit.producer_id] = replace(
                entry, epoch=commit.epoch, pending=PendingOffset(commit.offset, older, False, commit.transaction)
            )
            self.drop_guard(commit.producer_id)
        self.answer(commit, error)

    def forget_order(self, producer_id: ProducerId) -> None:
        """What is pending of this producer is not older than anything: it has ended, or is the latest now."""
        for i, entry in self.producers.items():
            if entry.pending is not None:
                older = entry.pending.older - {producer_id}
                self.producers[i] = replace(entry, pending=replace(entry.pending, older=older))

    def drop_guard(self, producer_id: ProducerId) -> None:
        if self.waiting is not None and self.waiting.producer_id == producer_id:
            self.guard = False

    def answer(self, commit: OffsetCommitInTransaction, error: Error) -> None:
        send(
            commit.client,
            TxnOffsetCommitResponse(error, commit.producer_id, commit.epoch, commit.correlation, commit.attempt),
        )

    def translated(self, error: Error) -> Error:
        return Error.INVALID_PRODUCER_EPOCH if error == Error.PRODUCER_FENCED else error
