"""The transaction coordinator: a transaction has one outcome, durable before anybody hears of it, and every partition
gets it.

Follows TransactionCoordinator, TransactionMetadata, TransactionStateManager and TransactionMarkerChannelManager of
kafka.coordinator.transaction in 3.9, with transaction version 1.
NOTE(concurrent): a request that Kafka answers CONCURRENT_TRANSACTIONS waits on its link instead, checked in the same
place and order. Its client would repeat it unchanged until it is served, and nobody else can tell the two apart.
Markers go out one partition after the other, in their order: a partition sees only its own marker, and no client acts
on more than one partition before the transaction is complete, so which partition comes first tells nobody anything.
A crash keeps what was sent: an answer is lost by the fault `lose`, and markers of the predecessor arrive before its
successor's. A running client's transaction does not time out, only that of one that is down or paused.
Not modelled: a state log that refuses or loses an append (so hasFailedEpochFence stays false), a deposed coordinator
that still answers (crash and restart, one epoch higher, stand for the move to another broker), expiry of ids,
exhausted epochs.
"""

from checker.lang import (
    Durable,
    History,
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
from model.kafka.transactions.messages import (
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
    InitProducerIdRequest,
    InitProducerIdResponse,
    Leader,
    Marker,
    ProducerId,
    TopicPartition,
    TransactionResult,
    TransactionState,
    VerifyOnlyRequest,
    VerifyOnlyResponse,
    WriteTxnMarkersRequest,
    WriteTxnMarkersResponse,
)  # fmt: skip


@struct
class TransactionMetadata:
    """The fields that a record of __transaction_state keeps."""

    epoch: Epoch = NO_EPOCH
    state: TransactionState = TransactionState.EMPTY
    partitions: frozenset[TopicPartition] = frozenset()


@actor
class TransactionCoordinator:
    leaders: tuple[Leader, ...]  # Leader of each topic partition; the offsets partition is the last one.
    writes_markers_after_reload: bool = True
    times_out: bool = True  # A client is down or paused for longer than transaction.timeout.ms.
    # Protocol generations: protocol.CHANGES says which version has what.
    bumps_epoch_at_end: bool = False
    fence_bumps_once: bool = True

    state_log: Durable[dict[ProducerId, TransactionMetadata]] = each(TransactionMetadata())
    holder: Durable[dict[ProducerId, Client | None]] = each(None)  # Who got the latest epoch.
    coordinator_epoch: Durable[CoordinatorEpoch] = 0  # The leader epoch of the state log's partition.
    cache: Volatile[dict[ProducerId, TransactionMetadata]] = each(TransactionMetadata())
    pending_state: Volatile[dict[ProducerId, TransactionState | None]] = each(None)
    last_epoch: Volatile[dict[ProducerId, Epoch]] = each(NO_EPOCH)
    unmarked: Volatile[dict[ProducerId, frozenset[TopicPartition]]] = each(frozenset())
    finished_for_predecessor: History[bool] = False

    @on(InitProducerIdRequest)
    def init_producer_id(self, request: InitProducerIdRequest) -> None:
        producer_id = request.producer_id
        require(self.pending_state[producer_id] is None)  # NOTE(concurrent)
        metadata = self.cache[producer_id]
        expected = request.expected_epoch
        if metadata.state == TransactionState.ONGOING:
            # The real answer follows the append of PrepareAbort; a client that retries cannot tell the difference.
            self.fence(producer_id)
            send(request.client, InitProducerIdResponse(Error.CONCURRENT_TRANSACTIONS, NO_EPOCH))
        elif expected == NO_EPOCH or expected == metadata.epoch:
            self.last_epoch[producer_id] = expected
            self.holder[producer_id] = request.client
            self.append(producer_id, TransactionMetadata(epoch=metadata.epoch + 1))
            send(request.client, InitProducerIdResponse(Error.NONE, metadata.epoch + 1))
        elif expected == self.last_epoch[producer_id]:  # A retry of a bump that was answered, but not heard.
            self.append(producer_id, TransactionMetadata(epoch=metadata.epoch))
            send(request.client, InitProducerIdResponse(Error.NONE, metadata.epoch))
        else:
            send(request.client, InitProducerIdResponse(Error.PRODUCER_FENCED, NO_EPOCH))

    @on(AddPartitionsToTxnRequest)
    def add_partitions(self, request: AddPartitionsToTxnRequest) -> None:
        require(self.pending_state[request.producer_id] is None)  # NOTE(concurrent)
        error = self.add_to_transaction(request.producer_id, request.epoch, request.partitions)
        send(request.client, AddPartitionsToTxnResponse(error, request.correlation))

    @on(AddOffsetsToTxnRequest)
    def add_offsets(self, request: AddOffsetsToTxnRequest) -> None:
        require(self.pending_state[request.producer_id] is None)  # NOTE(concurrent)
        offsets_partition = frozenset({len(self.leaders) - 1})
        error = self.add_to_transaction(request.producer_id, request.epoch, offsets_partition)
        send(request.client, AddOffsetsToTxnResponse(error, request.correlation))

    @on(VerifyOnlyRequest)
    def verify_partition(self, request: VerifyOnlyRequest) -> None:
        metadata = self.cache[request.producer_id]
        error = Error.NONE
        if request.epoch != metadata.epoch:
            error = Error.PRODUCER_FENCED
        elif metadata.state in (TransactionState.PREPARE_COMMIT, TransactionState.PREPARE_ABORT):
            error = (
                Error.CONCURRENT_TRANSACTIONS
            )  # pending_state alone is ignored: the leader's guard covers that race.
        elif request.partition not in metadata.partitions:
            error = Error.TRANSACTION_ABORTABLE
        send(self.leaders[request.partition], VerifyOnlyResponse(error))

    @on(AddPartitionRequest)
    def add_partition(self, request: AddPartitionRequest) -> None:
        """Never waits: the markers that it would wait for are answered on the same connection."""
        error = Error.CONCURRENT_TRANSACTIONS
        if self.pending_state[request.producer_id] is None:
            error = self.add_to_transaction(request.producer_id, request.epoch, frozenset({request.partition}))
        send(self.leaders[request.partition], VerifyOnlyResponse(error))

    @on(EndTxnRequest)
    def end_transaction(self, request: EndTxnRequest) -> None:
        fenced = request.epoch != self.cache[request.producer_id].epoch
        require((fenced and not self.bumps_epoch_at_end) or self.pending_state[request.producer_id] is None)
        error = self.ended_v2(request) if self.bumps_epoch_at_end else self.ended(request)
        told = error == Error.NONE and self.bumps_epoch_at_end
        epoch = self.cache[request.producer_id].epoch if told else NO_EPOCH
        send(request.client, EndTxnResponse(error, request.correlation, epoch))

    def ended(self, request: EndTxnRequest) -> Error:
        """endTransactionWithTV1: an answer of Complete may belong to an earlier transaction of the same epoch."""
        metadata = self.cache[request.producer_id]
        commit = request.result == TransactionResult.COMMIT
        error = Error.NONE
        if request.epoch != metadata.epoch:
            error = Error.PRODUCER_FENCED
        elif metadata.state == TransactionState.ONGOING:
            self.prepare(request.producer_id, request.result, metadata.epoch)  # Answered before any marker is written.
        elif metadata.state == TransactionState.EMPTY:
            error = Error.INVALID_TXN_STATE
        elif commit != (metadata.state == TransactionState.COMPLETE_COMMIT):
            error = (
                Error.INVALID_TXN_STATE
            )  # Else a retry; TV1 cannot tell it from a request of an earlier transaction.
        return error

    def ended_v2(self, request: EndTxnRequest) -> Error:
        """endTransaction: (producer id, epoch) is one transaction, so a retry is known as one.

        In Prepare a request waits, NOTE(concurrent).
        """
        metadata = self.cache[request.producer_id]
        commit = request.result == TransactionResult.COMMIT
        complete = metadata.state in (TransactionState.COMPLETE_COMMIT, TransactionState.COMPLETE_ABORT)
        error = Error.NONE
        if complete and metadata.epoch == request.epoch + 1:
            if commit != (metadata.state == TransactionState.COMPLETE_COMMIT):
                error = Error.INVALID_TXN_STATE
        elif request.epoch != metadata.epoch:
            error = Error.PRODUCER_FENCED
        elif commit and metadata.state != TransactionState.ONGOING:
            error = Error.INVALID_TXN_STATE
        else:  # An abort of a transaction without partitions, too.
            self.last_epoch[request.producer_id] = metadata.epoch
            self.prepare(request.producer_id, request.result, metadata.epoch + 1)
        return error

    @action
    def abort_timed_out_transaction(self) -> None:
        """transaction.timeout.ms is longer than a running client needs: only one down or paused lets it pass, or one
        that has gone on with another transactional.id."""
        require(self.times_out)
        producer_id = choose(
            i for i, holder in self.holder.items()
            if holder is not None and (suspected(holder) or holder in self.later_holders(i))
            and self.cache[i].state == TransactionState.ONGOING and self.pending_state[i] is None
        )  # fmt: skip
        self.fence(producer_id)

    @action
    def abort_fenced_transaction(self) -> None:
        """The second critical section of a fence; a crash before it leaves epoch and transaction as they were."""
        producer_id = choose(
            i for i, state in self.pending_state.items() if state == TransactionState.PREPARE_EPOCH_FENCE
        )
        epoch = self.cache[producer_id].epoch
        if self.bumps_epoch_at_end and not self.fence_bumps_once:
            self.last_epoch[producer_id] = epoch
            epoch += 1
        self.prepare(producer_id, TransactionResult.ABORT, epoch)

    @on(WriteTxnMarkersResponse)
    def complete_marker(self, response: WriteTxnMarkersResponse) -> None:
        marker = response.marker
        producer_id = marker.producer_id
        metadata = self.cache[producer_id]
        if marker.coordinator_epoch != self.coordinator_epoch or response.partition not in self.unmarked[producer_id]:
            return  # Of an earlier term, or a second answer.
        if marker.epoch != metadata.epoch or marker.result != self.result(metadata.state):
            return  # Of an earlier transaction.
        if response.error != Error.NONE:
            self.unmarked[producer_id] = frozenset()  # Given up; pending_state stays until the next coordinator loads.
            return
        self.unmarked[producer_id] -= {response.partition}
        if len(self.unmarked[producer_id]) > 0:
            self.send_marker(producer_id, min(self.unmarked[producer_id]))
        else:
            # Append and completion are one step: nobody waits for an answer, so a crash between looks like one after.
            self.complete(producer_id)

    @action
    def resend_marker(self) -> None:
        producer_id = choose(self.unmarked.keys())
        require(len(self.unmarked[producer_id]) > 0)
        partition = min(self.unmarked[producer_id])
        require(quiet(self.leaders[partition]))
        self.send_marker(producer_id, partition)

    @on_restart
    def load_transactions(self) -> None:
        self.coordinator_epoch += 1
        for producer_id, metadata in self.state_log.items():
            self.cache[producer_id] = metadata
            if metadata.state in (TransactionState.PREPARE_COMMIT, TransactionState.PREPARE_ABORT):
                if self.writes_markers_after_reload:
                    self.send_markers(producer_id)
                    if metadata.state == TransactionState.PREPARE_COMMIT:
                        self.finished_for_predecessor = True
                else:
                    self.complete(producer_id)

    def add_to_transaction(self, producer_id: ProducerId, epoch: Epoch, new: frozenset[TopicPartition]) -> Error:
        metadata = self.cache[producer_id]
        if epoch != metadata.epoch:
            return Error.PRODUCER_FENCED
        if metadata.state != TransactionState.ONGOING or not new <= metadata.partitions:
            self.append(producer_id, TransactionMetadata(epoch, TransactionState.ONGOING, metadata.partitions | new))
        return Error.NONE

    def later_holders(self, producer_id: ProducerId) -> frozenset[Client]:
        return frozenset(holder for i, holder in self.holder.items() if i > producer_id and holder is not None)

    def fence(self, producer_id: ProducerId) -> None:
        """Bumps the epoch in memory only; the abort that follows makes it durable."""
        metadata = self.cache[producer_id]
        self.cache[producer_id] = replace(metadata, epoch=metadata.epoch + 1)
        self.last_epoch[producer_id] = metadata.epoch if self.bumps_epoch_at_end else NO_EPOCH
        self.pending_state[producer_id] = TransactionState.PREPARE_EPOCH_FENCE

    def prepare(self, producer_id: ProducerId, result: TransactionResult, epoch: Epoch) -> None:
        commit = result == TransactionResult.COMMIT
        state = TransactionState.PREPARE_COMMIT if commit else TransactionState.PREPARE_ABORT
        self.append(producer_id, replace(self.cache[producer_id], epoch=epoch, state=state))
        self.send_markers(producer_id)

    def complete(self, producer_id: ProducerId) -> None:
        metadata = self.cache[producer_id]
        self.append(producer_id, replace(metadata, state=self.completed(metadata.state), partitions=frozenset()))
        self.pending_state[producer_id] = None

    def append(self, producer_id: ProducerId, metadata: TransactionMetadata) -> None:
        """Append, completion of the transition and answer are one step: a client that sees less has lost the answer."""
        assert self.may_follow(self.state_log[producer_id].state, metadata.state)
        assert metadata.epoch >= self.state_log[producer_id].epoch
        self.state_log[producer_id] = metadata
        self.cache[producer_id] = metadata

    def may_follow(self, previous: TransactionState, state: TransactionState) -> bool:
        """TransactionState.validPreviousStates; PrepareEpochFence is never written."""
        if state == TransactionState.COMPLETE_COMMIT:
            return previous == TransactionState.PREPARE_COMMIT
        if state == TransactionState.COMPLETE_ABORT:
            return previous == TransactionState.PREPARE_ABORT
        if state == TransactionState.PREPARE_COMMIT:
            return previous == TransactionState.ONGOING
        if state == TransactionState.PREPARE_ABORT:
            prepared = previous in (TransactionState.PREPARE_COMMIT, TransactionState.PREPARE_ABORT)
            return previous == TransactionState.ONGOING or (self.bumps_epoch_at_end and not prepared)
        if previous == TransactionState.ONGOING:
            return state == TransactionState.ONGOING
        return previous not in (TransactionState.PREPARE_COMMIT, TransactionState.PREPARE_ABORT)

    def send_markers(self, producer_id: ProducerId) -> None:
        metadata = self.cache[producer_id]
        self.pending_state[producer_id] = self.completed(metadata.state)
        self.unmarked[producer_id] = metadata.partitions
        if len(metadata.partitions) > 0:
            self.send_marker(producer_id, min(metadata.partitions))
        else:
            self.complete(producer_id)

    def send_marker(self, producer_id: ProducerId, partition: TopicPartition) -> None:
        metadata = self.cache[producer_id]
        result = self.result(metadata.state)
        send(
            self.leaders[partition],
            WriteTxnMarkersRequest(Marker(producer_id, metadata.epoch, self.coordinator_epoch, result)),
        )

    def completed(self, state: TransactionState) -> TransactionState:
        commit = state == TransactionState.PREPARE_COMMIT
        return TransactionState.COMPLETE_COMMIT if commit else TransactionState.COMPLETE_ABORT

    def result(self, state: TransactionState) -> TransactionResult:
        commit = state == TransactionState.PREPARE_COMMIT
        return TransactionResult.COMMIT if commit else TransactionResult.ABORT
