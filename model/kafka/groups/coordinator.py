"""The group coordinator: in one generation a partition has one owner, and only members of the generation in force
commit offsets.

Follows GroupMetadataManager, ClassicGroup.validateOffsetCommit and OffsetMetadataManager of the new coordinator
(org.apache.kafka.coordinator.group) in 3.9.
Heartbeats are left out: a member's session ends at any time while it is down or paused, and what the answer to a
heartbeat would tell a member is sent as soon as it might be. JoinGroup and SyncGroup are one request: in between only
the coordinator's state matters (COMPLETING_REBALANCE refuses commits, and a coordinator that fails forgets the new
generation). A member that is alive always joins in time; one that does not is the consumer's `exceed_poll_interval`.
The coordinator's memory is a function of its log (clean elections): offsets and the last persisted generation are
durable, and a failure loses what was on its way to it; `unclean` lets a replica lead that has missed a commit.
Not modelled: the member leader and its choice of assignor, group.initial.rebalance.delay.ms, offset metadata, deletion
of the group, offsets in transactions (see ``transactions``).
"""

from enum import Enum
from typing import Annotated

from checker.lang import (
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
    require,
    send,
    suspected,
)
from model.kafka.groups.messages import (
    NO_GENERATION,
    Connection,
    Error,
    Generation,
    HeartbeatResponse,
    Instance,
    JoinGroupRequest,
    LeaveGroupRequest,
    Member,
    OffsetCommitRequest,
    OffsetCommitResponse,
    OffsetFetchRequest,
    OffsetFetchResponse,
    Partition,
    Position,
    SyncGroupResponse,
)  # fmt: skip


class GroupState(Enum):
    EMPTY = "Empty"
    PREPARING_REBALANCE = "PreparingRebalance"
    COMPLETING_REBALANCE = "CompletingRebalance"
    STABLE = "Stable"


@actor
class GroupCoordinator:
    consumers: tuple[Member, ...]
    partitions_at_start: Annotated[int, UpTo("partitions")]
    cooperative: bool = False  # CooperativeStickyAssignor is what all members have in common.
    expirations: Annotated[int, UpTo(1)] = 0  # How often offsets.retention.minutes passes while the group is empty.
    committed_before: tuple[Position | None, ...] = ()  # By an earlier run of the group: for each partition.
    unclean: bool = False  # unclean.leader.election.enable, and a replica that lags by one commit.
    checks_generation: bool = True

    generation: Durable[Generation] = 0  # The last one that was persisted.
    members: Durable[frozenset[Member]] = frozenset()
    owner: Durable[dict[Partition, Member | None]] = each(None)
    holder: Durable[dict[Instance, Member | None]] = each(None)  # Static members.
    committed: Durable[dict[Partition, Position | None]] = each(None)
    lagging: Durable[dict[Partition, Position | None]] = each(None)  # The offsets at a replica that is behind.
    loaded: Durable[bool] = False  # `committed_before` has been read from the log.
    expired: Durable[Annotated[int, UpTo(1)]] = 0
    state: Volatile[GroupState] = GroupState.EMPTY
    joins: Volatile[dict[Member, Connection | None]] = each(None)  # Joins that wait for the rebalance to complete.
    partitions_seen: Volatile[Annotated[int, UpTo("partitions")]] = 0
    fenced_commit_applied: History[bool] = False
    rewound: History[bool] = False  # A commit has put an offset below an earlier one.
    acknowledged: History[dict[Partition, Position | None]] = each(None)

    @on(JoinGroupRequest)
    def join_group(self, request: JoinGroupRequest) -> None:
        instance = request.instance
        self.partitions_seen = max(self.partitions_seen, request.partitions_seen)
        if instance is not None:
            before = self.holder[instance]
            self.holder[instance] = request.member
            if before is not None and before in self.members and self.state == GroupState.STABLE:
                self.replace_static_member(before, request.member, request.connection)
                return
            if before is not None and before != request.member:
                self.members -= {before}
                self.joins[before] = None
                send(before, HeartbeatResponse(Error.FENCED_INSTANCE_ID, self.generation))
        self.joins[request.member] = request.connection
        self.prepare_rebalance()

    @action
    def complete_join(self) -> None:
        """The last member has joined; one that is down or paused holds the others up for the rebalance timeout only."""
        require(self.state == GroupState.PREPARING_REBALANCE and len(self.joined()) > 0)
        require(all(self.joins[member] is not None or suspected(member) for member in self.members))
        self.state = GroupState.COMPLETING_REBALANCE

    @action
    def sync_group(self) -> None:
        """The leader's SyncGroup: the assignment is persisted, and everybody gets it."""
        require(self.state == GroupState.COMPLETING_REBALANCE)
        first = choose(self.joined())
        self.generation += 1
        for member in self.members - self.joined():
            self.forget(member)
            send(member, HeartbeatResponse(Error.UNKNOWN_MEMBER_ID, self.generation - 1))
        self.members = self.joined()
        self.state = GroupState.STABLE
        self.assign(first)
        for member, connection in self.joins.items():
            if connection is not None:
                self.send_assignment(member, connection)
                self.joins[member] = None

    @action
    def expire_session(self) -> None:
        """session.timeout.ms without a heartbeat, because the process is down or stands still."""
        member = choose(one for one in self.consumers if one in self.members | self.joined() and suspected(one))
        connection = self.joins[member]
        if connection is not None:
            send(member, SyncGroupResponse(Error.UNKNOWN_MEMBER_ID, connection, NO_GENERATION, frozenset()))
        else:
            send(member, HeartbeatResponse(Error.UNKNOWN_MEMBER_ID, self.generation))
        self.remove(member)

    @on(LeaveGroupRequest)
    def leave_group(self, request: LeaveGroupRequest) -> None:
        if request.member in self.members and request.generation == self.generation:
            self.remove(request.member)  # Of itself it knows.

    @on(OffsetCommitRequest)
    def commit_offsets(self, request: OffsetCommitRequest) -> None:
        error = self.validate(request)
        if not self.checks_generation:
            self.fenced_commit_applied = self.fenced_commit_applied or error != Error.NONE
            error = Error.NONE
        if error == Error.NONE:
            for partition, offset in enumerate(request.offsets):
                if offset is not None:
                    before = self.committed[partition]
                    self.rewound = self.rewound or (before is not None and offset < before)
                    if self.unclean:
                        self.lagging[partition] = before
                    self.committed[partition] = offset
                    self.acknowledged[partition] = offset
        send(request.member, OffsetCommitResponse(error, request.generation, request.offsets, request.synchronous))

    @on(OffsetFetchRequest)
    def fetch_offsets(self, request: OffsetFetchRequest) -> None:
        if not self.loaded:
            self.loaded = True
            for partition, offset in enumerate(self.committed_before):
                self.committed[partition] = offset
                self.acknowledged[partition] = offset
        send(request.member, OffsetFetchResponse(tuple(offset for offset in self.committed.values())))

    @action
    def expire_offsets(self) -> None:
        """offsets.retention.minutes after the last member has gone (KIP-211)."""
        require(self.state == GroupState.EMPTY and self.expired < self.expirations)
        self.expired += 1
        for partition in self.committed.keys():
            self.loaded = True
            self.committed[partition] = None
            self.acknowledged[partition] = None

    @on_restart
    def load(self) -> None:
        """Another broker has read the log: a rebalance that was not persisted has not happened."""
        self.state = GroupState.STABLE if len(self.members) > 0 else GroupState.EMPTY
        if self.unclean and choose((False, True)):
            for partition in self.committed.keys():
                self.committed[partition] = self.lagging[partition]
        for consumer in self.consumers:
            send(consumer, HeartbeatResponse(Error.NOT_COORDINATOR, self.generation))

    def validate(self, request: OffsetCommitRequest) -> Error:
        """ClassicGroup.validateOffsetCommit. Never compared: who owns the partition, and what is committed so far."""
        if request.generation == NO_GENERATION:  # From assign(): nobody fences it.
            return Error.NONE if self.state == GroupState.EMPTY else Error.UNKNOWN_MEMBER_ID
        if request.instance is not None and self.holder[request.instance] != request.member:
            return Error.FENCED_INSTANCE_ID
        if request.member not in self.members:
            return Error.UNKNOWN_MEMBER_ID
        completing = self.state == GroupState.COMPLETING_REBALANCE  # The new generation is in force already.
        return Error.ILLEGAL_GENERATION if completing or request.generation != self.generation else Error.NONE

    def joined(self) -> frozenset[Member]:
        return frozenset(member for member in self.joins.keys() if self.joins[member] is not None)

    def prepare_rebalance(self) -> None:
        """The members of the generation in force may still commit."""
        if self.state != GroupState.PREPARING_REBALANCE:
            for member in self.members - self.joined():
                send(member, HeartbeatResponse(Error.REBALANCE_IN_PROGRESS, self.generation))
        self.state = GroupState.PREPARING_REBALANCE

    def remove(self, member: Member) -> None:
        self.members -= {member}
        self.joins[member] = None
        self.forget(member)
        if len(self.members | self.joined()) > 0:
            self.prepare_rebalance()
        else:
            self.state = GroupState.EMPTY

    def forget(self, member: Member) -> None:
        for partition, owner in self.owner.items():
            if owner == member:
                self.owner[partition] = None
        for instance, holder in self.holder.items():
            if holder == member:
                self.holder[instance] = None

    def replace_static_member(self, before: Member, member: Member, connection: Connection) -> None:
        """The successor gets the same assignment in the same generation: no rebalance."""
        self.members = (self.members - {before}) | {member}
        for partition, owner in self.owner.items():
            if owner == before:
                self.owner[partition] = member
        if before != member:
            send(before, HeartbeatResponse(Error.FENCED_INSTANCE_ID, self.generation))
        self.send_assignment(member, connection)

    def send_assignment(self, member: Member, connection: Connection) -> None:
        mine = frozenset(partition for partition in self.owner.keys() if self.owner[partition] == member)
        send(member, SyncGroupResponse(Error.NONE, connection, self.generation, mine))

    def assign(self, first: Member) -> None:
        """RangeAssignor: the order of the members is that of their random ids."""
        for partition in self.owner.keys():
            if partition < max(self.partitions_at_start, self.partitions_seen):
                self.owner[partition] = first
                for member in self.members - {first}:
                    if partition % 2 == 1:
                        self.owner[partition] = member
