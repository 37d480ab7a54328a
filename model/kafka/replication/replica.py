"""One replica of a partition: what is below the high watermark is on every member of the ISR, and stays.

Follows kafka.cluster.Partition (makeLeader, makeFollower, maybeExpandIsr, maybeShrinkIsr, maybeIncrementLeaderHW,
checkEnoughReplicasReachOffset), kafka.server.AbstractFetcherThread (truncation), UnifiedLog and ProducerAppendInfo
(sequences). The versions differ in named switches; `wiring` says which version sets what.
A follower's fetch waits at the leader until there is something to say (purgatory), so it is sent once and answered in
the step that brings the news. A leader that has not heard of the epoch a follower fetches in (UNKNOWN_LEADER_EPOCH)
lets it wait, for the follower would ask again.
A replica without peers stands for all replicas of a partition whose brokers never fail. NOTE(grain): then no election
takes place, each record is in each log before anybody could ask for it in vain, and the high watermark follows the end
of the log; a client cannot tell such a partition from one log that answers a little later.
With cleanup.policy=compact each replica has a cleaner of its own, which runs when it likes and knows nothing of others
(LogCleaner.doClean, shouldRetainRecord; LogCleanerManager.cleanableOffsets). A run needs something new below the high
watermark and in a closed segment; where segments end is left open, but the last record is in the active one. Of a key
the last record below the end of the run stays. A tombstone gets its delete horizon from the first run that sees it and
goes with a later one, if delete.retention.ms has passed by then. A record that is removed stays in `log` as a hole.
Not modelled: batches that compaction leaves empty (they only say where the log ends) and what it leaves of the producer
state; a run that is stopped half-way by a full offset map; tiered storage, fetches of consumers, the high watermark's
checkpoint (it is always fresh), REQUEST_TIMED_OUT from purgatory (the client's own timeout covers it), a broker epoch
in fetches.
"""

from enum import Enum
from typing import Annotated

from checker.lang import (
    ActorId,
    Counts,
    Durable,
    History,
    MaxLen,
    UpTo,
    Volatile,
    action,
    actor,
    choose,
    each,
    on,
    on_restart,
    replace,
    require,
    send,
    struct,
)  # fmt: skip
from model.kafka.replication.messages import (
    EXPIRING,
    NO_EPOCH,
    NO_OFFSET,
    NO_PRODUCER_ID,
    NO_RECORD,
    REMOVED,
    Acks,
    AlterPartitionRequest,
    Attempt,
    Batch,
    Broker,
    BrokerRegistration,
    BrokerUnfenced,
    CompactionProgress,
    Disconnected,
    Error,
    FetchRequest,
    FetchResponse,
    Hole,
    LeaderEpoch,
    LogEntry,
    Offset,
    OffsetForLeaderEpochRequest,
    OffsetForLeaderEpochResponse,
    Partition,
    PartitionChange,
    PartitionState,
    ProduceRequest,
    ProduceResponse,
    Record,
    RemovalBound,
)  # fmt: skip

Brokers = Annotated[tuple[Broker, ...], MaxLen(3)]


class Truncation(Enum):
    """By what a follower finds out which part of its log the leader does not share."""

    HIGH_WATERMARK = "its own high watermark"  # Until 0.10.
    LEADER_EPOCH = "the leader's end of the epoch"  # KIP-101: one question.
    LARGEST_COMMON_EPOCH = "the largest epoch that both know"  # KIP-279: asks until the epochs agree.
    ON_FETCH = "the diverging epoch in the fetch response"  # KIP-595.


class UnknownProducer(Enum):
    """What a leader without state of a producer says to a sequence other than 0."""

    OUT_OF_ORDER = "OUT_OF_ORDER_SEQUENCE_NUMBER"  # 0.11
    UNKNOWN_PRODUCER_ID = "UNKNOWN_PRODUCER_ID"  # 1.0 to 2.4
    ACCEPTED = "accepted"  # KIP-360, 2.5
    ACCEPTED_UNLESS_EMPTY = "accepted unless the log is empty"  # KAFKA-15591


@struct
class WaitingProduce:
    """A request with acks=all in purgatory."""

    client: ActorId
    batch: Batch
    attempt: Attempt
    offset: Offset
    request: Record


@actor
class Replica:
    me: ActorId
    broker: Broker
    partition: Partition
    peers: tuple[ActorId, ...]  # All replicas of the partition, by broker.
    assigned: tuple[Broker, ...]  # Their brokers.
    clients: tuple[ActorId, ...] = ()
    controller: ActorId | None = None
    min_insync_replicas: Annotated[int, UpTo(3)] = 1
    truncation: Truncation = Truncation.ON_FETCH
    checks_fetch_epoch: bool = True  # KIP-320
    checks_epoch_start: bool = True  # KAFKA-7128: a follower joins the ISR only with the start of the leader's epoch.
    holds_back_below_min_isr: bool = True  # KAFKA-15583: the high watermark stays while the ISR is too small.
    counts_pending: bool = True  # maximalIsr (KIP-497): who may be in the ISR already counts for the high watermark.
    checks_min_isr_after_append: bool = True  # checkEnoughReplicasReachOffset
    checks_producer_epoch: bool = True  # ProducerAppendInfo.checkProducerEpoch
    checks_checksum: bool = True  # UnifiedLog.analyzeAndValidateRecords: the checksum covers a batch, not its topic.
    keeps_follower_offsets: bool = True  # makeLeader of a replica that already leads.
    coalesces_metadata: bool = False  # MetadataLoader: several changes may be published as one (KRaft).
    remembered_batches: Annotated[int, UpTo(8)] = 5  # ProducerStateEntry.NUM_BATCHES_TO_RETAIN
    unknown_producer: UnknownProducer = UnknownProducer.ACCEPTED
    state_outlives_records: bool = True  # KAFKA-7190: retention leaves the producer state in memory.
    takes_snapshots: bool = False  # A reload finds a snapshot of the producer state: one batch of each producer.
    starts_unready: bool = False  # A new topic: clients may know the leader before the leader does.
    connections_break: bool = False  # Requests may be lost, with all that come after them on their connection.
    tails_to_lose: Annotated[int, UpTo(3)] = 0  # How often a restart may find that the end of the log was not flushed.
    expirations: Annotated[int, UpTo(2)] = 0  # How often producer.id.expiration.ms passes.
    retentions: Annotated[int, UpTo(2)] = 0  # How often retention removes everything.
    refusals: Annotated[int, UpTo(2)] = 0  # How often a request is not authorized, for a moment.
    replica_lags: tuple[Annotated[int, UpTo(2)], ...] = ()  # How often replica.lag.time.max.ms passes, by follower.
    cleanings: Annotated[int, UpTo(2)] = 0  # How often its log cleaner runs.
    keys: tuple[Record, ...] = ()  # By record, the first record that has the same key.
    tombstones: tuple[bool, ...] = ()  # Which records have no value.
    coordinates_compaction: bool = False  # A tombstone stays until every replica has compacted what it deletes.
    looks_back: bool = True  # Whether a guarantee is asked that speaks of the past; else there are fewer states.
    notes_copies: bool = False  # Likewise, of batches that were sent again.

    log: Durable[Annotated[tuple[LogEntry, ...], MaxLen("log")]] = ()
    high_watermark: Durable[Offset] = 0
    log_start: Durable[Offset] = 0  # What is below is still in `log`, for consumers had it.
    tails_lost: Durable[Annotated[int, UpTo(3), Counts("power_loss")]] = 0
    refused: Durable[Annotated[int, UpTo(2), Counts("authorization_failure")]] = 0
    expired: Durable[Annotated[int, UpTo(2), Counts("producer_state_expiry")]] = 0
    retained: Durable[Annotated[int, UpTo(2), Counts("retention")]] = 0
    times_cleaned: Durable[Annotated[int, UpTo("compaction"), Counts("cleaning")]] = 0
    clean_end: Durable[Hole] = 0  # cleaner-offset-checkpoint: below it each key is there once.
    lags_seen: Durable[Annotated[dict[Broker, Annotated[int, UpTo(2)]], Counts("replica_lag")]] = each(0)

    leader: Volatile[Broker | None] = 1
    leader_epoch: Volatile[LeaderEpoch] = 0
    epoch_start: Volatile[Offset] = 0  # leaderEpochStartOffset
    in_sync: Volatile[dict[Broker, bool]] = each(True)
    pending: Volatile[Broker | None] = None  # It enters or leaves the ISR when the controller agrees.
    follower_end: Volatile[dict[Broker, Offset]] = each(0)
    parked: Volatile[dict[Broker, bool]] = each(True)  # Its fetch waits for news.
    fetch_epoch: Volatile[dict[Broker, LeaderEpoch]] = each(0)  # currentLeaderEpoch of that fetch.
    waiting: Volatile[Annotated[tuple[WaitingProduce, ...], MaxLen("log")]] = ()
    image: Volatile[PartitionState | None] = None  # Received and not yet published.
    ready: Volatile[bool] = False
    received: Volatile[dict[Attempt, Record | None]] = each(None)  # The latest on each connection.
    progress: Volatile[dict[Broker, Hole]] = each(0)  # The clean end of each replica, as far as the leader knows.
    removal_bound: Volatile[Hole] = 0
    # What the producer state covers: nothing below `forgotten`, and one batch of each producer below `snapshot`.
    forgotten: Volatile[Offset] = 0
    snapshot: Volatile[Offset] = 0

    # What consumers may have read from it while it led, and the smallest maximal ISR at an acknowledgement to acks=all.
    exposed: History[Annotated[tuple[LogEntry, ...], MaxLen("log")]] = ()
    fewest_at_ack: History[Annotated[int, UpTo(3)]] = 3
    recognised: History[bool] = False  # A batch was answered as the copy of one that it has,
    mistaken: History[Record | None] = None  # and this one's record is not in the other.

    # --- Leader: produce ----------------------------------------------------------------------------------------------

    @on(ProduceRequest)
    def produce(self, request: ProduceRequest) -> None:
        batch = request.batch
        if self.connections_break:
            if request.previous is not None and self.received[request.attempt] != request.previous:
                return  # What was sent before it on this connection is lost, and so is the connection.
            self.received[request.attempt] = request.request
        error = Error.NONE
        offset = NO_OFFSET
        refused = choose((False, True)) if self.refused < self.refusals else False
        if refused:
            self.refused += 1
            error = Error.TOPIC_AUTHORIZATION_FAILED
        elif not self.leads():
            error = Error.NOT_LEADER_OR_FOLLOWER
        elif request.acks == Acks.ALL and self.isr_size() < self.min_insync_replicas:
            error = Error.NOT_ENOUGH_REPLICAS
        elif request.checksum != NO_RECORD and self.checks_checksum:
            error = Error.CORRUPT_MESSAGE
        else:
            offset = self.find_duplicate(batch)
            if offset != NO_OFFSET and self.notes_copies:
                self.recognised = True
                if self.log[offset].batch.record != batch.record:
                    self.mistaken = batch.record
            if offset == NO_OFFSET:
                error = self.check_sequence(batch)
                offset = self.log_start if error != Error.NONE else len(self.log)
                if error == Error.NONE:
                    self.log += (LogEntry(batch, self.leader_epoch),)
        if error == Error.NONE and request.acks == Acks.ALL:
            # A batch that is sent again replaces its earlier copy, whose connection is gone.
            others = tuple(one for one in self.waiting if one.request != request.request)
            self.waiting = others + (WaitingProduce(request.client, batch, request.attempt, offset, request.request),)
        elif request.acks != Acks.NONE:
            send(
                request.client,
                ProduceResponse(batch, request.attempt, error, offset, self.leader, request.request),
            )
        if error == Error.NONE:
            self.make_progress(None)

    @action
    def become_ready(self) -> None:
        """The leader of a new topic applies the metadata that its clients already have."""
        require(self.starts_unready and not self.ready)
        self.ready = True

    @action
    def expire_producer_state(self) -> None:
        require(self.expired < self.expirations and self.leads() and self.forgotten < len(self.log))
        self.expired += 1
        self.forgotten = len(self.log)

    @action
    def delete_by_retention(self) -> None:
        require(self.retained < self.retentions and self.leads() and self.log_start < self.high_watermark)
        self.retained += 1
        self.log_start = self.high_watermark
        if not self.state_outlives_records:
            self.forgotten = self.log_start

    def newest_known(self, batch: Batch) -> Offset:
        """Where the producer state has the producer's latest batch."""
        found: Offset = NO_OFFSET
        for offset, one in enumerate(self.log):
            if one.batch.producer_id == batch.producer_id and offset >= self.forgotten:
                found = offset
        return found

    def find_duplicate(self, batch: Batch) -> Offset:
        """ProducerStateEntry.findDuplicateBatch: the offset of a retained batch of this epoch and sequence.

        A newer epoch has cleared the window (maybeUpdateProducerEpoch).
        """
        found: Offset = NO_OFFSET
        newer = 0
        for offset in reversed(range(len(self.log))):
            logged = self.log[offset].batch
            if logged.producer_id == batch.producer_id and offset >= self.forgotten and found == NO_OFFSET:
                known = newer < self.remembered_batches and batch.producer_id != NO_PRODUCER_ID
                if known and logged.epoch == batch.epoch and logged.sequence == batch.sequence:
                    found = offset
                # The snapshot has only the latest batch below it.
                kept = offset >= self.snapshot and logged.epoch == batch.epoch
                newer = newer + 1 if kept else self.remembered_batches
        return found

    def check_sequence(self, batch: Batch) -> Error:
        """ProducerAppendInfo.checkProducerEpoch and checkSequence."""
        if batch.producer_id == NO_PRODUCER_ID:
            return Error.NONE
        newest = self.newest_known(batch)
        if newest == NO_OFFSET:
            return self.check_first(batch)
        stored = self.log[newest].batch
        if batch.epoch < stored.epoch and self.checks_producer_epoch:
            return Error.INVALID_PRODUCER_EPOCH
        expected = 0 if batch.epoch != stored.epoch else stored.sequence + 1
        return Error.NONE if batch.sequence == expected else Error.OUT_OF_ORDER_SEQUENCE_NUMBER

    def check_first(self, batch: Batch) -> Error:
        """No state: nobody knows whether something is missing before this batch."""
        if batch.sequence == 0 or self.unknown_producer == UnknownProducer.ACCEPTED:
            return Error.NONE
        if self.unknown_producer == UnknownProducer.UNKNOWN_PRODUCER_ID:
            return Error.UNKNOWN_PRODUCER_ID
        if self.unknown_producer == UnknownProducer.ACCEPTED_UNLESS_EMPTY and len(self.log) > 0:
            return Error.NONE
        return Error.OUT_OF_ORDER_SEQUENCE_NUMBER

    def make_progress(self, informed: Broker | None) -> None:
        """What an append, a fetch or a new ISR makes possible: mark, answers to clients, answers to followers.

        A follower other than the one that has just fetched knows the mark as it was before this step.
        """
        mark = self.high_watermark
        self.advance_high_watermark()
        self.complete_waiting()
        for follower in self.others():
            news = self.high_watermark > mark and follower != informed and self.follower_needs_mark()
            if self.parked[follower] and (self.follower_end[follower] < len(self.log) or news):
                self.respond(follower)

    def advance_high_watermark(self) -> None:
        """maybeIncrementLeaderHW: the least end among the leader and the maximal ISR."""
        reached = len(self.log)
        for follower in self.others():
            if self.in_sync[follower] or (self.pending == follower and self.counts_pending):
                reached = min(reached, self.follower_end[follower])
        if self.isr_size() >= self.min_insync_replicas or not self.holds_back_below_min_isr:
            self.high_watermark = max(self.high_watermark, reached)
        if self.looks_back:
            longer = self.high_watermark
            self.exposed = self.log[:longer] if longer > len(self.exposed) else self.exposed

    def complete_waiting(self) -> None:
        """checkEnoughReplicasReachOffset"""
        maximal = len(self.maximal_isr())
        enough = maximal >= self.min_insync_replicas or not self.checks_min_isr_after_append
        for one in self.waiting:
            if one.offset < self.high_watermark:
                error = Error.NONE if enough else Error.NOT_ENOUGH_REPLICAS_AFTER_APPEND
                if enough and self.looks_back:
                    self.fewest_at_ack = min(self.fewest_at_ack, maximal)
                send(
                    one.client,
                    ProduceResponse(one.batch, one.attempt, error, one.offset, self.leader, one.request),
                )
        self.waiting = tuple(one for one in self.waiting if one.offset >= self.high_watermark)

    # --- Leader: followers --------------------------------------------------------------------------------------------

    @on(FetchRequest)
    def fetch(self, request: FetchRequest) -> None:
        require(self.leader_epoch >= request.leader_epoch)
        if not self.leads() or (self.checks_fetch_epoch and request.leader_epoch < self.leader_epoch):
            return  # NOT_LEADER_OR_FOLLOWER, FENCED_LEADER_EPOCH: the follower goes on with the next metadata.
        epoch = self.floor_epoch(request.last_epoch)
        end = self.end_of_epoch(request.last_epoch)
        out_of_range = request.offset > len(self.log)
        diverges = epoch < request.last_epoch or end < request.offset
        if out_of_range or (diverges and self.truncation == Truncation.ON_FETCH):
            send(
                self.peers[request.replica - 1],
                FetchResponse(
                    self.broker, request.leader_epoch, request.offset, None, 0,
                    NO_EPOCH if out_of_range else epoch, len(self.log) if out_of_range else end,
                ),
            )  # fmt: skip
            return
        self.follower_end[request.replica] = request.offset
        self.fetch_epoch[request.replica] = request.leader_epoch
        self.parked[request.replica] = True
        self.expand_isr(frozenset())
        self.make_progress(request.replica if request.high_watermark >= self.high_watermark else None)

    @on(OffsetForLeaderEpochRequest)
    def tell_end_of_epoch(self, request: OffsetForLeaderEpochRequest) -> None:
        require(self.leader_epoch >= request.current_leader_epoch)
        if not self.leads() or (self.checks_fetch_epoch and request.current_leader_epoch < self.leader_epoch):
            return
        epoch = self.floor_epoch(request.leader_epoch)
        end = self.end_of_epoch(request.leader_epoch)
        if self.truncation == Truncation.LEADER_EPOCH:
            end = NO_OFFSET if epoch == NO_EPOCH else end
            epoch = NO_EPOCH
        send(
            self.peers[request.replica - 1],
            OffsetForLeaderEpochResponse(self.broker, request.current_leader_epoch, epoch, end),
        )

    @action
    def shrink_isr(self) -> None:
        """replica.lag.time.max.ms passes for a slow follower."""
        require(self.leads() and self.pending is None)
        follower = choose(
            one
            for one in self.others()
            if self.in_sync[one]
            and self.follower_end[one] < len(self.log)
            and self.lags_seen[one] < self.replica_lags[one - 1]
        )
        self.lags_seen[follower] += 1
        self.alter_partition(follower, self.isr() - {follower})

    def expand_isr(self, excluded: frozenset[Broker]) -> None:
        """A follower that has caught up enters the ISR, one at a time."""
        found: Broker | None = None
        for follower in self.others():
            end = self.follower_end[follower]
            caught_up = end >= self.high_watermark and (end >= self.epoch_start or not self.checks_epoch_start)
            if not self.in_sync[follower] and end != NO_OFFSET and caught_up and follower not in excluded:
                found = follower
        if found is not None and self.pending is None:
            self.alter_partition(found, self.isr() | {found})

    @on(BrokerUnfenced)
    def notice_unfenced(self, message: BrokerUnfenced) -> None:
        require(self.image is None)  # What came before it is published before.
        if self.leads():
            self.expand_isr(frozenset())

    def alter_partition(self, follower: Broker, isr: frozenset[Broker]) -> None:
        self.pending = follower
        if self.controller is not None:
            send(self.controller, AlterPartitionRequest(self.broker, self.leader_epoch, self.isr(), isr))

    def respond(self, follower: Broker) -> None:
        offset = self.follower_end[follower]
        mark = self.high_watermark if self.follower_needs_mark() else 0
        self.parked[follower] = False
        there = self.next_there(offset)
        entry = self.log[there] if there < len(self.log) else None
        epoch = self.fetch_epoch[follower]
        skipped = there - offset if entry is not None else 0
        send(
            self.peers[follower - 1],
            FetchResponse(self.broker, epoch, offset, entry, mark, NO_EPOCH, NO_OFFSET, skipped),
        )

    def next_there(self, offset: Offset) -> Offset:
        """LogSegment.read: where there is a hole, what is behind it."""
        return min(
            (one for one in range(len(self.log)) if one >= offset and self.log[one].cleaned != REMOVED),
            default=len(self.log),
        )

    def floor_epoch(self, epoch: LeaderEpoch) -> LeaderEpoch:
        """The largest epoch of this log up to `epoch`; the leader's own is in its cache before its first batch."""
        if epoch == self.leader_epoch:
            return epoch
        return max((one.leader_epoch for one in self.log if one.leader_epoch <= epoch), default=NO_EPOCH)

    def end_of_epoch(self, epoch: LeaderEpoch) -> Offset:
        """LeaderEpochFileCache.endOffsetFor: where the first larger epoch starts."""
        return sum(1 for one in self.log if one.leader_epoch <= epoch)

    # --- Follower -----------------------------------------------------------------------------------------------------

    @on(FetchResponse)
    def replicate(self, response: FetchResponse) -> None:
        if not self.follows() or response.leader_epoch != self.leader_epoch or response.offset != len(self.log):
            return  # Asked for in an earlier epoch, or before a restart.
        if response.diverging_end != NO_OFFSET:
            self.truncate_to_common(response.diverging_epoch, response.diverging_end)
        else:
            if response.entry is not None:
                before = self.log[-1].leader_epoch if len(self.log) > 0 else NO_EPOCH
                for _ in range(response.skipped):  # An epoch ends where the next one's first batch is.
                    self.log += (LogEntry(response.entry.batch, before, REMOVED),)
                self.log += (response.entry,)
            if self.follower_needs_mark():
                self.high_watermark = min(response.high_watermark, len(self.log))
        self.send_fetch()

    @on(OffsetForLeaderEpochResponse)
    def truncate_by_epoch(self, response: OffsetForLeaderEpochResponse) -> None:
        if not self.follows() or response.current_leader_epoch != self.leader_epoch:
            return
        settled = True
        if response.end_offset == NO_OFFSET:
            self.truncate(self.high_watermark)
        else:
            settled = self.truncate_to_common(response.leader_epoch, response.end_offset)
        if settled:
            self.send_fetch()
        else:
            self.ask_for_end_of_epoch()

    def truncate_to_common(self, epoch: LeaderEpoch, end: Offset) -> bool:
        """AbstractFetcherThread.getOffsetTruncationState; true if the question is settled."""
        own_epoch = max((one.leader_epoch for one in self.log if one.leader_epoch <= epoch), default=NO_EPOCH)
        if epoch == NO_EPOCH:
            self.truncate(min(end, len(self.log)))
            return True
        own_end = self.end_of_epoch(epoch)
        if own_epoch not in (epoch, NO_EPOCH):
            self.truncate(own_end)
            return False
        self.truncate(min(own_end, end))
        return True

    def truncate(self, end: Offset) -> None:
        """Also the producer state is rebuilt, from the last snapshot that is left."""
        if end < len(self.log):
            self.log = self.log[:end]
            self.high_watermark = min(self.high_watermark, end)
            self.log_start = min(self.log_start, end)
            self.clean_end = min(self.clean_end, end)
            self.snapshot = self.snapshot if self.snapshot <= end else 0
            self.forgotten = self.log_start

    def send_fetch(self) -> None:
        if self.leader is not None:
            last_epoch = self.log[-1].leader_epoch if len(self.log) > 0 else NO_EPOCH
            send(
                self.peers[self.leader - 1],
                FetchRequest(self.broker, self.leader_epoch, len(self.log), last_epoch, self.high_watermark),
            )

    def ask_for_end_of_epoch(self) -> None:
        if len(self.log) == 0:
            self.send_fetch()
        elif self.leader is not None:
            send(
                self.peers[self.leader - 1],
                OffsetForLeaderEpochRequest(self.broker, self.leader_epoch, self.log[-1].leader_epoch),
            )

    # --- Compaction ---------------------------------------------------------------------------------------------------

    @action
    def clean(self) -> None:
        """The log cleaner runs up to the end of a closed segment, and delete.retention.ms has passed or not."""
        require(self.times_cleaned < self.cleanings)
        closed = min(self.high_watermark, len(self.log) - 1)
        end = choose(one for one in range(len(self.log)) if self.clean_end < one <= closed)
        waits = any(one.cleaned == EXPIRING for one in self.log[:end])
        passed = choose((False, True)) if waits else False
        self.times_cleaned += 1
        self.log = tuple(self.after_cleaning(offset, end, passed) for offset in range(len(self.log)))
        self.clean_end = end
        self.report_progress()

    def after_cleaning(self, offset: Offset, end: Offset, passed: bool) -> LogEntry:
        """Cleaner.shouldRetainRecord"""
        entry = self.log[offset]
        if offset >= end or entry.cleaned == REMOVED:
            return entry
        key = self.keys[entry.batch.record]
        if any(
            self.keys[self.log[later].batch.record] == key and self.log[later].cleaned != REMOVED
            for later in range(offset + 1, end)
        ):
            return replace(entry, cleaned=REMOVED)
        if not self.tombstones[entry.batch.record]:
            return entry
        removable = offset < self.removal_bound or not self.coordinates_compaction
        if entry.cleaned == EXPIRING and passed and removable:
            return replace(entry, cleaned=REMOVED)
        return replace(entry, cleaned=EXPIRING)

    def report_progress(self) -> None:
        """What each replica has compacted goes to the leader, and what all have compacted comes back."""
        if self.coordinates_compaction and self.leads():
            self.note_progress(self.broker, self.clean_end)
        elif self.coordinates_compaction and self.leader is not None:
            send(
                self.peers[self.leader - 1],
                CompactionProgress(self.broker, self.leader_epoch, self.clean_end),
            )

    @on(CompactionProgress)
    def hear_progress(self, message: CompactionProgress) -> None:
        require(self.leader_epoch >= message.leader_epoch)
        if self.leads():
            self.note_progress(message.replica, message.clean_end)

    def note_progress(self, replica: Broker, clean_end: Hole) -> None:
        self.progress[replica] = clean_end
        bound = min(self.progress[one] for one in self.all())
        if bound > self.removal_bound:
            self.removal_bound = bound
            for follower in self.others():
                send(self.peers[follower - 1], RemovalBound(bound))

    @on(RemovalBound)
    def hear_removal_bound(self, message: RemovalBound) -> None:
        self.removal_bound = max(self.removal_bound, message.end)

    # --- Metadata -----------------------------------------------------------------------------------------------------

    @on(PartitionChange)
    def receive_metadata(self, change: PartitionChange) -> None:
        if self.leader_epoch == NO_EPOCH and self.image is None and not change.is_first:
            return  # It has started again, and has not been registered when this was sent.
        if self.coalesces_metadata:
            self.image = change.state
        else:
            self.apply(change.state)

    @action
    def publish_metadata(self) -> None:
        """Whatever has come since the last time is one delta."""
        state = self.image
        require(state is not None)
        assert state is not None
        self.image = None
        self.apply(state)

    def apply(self, state: PartitionState) -> None:
        if state.leader_epoch < self.leader_epoch:
            return
        if state.leader == self.broker:
            self.make_leader(state)
        elif state.leader_epoch > self.leader_epoch:
            self.make_follower(state)

    def make_leader(self, state: PartitionState) -> None:
        """No truncation: the whole log of the new leader becomes the truth."""
        excluded = self.isr()  # Who leaves is fenced.
        if self.pending is not None:
            excluded |= {self.pending}  # If it is not in now, the controller has refused it.
        if state.leader_epoch > self.leader_epoch:
            excluded = frozenset(self.all())  # Until they fetch.
            self.epoch_start = len(self.log)
            for follower in self.all():
                self.parked[follower] = False
                self.fetch_epoch[follower] = NO_EPOCH
                if not self.leads() or not self.keeps_follower_offsets:
                    self.follower_end[follower] = NO_OFFSET
        self.leader = state.leader
        self.leader_epoch = state.leader_epoch
        self.report_progress()
        self.pending = None
        for follower in self.all():
            self.in_sync[follower] = follower in state.isr
        self.expand_isr(excluded)
        self.make_progress(None)

    def make_follower(self, state: PartitionState) -> None:
        self.leader = state.leader
        self.leader_epoch = state.leader_epoch
        error = Error.NOT_LEADER_OR_FOLLOWER
        for one in self.waiting:
            send(
                one.client,
                ProduceResponse(one.batch, one.attempt, error, NO_OFFSET, self.leader, one.request),
            )
        self.forget_leadership()
        if state.leader is None:
            return
        self.report_progress()
        if self.truncation == Truncation.HIGH_WATERMARK:
            self.truncate(self.high_watermark)
            self.send_fetch()
        elif self.truncation == Truncation.ON_FETCH:
            self.send_fetch()
        else:
            self.ask_for_end_of_epoch()

    def forget_leadership(self) -> None:
        if not self.follower_needs_mark():
            self.high_watermark = 0
        self.epoch_start = 0
        self.pending = None
        self.waiting = ()
        for follower in self.all():
            self.in_sync[follower] = True
            self.follower_end[follower] = NO_OFFSET
            self.fetch_epoch[follower] = NO_EPOCH
            self.parked[follower] = False

    # --- Restart ------------------------------------------------------------------------------------------------------

    @on_restart
    def recover(self) -> None:
        """LogLoader.load: after a power loss the end of the log may be missing, for appends are not flushed."""
        most = len(self.log) if self.tails_lost < self.tails_to_lose else 0
        lost = choose(range(most + 1))
        if lost > 0:
            self.tails_lost += 1
            self.log = self.log[: len(self.log) - lost]
            self.high_watermark = min(self.high_watermark, len(self.log))
            self.log_start = min(self.log_start, len(self.log))
            self.clean_end = min(self.clean_end, len(self.log))
        self.forgotten = self.log_start
        self.snapshot = choose(range(len(self.log) + 1)) if self.takes_snapshots else 0
        self.ready = True
        if self.controller is not None:
            self.leader = None
            self.leader_epoch = NO_EPOCH
            self.forget_leadership()
            send(self.controller, BrokerRegistration(self.broker))
        for client in self.clients:
            send(client, Disconnected(self.broker))

    # --- Roles --------------------------------------------------------------------------------------------------------

    def leads(self) -> bool:
        return self.leader == self.broker and (self.ready or not self.starts_unready)

    def follows(self) -> bool:
        return self.leader is not None and self.leader != self.broker

    def isr(self) -> frozenset[Broker]:
        return frozenset(one for one in self.all() if self.in_sync[one])

    def maximal_isr(self) -> frozenset[Broker]:
        """Who may be in the controller's ISR, as far as the leader knows."""
        return frozenset(one for one in self.all() if self.in_sync[one] or self.pending == one)

    def isr_size(self) -> int:
        return sum(1 for one in self.all() if self.in_sync[one])

    def all(self) -> Brokers:
        return self.assigned

    def others(self) -> Brokers:
        return tuple(one for one in self.assigned if one != self.broker)

    def follower_needs_mark(self) -> bool:
        """NOTE(mark): where logs are compared by epochs, nothing is decided by a follower's high watermark; a new
        leader starts from 0 and reaches what was committed as soon as its ISR has fetched. Without the start of its
        epoch to compare with, the mark decides who has caught up. A cleaner goes no further than the mark.
        """
        by_mark = self.truncation in (Truncation.HIGH_WATERMARK, Truncation.LEADER_EPOCH)
        return by_mark or not self.checks_epoch_start or self.cleanings > 0
