"""A process with a consumer and the application's loop around it: what is committed is what poll() has handed out, not
what the application has done with it, unless the loop sees to that.

Follows ClassicKafkaConsumer.poll, ConsumerCoordinator (onJoinPrepare, maybeAutoCommitOffsetsAsync, commitOffsetsSync,
OffsetCommitResponseHandler), SubscriptionState, FetchCollector and CommitRequestManager of 3.9; for librdkafka the
stored offset of rd_kafka_op_t and its commit timer.
Order inside poll(): rebalance, auto-commit, missing positions, records. User code runs between two polls only, so a
rebalance is noticed by the next poll(). Records on a link are the fetch buffer. A request timeout is longer than an
answer takes: a commit or an offset fetch is repeated when nothing is on its way to or from the coordinator (`quiet`).
A position that was committed already is not committed automatically again: the member could only repeat itself.
A member of a cooperative group hands out nothing between its join and the new assignment; KIP-848's reconciliation runs
inside poll(), as it does with a rebalance listener.
Not modelled: FindCoordinator, metadata beside new partitions, interceptors, seek() by the application, wakeup(),
truncation of the input, the order in which a poll's records of several partitions are processed (lowest first).
A process that comes back after a crash starts when what it had asked before is served; what outlives that is the fault
`delay`.
"""

from typing import Annotated

from checker.lang import (
    ActorId,
    Between,
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
)
from model.kafka.groups.messages import (
    JOIN_EPOCH,
    NO_GENERATION,
    Connection,
    ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatResponse,
    Copies,
    Error,
    FetchRequest,
    FetchResponse,
    Generation,
    HeartbeatResponse,
    InputRecord,
    Instance,
    JoinGroupRequest,
    LeaveGroupRequest,
    ListOffsetsRequest,
    ListOffsetsResponse,
    MetadataUpdate,
    OffsetCommitRequest,
    OffsetCommitResponse,
    OffsetFetchRequest,
    OffsetFetchResponse,
    OffsetReset,
    Partition,
    Position,
    StoreRead,
    StoreReadResult,
    StoreWrite,
    StoreWriteResult,
    SyncGroupResponse,
)  # fmt: skip
from model.kafka.groups.profiles import AutoCommit, Commits, Effect, OnError, Processing
from model.kafka.groups.states import RUNNING, Revocation, Stage


@actor
class Consumer:
    me: ActorId
    coordinator: Annotated[ActorId, Of("GroupCoordinator")]
    leaders: tuple[Annotated[ActorId, Of("InputPartition")], ...]
    store: Annotated[ActorId, Of("ExternalStore")]
    partitions_at_start: Annotated[int, UpTo("partitions")] = 1
    max_poll_records: Position
    consumer_protocol: bool = False  # group.protocol=consumer (KIP-848)
    cooperative: bool = False  # CooperativeStickyAssignor alone.
    subscribes: bool = True  # Else assign(): all partitions, and no group.
    instance: Instance | None = None
    auto_commit: AutoCommit = AutoCommit.OFF
    commits: Commits = Commits.NOTHING
    commit_every: Annotated[int, Between(1, 2)] = 1  # Batches.
    commits_on_revocation: bool = False  # commitSync() in onPartitionsRevoked.
    resends_failed_commit: bool = False  # In the callback of commitAsync(); one partition.
    stores_on_delivery: bool = True  # enable.auto.offset.store
    stores_contiguous: bool = False  # Else the offset behind the record that is done, whatever is before it.
    workers: Annotated[int, Between(1, 2)] = 1
    keeps_stored_offsets: bool = False  # Of partitions that it has no more (librdkafka before 1.9.0).
    fetches_while_revoking: bool = False  # 3.2 and 3.3, before KAFKA-14196.
    processing: Processing = Processing.BEFORE_COMMIT
    effect: Effect = Effect.CALL
    waits_for_worker: bool = False  # In onPartitionsRevoked.
    flushes: bool = False  # flush() of its producer before a commit.
    on_error: OnError = OnError.CLOSE
    reset: OffsetReset = OffsetReset.LATEST
    failures: Annotated[int, UpTo(1)] = 0  # How often processing throws in a process.
    late_polls: tuple[Annotated[int, UpTo(1)], ...]  # How often max.poll.interval.ms passes in a process of each.
    index: Annotated[int, UpTo(1)]
    keeps_positions: bool = False  # Of partitions that it has no more: what no release does.
    notes_starts: bool = False  # Keeps `told`, `begun`, `handed`: where nobody reads them they only multiply states.

    connection: Durable[Connection] = 0  # To the coordinator.
    stage: Volatile[Stage] = Stage.NOT_STARTED
    generation: Volatile[Generation] = NO_GENERATION
    assigned: Volatile[frozenset[Partition]] = frozenset()
    assignment: Volatile[frozenset[Partition]] = frozenset()  # KIP-848: what it is to have.
    position: Volatile[dict[Partition, Position | None]] = each(None)  # The next offset that poll() hands out.
    processed: Volatile[dict[Partition, Position]] = each(0)  # Up to here the application has done its work.
    queue: Volatile[Annotated[tuple[InputRecord, ...], MaxLen("2 * records * partitions")]] = ()  # Of the other thread.
    stored: Volatile[dict[Partition, Position | None]] = each(None)
    unresolved: Volatile[frozenset[Partition]] = frozenset()  # auto.offset.reset=by_duration has found no record yet.
    fetching: Volatile[frozenset[Partition]] = frozenset()  # A fetch is under way, or its answer waits.
    rejoins: Volatile[bool] = False  # rejoinNeeded
    partitions_new: Durable[Annotated[int, UpTo("partitions")]] = 0  # Added since the start, as the metadata shows.
    auto_committed: Volatile[dict[Partition, Position | None]] = each(None)
    poll_event: Volatile[bool] = False  # The other thread has an expired auto-commit timer to see to.
    unanswered: Volatile[frozenset[Position]] = frozenset()  # Asynchronous commits that the callback may resend.
    refused: Volatile[frozenset[Position]] = frozenset()  # Those that failed with an error that may be tried again.
    revocation: Volatile[Revocation] = Revocation.NONE
    fenced: Volatile[bool] = False  # FENCED_INSTANCE_ID: the next poll() throws.
    batches: Volatile[Annotated[int, UpTo(1)]] = 0  # Since the last commit.
    failed: Volatile[Annotated[int, UpTo(1), Counts("processing_failure")]] = 0
    late: Volatile[Annotated[int, UpTo(1), Counts("max_poll_interval")]] = 0
    effects: History[dict[InputRecord, Copies]] = each(0)
    first: History[dict[Partition, Position | None]] = each(None)  # Where latest or by_duration put it first.
    found_while_running: History[bool] = False  # The partition that was added.
    jumped: History[bool] = False  # auto.offset.reset has moved a position past records.
    told: History[dict[Partition, Position | None]] = each(None)  # Where to begin: by coordinator, policy or store.
    begun: History[dict[Partition, Position | None]] = each(None)  # What it handed out first since it was assigned.
    handed: History[frozenset[InputRecord]] = frozenset()

    # --- Joining, positions ---

    @on_restart
    def come_back(self) -> None:
        self.connection += 1
        self.note_end(frozenset(self.position.keys()))

    @action
    def start(self) -> None:
        require(self.stage == Stage.NOT_STARTED)
        require(quiet(self.coordinator) and all(quiet(leader) for leader in self.leaders))
        require(quiet(self.store))
        if self.subscribes:
            self.join()
        else:
            self.assigned = frozenset(self.position.keys())
            self.find_positions()

    @on(SyncGroupResponse)
    def adopt_assignment(self, response: SyncGroupResponse) -> None:
        if self.stage != Stage.JOINING or self.connection != response.connection:
            return  # Asked by a process that has crashed since, or on a connection that broke.
        if response.error != Error.NONE:
            self.connection += 1
            self.send_join()
            return
        revoked = self.assigned - response.partitions  # Not empty in a cooperative rebalance only.
        self.generation = response.generation
        self.give_up(revoked)
        self.assigned = response.partitions
        self.rejoins = self.rejoins or len(revoked) > 0
        self.find_positions()

    @on(ConsumerGroupHeartbeatResponse)
    def adopt_epoch(self, response: ConsumerGroupHeartbeatResponse) -> None:
        if self.connection != response.connection:
            return
        if self.stage == Stage.JOINING:
            self.generation = response.epoch
            self.assigned = response.assignment
            self.assignment = response.assignment
            self.find_positions()
        elif self.generation != NO_GENERATION:
            self.generation = response.epoch
            self.assignment = response.assignment
            reconciling = self.rejoins
            self.rejoins = self.assignment != self.assigned
            if reconciling and not self.rejoins:
                self.acknowledge()  # Nothing to do any more.

    @on(HeartbeatResponse)
    def heartbeat(self, response: HeartbeatResponse) -> None:
        if self.stage == Stage.JOINING and response.error == Error.NOT_COORDINATOR:
            self.connection += 1
            self.send_join()
        elif self.stage == Stage.JOINING and response.error in (Error.FENCED_INSTANCE_ID, Error.UNRELEASED_INSTANCE_ID):
            self.end(Stage.FAILED)
        elif response.error == Error.NOT_COORDINATOR and self.consumer_protocol and self.generation != NO_GENERATION:
            self.acknowledge()
        elif self.generation == response.generation and response.error != Error.NOT_COORDINATOR:
            self.react(response.error)

    @on(MetadataUpdate)
    def see_partition(self, update: MetadataUpdate) -> None:
        self.partitions_new += 1
        self.rejoins = self.subscribes and self.stage != Stage.NOT_STARTED
        self.found_while_running = self.found_while_running or self.stage in RUNNING

    @on(OffsetFetchResponse)
    def refresh_committed_offsets(self, response: OffsetFetchResponse) -> None:
        if self.stage == Stage.FETCHING_OFFSETS:
            for partition, offset in enumerate(response.offsets):
                if partition in self.assigned and self.position[partition] is None and offset is not None:
                    self.seek(partition, offset)
                    self.note_start(partition, offset)
                    self.auto_committed[partition] = offset
            self.reset_missing()

    @on(StoreReadResult)
    def seek_to_stored_offsets(self, result: StoreReadResult) -> None:
        if self.stage == Stage.READING_STORE:
            for partition, offset in enumerate(result.offsets):
                if partition in self.assigned and offset is not None:
                    self.seek(partition, offset)
                    self.note_start(partition, offset)
            self.stage = Stage.BETWEEN_POLLS

    @on(ListOffsetsResponse)
    def reset_position(self, response: ListOffsetsResponse) -> None:
        partition = response.partition
        offset = response.offset
        awaited = self.stage == Stage.RESETTING_OFFSETS and partition in self.assigned
        if offset is None:
            self.unresolved |= {partition} if awaited else frozenset()
        elif awaited or partition in self.unresolved:
            before = self.position[partition]
            self.jumped = self.jumped or (before is not None and before < offset)
            if self.reset in (OffsetReset.LATEST, OffsetReset.BY_DURATION):
                self.first[partition] = offset if self.first[partition] is None else self.first[partition]
            self.unresolved -= {partition}
            self.seek(partition, offset)
            self.note_start(partition, offset)
            if self.stage == Stage.POLLING:
                self.send_fetches()
        if awaited and all(self.position[one] is not None or one in self.unresolved for one in self.assigned):
            self.stage = Stage.BETWEEN_POLLS

    # --- poll() ---

    @action
    def poll(self) -> None:
        """It goes on inside while there is nothing to hand out."""
        again = self.stage == Stage.POLLING and (self.rejoins or self.fenced or self.auto_commits_in_poll())
        require(self.stage == Stage.BETWEEN_POLLS or again)
        require(self.processing != Processing.WORKER or len(self.queue) <= self.max_poll_records)
        require(not self.waits_for_worker or not self.rejoins or len(self.queue) == 0)
        if self.fenced:
            self.end(Stage.FAILED)
        elif self.rejoins and not self.commits_while_fetching():
            self.prepare_join()
        else:
            if self.rejoins and self.revocation == Revocation.NONE:
                self.revocation = Revocation.COMMITTING
                self.send_commit(True)
            elif self.auto_commits_in_poll() and choose((False, True)):  # auto.commit.interval.ms may have passed.
                self.commit_automatically()
            elif self.auto_commit == AutoCommit.AFTER_POLL_EVENT:
                self.poll_event = self.poll_event or choose((False, True))
            self.stage = Stage.POLLING
            self.send_fetches()

    @on(FetchResponse)
    def collect_fetch(self, response: FetchResponse) -> None:
        partition = response.partition
        fresh = partition in self.assigned and self.position[partition] == response.offset
        require(not fresh or self.stage == Stage.POLLING or self.stage not in RUNNING)
        self.fetching -= {partition}
        if fresh and self.stage == Stage.POLLING:  # Else FetchCollector drops it.
            if response.error == Error.OFFSET_OUT_OF_RANGE:
                self.request_reset(partition)
            else:
                self.hand_out(partition, response.offset, min(response.end, response.offset + self.max_poll_records))

    @action
    def commit_in_other_thread(self) -> None:
        """CommitRequestManager's poll, or librdkafka's timer: whatever the thread of the application is doing."""
        require(self.stage in RUNNING and self.may_commit() and self.has_progress())
        require(self.poll_event or self.auto_commit == AutoCommit.STORED)
        self.poll_event = False
        self.commit_automatically()

    # --- The application ---

    @action
    def process(self) -> None:
        """The next record has its effect, or is handed to the producer."""
        require(self.stage == Stage.PROCESSING and self.effect in (Effect.CALL, Effect.PRODUCE))
        record = self.next_record()
        if self.effect == Effect.PRODUCE:
            self.queue += (record,)
        else:
            self.take_effect(record)
        self.finish_record(record)

    @action
    def work(self) -> None:
        """Another thread of the process: a worker of the application, or the producer's Sender."""
        number = choose(range(min(self.workers, len(self.queue))))
        record = self.queue[number]
        self.queue = self.queue[:number] + self.queue[number + 1 :]
        self.take_effect(record)
        self.store_offset(record)
        if self.stage == Stage.FLUSHING and len(self.queue) == 0:
            self.commit_positions()

    @action
    def write(self) -> None:
        require(self.stage == Stage.PROCESSING and self.effect in (Effect.UPSERT, Effect.STORE_WITH_OFFSET))
        record = self.next_record()
        self.stage = Stage.WRITING
        send(self.store, StoreWrite(self.me, record.partition, record.offset))

    @on(StoreWriteResult)
    def written(self, result: StoreWriteResult) -> None:
        if self.stage == Stage.WRITING:
            self.stage = Stage.PROCESSING
            if result.applied:
                self.finish_record(InputRecord(result.partition, result.record))
            else:
                self.give_up(self.assigned)
                self.find_positions()  # Somebody else has written it: from the store again.

    @action
    def fail_to_process(self) -> None:
        """An exception instead of the effect."""
        require(self.failed < self.failures and self.stage == Stage.PROCESSING)
        self.failed += 1
        if self.on_error == OnError.CLOSE:
            self.close()
        elif self.on_error != OnError.RETRY:
            record = self.next_record()
            if self.on_error == OnError.DEAD_LETTER:
                self.take_effect(record)
            self.finish_record(record)

    @action
    def exceed_poll_interval(self) -> None:
        """The heartbeat thread leaves the group in the middle of the application's work (max.poll.interval.ms)."""
        require(self.late < self.late_polls[self.index] and self.generation != NO_GENERATION)
        require(self.stage in (Stage.PROCESSING, Stage.WRITING, Stage.COMMITTING))
        self.late += 1
        send(self.coordinator, LeaveGroupRequest(self.me))
        self.reset_generation()

    # --- Commits ---

    @on(OffsetCommitResponse)
    def offsets_committed(self, response: OffsetCommitResponse) -> None:
        if response.generation == self.generation:
            self.react(response.error)
        stale = self.stage == Stage.REVOKING and response.error == Error.STALE_MEMBER_EPOCH and self.may_commit()
        retriable = response.error == Error.COORDINATOR_LOAD_IN_PROGRESS
        if response.awaited and retriable and self.may_commit():
            self.send_commit(True)  # commitOffsetsSync tries again; so does the next poll() before a rebalance.
        elif response.awaited and stale and self.auto_commit != AutoCommit.OFF:
            self.send_commit(True)  # With the epoch that the coordinator has told in the meantime.
        elif response.awaited:
            self.go_on(response.error)
        if response.error != Error.NONE:
            for partition in self.auto_committed.keys():
                self.auto_committed[partition] = None  # To be committed at the next opportunity.
        if self.resends_failed_commit and not response.awaited:
            answered = frozenset(offset for offset in response.offsets if offset is not None)
            self.unanswered -= answered
            self.refused |= answered if retriable else frozenset()

    @action
    def repeat_request(self) -> None:
        """The request or its answer is lost."""
        waiting = (Stage.FETCHING_OFFSETS, Stage.COMMITTING, Stage.REVOKING, Stage.CLOSING)
        require(self.stage in waiting and quiet(self.coordinator))
        if self.stage == Stage.FETCHING_OFFSETS:
            send(self.coordinator, OffsetFetchRequest(self.me))
        else:
            self.commit_and_wait(self.stage)

    @action
    def resend_failed_commit(self) -> None:
        """The callback of commitAsync() gets RetriableCommitFailedException and calls commitAsync() again."""
        require(self.stage in RUNNING)
        self.resend(choose(self.refused | (self.unanswered if quiet(self.coordinator) else frozenset())))

    # --- Helpers ---

    def react(self, error: Error) -> None:
        """Of AbstractCoordinator's heartbeat handler and OffsetCommitResponseHandler."""
        if error == Error.REBALANCE_IN_PROGRESS:
            self.rejoins = True
        elif error in (Error.UNKNOWN_MEMBER_ID, Error.ILLEGAL_GENERATION):
            self.reset_generation()
        elif error == Error.FENCED_INSTANCE_ID:
            self.fenced = True

    def reset_generation(self) -> None:
        self.generation = NO_GENERATION
        self.rejoins = self.subscribes
        if self.consumer_protocol:
            self.connection += 1
        self.unanswered = frozenset()
        self.refused = frozenset()

    def hand_out(self, partition: Partition, offset: Position, end: Position) -> None:
        if self.notes_starts:
            self.begun[partition] = offset if self.begun[partition] is None else self.begun[partition]
            self.handed |= {InputRecord(partition, one) for one in range(offset, end)}
        self.position[partition] = end
        if self.auto_commit == AutoCommit.STORED and self.stores_on_delivery:
            self.stored[partition] = end
        if self.processing == Processing.WORKER:
            self.queue += tuple(InputRecord(partition, one) for one in range(offset, end))
            self.processed[partition] = end
            self.stage = Stage.BETWEEN_POLLS
        else:
            self.stage = Stage.PROCESSING
            if self.processing == Processing.AFTER_COMMIT:
                self.commit_positions()

    def has_work(self) -> bool:
        return any(self.in_hand(partition) for partition in self.assigned)

    def in_hand(self, partition: Partition) -> bool:
        position = self.position[partition]
        return position is not None and self.processed[partition] < position

    def next_record(self) -> InputRecord:
        partition = min(partition for partition in self.assigned if self.in_hand(partition))
        return InputRecord(partition, self.processed[partition])

    def take_effect(self, record: InputRecord) -> None:
        self.effects[record] = min(self.effects[record] + 1, 2)

    def store_offset(self, record: InputRecord) -> None:
        """rd_kafka_offsets_store() by the application, when the record is done."""
        present = record.partition in self.assigned or self.keeps_stored_offsets
        if self.auto_commit == AutoCommit.STORED and not self.stores_on_delivery and present:
            offset = record.offset + 1
            if self.stores_contiguous:
                handed = self.processed[record.partition]
                offset = min((one.offset for one in self.queue if one.partition == record.partition), default=handed)
            self.stored[record.partition] = offset

    def finish_record(self, record: InputRecord) -> None:
        self.processed[record.partition] += 1
        self.store_offset(record)
        if not self.has_work():
            self.stage = Stage.BETWEEN_POLLS
            if self.processing == Processing.BEFORE_COMMIT and self.flushes and len(self.queue) > 0:
                self.stage = Stage.FLUSHING
            elif self.processing == Processing.BEFORE_COMMIT:
                self.commit_positions()

    def commit_positions(self) -> None:
        """commitSync() or commitAsync()."""
        if self.batches + 1 < self.commit_every:
            self.batches += 1
            return
        self.batches = 0
        if self.commits == Commits.SYNC:
            self.commit_and_wait(Stage.COMMITTING)
        else:
            self.stage = Stage.PROCESSING if self.has_work() else Stage.BETWEEN_POLLS
            if self.commits == Commits.ASYNC and self.may_commit():
                self.send_commit(False)

    def commit_and_wait(self, stage: Stage) -> None:
        self.stage = stage
        if self.may_commit():
            self.send_commit(True)
        else:
            self.go_on(Error.UNKNOWN_MEMBER_ID)  # CommitFailedException without asking anybody.

    def go_on(self, error: Error) -> None:
        """A commit that was waited for has ended, with or without success."""
        if self.revocation == Revocation.COMMITTING:
            self.revocation = Revocation.COMMITTED
        elif self.stage == Stage.COMMITTING:
            if error != Error.NONE:
                self.drop_records()  # The exception reaches the loop, which logs it and polls again.
            self.stage = Stage.PROCESSING if self.has_work() else Stage.BETWEEN_POLLS
        elif self.stage == Stage.REVOKING:
            self.revoke()
        elif self.stage == Stage.CLOSING:
            self.leave(Stage.CLOSED)

    def drop_records(self) -> None:
        for partition in self.assigned:
            position = self.position[partition]
            if position is not None:
                self.processed[partition] = position

    def may_commit(self) -> bool:
        return not self.subscribes or self.generation != NO_GENERATION

    def resend(self, offset: Position) -> None:
        self.refused -= {offset}
        self.unanswered |= {offset}
        send(self.coordinator, OffsetCommitRequest(self.me, self.instance, self.generation, (offset,), False))

    def send_commit(self, awaited: bool) -> None:
        for offset in self.refused:  # invokeCompletedOffsetCommitCallbacks: a commit first runs what callbacks wait.
            self.resend(offset)
        offsets = tuple(self.position[one] if one in self.assigned else None for one in self.position.keys())
        if self.auto_commit == AutoCommit.STORED:
            offsets = tuple(self.stored[one] if one in self.assigned else None for one in self.stored.keys())
        send(self.coordinator, OffsetCommitRequest(self.me, self.instance, self.generation, offsets, awaited))
        if self.resends_failed_commit and not awaited:
            self.unanswered |= {offset for offset in offsets if offset is not None}

    def auto_commits_in_poll(self) -> bool:
        return self.auto_commit == AutoCommit.IN_POLL and self.may_commit() and self.has_progress()

    def has_progress(self) -> bool:
        return any(self.advanced(partition) for partition in self.assigned)

    def advanced(self, partition: Partition) -> bool:
        offset = self.committable(partition)
        return offset is not None and offset != self.auto_committed[partition]

    def committable(self, partition: Partition) -> Position | None:
        return self.stored[partition] if self.auto_commit == AutoCommit.STORED else self.position[partition]

    def commit_automatically(self) -> None:
        self.send_commit(False)
        for partition in self.assigned:
            self.auto_committed[partition] = self.committable(partition)

    def commits_while_fetching(self) -> bool:
        automatic = self.fetches_while_revoking and self.auto_commit == AutoCommit.IN_POLL
        return automatic and self.may_commit() and self.revocation != Revocation.COMMITTED

    def prepare_join(self) -> None:
        """onJoinPrepare, or KIP-848's reconciliation: a last commit before partitions are revoked."""
        commits = self.auto_commit != AutoCommit.OFF and self.has_progress() and not self.fetches_while_revoking
        if self.may_commit() and len(self.assigned) > 0 and (commits or self.commits_on_revocation):
            self.commit_and_wait(Stage.REVOKING)
        else:
            self.revoke()

    def revoke(self) -> None:
        if self.consumer_protocol and self.generation != NO_GENERATION:
            revoked = self.assigned - self.assignment
            self.give_up(revoked)
            self.assigned = self.assignment
            self.rejoins = False
            if len(revoked) > 0:
                self.acknowledge()
            self.find_positions()
        else:
            self.join()

    def acknowledge(self) -> None:
        send(
            self.coordinator,
            ConsumerGroupHeartbeatRequest(self.me, self.connection, self.instance, self.generation, self.assigned),
        )

    def join(self) -> None:
        """Eager, or after onPartitionsLost: without partitions."""
        if self.cooperative and self.generation != NO_GENERATION:
            self.rejoins = False
        else:
            self.forget_assignment()
        self.stage = Stage.JOINING
        self.send_join()

    def send_join(self) -> None:
        seen = self.partitions_at_start + self.partitions_new
        if self.consumer_protocol:
            send(
                self.coordinator,
                ConsumerGroupHeartbeatRequest(self.me, self.connection, self.instance, JOIN_EPOCH, frozenset()),
            )
        else:
            send(self.coordinator, JoinGroupRequest(self.me, self.connection, self.instance, seen))

    def find_positions(self) -> None:
        """updateFetchPositions, or the seek() of an application that keeps its offsets itself."""
        if len(self.assigned) == 0:
            self.stage = Stage.POLLING
        elif all(self.position[partition] is not None for partition in self.assigned):
            self.stage = Stage.BETWEEN_POLLS
        elif self.effect == Effect.STORE_WITH_OFFSET:
            self.stage = Stage.READING_STORE
            send(self.store, StoreRead(self.me))
        else:
            self.stage = Stage.FETCHING_OFFSETS
            send(self.coordinator, OffsetFetchRequest(self.me))

    def reset_missing(self) -> None:
        self.stage = Stage.BETWEEN_POLLS
        for partition in self.position.keys():
            if partition in self.assigned and self.position[partition] is None:
                self.request_reset(partition)

    def request_reset(self, partition: Partition) -> None:
        if self.reset == OffsetReset.NONE:
            self.leave(Stage.FAILED)  # NoOffsetForPartitionException, OffsetOutOfRangeException
        else:
            self.stage = Stage.RESETTING_OFFSETS
            send(self.leaders[partition], ListOffsetsRequest(self.me, self.reset))

    def seek(self, partition: Partition, offset: Position) -> None:
        self.position[partition] = offset
        self.processed[partition] = offset

    def send_fetches(self) -> None:
        for partition in self.assigned - self.fetching:
            offset = self.position[partition]
            if offset is not None:
                send(self.leaders[partition], FetchRequest(self.me, offset))
                self.fetching |= {partition}

    def close(self) -> None:
        """With enable.auto.commit it commits what poll() has handed out, processed or not."""
        if self.auto_commit != AutoCommit.OFF and self.has_progress() and self.may_commit():
            self.commit_and_wait(Stage.CLOSING)
        else:
            self.leave(Stage.CLOSED)

    def leave(self, stage: Stage) -> None:
        if self.generation != NO_GENERATION:
            send(self.coordinator, LeaveGroupRequest(self.me))
        self.end(stage)

    def end(self, stage: Stage) -> None:
        """Nothing that the process knew matters any more."""
        self.forget_assignment()
        self.generation = NO_GENERATION
        self.queue = ()
        self.fenced = False
        self.failed = 0
        self.late = 0
        self.stage = stage

    def forget_assignment(self) -> None:
        self.give_up(frozenset(self.position.keys()))
        self.assigned = frozenset()
        self.assignment = frozenset()
        self.rejoins = False
        self.poll_event = False
        self.batches = 0
        self.unanswered = frozenset()
        self.revocation = Revocation.NONE

    def give_up(self, partitions: frozenset[Partition]) -> None:
        self.fetching -= partitions
        self.unresolved -= partitions
        self.note_end(partitions)
        for partition in partitions:
            if not self.keeps_positions:
                self.position[partition] = None
                self.processed[partition] = 0
            self.auto_committed[partition] = None
            if not self.keeps_stored_offsets:
                self.stored[partition] = None

    def note_start(self, partition: Partition, offset: Position) -> None:
        if self.notes_starts:
            self.told[partition] = offset if self.begun[partition] is None else self.told[partition]

    def note_end(self, partitions: frozenset[Partition]) -> None:
        if self.notes_starts:
            for partition in partitions:
                self.told[partition] = None
                self.begun[partition] = None
