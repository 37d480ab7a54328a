"""One chain source -> operator -> sink: what a checkpoint says of it is one moment of it.

Follows SubtaskCheckpointCoordinatorImpl.checkpointState, FlinkKafkaConsumerBase and KafkaSourceReader,
TwoPhaseCommitSinkFunction with FlinkKafkaProducer, SinkWriterOperator with CommitterOperator, KafkaWriter and
KafkaCommitter.

NOTE(one-step) Emission runs through the whole chain in one step, and so does a snapshot. With one input channel a
barrier overtakes nothing and is overtaken by nothing. With several, aligned barriers, and unaligned ones with the
channel state that they store, make the snapshots of all tasks a consistent cut (Chandy and Lamport): what a task does
after its barrier can be moved behind the barriers of the others, since nobody receives a message sent after a barrier
before its own. So each run has the same state and output as one in which all snapshots are taken at once.
`channels` checks that premise, and shows where it fails: AT_LEAST_ONCE. What carries failures stays apart:
acknowledgement, completion, notification of source and of sink, commits.

The writer's next producer is initialised while the snapshot is uploaded, and may be slower: no other task can tell.
A task that is deployed starts when what it had asked Kafka before is served; what outlives that is the fault `delay`.
Not modelled: record contents (record i is the i-th of its partition), key groups, several partitions in one source,
close() that aborts the open transaction (best effort: a crash does without).
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
)  # fmt: skip
from model.flink.messages import (
    NO_CHECKPOINT,
    NO_EPOCH,
    Aborts,
    AcknowledgeCheckpoint,
    Cancel,
    CheckpointId,
    Committable,
    ConnectionsClosed,
    Copies,
    DeclineCheckpoint,
    Deploy,
    EndTxnRequest,
    EndTxnResponse,
    Epoch,
    Error,
    InitProducerIdRequest,
    InitProducerIdResponse,
    NotifyCheckpointComplete,
    Offset,
    OffsetCommitRequest,
    Parallelism,
    Partition,
    PositionRequest,
    PositionResponse,
    ProduceRequest,
    ProduceResponse,
    Record,
    Reset,
    Snapshot,
    SourceFetchRequest,
    SourceFetchResponse,
    StartFrom,
    Subtask,
    Sum,
    TaskFailed,
    TaskFinished,
    TaskState,
    TransactionalId,
    TriggerCheckpoint,
    Vertex,
)  # fmt: skip


class Sink(Enum):
    PRINT = "print"
    KAFKA = "Kafka without transactions"
    TRANSACTIONS = "Kafka with transactions"
    UPSERT = "a table, by primary key"


class Naming(Enum):
    """Which transactional id a writer takes next."""

    INCREMENTING = "the number of the checkpoint that it is for"
    POOLING = "the lowest that is not in use"


class Fetched(Enum):
    """What the fetcher hands over, if the input is a log: one entry at a time."""

    NOTHING = "nothing yet"
    RECORD = "a record"
    SKIPPED = "a control record, or one of an aborted transaction"


class Phase(Enum):
    WAITING = "waiting"
    RECOMMITTING = "committing what it restored"
    OPENING_SINK = "opening its sink"
    OPENING_SOURCE = "opening its source"
    RUNNING = "running"
    FAILED = "failed"
    FINISHED = "finished"


OPENING = (Phase.RECOMMITTING, Phase.OPENING_SINK, Phase.OPENING_SOURCE)
FETCHED_AHEAD = 2  # Records: one batch in the hand-over, one being processed.


@actor
class Task:
    job_manager: Annotated[ActorId, Of("JobManager")]
    kafka: Annotated[ActorId, Of("Kafka")]
    me: ActorId
    subtask: Subtask
    spare: bool = False  # Where a subtask runs whose first task manager is given up.
    partition: Partition
    records: Offset  # How many its input partition is going to hold.
    first_record: Record  # Of its partition.
    # Source.
    start_from: StartFrom = StartFrom.GROUP_OFFSETS
    reset: Reset = Reset.LATEST
    commits_offsets: bool = True  # When a checkpoint is complete.
    auto_commits: bool = False  # The Kafka client's own, in the thread that fetches.
    aborted: frozenset[Offset] = frozenset()  # Records of transactions that their producer aborted.
    reads_aborted: bool = False  # isolation.level=read_uncommitted
    keeps_unlisted: bool = True  # Restored offsets are kept although the metadata do not list their partition.
    discovers: bool = False  # Periodically: a partition that is added later.
    finds_at_open: bool = False  # FlinkKafkaConsumer lists partitions in each attempt; KafkaSource in the job manager.
    keeps_first_start: bool = False  # FLINK-28303: latest is asked for once, by the enumerator. Else by each attempt.
    new_from_earliest: bool = True  # FLIP-288: such a partition is read from its beginning. Else as the others.
    fetches: bool = False  # The input is a log that somebody writes: what is there is asked for.
    bounded: bool = False  # The source ends after its last record.
    final_checkpoint: bool = True  # A task that has ended waits for one more checkpoint (FLIP-147).
    commits_on_close: bool = False  # The cure of FLK-08 that is none: what is written is committed when the input ends.
    # Sink.
    sink: Sink = Sink.PRINT
    flushes: bool = True  # Before the barrier. DeliveryGuarantee.NONE does not.
    naming: Naming = Naming.INCREMENTING
    legacy: bool = False  # TwoPhaseCommitSinkFunction: an error of a commit fails the task, unless it recovers.
    commits_older: bool = True  # A notification commits what was pre-committed for older checkpoints too.
    commits_empty: bool = False  # A transaction without records is pre-committed like any other (FLINK-31363).
    first_id: TransactionalId = 0  # Of its prefix and subtask.
    pool: frozenset[TransactionalId] = frozenset()  # POOLING: ids to choose from; kafkaProducersPoolSize if legacy.
    first_ids: tuple[TransactionalId, ...] = ()  # INCREMENTING: of each subtask of its prefix.
    aborts: Aborts = Aborts.PROBING
    retries_commits: bool = True
    reports_send_errors: bool = True
    batch_expirations: Annotated[int, UpTo(1)] = 0  # How often delivery.timeout.ms passes.
    declines: Annotated[int, UpTo(1)] = 0  # How often writing a snapshot fails.
    leaves_transactions: bool = False  # For the coordinator to time out, when the job has ended.

    seen: Durable[Offset] = 0  # The world: so many records were there. Kept only where a start depends on it.
    missing: Durable[bool] = False  # The job manager: the first listing did not have the partition.
    found_late: Durable[bool] = False  # The job manager, or the platform: a later one had it.
    first_start: Durable[Offset | None] = None  # The job manager: the split as it was assigned.
    reported: Durable[bool] = (
        False  # The platform: this task manager has been missed, and has got nothing to run since.
    )
    batches_expired: Durable[Annotated[int, UpTo(1), Counts("delivery_timeout")]] = 0
    declined: Durable[Annotated[int, UpTo(1), Counts("checkpoint_failure")]] = 0
    phase: Volatile[Phase] = Phase.WAITING
    restored: Volatile[Offset | None] = None
    unlisted: Volatile[bool] = False  # The source runs, and has no partition.
    position: Volatile[Offset] = 0
    fetched: Volatile[Offset] = 0  # Auto-commit only: how far the fetching thread is.
    handed: Volatile[Fetched] = Fetched.NOTHING  # `fetches` only: what stands at `position`.
    applied: Volatile[dict[Offset, Copies]] = each(0)
    uploads: Volatile[dict[CheckpointId, TaskState | None]] = each(None)  # Snapshots that are not acknowledged yet.
    offsets_to_commit: Volatile[dict[CheckpointId, Offset | None]] = each(None)
    last_checkpoint: Volatile[CheckpointId] = NO_CHECKPOINT  # After whose barrier nothing is emitted any more.
    current: Volatile[TransactionalId] = 0
    epoch: Volatile[Epoch] = NO_EPOCH
    written: Volatile[bool] = False  # The current transaction has a record.
    buffer: Volatile[frozenset[Record]] = frozenset()
    unacked: Volatile[frozenset[Record]] = frozenset()
    send_failed: Volatile[bool] = False
    precommitted: Volatile[frozenset[TransactionalId]] = frozenset()  # In the restored state, until the sink is open.
    parallelism: Volatile[Parallelism] = 0
    committables: Volatile[Annotated[tuple[Committable, ...], MaxLen("checkpoints")]] = ()
    notified: Volatile[CheckpointId] = NO_CHECKPOINT  # Committables up to it are to be committed.
    committing: Volatile[bool] = False  # EndTxn of the first committable is on its way.
    commit_failed: Volatile[bool] = False
    closing: Volatile[bool] = False  # commits_on_close: the input has ended.

    printed: History[dict[Record, Copies]] = each(0)
    table: History[Sum] = 0  # The row that the sink upserts.
    regressed: History[bool] = False  # A reader of the table has seen an older value after a newer one.
    accepted_start: Durable[Offset | None] = None  # The world: where the very first attempt began.
    commit_refused: History[bool] = False
    pool_was_empty: History[bool] = False
    started_at: History[Offset] = 0
    restored_at: History[Offset | None] = None
    no_records: History[frozenset[Offset]] = frozenset()  # `fetches` only: offsets at which it was handed no record.

    @on(Deploy)
    def deploy(self, message: Deploy) -> None:
        """Operators initialise from the tail: the committer commits what it restored before the writer starts."""
        require(quiet(self.kafka))
        self.reported = False
        self.halt(Phase.OPENING_SINK)
        self.restored_at = None
        self.notified = message.checkpoint
        self.parallelism = message.parallelism
        state = message.state
        if state is not None:
            self.restored = state.offset
            self.restored_at = state.offset
            for offset in self.applied:
                self.applied[offset] = state.applied[offset]
            self.committables = state.committables
            self.precommitted = frozenset(one.transactional_id for one in state.committables)
        if len(self.committables) > 0:
            self.phase = Phase.RECOMMITTING
            self.commit_next()
        else:
            self.open_sink()

    @on(InitProducerIdResponse)
    def begin_transaction(self, response: InitProducerIdResponse) -> None:
        if self.phase == Phase.OPENING_SINK:
            self.epoch = response.epoch
            self.open_source()
        elif self.phase == Phase.RUNNING:
            self.epoch = response.epoch

    @on(PositionResponse)
    def seek(self, response: PositionResponse) -> None:
        if self.phase == Phase.RUNNING and self.unlisted:
            self.discovered(response)
            return
        if self.phase != Phase.OPENING_SOURCE:
            return
        if response.error == Error.NO_PARTITION:
            self.missing = True
            self.run_without_partition()
        elif response.error == Error.NOT_LISTED and not self.keeps_unlisted:
            self.run_without_partition()  # FLINK-6006: what the checkpoint said of the partition is forgotten.
        elif response.error != Error.NONE:
            self.fail()
        else:
            if self.keeps_first_start and self.restored is None:
                self.first_start = response.offset
            self.start(response.offset)

    @action
    def discover(self) -> None:
        """partition.discovery.interval.ms has passed: KafkaSourceEnumerator.checkPartitionChanges."""
        require(self.discovers and self.phase == Phase.RUNNING and self.unlisted and quiet(self.kafka))
        self.request_position(self.new_from_earliest)

    @action
    def process(self) -> None:
        """One record through the whole chain: NOTE(one-step)."""
        require(self.phase == Phase.RUNNING and self.last_checkpoint == NO_CHECKPOINT and not self.unlisted)
        require(self.fetches or self.position < (self.fetched if self.auto_commits else self.records))
        require(not self.fetches or self.handed != Fetched.NOTHING)
        require(self.sink != Sink.TRANSACTIONS or self.epoch != NO_EPOCH)
        require(not self.send_failed)
        record = self.first_record + self.position
        passes = self.reads_aborted or self.position not in self.aborted
        if self.fetches and self.handed == Fetched.SKIPPED:
            passes = False
            self.no_records |= {self.position}
        if passes:
            self.applied[self.position] = min(self.applied[self.position] + 1, 2)
        self.position += 1
        if self.remembers():
            self.seen = max(self.seen, self.position)
        if passes:
            self.emit(record)
        self.fetch()
        if self.bounded and self.position == self.records and not self.final_checkpoint and not self.commits_on_close:
            self.halt(Phase.FINISHED)
            send(self.job_manager, TaskFinished(self.subtask, self.spare))

    @on(SourceFetchResponse)
    def hand_over(self, response: SourceFetchResponse) -> None:
        """An answer to an earlier attempt of this task is to another offset, or as good as its own."""
        if self.phase == Phase.RUNNING and response.offset == self.position:
            self.handed = Fetched.RECORD if response.is_record else Fetched.SKIPPED

    @action
    def close(self) -> None:
        require(self.commits_on_close and self.bounded and self.phase == Phase.RUNNING and not self.closing)
        require(self.position == self.records and len(self.unacked) == 0 and not self.committing)
        self.closing = True
        for one in self.committables:
            self.notified = max(self.notified, one.checkpoint)
        self.commit_next()
        self.finish_if_done()

    @action
    def poll_ahead(self) -> None:
        """The fetching thread: poll() commits the position that earlier polls have reached, processed or not."""
        require(self.auto_commits and self.phase == Phase.RUNNING and self.last_checkpoint == NO_CHECKPOINT)
        require(self.fetched < self.records and self.fetched < self.position + FETCHED_AHEAD)
        send(self.kafka, OffsetCommitRequest(self.partition, self.fetched))
        self.fetched += 1

    @action
    def send_batch(self) -> None:
        """linger.ms has passed, or the batch is full."""
        record = choose(self.buffer)
        self.buffer -= {record}
        self.produce(record)

    @action
    def expire_batch(self) -> None:
        """No leader took it within delivery.timeout.ms: the callback gets a TimeoutException."""
        require(self.batches_expired < self.batch_expirations)
        record = choose(self.buffer)
        self.batches_expired += 1
        self.buffer -= {record}
        self.unacked -= {record}
        self.send_failed = self.reports_send_errors

    @action
    def fail_on_send_error(self) -> None:
        """The next write or flush throws."""
        require(self.send_failed)
        self.fail()

    @on(ProduceResponse)
    def produced(self, response: ProduceResponse) -> None:
        if self.phase != Phase.RUNNING:
            return
        if response.error != Error.NONE:
            self.fail()
            return
        self.unacked -= {response.record}

    @on(TriggerCheckpoint)
    def take_snapshot(self, trigger: TriggerCheckpoint) -> None:
        """The synchronous part: flush and pre-commit, barrier, snapshotState; NOTE(one-step)."""
        running = self.phase == Phase.RUNNING
        require(self.phase not in OPENING)  # Flink triggers only when every task runs.
        require(not running or (not self.send_failed and (self.sink != Sink.TRANSACTIONS or self.epoch != NO_EPOCH)))
        require(not running or not self.flushes or len(self.unacked) == 0)
        require(not running or not self.pool_is_empty() or not self.committing)  # The commit is a step of this thread.
        if not running or self.last_checkpoint != NO_CHECKPOINT or self.closing:
            return
        if self.pool_is_empty():
            self.pool_was_empty = True
            self.fail()  # beginTransaction() throws PRODUCERS_POOL_EMPTY within snapshotState().
            return
        checkpoint = trigger.checkpoint
        if self.sink == Sink.TRANSACTIONS:
            if self.written or self.commits_empty:
                self.committables += (Committable(checkpoint, self.current, self.epoch, not self.written),)
        if self.commits_offsets and not self.unlisted:
            self.offsets_to_commit[checkpoint] = self.position
        offset = None if self.unlisted else self.position
        state = TaskState(offset, self.applied, self.committables)
        self.uploads[checkpoint] = state
        ended = self.bounded and self.position == self.records
        if trigger.kind == Snapshot.STOP or ended:
            self.last_checkpoint = checkpoint
            self.epoch = NO_EPOCH
            self.written = False
        elif self.sink == Sink.TRANSACTIONS:
            self.written = False
            self.request_producer(checkpoint, Aborts.GAPS if self.aborts == Aborts.PROBING else Aborts.NONE)

    @action
    def acknowledge_checkpoint(self) -> None:
        """The asynchronous part has written the snapshot; that of a later checkpoint may be done first."""
        checkpoint = choose(self.uploads)
        state = self.uploads[checkpoint]
        require(state is not None)
        assert state is not None
        self.uploads[checkpoint] = None
        send(self.job_manager, AcknowledgeCheckpoint(self.subtask, checkpoint, state))

    @action
    def decline_checkpoint(self) -> None:
        """The asynchronous part fails: AsyncCheckpointRunnable.handleExecutionException. The task goes on."""
        require(self.declined < self.declines)
        checkpoint = choose(self.uploads)
        require(self.uploads[checkpoint] is not None)
        self.declined += 1
        self.uploads[checkpoint] = None
        send(self.job_manager, DeclineCheckpoint(self.subtask, checkpoint))

    @on(NotifyCheckpointComplete)
    def checkpoint_complete(self, message: NotifyCheckpointComplete) -> None:
        if self.phase != Phase.RUNNING:
            return
        if message.vertex == Vertex.SOURCE:
            self.commit_offsets(message.checkpoint)
        elif message.checkpoint > self.notified:
            self.notified = message.checkpoint
            for one in self.committables:
                if one.checkpoint < message.checkpoint and not self.commits_older and not self.committing:
                    self.committables = self.committables[1:]
            if not self.committing:
                self.commit_next()
        self.finish_if_done()

    @on(EndTxnResponse)
    def transaction_ended(self, response: EndTxnResponse) -> None:
        """KafkaCommitter.commit: fenced or not in that state is logged and dropped, as if it were committed."""
        if not self.committing:
            return
        self.committing = False
        if response.error not in (Error.NONE, Error.COORDINATOR_NOT_AVAILABLE):
            self.commit_refused = True
        if response.error == Error.COORDINATOR_NOT_AVAILABLE and self.retries_commits:
            self.commit_next()
            return
        if response.error == Error.INVALID_PRODUCER_ID_MAPPING and self.retries_commits:
            self.fail()
            return
        if self.legacy and response.error != Error.NONE and self.phase == Phase.RUNNING:
            self.commit_failed = True
        self.committables = self.committables[1:]
        self.commit_next()
        if self.phase == Phase.RECOMMITTING and not self.committing:
            self.open_sink()
        elif self.commit_failed and not self.committing:
            self.fail()  # TwoPhaseCommitSinkFunction rethrows the first error after the loop.
        else:
            self.finish_if_done()

    @on(Cancel)
    def cancel(self, message: Cancel) -> None:
        self.halt(Phase.WAITING)
        if self.leaves_transactions:
            send(self.kafka, ConnectionsClosed(self.partition))

    @on_restart
    def register(self) -> None:
        """A new task manager; the job manager finds the old one gone at the same time.

        One that is gone before anything was deployed to it is no failure: the report of the first is still to come.
        """
        if not self.reported or quiet(self.job_manager):
            self.reported = True
            send(self.job_manager, TaskFailed(self.subtask, self.spare))

    # --- Source ---

    def remembers(self) -> bool:
        """Where the input begins for a source without state depends on how much there already is."""
        return self.start_from in (StartFrom.LATEST, StartFrom.CONNECTION) or self.reset == Reset.LATEST

    def open_source(self) -> None:
        if self.start_from == StartFrom.CONNECTION:
            self.start(self.seen)
        elif self.missing and not self.found_late and not self.finds_at_open:
            self.run_without_partition()
        else:
            self.phase = Phase.OPENING_SOURCE
            self.request_position(self.restored is None and self.is_new() and self.new_from_earliest)

    def is_new(self) -> bool:
        """What the job manager knows of its splits; a FlinkKafkaConsumer knows only what is in its restored state."""
        return self.missing and (self.notified != NO_CHECKPOINT if self.finds_at_open else self.found_late)

    def request_position(self, from_earliest: bool) -> None:
        start_from = StartFrom.EARLIEST if from_earliest else self.start_from
        reset = Reset.EARLIEST if from_earliest else self.reset
        offset = self.first_start if self.restored is None else self.restored
        send(self.kafka, PositionRequest(self.me, self.partition, offset, start_from, reset, self.seen))

    def discovered(self, response: PositionResponse) -> None:
        if response.error == Error.NO_OFFSET:
            self.fail()
        elif response.error == Error.NONE:
            self.unlisted = False
            self.found_late = True
            self.position = response.offset
            self.started_at = response.offset

    def run_without_partition(self) -> None:
        self.start(0)
        self.unlisted = True

    def start(self, offset: Offset) -> None:
        self.phase = Phase.RUNNING
        self.restored = None
        self.precommitted = frozenset()
        self.parallelism = 0
        self.position = offset
        self.started_at = offset
        if self.auto_commits:
            self.fetched = offset
        if self.accepted_start is None:
            self.accepted_start = offset
        self.fetch()

    def fetch(self) -> None:
        self.handed = Fetched.NOTHING
        if self.fetches:
            send(self.kafka, SourceFetchRequest(self.partition, self.position))

    def commit_offsets(self, checkpoint: CheckpointId) -> None:
        offset = self.offsets_to_commit[checkpoint]
        for older in self.offsets_to_commit:
            if older <= checkpoint:
                self.offsets_to_commit[older] = None
        if offset is not None:
            send(self.kafka, OffsetCommitRequest(self.partition, offset))

    # --- Sink ---

    def open_sink(self) -> None:
        self.phase = Phase.OPENING_SINK
        if self.sink == Sink.TRANSACTIONS:
            self.request_producer(self.notified, self.aborts)
        else:
            self.open_source()

    def request_producer(self, checkpoint: CheckpointId, aborts: Aborts) -> None:
        """The producer of the transaction after this checkpoint."""
        last = self.current
        in_use = self.precommitted | frozenset(one.transactional_id for one in self.committables)
        if self.naming == Naming.INCREMENTING:
            self.current = self.first_id + checkpoint
        else:
            self.current = min(one for one in self.pool if one not in in_use)
        self.epoch = NO_EPOCH
        others: frozenset[TransactionalId] = frozenset()
        if aborts == Aborts.PROBING:
            for subtask, one in enumerate(self.first_ids):
                if subtask > self.subtask and (subtask - self.subtask) % self.parallelism == 0:
                    others |= {one + checkpoint}
        elif aborts == Aborts.GAPS:
            others = frozenset(range(last + 1, self.current))
        elif aborts != Aborts.NONE:
            others = frozenset(one for one in self.pool if one not in in_use and one != self.current)
        send(self.kafka, InitProducerIdRequest(self.me, self.current, aborts, others))

    def pool_is_empty(self) -> bool:
        """Each id of the pool is that of a pre-committed transaction, or of the one to be pre-committed."""
        precommits = self.written or self.commits_empty
        return self.naming == Naming.POOLING and not any(
            (one != self.current or not precommits) and all(held.transactional_id != one for held in self.committables)
            for one in self.pool
        )

    def emit(self, record: Record) -> None:
        if self.sink == Sink.PRINT:
            self.printed[record] = min(self.printed[record] + 1, 2)
        elif self.sink == Sink.UPSERT:
            value = sum(self.applied[offset] for offset in self.applied)
            self.regressed = self.regressed or value < self.table
            self.table = value
        else:
            self.unacked |= {record}
            self.written = True
            if self.flushes and self.batch_expirations == 0:
                self.produce(record)  # Lost with a crash or not: nothing that is flushed later depends on it.
            else:
                self.buffer |= {record}

    def produce(self, record: Record) -> None:
        in_transaction = self.sink == Sink.TRANSACTIONS
        send(self.kafka, ProduceRequest(self.me, record, self.current if in_transaction else None, self.epoch))

    def commit_next(self) -> None:
        """Committables up to the checkpoint that is complete, in order, one at a time."""
        while_empty = self.phase == Phase.RUNNING
        for one in self.committables:
            if not self.committing and one.checkpoint <= self.notified:
                if while_empty and one.empty:  # commitTransaction() of a producer that sent nothing asks nobody.
                    self.committables = self.committables[1:]
                else:
                    self.committing = True
                    send(self.kafka, EndTxnRequest(self.me, one.transactional_id, one.epoch))

    # --- Life ---

    def finish_if_done(self) -> None:
        """After the notification of the last checkpoint, to source and to sink; or after all commits on close."""
        last = self.last_checkpoint
        if last != NO_CHECKPOINT and self.notified >= last and not self.committing:
            if self.offsets_to_commit[last] is None and len(self.committables) == 0:
                self.halt(Phase.FINISHED)
                send(self.job_manager, TaskFinished(self.subtask, self.spare))
        elif self.closing and not self.committing and len(self.committables) == 0:
            if self.written:
                self.committables += (Committable(self.notified, self.current, self.epoch),)
                self.written = False
                self.commit_next()
            else:
                self.halt(Phase.FINISHED)
                send(self.job_manager, TaskFinished(self.subtask, self.spare))

    def fail(self) -> None:
        self.halt(Phase.FAILED)
        send(self.job_manager, TaskFailed(self.subtask, self.spare))

    def halt(self, phase: Phase) -> None:
        """Nothing is left of this attempt."""
        self.phase = phase
        self.restored = None
        self.unlisted = False
        self.precommitted = frozenset()
        self.parallelism = 0
        self.position = 0
        self.fetched = 0
        self.handed = Fetched.NOTHING
        for offset in self.applied:
            self.applied[offset] = 0
        for checkpoint in self.offsets_to_commit:
            self.offsets_to_commit[checkpoint] = None
            self.uploads[checkpoint] = None
        self.last_checkpoint = NO_CHECKPOINT
        self.current = 0
        self.epoch = NO_EPOCH
        self.written = False
        self.buffer = frozenset()
        self.unacked = frozenset()
        self.send_failed = False
        self.committables = ()
        self.notified = NO_CHECKPOINT
        self.committing = False
        self.commit_failed = False
        self.closing = False
