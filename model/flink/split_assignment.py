"""Source coordinator and reader: in every completed checkpoint each split is in exactly one of the two.

Follows SourceCoordinator, SourceCoordinatorContext, SplitAssignmentTracker, OperatorCoordinatorHolder and
SubtaskGatewayImpl (FLINK-18071, FLINK-21996): the coordinator takes its snapshot first, and events that it sends later
arrive behind the trigger. Since 1.13 an event is acknowledged: a checkpoint of the coordinator is only complete when
the events before it are, and one that stays unanswered fails the reader, whose splits of after the checkpoint go back
to the coordinator. `job_manager` leaves all this out, with one split that never moves.
Not modelled: several readers, readers that ask for splits, splits that finish, what is read.
"""

from typing import Annotated

from checker.lang import (
    ActorId,
    Below,
    Durable,
    Of,
    UpTo,
    Volatile,
    action,
    actor,
    choose,
    ensure,
    message,
    on,
    on_restart,
    predicate,
    quiet,
    require,
    send,
    struct,
    suspected,
)  # fmt: skip

Split = Annotated[int, Below("splits")]
Attempt = Annotated[int, UpTo("attempts")]
CheckpointId = Annotated[int, UpTo("checkpoints")]
NO_CHECKPOINT = 0


@struct
class Cut:
    """A completed checkpoint."""

    unassigned: frozenset[Split]
    reader: frozenset[Split]


@message
class Start:
    """The reader is deployed with these splits."""

    attempt: Attempt
    splits: frozenset[Split]


@message
class AddSplit:
    attempt: Attempt
    split: Split


@message
class AddSplitAcknowledged:
    attempt: Attempt
    split: Split


@message
class TriggerCheckpoint:
    checkpoint: CheckpointId


@message
class AcknowledgeCheckpoint:
    checkpoint: CheckpointId
    splits: frozenset[Split]


@message
class ReaderFailed:
    pass


@actor
class SourceCoordinator:
    """With the checkpoint coordinator of the same job manager."""

    reader: Annotated[ActorId, Of("Reader")]
    splits: Annotated[int, UpTo(4)]
    checkpoints: CheckpointId
    acknowledged_events: bool = True  # Since 1.13.

    attempt: Durable[Attempt] = 0  # Of the reader; 0: not deployed.
    unassigned: Durable[frozenset[Split]] = frozenset()
    # SplitAssignmentTracker: assigned since the latest completed checkpoint, before and after the pending one.
    assigned_before: Durable[frozenset[Split]] = frozenset()
    assigned_after: Durable[frozenset[Split]] = frozenset()
    unanswered: Durable[frozenset[Split]] = frozenset()  # AddSplit events without acknowledgement.
    counter: Durable[CheckpointId] = NO_CHECKPOINT
    pending: Durable[CheckpointId] = NO_CHECKPOINT
    snapshot: Durable[frozenset[Split]] = frozenset()  # The coordinator's part of the pending checkpoint.
    awaited: Durable[frozenset[Split]] = frozenset()  # Events before it that have to be acknowledged.
    reader_part: Durable[frozenset[Split] | None] = None
    latest: Durable[Cut | None] = None

    @action
    def submit(self) -> None:
        require(self.attempt == 0 and quiet(self.reader) and not suspected(self.reader))
        self.attempt = 1
        self.unassigned = frozenset(range(self.splits))
        send(self.reader, Start(1, frozenset()))

    @action
    def assign_split(self) -> None:
        split = choose(self.unassigned)
        self.unassigned -= {split}
        self.assigned_after |= {split}
        if self.acknowledged_events:
            self.unanswered |= {split}
        send(self.reader, AddSplit(self.attempt, split))

    @on(AddSplitAcknowledged)
    def split_arrived(self, message: AddSplitAcknowledged) -> None:
        if message.attempt == self.attempt:
            self.unanswered -= {message.split}
            self.awaited -= {message.split}
            self.complete_if_done()

    @action
    def miss_acknowledgement(self) -> None:
        """SubtaskGatewayImpl: an event that cannot be delivered fails the subtask, and so the checkpoint."""
        require(len(self.unanswered) > 0 and quiet(self.reader) and not suspected(self.reader))
        self.reset_reader()

    @action
    def trigger(self) -> None:
        require(self.attempt > 0 and self.pending == NO_CHECKPOINT and self.counter < self.checkpoints)
        self.counter += 1
        self.pending = self.counter
        self.snapshot = self.unassigned
        self.assigned_before |= self.assigned_after
        self.assigned_after = frozenset()
        self.awaited = self.unanswered
        send(self.reader, TriggerCheckpoint(self.counter))

    @on(AcknowledgeCheckpoint)
    def acknowledge(self, message: AcknowledgeCheckpoint) -> None:
        if message.checkpoint == self.pending:
            self.reader_part = message.splits
            self.complete_if_done()

    @on(ReaderFailed)
    def fail_over(self, message: ReaderFailed) -> None:
        if self.attempt > 0:
            self.reset_reader()

    def complete_if_done(self) -> None:
        part = self.reader_part
        if part is not None and len(self.awaited) == 0:
            self.latest = Cut(self.snapshot, part)
            self.assigned_before = frozenset()
            self.forget_pending()

    def reset_reader(self) -> None:
        """subtaskReset: what was assigned after the checkpoint comes back to the coordinator."""
        self.forget_pending()
        self.unanswered = frozenset()
        latest = self.latest
        kept: frozenset[Split] = frozenset()
        if latest is not None:
            kept = latest.reader
        self.unassigned |= self.assigned_before | self.assigned_after
        self.assigned_before = frozenset()
        self.assigned_after = frozenset()
        self.attempt += 1
        send(self.reader, Start(self.attempt, kept))

    def forget_pending(self) -> None:
        self.pending = NO_CHECKPOINT
        self.snapshot = frozenset()
        self.awaited = frozenset()
        self.reader_part = None


@actor
class Reader:
    coordinator: Annotated[ActorId, Of("SourceCoordinator")]
    acknowledges_events: bool = True

    attempt: Volatile[Attempt] = 0
    splits: Volatile[frozenset[Split]] = frozenset()

    @on(Start)
    def start(self, message: Start) -> None:
        self.attempt = message.attempt
        self.splits = message.splits

    @on(AddSplit)
    def add_split(self, message: AddSplit) -> None:
        if message.attempt == self.attempt:
            self.splits |= {message.split}
            if self.acknowledges_events:
                send(self.coordinator, AddSplitAcknowledged(self.attempt, message.split))

    @on(TriggerCheckpoint)
    def take_snapshot(self, message: TriggerCheckpoint) -> None:
        if self.attempt > 0:
            send(self.coordinator, AcknowledgeCheckpoint(message.checkpoint, self.splits))

    @on_restart
    def register(self) -> None:
        send(self.coordinator, ReaderFailed())


@predicate
def every_split_in_one_place(coordinator: SourceCoordinator, splits: int) -> bool:
    """In a completed checkpoint each split is with the coordinator or with the reader, not with both."""
    latest = coordinator.latest
    if latest is not None:
        for split in range(splits):
            ensure(
                split in latest.unassigned or split in latest.reader,
                f"split {split} is in no part of the checkpoint: nobody will ever read it",
            )
            ensure(
                split not in latest.unassigned or split not in latest.reader,
                f"split {split} is with the coordinator and with the reader: it will be read twice",
            )
    return True


@predicate
def every_split_assigned(coordinator: SourceCoordinator, reader: Reader, splits: int) -> bool:
    """The reader has every split, and a checkpoint of that is complete."""
    latest = coordinator.latest
    return len(reader.splits) == splits and latest is not None and len(latest.reader) == splits


@predicate
def nothing_to_assign(coordinator: SourceCoordinator, reader: Reader, splits: int) -> bool:
    """The reader has every split, and the checkpoints are used up."""
    return len(reader.splits) == splits and coordinator.pending == NO_CHECKPOINT
