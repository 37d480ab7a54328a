"""A read-process-write application with its transactional producer: what one input record causes takes effect in one
transaction.

Follows the client's side of org.apache.kafka.clients.producer.internals.TransactionManager and Sender (``protocol``
says what which version does) and the loop of KIP-98: initTransactions, position from the committed offset, then for
each record beginTransaction, send to every output partition, sendOffsetsToTransaction, commitTransaction.
One transactional request is in flight at a time; records leave in the flush of commitTransaction (linger.ms). A
request timeout is longer than an answer takes: a request is repeated when nothing is on its way to or from this
process (`quiet`), and what a handler sends next is part of its step, since a process that stops between the two looks
like one whose request is still on its way.
A transaction of one record (`batches` 1) sends one batch to each partition, one after the other, each when the one
before is resolved; so the pair of outcomes (refused by the first leader, appended by the second) does not arise. With
more records the batches leave as max.in.flight.requests.per.connection allows, on one connection for each partition
(RecordAccumulator.drainBatchesForOneNode, TransactionManager.canRetry, TxnPartitionMap). After an abort the position is
fetched again, as from a consumer that seeks to the committed offset.
A consumer that subscribes is told its partition before the producer is initialised (one that has its producer already
fences nobody either way), and that it has lost it by its next commit alone: it may be a zombie till then.
With `offsets: checkpoint` it is the Kafka half of Flink's KafkaSink: a transactional.id for each checkpoint, the commit
only when the checkpoint is complete, and KafkaCommitter.commit's reactions. A local store is that of Kafka Streams.
The client asks for its next epoch (KIP-360) after a lost mapping, when a batch expires that was never sent, and when
one fails while the transaction is not completing (`awaits_sends`); a failure while completing asks for none.
Not modelled: FindCoordinator (but for a broker that still names a deposed coordinator), batches of several records. A
process that comes back after a crash starts when what it had asked before is served; what outlives that is the fault
`delay`. A replacement starts only once the first instance has its epoch, and an application that closes its producer
has the new one at once.
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
    ignore,
    on,
    on_restart,
    quiet,
    require,
    send,
    struct,
)
from model.kafka.transactions.messages import (
    ABORTED,
    COMMITTED,
    NO_EPOCH,
    NO_GENERATION,
    STOPPED,
    AcknowledgedSequence,
    AddOffsetsToTxnRequest,
    AddOffsetsToTxnResponse,
    AddPartitionsToTxnRequest,
    AddPartitionsToTxnResponse,
    Attempt,
    Batch,
    BatchNumber,
    BatchSlot,
    BatchStatus,
    Client,
    ClientBump,
    Connection,
    Copies,
    Correlation,
    EndTxnRequest,
    EndTxnResponse,
    Epoch,
    Error,
    FeaturesUpdated,
    Generation,
    Ghost,
    GhostOutcome,
    Incarnation,
    InitProducerIdRequest,
    InitProducerIdResponse,
    JoinGroupRequest,
    JoinGroupResponse,
    OffsetCommitInTransaction,
    OffsetCommitRequest,
    OffsetCommitResponse,
    OffsetFetchRequest,
    OffsetFetchResponse,
    OutputPartition,
    Position,
    ProduceRequest,
    ProduceResponse,
    ProducerId,
    Record,
    Resignation,
    Sequence,
    StartReplacement,
    TopicPartition,
    TransactionalId,
    TransactionResult,
    TxnOffsetCommitRequest,
    TxnOffsetCommitResponse,
    Upgraded,
)  # fmt: skip


class Offsets(Enum):
    """How the position in the input is stored."""

    TRANSACTION = "transaction"
    AFTER = "after"  # commitSync() when the transaction has committed.
    BEFORE = "before"  # commitSync() before the transaction begins.
    CHECKPOINT = "checkpoint"  # In the process's own state, with the transaction to be committed: Flink's KafkaSink.


class LocalStore(Enum):
    """State that each record updates on the disk of the process, with a changelog among the output partitions."""

    NONE = "none"
    TRUSTED = "trusted"  # A process that starts goes on with what it finds.
    WIPED = "wiped"  # It empties the store, and fills it from the committed part of the changelog.


@struct
class PreCommitted:
    """What a checkpoint keeps of a transaction: KafkaCommittable, and the position behind its records."""

    producer_id: ProducerId
    epoch: Epoch
    offset: Position


class AfterCommitTimeout(Enum):
    """What the application does when commitTransaction() throws a TimeoutException: the outcome is not known."""

    RETRY = "retry"  # The same call on the same producer.
    RESUME = "resume"  # A new producer, and the position from the committed offset.
    REPROCESS = "reprocess"  # A new producer, and the same records again, as if nothing had been committed.
    GO_ON = "go_on"  # A new producer, and the next records, as if the commit had succeeded.


class Stage(Enum):
    """Which answer the process waits for."""

    NOT_STARTED = "not started"
    JOINING = "joining its group"
    INITIALIZING = "initializing"
    FETCHING_OFFSET = "fetching its offset"
    ADDING_PARTITIONS = "adding partitions"
    ADDING_OFFSETS = "adding offsets"
    SENDING_OFFSETS = "sending offsets"
    PRODUCING = "producing"
    CHECKPOINTING = "waiting for its checkpoint"
    PRE_COMMITTED = "waiting for the notice that its checkpoint is complete"
    COMMITTING = "committing"
    ABORTING = "aborting"
    COMMITTING_OFFSET = "committing its offset"
    CLOSING = "closing its consumer"
    WITHOUT_PARTITION = "without a partition to read"
    FATAL_ERROR = "stopped by a fatal error"
    GAVE_UP = "gave up after so many transactions"
    DONE = "done"


# In a transaction whose commit is not asked for.
UNDECIDED = (
    Stage.ADDING_PARTITIONS, Stage.ADDING_OFFSETS, Stage.SENDING_OFFSETS, Stage.PRODUCING, Stage.ABORTING,
)  # fmt: skip
# What becomes of a batch where several are in flight. Numbers, not an Enum: no bits where one follows the other.
UNSENT = 0
OUTSTANDING = 1
IN_RETRY = 2  # It has its sequence, and waits to be sent again.
RESOLVED = 3
DROPPED = 4  # Failed, and its sequence is taken back; or it is not in this transaction.
BEHIND = 5  # Outstanding, and sent again behind the one that follows it.
IN_FLIGHT = (OUTSTANDING, BEHIND)
RETRIABLE = (Error.NOT_ENOUGH_REPLICAS, Error.NOT_LEADER_OR_FOLLOWER)  # Of what a Produce is answered.

ENDED = (Stage.NOT_STARTED, Stage.WITHOUT_PARTITION, Stage.FATAL_ERROR, Stage.GAVE_UP, Stage.DONE)  # Or not begun.


@actor
class Application:
    _resignation = ignore(Resignation, because="it is for a deposed coordinator, and most specs have none")

    me: ActorId
    transactional_id: TransactionalId
    coordinator: Annotated[ActorId, Of("TransactionCoordinator")]
    deposed: tuple[ActorId, ...] = ()  # A coordinator that is none any more, and that may be asked instead.
    leaders: tuple[Annotated[ActorId, Of("PartitionLeader")], ...]  # Of the output partitions.
    offsets_partition: Annotated[ActorId, Of("OffsetsPartition")]
    attempts: Annotated[int, UpTo(8)]  # Copies of one request to be told apart: two, and one for each lost message.
    transactions: Annotated[int, UpTo(16)]  # It gives up after so many.
    upgrades: bool = False  # The cluster, to transaction version 2, while this process runs.
    tells_apart: bool = False  # Each transaction has an identity, for the guarantees.
    first_ghost: Ghost = 0
    batches: Annotated[int, UpTo(3)] = 1  # Records of one transaction: so many batches to each output partition.
    connections_break: bool = False  # A batch says which one is before it on its connection.
    first_connection: Connection = 0  # The number of its first one, to each leader.
    in_flight_max: Annotated[int, UpTo(5)] = 1  # max.in.flight.requests.per.connection
    records: Position  # How many the input partition holds: record i at offset i.
    replacement: Client | None = None  # The instance that the platform starts when it takes this one for dead.
    is_replacement: bool = False
    offsets: Offsets = Offsets.TRANSACTION
    local_store: LocalStore = LocalStore.NONE
    subscribes: bool = False  # subscribe(): the group's coordinator says when the input partition is this instance's.
    sends_group_metadata: bool = True  # sendOffsetsToTransaction(offsets, groupMetadata()), KIP-447.
    unsent_expirations: Annotated[int, UpTo(1)] = 0  # Likewise, for a batch that waits for AddPartitionsToTxn.
    reprocesses: bool = False  # After an abort it goes on with what it has in hand, not at the committed offset.
    commits_offset_on_close: bool = False  # enable.auto.commit left on: close() commits the position of the consumer.
    fetches_offset_first: bool = False  # The consumer is positioned before initTransactions().
    seeks_after_abort: bool = True  # To the committed offset: the position of a consumer is not wound back by itself.
    # It waits for the futures of its sends before commitTransaction(): if one fails, the transaction is not completing.
    awaits_sends: bool = False
    fails_with_its_sends: bool = True  # A record that fails moves the producer to ABORTABLE_ERROR.
    after_commit_timeout: AfterCommitTimeout = AfterCommitTimeout.RETRY
    starts_again_if_fenced: bool = False  # TaskMigratedException: another producer, from the committed offset on.
    new_id_at_restart: bool = False  # Its transactional.id is random.
    expirations: Annotated[int, UpTo(1)] = 0  # How often delivery.timeout.ms passes in a process.
    commit_timeouts: Annotated[int, UpTo(1)] = 0  # How often max.block.ms passes in commitTransaction().
    aborts: Annotated[int, UpTo(1)] = 0  # How often the application aborts for a reason of its own.
    # Protocol generations: protocol.CHANGES says which version has what.
    bumps_epoch: bool = True
    mapping_error_is_fatal: bool = False
    bumps_at_upgrade: bool = True
    adds_partitions: bool = True  # AddPartitionsToTxn and AddOffsetsToTxn before the first use: not in version 2.

    incarnation: Durable[Incarnation] = 0  # Of the process, where each has a transactional.id of its own.
    checkpoint: Durable[PreCommitted | None] = None
    store: Durable[dict[Record, Copies]] = each(0)  # How often each record is applied to the local store.
    begun: Durable[Ghost] = 0  # Transactions, of all its processes, where they are told apart.
    stage: Volatile[Stage] = Stage.NOT_STARTED
    producer_id: Volatile[ProducerId] = 0
    epoch: Volatile[Epoch] = NO_EPOCH
    generation: Volatile[Generation] = NO_GENERATION
    position: Volatile[Position] = 0
    sequences: Volatile[dict[OutputPartition, Sequence]] = each(0)  # Of the next batch.
    version_2: Volatile[Upgraded] = 0  # isTransactionV2Enabled, where the cluster is upgraded as it runs
    knows_of_upgrade: Volatile[Upgraded] = 0
    switches: Volatile[Upgraded] = 0  # To version 2, when the present transaction has ended.
    correlation: Volatile[Correlation] = 0  # Transactions begun.
    produced: Volatile[TopicPartition] = 0  # Output partitions whose batch of this transaction is resolved.
    # Where `batches` are more than one: batch number i to partition p is in slot p * batches + i.
    status: Volatile[dict[BatchSlot, BatchStatus]] = each(0)
    acknowledged_below: Volatile[dict[OutputPartition, AcknowledgedSequence]] = each(0)  # lastAckedSequence + 1
    # Which copy of a request is the latest: the client has closed the connections of the older ones, and a leader that
    # verifies may still hold one of them when nothing is on its way.
    attempt: Volatile[Attempt] = 0
    failed: Volatile[bool] = False  # ABORTABLE_ERROR
    bump_required: Volatile[ClientBump] = 0  # clientSideEpochBumpRequired, epochBumpRequired before 4.0
    expired: Volatile[Annotated[int, UpTo(1), Counts("delivery_timeout")]] = 0
    timed_out: Volatile[Annotated[int, UpTo(1), Counts("commit_timeout")]] = 0
    aborted: Volatile[Annotated[int, UpTo(1), Counts("application_abort")]] = 0
    confirmed: History[frozenset[Record]] = (
        frozenset()
    )  # commitTransaction() returned (where somebody may say so wrongly).
    told: History[dict[Ghost, GhostOutcome]] = each(0)  # What became of each transaction, as far as it was told.
    unacknowledged: History[GhostOutcome] = 0  # A send of the present transaction has failed, and the client goes on.
    keeps_position: Volatile[bool] = False  # The new producer goes on where the old one was.

    @on_restart
    def take_new_id(self) -> None:
        if self.new_id_at_restart:
            self.incarnation += 1

    @action
    def start(self) -> None:
        require(self.stage == Stage.NOT_STARTED and not self.is_replacement)
        require(self.all_quiet())  # After a crash: what it had asked before is served, or is the fault `delay`.
        checkpoint = self.checkpoint
        if checkpoint is not None:  # KafkaCommitter commits what the checkpoint holds, once more or for the first time.
            self.producer_id = checkpoint.producer_id
            self.epoch = checkpoint.epoch
            self.position = checkpoint.offset - 1
            self.request(Stage.COMMITTING)
        elif self.subscribes:
            self.request(Stage.JOINING)
        else:
            self.begin()

    @on(StartReplacement)
    def start_as_replacement(self, message: StartReplacement) -> None:
        """At any time after the first instance: the platform may be wrong about it, and it may wake up later."""
        self.begin()

    @on(JoinGroupResponse)
    def take_assignment(self, response: JoinGroupResponse) -> None:
        """An instance that waits for a partition is told when a rebalance gives it one."""
        assert self.stage in (Stage.NOT_STARTED, Stage.JOINING)
        if response.generation == NO_GENERATION:
            self.end(Stage.WITHOUT_PARTITION)
            return
        self.generation = response.generation
        if self.epoch == NO_EPOCH:
            self.begin()
        else:
            self.request(Stage.FETCHING_OFFSET)

    @action
    def retry(self) -> None:
        require(self.stage not in ENDED)
        require(self.stage not in (Stage.CHECKPOINTING, Stage.PRE_COMMITTED) and self.all_quiet())
        if self.stage in (Stage.SENDING_OFFSETS, Stage.PRODUCING):
            self.attempt = (self.attempt + 1) % self.attempts
        if self.stage == Stage.PRODUCING and self.batches > 1:  # The connections are closed, and each request failed.
            for slot in self.status.keys():
                if self.status[slot] in IN_FLIGHT:
                    self.status[slot] = IN_RETRY
        self.transmit()

    @on(InitProducerIdResponse)
    def adopt_epoch(self, response: InitProducerIdResponse) -> None:
        if self.stage != Stage.INITIALIZING:
            return
        if response.error == Error.CONCURRENT_TRANSACTIONS:
            self.transmit()
            return
        if response.error != Error.NONE:
            self.stop()
            return
        first = self.epoch == NO_EPOCH and self.timed_out == 0
        if first and self.replacement is not None:
            send(self.replacement, StartReplacement())  # One that never came up needs none.
        self.adopt(response.producer_id, response.epoch)
        if self.asks_for_bump() and self.bump_required > 0:
            self.bump_required = 0
            self.go_on_after_abort()
            return
        keeps_position = self.keeps_position or self.offsets == Offsets.CHECKPOINT
        if keeps_position or (first and self.fetches_offset_first) or (not first and self.reprocesses):
            self.keeps_position = False
            self.poll()
        else:
            self.request(Stage.FETCHING_OFFSET)

    @on(FeaturesUpdated)
    def hear_of_upgrade(self, message: FeaturesUpdated) -> None:
        if self.stage not in ENDED:
            self.knows_of_upgrade = 1

    @on(OffsetFetchResponse)
    def seek(self, response: OffsetFetchResponse) -> None:
        if self.stage != Stage.FETCHING_OFFSET:
            return
        if response.error == Error.UNSTABLE_OFFSET_COMMIT:
            self.transmit()
            return
        self.position = response.offset
        if self.local_store == LocalStore.WIPED:
            for record in self.store.keys():
                self.store[record] = 1 if record < response.offset else 0
        if self.epoch == NO_EPOCH:
            self.request(Stage.INITIALIZING)
        else:
            self.poll()

    @on(AddPartitionsToTxnResponse)
    def partitions_added(self, response: AddPartitionsToTxnResponse) -> None:
        if self.awaits(Stage.ADDING_PARTITIONS, response.correlation, response.error):
            self.request(Stage.ADDING_OFFSETS if self.offsets == Offsets.TRANSACTION else Stage.PRODUCING)

    @on(AddOffsetsToTxnResponse)
    def offsets_added(self, response: AddOffsetsToTxnResponse) -> None:
        if self.awaits(Stage.ADDING_OFFSETS, response.correlation, response.error):
            self.request(Stage.SENDING_OFFSETS)

    @on(TxnOffsetCommitResponse)
    def offsets_sent(self, response: TxnOffsetCommitResponse) -> None:
        if self.stage != Stage.SENDING_OFFSETS or self.is_old(
            response.producer_id, response.epoch, response.correlation, response.attempt
        ):
            return
        if response.error in (Error.COORDINATOR_LOAD_IN_PROGRESS, Error.CONCURRENT_TRANSACTIONS):
            return  # retry() sends it again.
        if response.error in (
            Error.NONE,
            Error.TRANSACTION_ABORTABLE,
            Error.ILLEGAL_GENERATION,
            Error.UNKNOWN_MEMBER_ID,
        ):
            self.failed = response.error != Error.NONE
            self.proceed()
        else:
            self.meet(response.error)

    @on(ProduceResponse)
    def acknowledged(self, response: ProduceResponse) -> None:
        if self.stage != Stage.PRODUCING or self.is_old(
            response.producer_id, response.epoch, response.correlation, response.attempt
        ):
            return
        if self.batches > 1:
            self.batch_answered(response)
            return
        if response.partition != self.produced:
            return
        if response.error in RETRIABLE or response.error == Error.OUT_OF_ORDER_SEQUENCE_NUMBER:
            return  # retry() sends it again; the latter until what is missing before it has arrived.
        fatal = response.error == Error.INVALID_PRODUCER_ID_MAPPING and self.mapping_error_is_fatal
        if fatal or (response.error == Error.INVALID_TXN_STATE and self.starts_again_if_fenced):
            self.stop()  # The latter the application makes fatal: its thread dies of what its callback is told.
            return
        if response.error == Error.NONE:
            self.sequences[self.produced] += 1
        else:
            # The sequence is taken back (adjustSequencesDueToFailedBatch). While completing, no epoch bump is asked for
            # (maybeTransitionToErrorState).
            self.fail_send()
        self.produced += 1
        self.proceed()

    def batch_answered(self, response: ProduceResponse) -> None:
        """Sender.completeBatch, where others are in flight behind this one."""
        partition = response.partition
        slot = partition * self.batches + response.number
        if self.status[slot] not in IN_FLIGHT or self.answer_before_is_missing(slot):
            return
        sequence = self.sequence_of(partition, response.number)
        gap = response.error == Error.OUT_OF_ORDER_SEQUENCE_NUMBER and sequence != self.acknowledged_below[partition]
        if response.error == Error.INVALID_PRODUCER_ID_MAPPING and self.mapping_error_is_fatal:
            self.stop()
            return
        if response.error in RETRIABLE or gap:  # What is missing before it may still arrive.
            self.status[slot] = IN_RETRY
        elif response.error == Error.NONE:
            self.status[slot] = RESOLVED
            self.acknowledged_below[partition] = max(self.acknowledged_below[partition], sequence + 1)
        else:  # adjustSequencesDueToFailedBatch: what follows it moves up.
            self.status[slot] = DROPPED
            self.sequences[partition] -= 1
            self.fail_send()
        self.order(partition)
        self.drain(partition)
        if all(self.is_over(status) for status in self.status.values()):
            self.produced = len(self.leaders)
            self.proceed()

    def fail_send(self) -> None:
        if self.tells_apart and not self.fails_with_its_sends:
            self.unacknowledged = 1
        self.failed = self.fails_with_its_sends
        if self.awaits_sends and self.bumps_epoch and self.adds_partitions and self.version_2 == 0:
            self.bump_required = 1

    def answer_before_is_missing(self, slot: BatchSlot) -> bool:
        """What was sent before it on the connection has no answer: that is lost, and so is the connection."""
        number = slot % self.batches
        if self.status[slot] == BEHIND:
            return any(self.status[slot - number + i] == OUTSTANDING for i in range(self.batches) if i > number)
        return any(self.status[slot - number + i] == OUTSTANDING for i in range(self.batches) if i < number)

    def order(self, partition: OutputPartition) -> None:
        """What is alone in flight is behind nothing."""
        first = partition * self.batches
        if not any(self.status[first + i] == OUTSTANDING for i in range(self.batches)):
            for i in range(self.batches):
                if self.status[first + i] == BEHIND:
                    self.status[first + i] = OUTSTANDING

    def is_over(self, status: BatchStatus) -> bool:
        """When a transaction fails, what has no sequence yet is dropped (RecordAccumulator.abortUndrainedBatches)."""
        return status in (RESOLVED, DROPPED) or (self.failed and status == UNSENT)

    def sequence_of(self, partition: OutputPartition, number: BatchNumber) -> int:
        """The next sequence of the partition, less the batches from this one on that have one."""
        first = partition * self.batches
        counted = (OUTSTANDING, BEHIND, IN_RETRY, RESOLVED)
        return self.sequences[partition] - sum(
            1 for i in range(self.batches) if i >= number and self.status[first + i] in counted
        )

    def drain(self, partition: OutputPartition) -> None:
        """What may leave now. One that is sent again has to be the first in flight of its partition: until it is
        resolved, nothing else of the partition leaves (RecordAccumulator.shouldStopDrainBatchesForPartition)."""
        first = partition * self.batches
        if any(self.status[first + i] == IN_RETRY for i in range(self.batches)):
            number = min(i for i in range(self.batches) if self.status[first + i] in (OUTSTANDING, BEHIND, IN_RETRY))
            if self.status[first + number] == IN_RETRY:
                self.send_batch(partition, number)
            return
        for i in range(self.batches):
            in_flight = sum(1 for j in range(self.batches) if self.status[first + j] in IN_FLIGHT)
            if self.status[first + i] == UNSENT and not self.failed and in_flight < self.in_flight_max:
                self.sequences[partition] += 1
                self.send_batch(partition, i)

    def send_batch(self, partition: OutputPartition, number: BatchNumber) -> None:
        sequence = self.sequences[partition]
        connection = 0
        behind = 0
        if self.batches > 1:
            first = partition * self.batches
            connection = self.first_connection + self.attempt
            before = max((i for i in range(self.batches) if self.status[first + i] == OUTSTANDING), default=-1)
            behind = before + 1 if self.connections_break else 0
            self.status[first + number] = BEHIND if before > number else OUTSTANDING
            sequence = self.sequence_of(partition, number)
        record = self.position + number
        batch = Batch(
            self.me, self.producer_id, self.epoch, sequence, record, self.correlation, self.attempt, number,
            self.ghost(), self.version_2,
        )  # fmt: skip
        send(self.leaders[partition], ProduceRequest(batch, connection, behind))

    @action
    def abort_transaction(self) -> None:
        """The application gives up this transaction: what is on its way is waited for, then EndTxn(ABORT) follows."""
        require(self.stage == Stage.PRODUCING and self.aborted < self.aborts)
        self.aborted += 1
        self.failed = True

    @action
    def expire_batch(self) -> None:
        """delivery.timeout.ms passes while the request is in flight; the request itself is not taken back.

        Only a first attempt: after a retry the sequence is marked unresolved, and the client bumps its epoch.
        """
        require(self.stage == Stage.PRODUCING and self.expired < self.expirations)
        require(self.attempt == 0)
        self.expired += 1
        self.fail_send()
        self.sequences[self.produced] += 1  # Not taken back.
        self.produced += 1
        self.proceed()

    @action
    def expire_unsent_batch(self) -> None:
        """delivery.timeout.ms passes while AddPartitionsToTxn gets no answer: abortable, and the request is dropped.

        EndTxn is not sent, for nothing is known to be added (transactionStarted); the transaction is not completing, so
        the client asks for its next epoch (KIP-360).
        """
        require(self.stage == Stage.ADDING_PARTITIONS and self.expired < self.unsent_expirations and self.bumps_epoch)
        require(quiet(self.coordinator))
        self.expired += 1
        if self.fails_with_its_sends:
            self.request(Stage.INITIALIZING)
        else:
            self.commit_without_records()

    def commit_without_records(self) -> None:
        """The client of TXN-14: no partition is registered, so without offsets the commit succeeds with no request."""
        self.produced = len(self.leaders)
        if self.offsets == Offsets.TRANSACTION:
            self.request(Stage.ADDING_OFFSETS)
            return
        self.position = self.end_of_transaction()
        if self.offsets == Offsets.AFTER:
            self.request(Stage.COMMITTING_OFFSET)
        else:
            self.poll()

    @action
    def time_out_commit(self) -> None:
        """max.block.ms passes in commitTransaction(), and the application closes the producer."""
        require(self.stage == Stage.COMMITTING and self.timed_out < self.commit_timeouts)
        self.timed_out += 1
        if self.after_commit_timeout == AfterCommitTimeout.GO_ON:
            self.position = self.end_of_transaction()
        self.keeps_position = self.after_commit_timeout != AfterCommitTimeout.RESUME
        self.epoch = NO_EPOCH
        self.request(Stage.INITIALIZING)

    @on(EndTxnResponse)
    def transaction_ended(self, response: EndTxnResponse) -> None:
        if self.stage not in (Stage.COMMITTING, Stage.ABORTING):
            return
        if not self.is_dropped(response) and not self.awaits(self.stage, response.correlation, response.error):
            return
        if self.tells_apart:
            self.told[self.ghost()] = COMMITTED if self.stage == Stage.COMMITTING else ABORTED
        if response.epoch != NO_EPOCH:
            self.adopt(response.producer_id, response.epoch)
        if self.stage == Stage.ABORTING:
            self.failed = False
            if self.asks_for_bump() and (self.switch_version() or self.bump_required > 0):
                self.bump_required = 1
                self.request(Stage.INITIALIZING)
            else:
                self.go_on_after_abort()
        else:
            if len(self.deposed) > 0:
                self.confirmed |= {self.position}
            self.position = self.end_of_transaction()
            if self.upgrades and self.switch_version():
                self.keeps_position = True
                self.request(Stage.INITIALIZING)
            elif self.offsets == Offsets.AFTER:
                self.request(Stage.COMMITTING_OFFSET)
            elif self.offsets == Offsets.CHECKPOINT and self.position < self.records:
                self.producer_id = 0
                self.epoch = NO_EPOCH
                self.request(Stage.INITIALIZING)  # The next checkpoint has a transactional.id of its own.
            else:
                self.poll()

    @on(OffsetCommitResponse)
    def offset_committed(self, response: OffsetCommitResponse) -> None:
        if self.stage == Stage.CLOSING:
            self.end(Stage.FATAL_ERROR)
        elif self.stage == Stage.COMMITTING_OFFSET:
            if response.error != Error.NONE:
                self.request(Stage.JOINING)  # CommitFailedException
            elif self.offsets == Offsets.AFTER:
                self.poll()
            else:
                self.begin_transaction()

    def asks_for_bump(self) -> bool:
        return self.awaits_sends or self.upgrades

    def switch_version(self) -> bool:
        """The first transaction of version 2 has an epoch of its own: the client asks for it (KAFKA-18227)."""
        if self.switches == 0:
            return False
        self.switches = 0
        self.version_2 = 1
        return True

    def go_on_after_abort(self) -> None:
        if self.reprocesses:
            self.poll()
        elif not self.seeks_after_abort:
            self.position = self.end_of_transaction()  # The next poll() goes on behind the record.
            self.poll()
        else:  # The partition may be another's by now.
            self.request(Stage.JOINING if self.subscribes else Stage.FETCHING_OFFSET)

    def adopt(self, producer_id: ProducerId, epoch: Epoch) -> None:
        self.producer_id = producer_id
        self.epoch = epoch
        for partition in range(len(self.leaders)):
            self.sequences[partition] = 0
            self.acknowledged_below[partition] = 0

    def begin(self) -> None:
        self.request(Stage.FETCHING_OFFSET if self.fetches_offset_first else Stage.INITIALIZING)

    def proceed(self) -> None:
        if self.failed:
            self.request(Stage.ABORTING)
        elif self.produced < len(self.leaders):
            self.request(Stage.PRODUCING)
        elif self.offsets == Offsets.CHECKPOINT:
            self.stage = Stage.CHECKPOINTING
        else:
            self.request(Stage.COMMITTING)

    @action
    def complete_checkpoint(self) -> None:
        """The state of the process is stored: its position, and the transaction to be committed."""
        require(self.stage == Stage.CHECKPOINTING)
        self.checkpoint = PreCommitted(self.producer_id, self.epoch, self.position + 1)
        self.stage = Stage.PRE_COMMITTED

    @action
    def notify_checkpoint_complete(self) -> None:
        require(self.stage == Stage.PRE_COMMITTED)
        self.request(Stage.COMMITTING)

    def is_dropped(self, response: EndTxnResponse) -> bool:
        """KafkaCommitter.commit logs that the transaction is lost, and goes on."""
        refused = response.error in (Error.PRODUCER_FENCED, Error.INVALID_TXN_STATE)
        return self.offsets == Offsets.CHECKPOINT and refused and response.correlation == self.correlation

    def is_old(self, producer_id: ProducerId, epoch: Epoch, correlation: Correlation, attempt: Attempt) -> bool:
        """Asked on another connection: by this process before it crashed, in another transaction, or before a retry."""
        asked_by = producer_id == self.producer_id and epoch == self.epoch
        return not asked_by or correlation != self.correlation or attempt != self.attempt

    def awaits(self, stage: Stage, correlation: Correlation, error: Error) -> bool:
        """This is the answer that is waited for, and it lets the transaction go on."""
        if self.stage != stage or correlation != self.correlation:
            return False
        if error in (Error.CONCURRENT_TRANSACTIONS, Error.COORDINATOR_NOT_AVAILABLE, Error.NOT_COORDINATOR):
            return False  # retry() sends it again.
        if error == Error.INVALID_PRODUCER_ID_MAPPING and not self.mapping_error_is_fatal:
            # Abortable: beginCompletingTransaction skips EndTxn and asks for the next epoch.
            self.request(Stage.INITIALIZING)
        elif error != Error.NONE:
            self.meet(error)
        return error == Error.NONE

    def meet(self, error: Error) -> None:
        """A fatal error of the producer: Kafka Streams takes a fenced one for a sign that it is to join again."""
        if self.starts_again_if_fenced and error in (Error.PRODUCER_FENCED, Error.INVALID_PRODUCER_EPOCH):
            self.producer_id = 0
            self.epoch = NO_EPOCH
            self.failed = False
            self.request(Stage.INITIALIZING)
        else:
            self.stop()

    def poll(self) -> None:
        if self.position == self.records:
            self.end(Stage.DONE)
        elif self.offsets == Offsets.BEFORE:
            self.request(Stage.COMMITTING_OFFSET)
        else:
            self.begin_transaction()

    def begin_transaction(self) -> None:
        if self.correlation == self.transactions:
            self.end(Stage.GAVE_UP)  # Two instances may fence each other for ever.
            return
        self.correlation += 1
        self.produced = 0
        if self.tells_apart:
            self.begun += 1
            self.unacknowledged = 0
        if self.local_store != LocalStore.NONE:
            for record in range(self.position, self.end_of_transaction()):
                self.store[record] = min(self.store[record] + 1, 2)
        if self.batches > 1:
            for slot in self.status.keys():
                self.status[slot] = UNSENT if self.position + slot % self.batches < self.records else DROPPED
        if self.upgrades and not self.bumps_at_upgrade:
            self.version_2 = self.knows_of_upgrade
        if self.adds_partitions and not (self.upgrades and self.version_2 > 0):
            self.request(Stage.ADDING_PARTITIONS)
        else:
            self.request(Stage.SENDING_OFFSETS if self.offsets == Offsets.TRANSACTION else Stage.PRODUCING)

    def stop(self) -> None:
        """A newer instance has the transactional id: the process closes its consumer and ends."""
        if self.tells_apart and self.stage in UNDECIDED:
            self.told[self.ghost()] = STOPPED
        if self.commits_offset_on_close and self.correlation > 0:
            self.request(Stage.CLOSING)
        else:
            self.end(Stage.FATAL_ERROR)

    def end(self, stage: Stage) -> None:
        """Nothing that the process knew matters any more."""
        self.stage = stage
        self.producer_id = 0
        self.epoch = NO_EPOCH
        self.generation = NO_GENERATION
        self.position = 0
        self.correlation = 0
        self.produced = 0
        self.failed = False
        self.bump_required = 0
        self.version_2 = 0
        self.knows_of_upgrade = 0
        self.switches = 0
        self.attempt = 0
        self.expired = 0
        self.timed_out = 0
        self.aborted = 0
        for partition in range(len(self.leaders)):
            self.sequences[partition] = 0
            self.acknowledged_below[partition] = 0
        for slot in self.status.keys():
            self.status[slot] = UNSENT

    def all_quiet(self) -> bool:
        coordinators = quiet(self.coordinator) and all(quiet(one) for one in self.deposed)
        return coordinators and quiet(self.offsets_partition) and all(quiet(leader) for leader in self.leaders)

    def request(self, stage: Stage) -> None:
        self.stage = stage
        self.attempt = 0
        if self.upgrades and self.bumps_at_upgrade and stage in (Stage.COMMITTING, Stage.ABORTING):
            # maybeUpdateTransactionV2Enabled
            self.switches = self.knows_of_upgrade - self.version_2
        self.transmit()

    def transmit(self) -> None:
        """Sends what the present stage waits for an answer to."""
        if self.stage == Stage.JOINING:
            send(self.offsets_partition, JoinGroupRequest(self.me))
        elif self.stage == Stage.INITIALIZING:
            send(self.coordinator, InitProducerIdRequest(self.me, self.id(), self.producer_id, self.epoch))
        elif self.stage == Stage.FETCHING_OFFSET:
            send(self.offsets_partition, OffsetFetchRequest(self.me))
        elif self.stage == Stage.ADDING_PARTITIONS:
            outputs = frozenset(range(len(self.leaders)))
            send(
                self.coordinator,
                AddPartitionsToTxnRequest(
                    self.me, self.producer_id, self.epoch, outputs, self.correlation, self.ghost()
                ),
            )
        elif self.stage == Stage.ADDING_OFFSETS:
            send(
                self.coordinator,
                AddOffsetsToTxnRequest(self.me, self.producer_id, self.epoch, self.correlation, self.ghost()),
            )
        elif self.stage == Stage.SENDING_OFFSETS:
            generation = self.generation if self.sends_group_metadata else NO_GENERATION
            end = self.end_of_transaction()
            commit = OffsetCommitInTransaction(
                self.me, self.producer_id, self.epoch, generation, end, self.correlation, self.attempt, self.ghost(),
                self.version_2,
            )  # fmt: skip
            send(self.offsets_partition, TxnOffsetCommitRequest(commit))
        elif self.stage == Stage.PRODUCING:
            if self.batches > 1:
                for partition in range(len(self.leaders)):
                    self.drain(partition)
            else:
                self.send_batch(self.produced, 0)
        elif self.stage in (Stage.COMMITTING, Stage.ABORTING):
            result = TransactionResult.COMMIT if self.stage == Stage.COMMITTING else TransactionResult.ABORT
            stale = (
                choose((False, True)) if len(self.deposed) > 0 else False
            )  # FindCoordinator asked a broker that lags.
            to = self.deposed[0] if stale else self.coordinator
            ghost = self.ghost()
            send(
                to,
                EndTxnRequest(
                    self.me, self.producer_id, self.epoch, result, self.correlation, ghost, self.version_2
                ),
            )  # fmt: skip
        elif self.stage == Stage.COMMITTING_OFFSET:
            send(self.offsets_partition, OffsetCommitRequest(self.me, self.generation, self.committable()))
        elif self.stage == Stage.CLOSING:
            send(self.offsets_partition, OffsetCommitRequest(self.me, self.generation, self.end_of_transaction()))

    def ghost(self) -> Ghost:
        return self.first_ghost + self.begun

    def id(self) -> int:
        of_checkpoint = self.position if self.offsets == Offsets.CHECKPOINT else 0
        return self.transactional_id + self.incarnation + of_checkpoint

    def committable(self) -> Position:
        """AFTER: the position, moved already. BEFORE: the one behind the record about to be processed."""
        return self.position if self.offsets == Offsets.AFTER else self.end_of_transaction()

    def end_of_transaction(self) -> Position:
        """The position behind the last record of the transaction that begins at the present one."""
        return min(self.position + self.batches, self.records)
