"""The group coordinator: in one generation a partition has one owner, and only members of the generation in force
commit offsets.

Follows org.apache.kafka.coordinator.group in 3.9: GroupMetadataManager, ClassicGroup.validateOffsetCommit and
OffsetMetadataManager; for KIP-848 ConsumerGroup.validateOffsetCommit and CurrentAssignmentBuilder.
Heartbeats are left out: a member's session ends at any time while it is down or paused (a heartbeat can always be late
enough), and what the answer to a heartbeat would tell a member is sent as soon as it might be. JoinGroup and SyncGroup
are one request: in between only the coordinator's state matters (COMPLETING_REBALANCE refuses commits of the old
generation, clients hold back those of the new one, and a coordinator that fails forgets the new generation). A member
that is alive always joins in time; one that does not is the consumer's `exceed_poll_interval`. The coordinator's
memory is a function of its log (clean elections): offsets and the last persisted generation are durable, and a failure
loses what was on its way to it; `unclean` lets a replica lead that has missed a commit.
Not modelled: the member leader and its choice of assignor, group.initial.rebalance.delay.ms, offset metadata, deletion
of the group, offsets in transactions (see ``transactions``); new partitions of KIP-848.
"""

from typing import Annotated

from checker.lang import (
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
    require,
    send,
    suspected,
)
from model.kafka.groups.messages import (
    JOIN_EPOCH,
    NO_GENERATION,
    Connection,
    ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatResponse,
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
from model.kafka.groups.states import GroupProtocol, GroupState


@actor
class GroupCoordinator:
    consumers: tuple[Member, ...]
    protocol: GroupProtocol = GroupProtocol.CLASSIC
    partitions_at_start: Annotated[int, UpTo("partitions")]
    cooperative: bool = False  # CooperativeStickyAssignor is what all members have in common.
    expirations: Annotated[int, UpTo(1)] = 0  # How often offsets.retention.minutes passes while the group is empty.
    committed_before: tuple[Position | None, ...] = ()  # By an earlier run of the group: for each partition.
    commit_errors: Annotated[int, UpTo(2)] = 0  # How often a commit comes while it loads, and the next one after that.
    unclean: bool = False  # unclean.leader.election.enable, and a replica that lags by one commit.
    checks_generation: bool = True
    reassigns_while_revoking: bool = False  # 3.7 and 3.8: a member need not have revoked to get its partition back.
    keeps_partition_epochs: bool = True  # Since KAFKA-16147, of a partition that it gets back.
    accepts_older_epochs: bool = False  # KIP-1251
    notes_denials: bool = False  # Keeps `denied`, where somebody reads it.

    generation: Durable[Generation] = 0  # The last one that was persisted; KIP-848: the group epoch.
    members: Durable[frozenset[Member]] = frozenset()
    owner: Durable[dict[Partition, Member | None]] = each(None)
    # KIP-848: `owner` is the member whose epoch the partition has (currentPartitionEpoch).
    epoch: Durable[dict[Member, Generation]] = each(NO_GENERATION)
    target: Durable[dict[Partition, Member | None]] = each(None)
    assigned: Durable[dict[Member, frozenset[Partition]]] = each(frozenset())
    revoking: Durable[dict[Member, frozenset[Partition]]] = each(frozenset())  # partitionsPendingRevocation
    connection: Durable[dict[Member, Connection]] = each(0)
    assignment_epoch: Durable[dict[Partition, Generation]] = each(NO_GENERATION)
    instance_of: Durable[dict[Member, Instance | None]] = each(None)
    left: Durable[frozenset[Member]] = frozenset()  # Static members with epoch -2, who keep what they had.
    orphaned: Durable[frozenset[Member]] = frozenset()  # Static members whose process has gone without leaving.
    unaware: Durable[dict[Member, Generation | None]] = each(None)  # Whose session ended, until the next heartbeat.
    holder: Durable[dict[Instance, Member | None]] = each(None)  # Static members.
    committed: Durable[dict[Partition, Position | None]] = each(None)
    lagging: Durable[dict[Partition, Position | None]] = each(None)  # The offsets at a replica that is behind.
    loaded: Durable[bool] = False  # `committed_before` has been read from the log.
    expired: Durable[Annotated[int, UpTo(1), Counts("offsets_retention")]] = 0
    refused: Durable[Annotated[int, UpTo(2), Counts("offset_commit_error")]] = 0
    state: Volatile[GroupState] = GroupState.EMPTY
    joins: Volatile[dict[Member, Connection | None]] = each(None)  # Joins that wait for the rebalance to complete.
    partitions_seen: Volatile[Annotated[int, UpTo("partitions")]] = 0
    fenced_commit_applied: History[bool] = False
    owner_refused: History[bool] = False  # A member's commit was refused, and the partitions were its own.
    rewound: History[bool] = False  # A commit has put an offset below an earlier one.
    acknowledged: History[dict[Partition, Position | None]] = each(None)
    # Of whose acknowledged offset a member was told that there is none, when it asked last.
    denied: History[dict[Member, frozenset[Partition]]] = each(frozenset())

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
        if self.cooperative:
            self.assign_sticky(first)
        else:
            self.assign(first)
        for member, connection in self.joins.items():
            if connection is not None:
                self.send_assignment(member, connection)
                self.joins[member] = None

    # --- KIP-848 ---

    @on(ConsumerGroupHeartbeatRequest)
    def heartbeat(self, request: ConsumerGroupHeartbeatRequest) -> None:
        """A member joins, or has revoked what it was told to."""
        member = request.member
        if request.epoch == JOIN_EPOCH:
            if request.instance is not None:
                self.join_static(member, request.instance, request.connection)
                return
            if member in self.members:
                self.drop_member(member)  # A process before this one, whose session ends first.
            self.join_anew(member, request.connection)
        elif member in self.members and request.epoch == self.epoch[member]:
            # One of an older epoch was overtaken by the answer to a later heartbeat: it counts as lost, for a client
            # has one heartbeat under way at a time.
            self.release(member, self.revoking[member] - request.owned)

    @action
    def refuse_heartbeat(self) -> None:
        """Of a static member whose session has ended: somebody else may have its place by now."""
        member = choose(one for one in self.consumers if self.unaware[one] is not None and not suspected(one))
        epoch = self.unaware[member]
        replaced = any(
            holder is not None and instance == self.instance_of[member] for instance, holder in self.holder.items()
        )
        if epoch is not None:
            error = Error.FENCED_INSTANCE_ID if replaced else Error.UNKNOWN_MEMBER_ID
            send(member, HeartbeatResponse(error, epoch))
        self.unaware[member] = None

    @action
    def reconcile(self) -> None:
        """A member's next heartbeat finds that there is something to do: CurrentAssignmentBuilder.build."""
        require(self.protocol == GroupProtocol.CONSUMER)
        member = choose(one for one in self.members - self.left - self.orphaned if self.has_next(one))
        self.compute_next(member)

    # --- Both ---

    @action
    def expire_session(self) -> None:
        """session.timeout.ms without a heartbeat, because the process is down, stands still, or has gone."""
        silent = self.left | self.orphaned
        member = choose(
            one for one in self.consumers if one in self.members | self.joined() and (suspected(one) or one in silent)
        )
        connection = self.joins[member]
        if self.protocol == GroupProtocol.CONSUMER and self.instance_of[member] is not None:
            self.unaware[member] = None if member in silent else self.epoch[member]
        elif self.protocol == GroupProtocol.CONSUMER:
            send(member, HeartbeatResponse(Error.UNKNOWN_MEMBER_ID, self.epoch[member]))
        elif connection is not None:
            send(member, SyncGroupResponse(Error.UNKNOWN_MEMBER_ID, connection, NO_GENERATION, frozenset()))
        else:
            send(member, HeartbeatResponse(Error.UNKNOWN_MEMBER_ID, self.generation))
        self.remove(member)

    @on(LeaveGroupRequest)
    def leave_group(self, request: LeaveGroupRequest) -> None:
        member = request.member
        if member in self.members and self.protocol == GroupProtocol.CONSUMER and self.instance_of[member] is not None:
            self.left |= {member}
            self.epoch[member] = NO_GENERATION
            self.release(member, self.revoking[member])
        elif member in self.members:
            self.remove(member)

    @on(OffsetCommitRequest)
    def commit_offsets(self, request: OffsetCommitRequest) -> None:
        error = self.validate(request)
        if self.refused < self.commit_errors and choose((False, True)):
            self.refused += 1
            error = Error.COORDINATOR_LOAD_IN_PROGRESS
        elif error != Error.NONE and request.member in self.members:
            own = self.assigned[request.member]
            mine = all(offset is None or partition in own for partition, offset in enumerate(request.offsets))
            self.owner_refused = self.owner_refused or mine
        if not self.checks_generation and error != Error.COORDINATOR_LOAD_IN_PROGRESS:
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
        send(request.member, OffsetCommitResponse(error, request.generation, request.offsets, request.awaited))

    @on(OffsetFetchRequest)
    def fetch_offsets(self, request: OffsetFetchRequest) -> None:
        if not self.loaded:
            self.loaded = True
            for partition, offset in enumerate(self.committed_before):
                self.committed[partition] = offset
                self.acknowledged[partition] = offset
        if self.notes_denials:
            self.denied[request.member] = frozenset(
                partition
                for partition in self.committed.keys()
                if self.committed[partition] is None and self.acknowledged[partition] is not None
            )
        send(request.member, OffsetFetchResponse(tuple(offset for offset in self.committed.values())))

    @action
    def expire_offsets(self) -> None:
        """offsets.retention.minutes after the last member has gone (KIP-211)."""
        require(self.is_empty() and self.expired < self.expirations)
        self.expired += 1
        for partition in self.committed.keys():
            self.loaded = True
            self.committed[partition] = None
            self.acknowledged[partition] = None

    @on_restart
    def load(self) -> None:
        """Another broker has read the log: a rebalance that was not persisted has not happened."""
        if len(self.members) > 0 and self.protocol == GroupProtocol.CLASSIC:
            self.state = GroupState.STABLE
        if self.unclean and choose((False, True)):
            for partition in self.committed.keys():
                self.committed[partition] = self.lagging[partition]
        for consumer in self.consumers:
            send(consumer, HeartbeatResponse(Error.NOT_COORDINATOR, self.generation))

    def validate(self, request: OffsetCommitRequest) -> Error:
        """validateOffsetCommit of ClassicGroup and ConsumerGroup. Never compared: what is committed so far."""
        if request.generation == NO_GENERATION:  # From assign(): nobody fences it.
            return Error.NONE if self.is_empty() else Error.UNKNOWN_MEMBER_ID
        static = request.instance is not None and self.protocol == GroupProtocol.CLASSIC
        if static and request.instance is not None and self.holder[request.instance] != request.member:
            return Error.FENCED_INSTANCE_ID
        if request.member not in self.members:
            return Error.UNKNOWN_MEMBER_ID
        if self.protocol == GroupProtocol.CONSUMER:
            return Error.NONE if self.is_valid_epoch(request) else Error.STALE_MEMBER_EPOCH
        completing = self.state == GroupState.COMPLETING_REBALANCE  # The new generation is in force already.
        return Error.ILLEGAL_GENERATION if completing or request.generation != self.generation else Error.NONE

    def is_valid_epoch(self, request: OffsetCommitRequest) -> bool:
        epoch = self.epoch[request.member]
        if self.accepts_older_epochs:
            return request.generation <= epoch and all(
                offset is None or self.is_assigned(request.member, partition, request.generation)
                for partition, offset in enumerate(request.offsets)
            )
        return request.generation == epoch

    def is_assigned(self, member: Member, partition: Partition, epoch: Generation) -> bool:
        held = self.assigned[member] | self.revoking[member]
        return partition in held and self.assignment_epoch[partition] <= epoch

    def is_empty(self) -> bool:
        """In the classic protocol a member that joins makes the group non-empty."""
        return len(self.members | self.joined()) == 0 and self.state == GroupState.EMPTY

    def joined(self) -> frozenset[Member]:
        return frozenset(member for member in self.joins.keys() if self.joins[member] is not None)

    def prepare_rebalance(self) -> None:
        """The members of the generation in force may still commit."""
        if self.state != GroupState.PREPARING_REBALANCE:
            for member in self.members - self.joined():
                send(member, HeartbeatResponse(Error.REBALANCE_IN_PROGRESS, self.generation))
        self.state = GroupState.PREPARING_REBALANCE

    def remove(self, member: Member) -> None:
        if self.protocol == GroupProtocol.CONSUMER:
            self.drop_member(member)
            self.change_target()
            return
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

    def assign_sticky(self, first: Member) -> None:
        """CooperativeStickyAssignor: what has to move is nobody's in this generation, until its owner has let it go."""
        for partition, owner in self.owner.items():
            if partition < max(self.partitions_at_start, self.partitions_seen):
                if owner is None:
                    self.owner[partition] = first
                    for member in self.members - {first}:
                        if self.share(member) < self.share(first) - 1:
                            self.owner[partition] = member
                elif self.share(owner) > 1 + min(self.share(member) for member in self.members):
                    self.owner[partition] = None

    def share(self, member: Member) -> int:
        return sum(1 for owner in self.owner.values() if owner == member)

    def join_anew(self, member: Member, connection: Connection) -> None:
        self.members |= {member}
        self.connection[member] = connection
        self.change_target()
        self.compute_next(member)

    def join_static(self, member: Member, instance: Instance, connection: Connection) -> None:
        """Who has the place of a group.instance.id keeps it, crashed or not, until it leaves or its session ends."""
        before = self.holder[instance]
        if before is not None and before not in self.left:
            self.orphaned |= {member} & {before}
            send(member, HeartbeatResponse(Error.UNRELEASED_INSTANCE_ID, NO_GENERATION))
            return
        self.unaware[member] = None
        self.instance_of[member] = instance
        self.holder[instance] = member
        if before is None:
            self.join_anew(member, connection)
        else:
            self.take_place(before, member)
            self.connection[member] = connection
            self.compute_next(member)

    def take_place(self, before: Member, member: Member) -> None:
        """replaceMember: no new group epoch; what the target still gives to the place is the successor's at once."""
        self.left -= {before}
        if before != member:
            self.members = (self.members - {before}) | {member}
            self.assigned[member] = self.assigned[before]
            self.assigned[before] = frozenset()
            self.epoch[before] = NO_GENERATION
            self.connection[before] = 0
            for partition in self.owner.keys():
                self.owner[partition] = member if self.owner[partition] == before else self.owner[partition]
                self.target[partition] = member if self.target[partition] == before else self.target[partition]
        extra = self.assigned[member] - self.wanted(member)
        self.assigned[member] -= extra  # The new process owns nothing: there is nothing to revoke.
        self.release(member, extra)

    def release(self, member: Member, partitions: frozenset[Partition]) -> None:
        self.revoking[member] -= partitions
        for partition in partitions:
            if self.owner[partition] == member:
                self.owner[partition] = None

    def drop_member(self, member: Member) -> None:
        self.left -= {member}
        self.orphaned -= {member}
        self.members -= {member}
        self.forget(member)
        self.epoch[member] = NO_GENERATION
        self.assigned[member] = frozenset()
        self.revoking[member] = frozenset()
        self.connection[member] = 0

    def change_target(self) -> None:
        """A new group epoch, and the assignor's new target; a member that joins comes anywhere in the order of ids."""
        self.generation += 1
        for partition in self.target.keys():
            self.target[partition] = None
        if len(self.members) > 0:
            first = choose(self.members)
            for partition in self.target.keys():
                self.target[partition] = first
                for member in self.members - {first}:
                    if partition % 2 == 1:
                        self.target[partition] = member

    def wanted(self, member: Member) -> frozenset[Partition]:
        return frozenset(partition for partition in self.target.keys() if self.target[partition] == member)

    def obtainable(self, member: Member) -> frozenset[Partition]:
        """Nobody else has them, and what the member itself is giving up it may get back only in 3.7 and 3.8."""
        free = frozenset(partition for partition in self.owner.keys() if self.owner[partition] is None)
        back = self.revoking[member] if self.reassigns_while_revoking else frozenset()
        return self.wanted(member) & (free | back)

    def has_next(self, member: Member) -> bool:
        if len(self.revoking[member]) > 0:  # UNREVOKED_PARTITIONS
            return self.reassigns_while_revoking and len(self.missing(member)) > 0
        extra = self.assigned[member] - self.wanted(member)
        return len(extra) > 0 or self.epoch[member] != self.generation or len(self.missing(member)) > 0

    def missing(self, member: Member) -> frozenset[Partition]:
        return self.obtainable(member) - self.assigned[member]

    def compute_next(self, member: Member) -> None:
        """First the member gives up what it is not to have, in its old epoch; then it gets what is free in the new."""
        extra = self.assigned[member] - self.wanted(member)
        if len(extra) > 0:
            self.assigned[member] -= extra
            self.revoking[member] |= extra
        else:
            found = self.missing(member)
            for partition in found:
                again = partition in self.revoking[member]
                self.owner[partition] = None if again and not self.keeps_partition_epochs else member
                self.assignment_epoch[partition] = self.generation
            self.assigned[member] |= found
            self.revoking[member] -= found
            if len(self.revoking[member]) == 0:
                self.epoch[member] = self.generation
        send(
            member,
            ConsumerGroupHeartbeatResponse(self.connection[member], self.epoch[member], self.assigned[member]),
        )
