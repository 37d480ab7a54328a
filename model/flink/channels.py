"""Two input channels and the barriers in them: the snapshots of one checkpoint are a consistent cut if each barrier
stands, in its channel, between the records that the cut has counted and those that it has not.

Follows SingleCheckpointBarrierHandler (aligned and unaligned) and CheckpointBarrierTracker (AT_LEAST_ONCE): the premise
of NOTE(one-step) in `task`, checked. A channel is the fifo link from a source to the join, and then the join's own
input buffer. An aligned join stops reading a channel whose barrier it has; a tracker goes on, and counts barriers; an
unaligned one lets the barrier overtake its buffer, and stores what it overtook as channel state, which a restart puts
back into the buffer.
Not modelled: the sink (what it has is what the join has emitted), output buffers of the sources (their records could
be overtaken just as well), checkpoints that time out and local aborts (one checkpoint is pending at a time), the switch
from aligned to unaligned after aligned-checkpoint-timeout.
"""

from enum import Enum
from typing import Annotated

from checker.lang import (
    ActorId,
    Below,
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
    ensure,
    message,
    on,
    on_restart,
    predicate,
    require,
    send,
    struct,
)  # fmt: skip

Channel = Annotated[int, Below("channels")]
Offset = Annotated[int, UpTo("records")]
Record = Annotated[int, Below("channels * records")]  # Of channel 0 first.
Records = Annotated[tuple[Record, ...], MaxLen("channels * records")]
CheckpointId = Annotated[int, UpTo("checkpoints")]
Attempt = Annotated[int, UpTo("attempts")]
Copies = Annotated[int, UpTo(2)]
NO_CHECKPOINT = 0


class Barriers(Enum):
    """What the join does with the barrier of a channel while others have not come yet."""

    ALIGNED = "execution.checkpointing.mode=EXACTLY_ONCE: it stops reading that channel"
    COUNTED = "execution.checkpointing.mode=AT_LEAST_ONCE: it goes on reading"
    UNALIGNED = "execution.checkpointing.unaligned.enabled: it takes its snapshot at once"


@struct
class JoinState:
    counted: dict[Record, Copies]
    in_flight: Records  # Channel state of an unaligned checkpoint.


@struct
class Cut:
    """A completed checkpoint."""

    offsets: dict[Channel, Offset | None]
    join: JoinState


@message
class DeploySource:
    attempt: Attempt
    offset: Offset


@message
class DeployJoin:
    attempt: Attempt
    state: JoinState | None


@message
class Trigger:
    attempt: Attempt
    checkpoint: CheckpointId


@message
class Element:
    attempt: Attempt
    channel: Channel
    record: Record


@message
class Barrier:
    attempt: Attempt
    channel: Channel
    checkpoint: CheckpointId


@message
class SourceSnapshot:
    channel: Channel
    checkpoint: CheckpointId
    offset: Offset


@message
class JoinSnapshot:
    checkpoint: CheckpointId
    state: JoinState


@message
class TaskFailed:
    """One of the sources, or the join."""


@actor
class SourceTask:
    channel: Channel
    records: Offset
    coordinator: Annotated[ActorId, Of("Coordinator")]
    join: Annotated[ActorId, Of("Join")]

    attempt: Volatile[Attempt] = 0  # 0: not deployed.
    offset: Volatile[Offset] = 0

    @on(DeploySource)
    def deploy(self, message: DeploySource) -> None:
        self.attempt = message.attempt
        self.offset = message.offset

    @action
    def emit(self) -> None:
        require(self.attempt > 0 and self.offset < self.records)
        send(self.join, Element(self.attempt, self.channel, self.channel * self.records + self.offset))
        self.offset += 1

    @on(Trigger)
    def take_snapshot(self, trigger: Trigger) -> None:
        """The barrier goes out and the offset is acknowledged in one step, atomic with respect to records."""
        if trigger.attempt == self.attempt:
            send(self.join, Barrier(self.attempt, self.channel, trigger.checkpoint))
            send(self.coordinator, SourceSnapshot(self.channel, trigger.checkpoint, self.offset))

    @on_restart
    def register(self) -> None:
        send(self.coordinator, TaskFailed())


@actor
class Join:
    channels: Annotated[int, UpTo(3)]
    barriers: Barriers = Barriers.ALIGNED
    stores_in_flight: bool = True  # What a barrier overtakes becomes channel state.
    keeps_order: bool = True  # An aligned barrier is handled behind the records of its channel.
    coordinator: Annotated[ActorId, Of("Coordinator")]

    attempt: Volatile[Attempt] = 0
    buffers: Volatile[dict[Channel, Records]] = each(())
    counted: Volatile[dict[Record, Copies]] = each(0)  # The state: how often each record is in the sum.
    checkpoint: Volatile[CheckpointId] = NO_CHECKPOINT  # The one whose barriers are coming in.
    arrived: Volatile[frozenset[Channel]] = frozenset()  # Channels whose barrier is here.
    snapshot: Volatile[JoinState | None] = None  # UNALIGNED: taken at the first barrier, channel state still growing.

    @on(DeployJoin)
    def deploy(self, message: DeployJoin) -> None:
        self.attempt = message.attempt
        self.checkpoint = NO_CHECKPOINT
        self.arrived = frozenset()
        self.snapshot = None
        state = message.state
        for record in self.counted:
            self.counted[record] = 0 if state is None else state.counted[record]
        for channel in self.buffers:
            self.buffers[channel] = ()
        if state is not None:
            self.buffers[0] = state.in_flight  # Which channel hands it on does not matter to a sum.

    @on(Element)
    def receive(self, element: Element) -> None:
        require(element.attempt <= self.attempt)
        require(self.barriers != Barriers.ALIGNED or element.channel not in self.arrived)
        if element.attempt == self.attempt:
            self.buffers[element.channel] += (element.record,)
            before = self.snapshot
            if before is not None and element.channel not in self.arrived and self.stores_in_flight:
                in_flight: Records = before.in_flight
                in_flight += (element.record,)
                self.snapshot = JoinState(before.counted, in_flight)

    @action
    def process(self) -> None:
        channel = choose(self.buffers)
        require(len(self.buffers[channel]) > 0)
        record = self.buffers[channel][0]
        self.buffers[channel] = self.buffers[channel][1:]
        self.counted[record] = min(self.counted[record] + 1, 2)

    @on(Barrier)
    def receive_barrier(self, barrier: Barrier) -> None:
        """A barrier is handled in its place behind the records of its channel, unless it overtakes them."""
        require(barrier.attempt <= self.attempt)
        waits = barrier.attempt == self.attempt and self.barriers != Barriers.UNALIGNED and self.keeps_order
        require(not waits or len(self.buffers[barrier.channel]) == 0)
        if barrier.attempt < self.attempt:
            return
        self.checkpoint = barrier.checkpoint
        self.arrived |= {barrier.channel}
        if self.barriers == Barriers.UNALIGNED and self.snapshot is None:
            in_flight: Records = ()
            if self.stores_in_flight:
                for channel in self.buffers:
                    in_flight += self.buffers[channel]
            self.snapshot = JoinState(self.counted, in_flight)
        if len(self.arrived) == self.channels:
            state = self.snapshot
            if state is None:
                state = JoinState(self.counted, ())
            send(self.coordinator, JoinSnapshot(self.checkpoint, state))
            self.arrived = frozenset()
            self.snapshot = None

    @on_restart
    def register(self) -> None:
        send(self.coordinator, TaskFailed())


@actor
class Coordinator:
    """The job manager, reduced to one checkpoint at a time and restarts of the whole region without end."""

    sources: tuple[Annotated[ActorId, Of("SourceTask")], ...]
    join: Annotated[ActorId, Of("Join")]
    checkpoints: CheckpointId

    attempt: Durable[Attempt] = 0
    counter: Durable[CheckpointId] = NO_CHECKPOINT
    pending: Durable[CheckpointId] = NO_CHECKPOINT
    offsets: Durable[dict[Channel, Offset | None]] = each(None)
    state: Durable[JoinState | None] = None
    latest: Durable[Cut | None] = None

    restored: History[bool] = False

    @action
    def submit(self) -> None:
        require(self.attempt == 0)
        self.deploy()

    @action
    def trigger(self) -> None:
        require(self.attempt > 0 and self.pending == NO_CHECKPOINT and self.counter < self.checkpoints)
        self.counter += 1
        self.pending = self.counter
        for source in self.sources:
            send(source, Trigger(self.attempt, self.counter))

    @on(SourceSnapshot)
    def acknowledge_source(self, message: SourceSnapshot) -> None:
        if message.checkpoint == self.pending:
            self.offsets[message.channel] = message.offset
            self.complete()

    @on(JoinSnapshot)
    def acknowledge_join(self, message: JoinSnapshot) -> None:
        if message.checkpoint == self.pending:
            self.state = message.state
            self.complete()

    @on(TaskFailed)
    def fail_over(self, message: TaskFailed) -> None:
        """Sources and join are one pipelined region."""
        self.forget_pending()
        self.restored = self.latest is not None
        self.deploy()

    def complete(self) -> None:
        state = self.state
        if state is not None and all(one is not None for one in self.offsets.values()):
            self.latest = Cut(self.offsets, state)
            self.forget_pending()

    def forget_pending(self) -> None:
        self.pending = NO_CHECKPOINT
        self.state = None
        for channel in self.offsets:
            self.offsets[channel] = None

    def deploy(self) -> None:
        self.attempt += 1
        cut = self.latest
        for channel, source in enumerate(self.sources):
            offset = None if cut is None else cut.offsets[channel]
            send(source, DeploySource(self.attempt, 0 if offset is None else offset))
        send(self.join, DeployJoin(self.attempt, None if cut is None else cut.join))


@predicate
def consistent_cut(coordinator: Coordinator, sources: tuple[SourceTask, ...], records: int) -> bool:
    """A completed checkpoint has each record before its source offset once, counted or in flight, and no other."""
    cut = coordinator.latest
    if cut is not None:
        for source in sources:
            offset = cut.offsets[source.channel]
            for number in range(records):
                record = source.channel * records + number
                copies = cut.join.counted[record] + sum(1 for one in cut.join.in_flight if one == record)
                ensure(
                    copies == (1 if offset is not None and number < offset else 0),
                    f"record {record} is counted {copies} times in the checkpoint, whose source {source.channel} is at "
                    f"offset {offset}",
                )
    return True


@predicate
def counted_once(join: Join) -> bool:
    """No record is counted twice in the running sum."""
    for record, copies in join.counted.items():
        ensure(copies <= 1, f"record {record} is in the sum twice")
    return True


@predicate
def all_counted(join: Join) -> bool:
    """Every record is in the sum."""
    return all(copies > 0 for copies in join.counted.values())


@predicate
def restored_from_checkpoint(coordinator: Coordinator) -> bool:
    """The region has been restarted from a completed checkpoint."""
    return coordinator.restored


@predicate
def everything_is_counted(coordinator: Coordinator, join: Join) -> bool:
    """Nothing is left to do: every record is in the sum, and the checkpoints are used up."""
    return coordinator.counter > 0 and all(copies > 0 for copies in join.counted.values())
