"""MirrorMaker 2 and a fail-over: a group's offset on the target cluster is a translation that lags behind, so records
come again; nothing that was copied is skipped, and what was not copied yet is lost with the source cluster.

Follows MirrorSourceTask, OffsetSyncWriter.PartitionState.update, OffsetSyncStore.translateDownstream and
MirrorCheckpointTask of 3.9, with sync.group.offsets.enabled=true. An offset sync says that an upstream and a downstream
offset are those of one record; the source task writes one for its first record, behind each gap upstream (a transaction
marker, a compacted record) and sometimes in between (offset.lag.max, the periodic flush); the checkpoint task may have
read only the first few of them. The group's offset is translated to the record after the latest sync below it: until
3.4.0 to as many offsets behind it as upstream (KAFKA-12468), over gaps that the target does not have.
Not modelled: several partitions and groups, a sync store that forgets syncs (a lower translation, so more is repeated),
records in flight beside each other, exactly.once.source.support, the application's own crashes (scenarios C08).
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
    predicate,
    require,
    send,
    struct,
)  # fmt: skip

Offset = Annotated[int, Below("offsets")]  # Upstream. Of a record it is the record's name everywhere.
Position = Annotated[int, UpTo("offsets")]
TargetPosition = Annotated[int, UpTo("copies")]
Life = Annotated[int, UpTo("lives")]  # Of the mirror: an answer to an earlier one does not reach the next.


@struct
class Sync:
    upstream: Offset
    downstream: TargetPosition


@message
class Fetch:
    reader: ActorId
    life: Life
    offset: Position


@message
class Fetched:
    life: Life
    offset: Offset
    is_record: bool


@message
class Commit:
    offset: Position


@message
class Committed:
    offset: Position


@message
class ListGroupOffset:
    """Of the checkpoint task, every emit.checkpoints.interval.seconds."""

    life: Life


@message
class GroupOffset:
    life: Life
    offset: Position | None


@message
class Produce:
    record: Offset
    life: Life


@message
class Produced:
    record: Offset
    offset: TargetPosition
    life: Life


@message
class SyncGroupOffset:
    """alterConsumerGroupOffsets on the target cluster."""

    life: Life
    offset: TargetPosition


@message
class SyncedGroupOffset:
    """Its result, which is logged."""

    life: Life


@message
class FetchTarget:
    offset: TargetPosition


@message
class FetchedTarget:
    """The record at an offset of the target, or OFFSET_OUT_OF_RANGE."""

    offset: TargetPosition
    record: Offset | None


@message
class FindOffset:
    """The application joins the group on the target cluster and asks for its offset."""


@message
class FoundOffset:
    offset: TargetPosition | None


@actor
class SourceCluster:
    layout: tuple[bool, ...]  # Of each offset: whether it holds a record, or is a gap.
    application: Annotated[ActorId, Of("Application")]
    mirror: Annotated[ActorId, Of("Mirror")]
    present: Position = 0  # How many offsets there are from the start.
    disasters: Annotated[int, UpTo(1)] = 0

    appended: Durable[Position] = 0  # Beyond `present`.
    committed: Durable[Position | None] = None
    lost: Durable[bool] = False

    @action
    def append(self) -> None:
        """The outside world's record is acknowledged, or its transaction's marker is written."""
        require(not self.lost and self.end() < len(self.layout))
        self.appended += 1

    @action
    def be_lost(self) -> None:
        require(not self.lost and self.disasters > 0)
        self.lost = True

    @on(Fetch)
    def fetch(self, request: Fetch) -> None:
        require(self.lost or request.offset < self.end())
        if not self.lost:
            send(request.reader, Fetched(request.life, request.offset, self.layout[request.offset]))

    @on(Commit)
    def commit(self, request: Commit) -> None:
        if not self.lost:
            self.committed = request.offset
            send(self.application, Committed(request.offset))

    @on(ListGroupOffset)
    def list_group_offset(self, request: ListGroupOffset) -> None:
        if not self.lost:
            send(self.mirror, GroupOffset(request.life, self.committed))

    def end(self) -> Position:
        return self.present + self.appended


@actor
class TargetCluster:
    application: Annotated[ActorId, Of("Application")]
    mirror: Annotated[ActorId, Of("Mirror")]

    log: Durable[Annotated[tuple[Offset, ...], MaxLen("copies")]] = ()
    committed: Durable[TargetPosition | None] = None
    has_member: Durable[bool] = False

    @on(Produce)
    def append(self, request: Produce) -> None:
        send(self.mirror, Produced(request.record, len(self.log), request.life))
        self.log += (request.record,)

    @on(SyncGroupOffset)
    def alter_offset(self, request: SyncGroupOffset) -> None:
        """Only forward, and not while the group has members there (UNKNOWN_MEMBER_ID)."""
        send(self.mirror, SyncedGroupOffset(request.life))
        behind = self.committed is not None and request.offset <= self.committed
        if not self.has_member and not behind:
            self.committed = request.offset

    @on(FindOffset)
    def find_offset(self, request: FindOffset) -> None:
        self.has_member = True
        send(self.application, FoundOffset(self.committed))

    @on(FetchTarget)
    def fetch(self, request: FetchTarget) -> None:
        require(request.offset != len(self.log))
        found = self.log[request.offset] if request.offset < len(self.log) else None
        send(self.application, FetchedTarget(request.offset, found))


@actor
class Mirror:
    """A Connect worker with the source task and the checkpoint task."""

    me: ActorId
    source: Annotated[ActorId, Of("SourceCluster")]
    target: Annotated[ActorId, Of("TargetCluster")]
    lives: Life = 1  # One more than it may crash.
    adds_upstream_distance: bool = False  # Until 3.4.0, before KAFKA-12468.

    life: Durable[Life] = 0
    stored: Durable[Position] = 0  # In Connect's offsets topic: where the source task begins.
    syncs: Durable[Annotated[tuple[Sync, ...], MaxLen("copies")]] = ()  # In the offset-syncs topic.
    running: Volatile[bool] = False
    position: Volatile[Position] = 0
    acknowledged: Volatile[Position] = 0  # Up to here the target has everything.
    previous: Volatile[Offset | None] = None  # The record before, in this life.
    in_flight: Volatile[Offset | None] = None
    asks: Volatile[bool] = False  # A checkpoint is under way; the next one comes much later.

    @action
    def start(self) -> None:
        require(not self.running and self.life < self.lives)
        self.life += 1
        self.running = True
        self.position = self.stored
        self.acknowledged = self.stored
        send(self.source, Fetch(self.me, self.life, self.position))

    @on(Fetched)
    def poll(self, response: Fetched) -> None:
        if self.running and response.life == self.life:
            self.position += 1
            if response.is_record:
                self.in_flight = response.offset
                send(self.target, Produce(response.offset, self.life))
            else:
                send(self.source, Fetch(self.me, self.life, self.position))

    @on(Produced)
    def commit_record(self, response: Produced) -> None:
        if self.running and response.life == self.life:
            before = self.previous
            due = before is None or response.record != before + 1
            if due or choose((False, True)):
                self.syncs += (Sync(response.record, response.offset),)
            self.previous = response.record
            self.in_flight = None
            self.acknowledged = response.record + 1
            send(self.source, Fetch(self.me, self.life, self.position))

    @action
    def store_offset(self) -> None:
        """offset.flush.interval.ms"""
        require(self.stored < self.acknowledged)
        self.stored = self.acknowledged

    @action
    def list_group_offset(self) -> None:
        require(self.running and not self.asks)
        self.asks = True
        send(self.source, ListGroupOffset(self.life))

    @on(GroupOffset)
    def checkpoint(self, response: GroupOffset) -> None:
        """With the syncs that the checkpoint task has read so far."""
        upstream = response.offset
        awaited = self.running and response.life == self.life
        self.asks = self.asks and not awaited
        if awaited and upstream is not None and len(self.syncs) > 0:
            read = choose(range(1, len(self.syncs) + 1))
            offset = self.translated(upstream, read)
            if offset is not None:
                self.asks = True
                send(self.target, SyncGroupOffset(self.life, offset))

    @on(SyncedGroupOffset)
    def end_checkpoint(self, response: SyncedGroupOffset) -> None:
        self.asks = self.asks and response.life != self.life

    def translated(self, upstream: Position, read: int) -> TargetPosition | None:
        found: TargetPosition | None = None
        if self.adds_upstream_distance:
            latest = self.syncs[read - 1]
            if latest.upstream <= upstream:
                found = latest.downstream + (upstream - latest.upstream)
        else:
            for number, one in enumerate(self.syncs):
                if number < read and one.upstream <= upstream:
                    found = one.downstream + (0 if one.upstream == upstream else 1)
        return found


class Place(Enum):
    SOURCE = "source cluster"
    MOVING = "moving"
    TARGET = "target cluster"


@actor
class Application:
    """One process: it processes a record, commits, fetches the next; somebody moves it to the target cluster."""

    me: ActorId
    source: Annotated[ActorId, Of("SourceCluster")]
    target: Annotated[ActorId, Of("TargetCluster")]

    started: Durable[bool] = False
    place: Durable[Place] = Place.SOURCE
    position: Durable[Position] = 0  # On the source cluster.
    target_position: Durable[TargetPosition] = 0
    effects: History[dict[Offset, Annotated[int, UpTo(2)]]] = each(0)

    @action
    def start(self) -> None:
        require(not self.started)
        self.started = True
        send(self.source, Fetch(self.me, 0, 0))

    @on(Fetched)
    def process(self, response: Fetched) -> None:
        if self.place == Place.SOURCE:
            if response.is_record:
                self.effects[response.offset] = min(self.effects[response.offset] + 1, 2)
            self.position = response.offset + 1
            send(self.source, Commit(self.position))

    @on(Committed)
    def go_on(self, response: Committed) -> None:
        if self.place == Place.SOURCE:
            send(self.source, Fetch(self.me, 0, self.position))

    @action
    def fail_over(self) -> None:
        require(self.started and self.place == Place.SOURCE)
        self.place = Place.MOVING
        send(self.target, FindOffset())

    @on(FoundOffset)
    def begin(self, response: FoundOffset) -> None:
        """auto.offset.reset=earliest"""
        offset = response.offset
        self.place = Place.TARGET
        self.target_position = 0 if offset is None else offset
        send(self.target, FetchTarget(self.target_position))

    @on(FetchedTarget)
    def process_copy(self, response: FetchedTarget) -> None:
        record = response.record
        if record is None:
            self.target_position = 0  # OFFSET_OUT_OF_RANGE, earliest
        else:
            self.effects[record] = min(self.effects[record] + 1, 2)
            self.target_position = response.offset + 1
        send(self.target, FetchTarget(self.target_position))


def to_come(application: Application, target: TargetCluster, record: Offset) -> bool:
    out_of_range = application.target_position > len(target.log)
    return any(
        copy == record and (number >= application.target_position or out_of_range)
        for number, copy in enumerate(target.log)
    )


def comes_again(mirror: Mirror, record: Offset) -> bool:
    """What the mirror copies twice because it has died counts where its later copy is."""
    return mirror.position <= record if mirror.running else mirror.stored <= record


@predicate
def no_loss(application: Application, source: SourceCluster, target: TargetCluster, mirror: Mirror) -> bool:
    """After a fail-over every record that was acknowledged has had its effect, or will still be read on the target.

    While the source cluster lives the mirror goes on copying; when it is lost, what the mirror has in hand arrives.
    """
    for record in range(source.present + source.appended):
        ensure(
            application.place != Place.TARGET
            or not source.layout[record]
            or application.effects[record] > 0
            or to_come(application, target, record)
            or mirror.in_flight == record
            or (not source.lost and comes_again(mirror, record)),
            f"record {record} has had no effect, and the application on the target cluster is at"
            f" {application.target_position}",
        )
    return True


@predicate
def copied_is_delivered(application: Application, source: SourceCluster, target: TargetCluster, mirror: Mirror) -> bool:
    """After a fail-over every record that the target has was processed before, or is at or behind the new position."""
    for record in target.log:
        ensure(
            application.place != Place.TARGET
            or application.effects[record] > 0
            or to_come(application, target, record)
            or mirror.in_flight == record
            or (not source.lost and comes_again(mirror, record)),
            f"record {record} is on the target cluster, has had no effect, and the application is at"
            f" {application.target_position}",
        )
    return True


@predicate
def no_duplicates(application: Application, source: SourceCluster) -> bool:
    """No record has its effect twice."""
    for record in range(source.present + source.appended):
        ensure(application.effects[record] <= 1, f"record {record} has had its effect twice")
    return True


@predicate
def all_processed(application: Application, source: SourceCluster) -> bool:
    """Every record of the source has had its effect."""
    return source.present + source.appended == len(source.layout) and all(
        application.effects[record] > 0 or not source.layout[record]
        for record in range(source.present + source.appended)
    )


@predicate
def has_moved(application: Application) -> bool:
    """The application works on the target cluster."""
    return application.place == Place.TARGET


@predicate
def offset_was_translated(application: Application, target: TargetCluster) -> bool:
    """The application has found an offset of its group on the target cluster, and not at the beginning."""
    return application.place == Place.TARGET and target.committed is not None and target.committed > 0
