"""The transaction coordinator: a transaction has one outcome, durable before anybody hears of it, and every partition
gets it.

Follows TransactionCoordinator, TransactionMetadata, TransactionStateManager, TransactionMarkerChannelManager and
TransactionMarkerRequestCompletionHandler of kafka.coordinator.transaction; ``protocol`` says what which version does.
NOTE(concurrent): a request that Kafka answers CONCURRENT_TRANSACTIONS waits on its link instead, checked in the same
place and order. Its client would repeat it unchanged until it is served, and nobody else can tell the two apart.
NOTE(append): append, completion of the transition and answer are one step: a client that sees less has lost the answer.
Where a spec asks for it, the append of PrepareCommit or PrepareAbort can also go wrong (`Append`).
NOTE(fence): the new epoch is in memory from the first critical section of a fence on, as it is in Kafka from its second
one until the append is done; `exposes_fence` shows the time between the sections instead (pending PrepareEpochFence,
epoch still the old one).
Markers go out one partition after the other, in their order: a partition sees only its own marker, and no client acts
on more than one partition before the transaction is complete, so which partition comes first tells nobody anything.
A crash keeps what was sent: an answer is lost by the fault `lose`, and markers of the predecessor arrive before its
successor's. Crash and restart, one epoch higher, stand for the move to another broker and for the loss of leadership.
Not modelled: other appends that fail (to its client, like a request that is lost), the pending state of an append that
succeeds, allocation of producer ids.
"""

from enum import Enum
from typing import Annotated

from checker.lang import (
    ActorId,
    Counts,
    Durable,
    History,
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
)
from model.kafka.transactions.messages import (
    ABORTED,
    BOTH,
    COMMITTED,
    NO_EPOCH,
    AddOffsetsToTxnRequest,
    AddOffsetsToTxnResponse,
    AddPartitionRequest,
    AddPartitionsToTxnRequest,
    AddPartitionsToTxnResponse,
    Client,
    CoordinatorEpoch,
    EndTxnRequest,
    EndTxnResponse,
    Epoch,
    Error,
    FeaturesUpdated,
    Ghost,
    GhostOutcome,
    InitProducerIdRequest,
    InitProducerIdResponse,
    Leader,
    LoggedEpoch,
    Marker,
    ProducerId,
    Resignation,
    TopicPartition,
    TransactionalId,
    TransactionResult,
    TransactionState,
    Upgraded,
    VerifyOnlyRequest,
    VerifyOnlyResponse,
    WriteTxnMarkersRequest,
    WriteTxnMarkersResponse,
)

PREPARED = (TransactionState.PREPARE_COMMIT, TransactionState.PREPARE_ABORT)
COMPLETE = (TransactionState.COMPLETE_COMMIT, TransactionState.COMPLETE_ABORT)


class Append(Enum):
    """What becomes of an append to __transaction_state."""

    COMMITTED = "committed"
    REFUSED = "refused"  # NOT_ENOUGH_REPLICAS: nothing is written.
    TIMED_OUT = "timed out"  # It is written and will be committed; the coordinator takes it for failed.
    UNREPLICATED = "unreplicated"  # It is written, but one replica of the ISR does not have it yet.


@struct
class TransactionMetadata:
    """A record of __transaction_state; without an epoch, there is none (or a tombstone: `state` is Dead)."""

    producer_id: ProducerId = 0
    epoch: Epoch = NO_EPOCH
    state: TransactionState = TransactionState.EMPTY
    partitions: frozenset[TopicPartition] = frozenset()
    has_next_id: bool = False  # nextProducerId: the epochs are used up, and the markers are the last of this id.
    has_previous_id: bool = False  # previousProducerId: the id was replaced in the latest transition.
    skips_id: bool = False  # A client was told the next id, and a reload has lost it: it is not given again.


@actor
class TransactionCoordinator:
    leaders: tuple[Leader, ...]  # Leader of each topic partition; the offsets partition is the last one.
    transactional_ids: Annotated[int, UpTo("transactional_ids")]
    epoch_max: Annotated[int, UpTo(100)] = 100  # Short.MAX_VALUE; small in a spec whose runs are to reach it.
    deposed: tuple[ActorId, ...] = ()  # The one before, where it goes on answering.
    writes_markers_after_reload: bool = True
    times_out: bool = True  # A client is down or paused for longer than transaction.timeout.ms.
    exposes_fence: bool = False  # NOTE(fence)
    upgraded_clients: tuple[Client, ...] = ()  # Who hears of an upgrade to transaction version 2.
    logs_ongoing: bool = True
    tells_apart: bool = False  # Each transaction has an identity, for the guarantees.
    bumps_at_init: bool = True
    checks_epoch: bool = True
    knows_end_again: bool = True  # An EndTxn that is repeated after completion is answered as the first was.
    fences_late_commit: bool = False  # KAFKA-20785: whose transaction the coordinator has aborted, is fenced.
    waits_for_high_watermark: bool = False  # A candidate fix: what is loaded is acted on when it is committed.
    # Protocol generations: protocol.CHANGES says which version has what.
    fences_on_timeout: bool = True
    clears_pending_on_failure: bool = True
    remembers_failed_fence: bool = True
    drops_own_markers_only: bool = True
    bumps_epoch_at_end: bool = False
    fence_bumps_once: bool = True
    tells_next_producer_id: bool = True
    persists_next_producer_id: bool = False
    persists_last_epoch: bool = False
    recovers_at_epoch_max: bool = False
    replaces_id_at_fence: bool = False  # A fence that uses up the epochs ends its producer id, as EndTxn does.
    # How often in one run: time that passes, appends that go wrong.
    timeouts_max: Annotated[int, UpTo("transaction_timeouts")] = 0
    expirations_max: Annotated[int, UpTo("expirations")] = 0
    refused_max: Annotated[int, UpTo("refused_appends")] = 0
    load_failures_max: Annotated[int, UpTo("load_failures")] = 0
    timed_out_max: Annotated[int, UpTo("timed_out_appends")] = 0
    unreplicated_max: Annotated[int, UpTo("unreplicated_appends")] = 0

    state_log: Durable[dict[TransactionalId, TransactionMetadata]] = each(TransactionMetadata())
    holder: Durable[dict[TransactionalId, Client | None]] = each(None)  # Who got the latest epoch.
    logged_last_epoch: Durable[dict[TransactionalId, LoggedEpoch]] = each(
        NO_EPOCH
    )  # If the log keeps lastProducerEpoch.
    # The cluster is upgraded to transaction version 2.
    level_2: Durable[Annotated[Upgraded, Counts("transaction_version_upgrade")]] = 0
    ongoing: Durable[dict[TransactionalId, Ghost]] = each(0)  # Whose the open transaction is, for the guarantees.
    coordinator_epoch: Durable[CoordinatorEpoch] = 0  # The leader epoch of the state log's partition.
    # 1, 2: a replica in the ISR still has Ongoing here, of the same epoch, of the one before.
    lag: Durable[dict[TransactionalId, Annotated[int, UpTo("2 * unreplicated_appends")]]] = each(0)
    timeouts: Durable[Annotated[int, UpTo("transaction_timeouts"), Counts("slow_transaction")]] = 0
    expirations: Durable[Annotated[int, UpTo("expirations"), Counts("transactional_id_expiration")]] = 0
    refused: Durable[Annotated[int, UpTo("refused_appends"), Counts("state_log_append")]] = 0
    load_failures: Durable[Annotated[int, UpTo("load_failures"), Counts("load_failure")]] = 0
    timed_out: Durable[Annotated[int, UpTo("timed_out_appends"), Counts("state_log_append")]] = 0
    unreplicated: Durable[Annotated[int, UpTo("unreplicated_appends"), Counts("state_log_append")]] = 0
    cache: Volatile[dict[TransactionalId, TransactionMetadata]] = each(TransactionMetadata())
    pending_state: Volatile[dict[TransactionalId, TransactionState | None]] = each(None)
    last_epoch: Volatile[dict[TransactionalId, Epoch]] = each(NO_EPOCH)
    failed_fence: Volatile[dict[TransactionalId, bool]] = each(False)  # hasFailedEpochFence
    unmarked: Volatile[dict[TransactionalId, frozenset[TopicPartition]]] = each(frozenset())
    completion_dropped: Volatile[dict[TransactionalId, bool]] = each(False)  # Its markers go out, and nobody counts.
    decided: History[dict[Ghost, GhostOutcome]] = each(0)  # Each transaction, in the committed part of the log.
    finished_for_predecessor: History[bool] = False
    served_fenced: History[bool] = False  # A request of an epoch below the logged one has changed something.
    illegal_state: History[bool] = False  # A branch that Kafka's own code holds for impossible was taken.

    @on(InitProducerIdRequest)
    def init_producer_id(self, request: InitProducerIdRequest) -> None:
        key = request.transactional_id
        require(self.pending_state[key] is None)  # NOTE(concurrent)
        metadata = self.cache[key]
        expected = request.expected_epoch
        exhausted = metadata.epoch >= self.epoch_max - 1
        if metadata.epoch == NO_EPOCH:
            new = metadata.state == TransactionState.EMPTY
            self.grant(request, key if new else self.following(metadata.producer_id), 0, NO_EPOCH)
        elif expected != NO_EPOCH and not self.is_of(request.producer_id, expected, metadata):
            self.refuse(request, Error.PRODUCER_FENCED)
        elif metadata.state == TransactionState.ONGOING:  # Whatever epoch is expected.
            # The real answer follows the append of PrepareAbort; a client that retries cannot tell the difference.
            fenced = self.fence(key)
            self.illegal_state = self.illegal_state or not fenced
            self.refuse(request, Error.CONCURRENT_TRANSACTIONS if fenced else Error.UNKNOWN_SERVER_ERROR)
        elif exhausted and expected in (NO_EPOCH, metadata.epoch):
            self.grant(request, self.next_id(metadata), 0, expected)
        elif expected in (NO_EPOCH, metadata.epoch):
            self.grant(request, metadata.producer_id, metadata.epoch + (1 if self.bumps_at_init else 0), expected)
        elif expected == self.last_epoch[key]:  # A retry of a bump that was answered, but not heard.
            self.append(key, TransactionMetadata(metadata.producer_id, metadata.epoch))
            send(request.client, InitProducerIdResponse(Error.NONE, metadata.producer_id, metadata.epoch))
        else:
            self.refuse(request, Error.PRODUCER_FENCED)

    @on(AddPartitionsToTxnRequest)
    def add_partitions(self, request: AddPartitionsToTxnRequest) -> None:
        require(self.pending_state[self.key(request.producer_id)] is None)  # NOTE(concurrent)
        error = self.add_to_transaction(request.producer_id, request.epoch, request.partitions, request.transaction)
        send(request.client, AddPartitionsToTxnResponse(error, request.correlation))

    @on(AddOffsetsToTxnRequest)
    def add_offsets(self, request: AddOffsetsToTxnRequest) -> None:
        require(self.pending_state[self.key(request.producer_id)] is None)  # NOTE(concurrent)
        offsets_partition = frozenset({len(self.leaders) - 1})
        error = self.add_to_transaction(request.producer_id, request.epoch, offsets_partition, request.transaction)
        send(request.client, AddOffsetsToTxnResponse(error, request.correlation))

    @on(VerifyOnlyRequest)
    def verify_partition(self, request: VerifyOnlyRequest) -> None:
        """Ignores pending_state alone: the leader's guard covers that race."""
        metadata = self.cache[self.key(request.producer_id)]
        error = Error.NONE
        if not self.has_id(request.producer_id, metadata):
            error = Error.INVALID_PRODUCER_ID_MAPPING
        elif request.epoch != metadata.epoch:
            error = Error.PRODUCER_FENCED
        elif metadata.state in PREPARED:
            error = Error.CONCURRENT_TRANSACTIONS
        elif request.partition not in metadata.partitions:
            error = Error.TRANSACTION_ABORTABLE
        send(self.leaders[request.partition], VerifyOnlyResponse(error, request.uplink))

    @on(AddPartitionRequest)
    def add_partition(self, request: AddPartitionRequest) -> None:
        """Never waits: the markers that it would wait for are answered on the same connection."""
        error = Error.CONCURRENT_TRANSACTIONS
        if self.pending_state[self.key(request.producer_id)] is None:
            new = frozenset({request.partition})
            error = self.add_to_transaction(request.producer_id, request.epoch, new, request.transaction)
        send(self.leaders[request.partition], VerifyOnlyResponse(error, request.uplink))

    @on(EndTxnRequest)
    def end_transaction(self, request: EndTxnRequest) -> None:
        key = self.key(request.producer_id)
        fenced = request.producer_id != self.cache[key].producer_id or request.epoch != self.cache[key].epoch
        pending = self.pending_state[key]
        served = pending is None or (self.exposes_fence and pending == TransactionState.PREPARE_EPOCH_FENCE)
        version_2 = self.is_version_2(request)
        require((fenced and not version_2) or served)
        error = self.ended_v2(request, key) if version_2 else self.ended(request, key)
        if error == Error.UNKNOWN_SERVER_ERROR:
            self.illegal_state = True
        if error is not None:
            self.answer_end(request, key, error)

    def is_version_2(self, request: EndTxnRequest) -> bool:
        """The client's request says so (EndTxn 5); what the server itself ends, its feature level does."""
        return self.bumps_epoch_at_end or (len(self.upgraded_clients) > 0 and request.version_2 > 0)

    def is_level_2(self) -> bool:
        return self.bumps_epoch_at_end or (len(self.upgraded_clients) > 0 and self.level_2 > 0)

    def ended(self, request: EndTxnRequest, key: TransactionalId) -> Error | None:
        """endTransactionWithTV1: an answer of Complete may belong to an earlier transaction of the same epoch."""
        metadata = self.cache[key]
        commit = request.result == TransactionResult.COMMIT
        error: Error | None = Error.NONE
        if not self.has_id(request.producer_id, metadata):
            error = Error.INVALID_PRODUCER_ID_MAPPING
        elif request.epoch != metadata.epoch and self.checks_epoch:
            error = Error.PRODUCER_FENCED
        elif commit and self.pending_state[key] == TransactionState.PREPARE_EPOCH_FENCE:
            error = Error.UNKNOWN_SERVER_ERROR  # IllegalStateException: "already a pending state".
        elif metadata.state == TransactionState.ONGOING:
            error = self.decide(key, request)  # Answered before any marker is written.
        elif metadata.state != self.complete_after(request.result) or not self.knows_end_again:
            error = Error.INVALID_TXN_STATE
        return error

    def ended_v2(self, request: EndTxnRequest, key: TransactionalId) -> Error | None:
        """endTransaction: (producer id, epoch) is one transaction, so a retry is known as one.

        In Prepare a request waits, NOTE(concurrent).
        """
        metadata = self.cache[key]
        commit = request.result == TransactionResult.COMMIT
        retry = request.producer_id == metadata.producer_id and metadata.epoch == request.epoch + 1
        last_of_id = request.producer_id == self.previous_id(metadata) and metadata.has_previous_id
        overflow_retry = last_of_id and request.epoch == self.epoch_max - 1 and metadata.epoch == 0
        error: Error | None = Error.NONE
        if not self.has_id(request.producer_id, metadata) and not overflow_retry:
            error = Error.INVALID_PRODUCER_ID_MAPPING
        elif metadata.state in COMPLETE and (retry or overflow_retry):
            if commit and metadata.state == TransactionState.COMPLETE_ABORT and self.fences_late_commit:
                error = Error.PRODUCER_FENCED
            elif metadata.state != self.complete_after(request.result) or not self.knows_end_again:
                error = Error.INVALID_TXN_STATE
        elif request.epoch != metadata.epoch or overflow_retry:  # Two epochs in Kafka; with an epoch_max of 1, one.
            error = Error.PRODUCER_FENCED
        elif commit and metadata.state != TransactionState.ONGOING:
            error = Error.INVALID_TXN_STATE
        elif commit and self.pending_state[key] == TransactionState.PREPARE_EPOCH_FENCE:
            error = Error.UNKNOWN_SERVER_ERROR  # IllegalStateException: "already a pending state".
        elif metadata.epoch >= self.epoch_max and (commit or not self.recovers_at_epoch_max):
            error = Error.UNKNOWN_SERVER_ERROR  # IllegalArgumentException: the bumped epoch is negative.
        else:  # An abort of a transaction without partitions, too.
            error = self.decide(key, request)
        return error

    def answer_end(self, request: EndTxnRequest, key: TransactionalId, error: Error) -> None:
        """Version 5 tells the client what it has from now on."""
        metadata = self.cache[key]
        if error != Error.NONE or not self.is_version_2(request):
            send(request.client, EndTxnResponse(error, request.correlation, 0, NO_EPOCH))
        elif metadata.has_next_id and self.tells_next_producer_id:
            next_id = self.following(metadata.producer_id)
            send(request.client, EndTxnResponse(error, request.correlation, next_id, 0))
        else:
            send(request.client, EndTxnResponse(error, request.correlation, metadata.producer_id, metadata.epoch))

    @action
    def abort_timed_out_transaction(self) -> None:
        """transaction.timeout.ms is longer than a running client needs: only one down or paused lets it pass, or one
        that has gone on with another transactional.id."""
        require(self.times_out)
        self.time_out(
            choose(
                key for key, holder in self.holder.items()
                if holder is not None and (suspected(holder) or holder in self.later_holders(key))
                and self.may_time_out(key)
            )
        )  # fmt: skip

    @action
    def abort_slow_transaction(self) -> None:
        """transaction.timeout.ms passes for a client that runs: so often, a spec may say."""
        require(self.timeouts < self.timeouts_max)
        key = choose(key for key in self.cache.keys() if self.may_time_out(key))
        self.timeouts += 1
        self.time_out(key)

    @action
    def abort_fenced_transaction(self) -> None:
        """The second critical section of a fence; a crash before it leaves epoch and transaction as they were."""
        key = choose(key for key, state in self.pending_state.items() if state == TransactionState.PREPARE_EPOCH_FENCE)
        metadata = self.cache[key]
        epoch = metadata.epoch + 1 if self.exposes_fence else metadata.epoch
        if self.is_level_2() and not self.fence_bumps_once:
            self.last_epoch[key] = epoch
            epoch += 1
        if epoch > self.epoch_max:
            self.pending_state[key] = None  # IllegalArgumentException: the transaction stays Ongoing.
            self.illegal_state = True
            return
        append = choose(one for one in Append if self.may_be(one))
        self.spend(append)
        if append == Append.REFUSED:
            self.pending_state[key] = None
            if self.is_level_2() and self.fence_bumps_once:  # Only the record that was refused had the next epoch.
                self.cache[key] = replace(metadata, epoch=self.last_epoch[key])
            else:
                self.failed_fence[key] = self.remembers_failed_fence
        elif append == Append.UNREPLICATED:
            self.write_ahead(key, replace(metadata, epoch=epoch, state=TransactionState.PREPARE_ABORT), 2)
        else:
            has_next_id = self.replaces_id_at_fence and epoch == self.epoch_max
            self.prepare(key, TransactionState.PREPARE_ABORT, epoch, has_next_id)

    @action
    def expire_transactional_id(self) -> None:
        """transactional.id.expiration.ms passes: a tombstone, and the next InitProducerId gets another producer id.

        It is 7 days: nothing that the last client sent is on its way any more.
        """
        require(self.expirations < self.expirations_max)
        key = choose(
            key for key, holder in self.holder.items()
            if holder is not None and quiet(holder) and self.pending_state[key] is None
            and self.cache[key].epoch != NO_EPOCH and self.cache[key].state != TransactionState.ONGOING
        )  # fmt: skip
        self.expirations += 1
        tombstone = TransactionMetadata(self.cache[key].producer_id, state=TransactionState.DEAD)
        self.state_log[key] = tombstone
        self.cache[key] = tombstone

    @action
    def replicate_state_log(self) -> None:
        """The replica that lagged has the record: it is committed, and its coordinator hears of it."""
        key = choose(key for key, lag in self.lag.items() if lag > 0)
        self.lag[key] = 0
        self.note_decision(key)
        if self.cache[key].state == TransactionState.ONGOING or self.waits_for_high_watermark:
            self.cache[key] = self.state_log[key]
            self.send_markers(key)

    @on(WriteTxnMarkersResponse)
    def complete_marker(self, response: WriteTxnMarkersResponse) -> None:
        marker = response.marker
        key = self.key(marker.producer_id)
        metadata = self.cache[key]
        if marker.coordinator_epoch != self.coordinator_epoch:  # Of an earlier term.
            self.completion_dropped[key] = not self.drops_own_markers_only
            return
        if response.partition not in self.unmarked[key]:
            return  # A second answer.
        if marker.epoch != metadata.epoch or marker.result != self.result(metadata.state):
            return  # Of an earlier transaction.
        if response.error != Error.NONE:
            self.unmarked[key] = frozenset()  # Given up; pending_state stays until the next coordinator loads.
            return
        self.unmarked[key] -= {response.partition}
        if len(self.unmarked[key]) > 0:
            self.send_marker(key, min(self.unmarked[key]))
        elif not self.completion_dropped[key]:
            # Append and completion are one step: nobody waits for an answer, so a crash between looks like one after.
            self.complete(key)

    @action
    def resend_marker(self) -> None:
        key = choose(self.unmarked.keys())
        require(len(self.unmarked[key]) > 0)
        partition = min(self.unmarked[key])
        require(quiet(self.leaders[partition]))
        self.send_marker(key, partition)

    @action
    def upgrade(self) -> None:
        """kafka-features.sh finalizes transaction.version 2; each node and client hears of it in its time."""
        require(len(self.upgraded_clients) > 0 and self.level_2 == 0)
        self.level_2 = 1
        for one in self.upgraded_clients:
            send(one, FeaturesUpdated())

    @on_restart
    def load_transactions(self) -> None:
        """loadTransactions reads to the log's end, not to the high watermark, and sends markers at once."""
        self.coordinator_epoch += 1
        for one in self.deposed:
            send(one, Resignation(self.state_log[0].epoch, self.state_log[0].state))
        lagging = choose((False, True)) if any(lag > 0 for lag in self.lag.values()) else False
        failed = choose((False, True)) if self.load_failures < self.load_failures_max else False
        if failed:
            self.load_failures += 1
        for key, metadata in self.state_log.items():
            if lagging and self.lag[key] > 0:  # The replica that does not have the record is the new leader.
                epoch = metadata.epoch + 1 - self.lag[key]
                self.state_log[key] = replace(metadata, epoch=epoch, state=TransactionState.ONGOING)
                self.lag[key] = 0
            loaded = self.state_log[key]
            if self.persists_last_epoch:
                self.last_epoch[key] = self.logged_last_epoch[key]
            if not self.persists_next_producer_id:
                skips = loaded.skips_id or loaded.has_next_id
                loaded = replace(loaded, has_next_id=False, has_previous_id=False, skips_id=skips)
            if failed:  # The exception is logged, and what was read so far published as if it were all.
                loaded = TransactionMetadata(loaded.producer_id, state=TransactionState.DEAD)
            self.cache[key] = loaded
            if loaded.state in PREPARED:
                if self.waits_for_high_watermark and self.lag[key] > 0:
                    self.pending_state[key] = self.completed(loaded.state)
                elif self.writes_markers_after_reload:
                    self.send_markers(key)
                    if loaded.state == TransactionState.PREPARE_COMMIT:
                        self.finished_for_predecessor = True
                else:
                    self.complete(key)

    def key(self, producer_id: ProducerId) -> TransactionalId:
        return producer_id % self.transactional_ids

    def following(self, producer_id: ProducerId) -> int:
        return producer_id + self.transactional_ids

    def next_id(self, metadata: TransactionMetadata) -> int:
        following = self.following(metadata.producer_id)
        return self.following(following) if metadata.skips_id else following

    def previous_id(self, metadata: TransactionMetadata) -> int:
        return metadata.producer_id - self.transactional_ids * (2 if metadata.skips_id else 1)

    def has_id(self, producer_id: ProducerId, metadata: TransactionMetadata) -> bool:
        return metadata.epoch != NO_EPOCH and metadata.producer_id == producer_id

    def is_of(self, producer_id: ProducerId, epoch: Epoch, metadata: TransactionMetadata) -> bool:
        """What a client expects can be its own: of the present id, or the last epoch of the one before."""
        last = metadata.has_previous_id and producer_id == self.previous_id(metadata)
        return producer_id == metadata.producer_id or (last and epoch >= self.epoch_max - 1)

    def grant(self, request: InitProducerIdRequest, producer_id: int, epoch: Epoch, last_epoch: Epoch) -> None:
        key = request.transactional_id
        replaced = self.cache[key].epoch != NO_EPOCH and producer_id != self.cache[key].producer_id
        self.last_epoch[key] = last_epoch
        self.holder[key] = request.client
        skips = self.cache[key].skips_id
        self.append(key, TransactionMetadata(producer_id, epoch, has_previous_id=replaced, skips_id=skips))
        send(request.client, InitProducerIdResponse(Error.NONE, producer_id, epoch))

    def refuse(self, request: InitProducerIdRequest, error: Error) -> None:
        send(request.client, InitProducerIdResponse(error, 0, NO_EPOCH))

    def add_to_transaction(
        self, producer_id: ProducerId, epoch: Epoch, new: frozenset[TopicPartition], transaction: Ghost
    ) -> Error:
        key = self.key(producer_id)
        metadata = self.cache[key]
        if not self.has_id(producer_id, metadata):
            return Error.INVALID_PRODUCER_ID_MAPPING
        if epoch != metadata.epoch and self.checks_epoch:
            return Error.PRODUCER_FENCED
        self.served_fenced = self.served_fenced or epoch < self.state_log[key].epoch
        if self.tells_apart and metadata.state != TransactionState.ONGOING:
            self.ongoing[key] = transaction
        if metadata.state != TransactionState.ONGOING or not new <= metadata.partitions:
            self.append(
                key,
                replace(metadata, state=TransactionState.ONGOING, partitions=metadata.partitions | new),
            )
        return Error.NONE

    def later_holders(self, key: TransactionalId) -> frozenset[Client]:
        return frozenset(holder for i, holder in self.holder.items() if i > key and holder is not None)

    def may_time_out(self, key: TransactionalId) -> bool:
        return self.cache[key].state == TransactionState.ONGOING and self.pending_state[key] is None

    def time_out(self, key: TransactionalId) -> None:
        if self.fences_on_timeout:
            self.fence(key)
        else:
            self.prepare(key, TransactionState.PREPARE_ABORT, self.cache[key].epoch, False)

    def fence(self, key: TransactionalId) -> bool:
        """Bumps the epoch in memory only; the abort that follows makes it durable."""
        metadata = self.cache[key]
        if metadata.epoch == self.epoch_max and not self.recovers_at_epoch_max:
            return False  # IllegalStateException: "Cannot fence producer with epoch equal to Short.MaxValue".
        kept = self.failed_fence[key] or metadata.epoch == self.epoch_max
        if not self.exposes_fence and not kept:
            self.cache[key] = replace(metadata, epoch=metadata.epoch + 1)
        self.last_epoch[key] = metadata.epoch if self.is_level_2() else NO_EPOCH
        self.pending_state[key] = TransactionState.PREPARE_EPOCH_FENCE
        return True

    def decide(self, key: TransactionalId, request: EndTxnRequest) -> Error | None:
        """A client's EndTxn. None: no answer, for the append is neither done nor refused yet."""
        metadata = self.cache[key]
        commit = request.result == TransactionResult.COMMIT
        self.served_fenced = self.served_fenced or request.epoch < self.state_log[key].epoch
        if self.tells_apart and metadata.state != TransactionState.ONGOING:  # An abort of nothing.
            self.ongoing[key] = request.transaction
        state = TransactionState.PREPARE_COMMIT if commit else TransactionState.PREPARE_ABORT
        version_2 = self.is_version_2(request)
        epoch = min(metadata.epoch + 1, self.epoch_max) if version_2 else metadata.epoch
        has_next_id = version_2 and metadata.epoch >= self.epoch_max - 1
        append = choose(one for one in Append if self.may_be(one))
        self.spend(append)
        answer: Error | None = Error.NONE
        if append == Append.COMMITTED:
            if version_2:
                self.last_epoch[key] = metadata.epoch
            self.prepare(key, state, epoch, has_next_id)
        elif append == Append.REFUSED:
            self.pending_state[key] = None if self.clears_pending_on_failure else state
            answer = Error.COORDINATOR_NOT_AVAILABLE
        elif append == Append.TIMED_OUT:
            self.state_log[key] = replace(metadata, epoch=epoch, state=state)
            self.note_decision(key)
            self.pending_state[key] = None
            answer = Error.COORDINATOR_NOT_AVAILABLE
        else:
            self.write_ahead(key, replace(metadata, epoch=epoch, state=state), epoch + 1 - metadata.epoch)
            answer = None
        return answer

    def may_be(self, append: Append) -> bool:
        if append == Append.REFUSED:
            return self.refused < self.refused_max
        if append == Append.TIMED_OUT:
            return self.timed_out < self.timed_out_max
        if append == Append.UNREPLICATED:
            return self.unreplicated < self.unreplicated_max
        return True

    def spend(self, append: Append) -> None:
        if append == Append.REFUSED:
            self.refused += 1
        elif append == Append.TIMED_OUT:
            self.timed_out += 1
        elif append == Append.UNREPLICATED:
            self.unreplicated += 1

    def write_ahead(self, key: TransactionalId, metadata: TransactionMetadata, lag: int) -> None:
        """In the leader's log, and not committed: the coordinator waits for the high watermark."""
        self.state_log[key] = metadata
        self.pending_state[key] = metadata.state
        self.lag[key] = lag

    def prepare(self, key: TransactionalId, state: TransactionState, epoch: Epoch, has_next_id: bool) -> None:
        self.failed_fence[key] = False
        self.append(key, replace(self.cache[key], epoch=epoch, state=state, has_next_id=has_next_id))
        self.note_decision(key)
        self.send_markers(key)

    def note_decision(self, key: TransactionalId) -> None:
        """PrepareCommit or PrepareAbort is committed in the state log: from now on it cannot be lost."""
        if self.tells_apart and self.state_log[key].state in PREPARED:
            one = self.ongoing[key]
            mark = COMMITTED if self.result(self.state_log[key].state) == TransactionResult.COMMIT else ABORTED
            self.decided[one] = mark if self.decided[one] in (0, mark) else BOTH

    def complete(self, key: TransactionalId) -> None:
        metadata = self.cache[key]
        state = self.completed(metadata.state)
        done = replace(metadata, state=state, partitions=frozenset(), has_next_id=False, has_previous_id=False)
        if metadata.has_next_id:
            next_id = self.following(done.producer_id)
            done = replace(done, producer_id=next_id, epoch=0, has_previous_id=True, skips_id=False)
        self.append(key, done)
        self.pending_state[key] = None

    def append(self, key: TransactionalId, metadata: TransactionMetadata) -> None:
        """NOTE(append)"""
        assert self.may_follow(self.cache[key].state, metadata.state)
        self.cache[key] = metadata
        if self.logs_ongoing or metadata.state != TransactionState.ONGOING:
            self.state_log[key] = metadata
            if self.persists_last_epoch:
                self.logged_last_epoch[key] = self.last_epoch[key]
            self.lag[key] = 0  # A record that is committed commits those before it.

    def may_follow(self, previous: TransactionState, state: TransactionState) -> bool:
        """TransactionState.validPreviousStates; PrepareEpochFence is never written."""
        if state == TransactionState.COMPLETE_COMMIT:
            return previous == TransactionState.PREPARE_COMMIT
        if state == TransactionState.COMPLETE_ABORT:
            return previous == TransactionState.PREPARE_ABORT
        if state == TransactionState.PREPARE_COMMIT:
            return previous == TransactionState.ONGOING
        if state == TransactionState.PREPARE_ABORT:
            return previous == TransactionState.ONGOING or (self.is_level_2() and previous not in PREPARED)
        if previous == TransactionState.ONGOING:
            return state == TransactionState.ONGOING
        return previous not in PREPARED

    def send_markers(self, key: TransactionalId) -> None:
        metadata = self.cache[key]
        self.pending_state[key] = self.completed(metadata.state)
        self.unmarked[key] = metadata.partitions
        if len(metadata.partitions) > 0:
            self.send_marker(key, min(metadata.partitions))
        else:
            self.complete(key)

    def send_marker(self, key: TransactionalId, partition: TopicPartition) -> None:
        metadata = self.cache[key]
        marker = Marker(metadata.producer_id, metadata.epoch, self.coordinator_epoch, self.result(metadata.state))
        send(self.leaders[partition], WriteTxnMarkersRequest(marker))

    def completed(self, state: TransactionState) -> TransactionState:
        commit = state == TransactionState.PREPARE_COMMIT
        return TransactionState.COMPLETE_COMMIT if commit else TransactionState.COMPLETE_ABORT

    def complete_after(self, wanted: TransactionResult) -> TransactionState:
        commit = wanted == TransactionResult.COMMIT
        return TransactionState.COMPLETE_COMMIT if commit else TransactionState.COMPLETE_ABORT

    def result(self, state: TransactionState) -> TransactionResult:
        commit = state == TransactionState.PREPARE_COMMIT
        return TransactionResult.COMMIT if commit else TransactionResult.ABORT
