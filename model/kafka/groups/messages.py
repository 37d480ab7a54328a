"""What consumers, the group coordinator, the partitions of the input and an external store say to each other.

Follows clients/src/main/resources/common/message and org.apache.kafka.common.protocol.Errors. Fields that no branch of
the protocol reads are left out. A member id is that of its consumer: a process that comes back joins anew and gets a
generation of its own, so the generation tells it from the one before. Of heartbeats there are only the answers that
tell something new; they come whenever a heartbeat might have brought them.
"""

from enum import Enum
from typing import Annotated

from checker.lang import ActorId, Below, Between, MaxLen, Of, UpTo, message, struct

JOIN_EPOCH = 0
NO_GENERATION = -1  # JoinGroupRequest.UNKNOWN_GENERATION_ID: from assign(), or after the generation was reset.

Record = Annotated[int, Below("records")]  # An offset of an input partition that holds a record.
Position = Annotated[int, UpTo("records")]  # The next offset to read; a committed offset is one.
Partition = Annotated[int, Below("partitions")]
Generation = Annotated[int, Between(NO_GENERATION, "generations")]
Connection = Annotated[int, Below("connections")]  # Which one of a consumer's, to tell late answers from awaited ones.
Offsets = Annotated[tuple[Position | None, ...], MaxLen("partitions")]  # One place for each partition.
Copies = Annotated[int, UpTo(2)]  # None, one, or "more than once".
Member = Annotated[ActorId, Of("Consumer")]
Instance = Annotated[int, Below("instances")]  # A group.instance.id.


@struct
class InputRecord:
    partition: Partition
    offset: Record


class Error(Enum):
    NONE = "NONE"
    UNKNOWN_MEMBER_ID = "UNKNOWN_MEMBER_ID"
    ILLEGAL_GENERATION = "ILLEGAL_GENERATION"
    STALE_MEMBER_EPOCH = "STALE_MEMBER_EPOCH"
    REBALANCE_IN_PROGRESS = "REBALANCE_IN_PROGRESS"
    FENCED_INSTANCE_ID = "FENCED_INSTANCE_ID"
    UNRELEASED_INSTANCE_ID = "UNRELEASED_INSTANCE_ID"
    NOT_COORDINATOR = "NOT_COORDINATOR"
    COORDINATOR_LOAD_IN_PROGRESS = "COORDINATOR_LOAD_IN_PROGRESS"
    OFFSET_OUT_OF_RANGE = "OFFSET_OUT_OF_RANGE"


class OffsetReset(Enum):
    """auto.offset.reset"""

    EARLIEST = "earliest"
    LATEST = "latest"
    NONE = "none"
    BY_DURATION = "by_duration"  # KIP-1106


# --- Consumer and group coordinator -----------------------------------------------------------------------------------


@message
class JoinGroupRequest:
    member: Member
    connection: Connection
    instance: Instance | None
    partitions_seen: Annotated[int, UpTo("partitions")]  # How many the topic has, as far as the member knows.


@message
class SyncGroupResponse:
    """The answers to JoinGroup and SyncGroup in one: nobody but the two of them can tell when the first arrived."""

    error: Error
    connection: Connection  # Of the request.
    generation: Generation
    partitions: frozenset[Partition]


@message
class HeartbeatResponse:
    error: Error
    generation: Generation  # Of the heartbeat that it answers.


@message
class ConsumerGroupHeartbeatRequest:
    """KIP-848: to join (JOIN_EPOCH), or to say what the member still owns after it was told to revoke."""

    member: Member
    connection: Connection
    instance: Instance | None
    epoch: Generation
    owned: frozenset[Partition]


@message
class ConsumerGroupHeartbeatResponse:
    connection: Connection  # On which the member joined.
    epoch: Generation
    assignment: frozenset[Partition]


@message
class LeaveGroupRequest:
    """KIP-848: the heartbeat with epoch -1, or -2 of a static member, which keeps its place.

    Classic, also for the session of a static member that has ended: it sends none, and the coordinator finds out later.
    """

    member: Member


@message
class OffsetCommitRequest:
    member: Member
    instance: Instance | None
    generation: Generation
    offsets: Offsets
    awaited: bool  # commitSync(), or the commit before a rebalance: the member goes on with the answer.


@message
class OffsetCommitResponse:
    error: Error
    generation: Generation
    offsets: Offsets
    awaited: bool


@message
class OffsetFetchRequest:
    member: Member


@message
class OffsetFetchResponse:
    offsets: Offsets


# --- Consumer and partition leader ------------------------------------------------------------------------------------


@message
class FetchRequest:
    consumer: Member
    offset: Position


@message
class FetchResponse:
    """The records from `offset` up to `end`, which is not among them."""

    partition: Partition
    offset: Position
    end: Position
    error: Error


@message
class ListOffsetsRequest:
    consumer: Member
    timestamp: OffsetReset  # EARLIEST (-2), LATEST (-1), or for BY_DURATION the present minus the duration.


@message
class ListOffsetsResponse:
    partition: Partition
    offset: Position | None  # UNKNOWN_OFFSET: no record is as young.


@message
class MetadataUpdate:
    """A consumer's metadata shows a partition that is new (metadata.max.age.ms)."""

    partition: Partition


# --- Application and external store -----------------------------------------------------------------------------------


@message
class StoreRead:
    reader: Member


@message
class StoreReadResult:
    offsets: Offsets


@message
class StoreWrite:
    """The result of one record, and in the same transaction of the store the offset behind it."""

    writer: Member
    partition: Partition
    record: Record


@message
class StoreWriteResult:
    partition: Partition
    record: Record
    applied: bool
