"""What a producer, the replicas of one topic's partitions and the controller say to each other.

Names, fields and error codes are those of clients/src/main/resources/common/message and
org.apache.kafka.common.protocol.Errors. A batch is one record. `attempt` and `request` stand for the connection and the
correlation id by which a client tells the answer it waits for from others. AlterPartition's answer and the metadata
record that tells the leader the same are one message, PartitionChange (LeaderAndIsr in ZooKeeper's time).
CompactionProgress and RemovalBound are no messages of Kafka, but of the change that would mend its compaction.
"""

from enum import Enum
from typing import Annotated

from checker.lang import ActorId, Below, Between, UpTo, message, struct

NO_EPOCH = -1
NO_OFFSET = -1
NO_PRODUCER_ID = -1
NO_SEQUENCE = -1
NO_RECORD = -1

# What the log cleaner has done to an entry. Its place stays: offsets never change.
EXPIRING, REMOVED = 1, 2

Broker = Annotated[int, Between(1, "replicas")]
Record = Annotated[int, Below("records")]  # In the order in which the application sends them.
Partition = Annotated[int, Below("partitions")]  # Record r goes to partition r % partitions.
LeaderEpoch = Annotated[int, Between(NO_EPOCH, "leader_epochs")]
Offset = Annotated[int, Between(NO_OFFSET, "log")]
ProducerId = Annotated[int, Between(NO_PRODUCER_ID, "producer_ids")]
ProducerEpoch = Annotated[int, Between(NO_EPOCH, "producer_epochs")]
Sequence = Annotated[int, Between(NO_SEQUENCE, "log")]
Checksum = Annotated[int, Between(NO_RECORD, "records")]
Attempt = Annotated[int, Below("attempts")]
Cleaned = Annotated[int, UpTo("compaction")]
Hole = Annotated[int, UpTo("holes")]  # An offset, or a number of them, where the log is compacted.


class Acks(Enum):
    NONE = "0"
    LEADER = "1"
    ALL = "all"


class Error(Enum):
    NONE = "NONE"
    NOT_LEADER_OR_FOLLOWER = "NOT_LEADER_OR_FOLLOWER"
    NOT_ENOUGH_REPLICAS = "NOT_ENOUGH_REPLICAS"
    NOT_ENOUGH_REPLICAS_AFTER_APPEND = "NOT_ENOUGH_REPLICAS_AFTER_APPEND"
    OUT_OF_ORDER_SEQUENCE_NUMBER = "OUT_OF_ORDER_SEQUENCE_NUMBER"
    DUPLICATE_SEQUENCE_NUMBER = "DUPLICATE_SEQUENCE_NUMBER"
    UNKNOWN_PRODUCER_ID = "UNKNOWN_PRODUCER_ID"
    INVALID_PRODUCER_EPOCH = "INVALID_PRODUCER_EPOCH"
    TOPIC_AUTHORIZATION_FAILED = "TOPIC_AUTHORIZATION_FAILED"
    CORRUPT_MESSAGE = "CORRUPT_MESSAGE"


@struct
class Batch:
    """A record batch of one record; without idempotence it has no producer id, epoch and sequence."""

    record: Record
    producer_id: ProducerId = NO_PRODUCER_ID
    epoch: ProducerEpoch = NO_EPOCH
    sequence: Sequence = NO_SEQUENCE


@struct
class LogEntry:
    batch: Batch
    leader_epoch: LeaderEpoch
    cleaned: Cleaned = 0  # EXPIRING: a tombstone whose batch has a delete horizon (KIP-534).


# --- Producer and leader ----------------------------------------------------------------------------------------------


@message
class ProduceRequest:
    client: ActorId
    acks: Acks
    batch: Batch
    attempt: Attempt
    previous: Record | None  # Of the request before on this connection, if that is unanswered: none overtakes it.
    request: Record  # Whose batch it was made for: what the client goes by when the answer comes.
    checksum: Checksum = NO_RECORD  # Of which record, if of another than is in it.


@message
class ProduceResponse:
    batch: Batch
    attempt: Attempt
    error: Error
    offset: Offset  # Of the batch; with UNKNOWN_PRODUCER_ID the log start offset.
    leader: Broker | None  # As far as the broker knows: what a client's next metadata say (currentLeader, KIP-951).
    request: Record


@message
class Disconnected:
    """A broker that starts again knows nothing of the client's old connections: what they carried is lost."""

    broker: Broker


# --- Replicas ---------------------------------------------------------------------------------------------------------


@message
class FetchRequest:
    replica: Broker
    leader_epoch: LeaderEpoch  # currentLeaderEpoch; checked since KIP-320.
    offset: Offset
    last_epoch: LeaderEpoch  # lastFetchedEpoch; used since KIP-595.
    high_watermark: Offset  # Of the follower: the leader knows what it has told whom.


@message
class FetchResponse:
    """At most one batch. A diverging epoch and end offset ask for truncation, out of range too (without an epoch)."""

    leader: Broker
    leader_epoch: LeaderEpoch  # Of the request.
    offset: Offset
    entry: LogEntry | None
    high_watermark: Offset
    diverging_epoch: LeaderEpoch
    diverging_end: Offset  # NO_OFFSET: the logs agree.
    skipped: Hole = 0  # How many offsets before the entry have no record any more.


@message
class OffsetForLeaderEpochRequest:
    replica: Broker
    current_leader_epoch: LeaderEpoch
    leader_epoch: LeaderEpoch


@message
class OffsetForLeaderEpochResponse:
    leader: Broker
    current_leader_epoch: LeaderEpoch  # Of the request.
    leader_epoch: LeaderEpoch  # NO_EPOCH before KIP-279.
    end_offset: Offset


@message
class CompactionProgress:
    """Below `clean_end` the replica has each key once."""

    replica: Broker
    leader_epoch: LeaderEpoch
    clean_end: Hole


@message
class RemovalBound:
    """Below it every replica has each key once."""

    end: Hole


# --- Controller -------------------------------------------------------------------------------------------------------


@struct
class PartitionState:
    leader: Broker | None
    leader_epoch: LeaderEpoch
    isr: frozenset[Broker]


@message
class PartitionChange:
    state: PartitionState
    is_first: bool = False  # What a broker that has registered starts with.


@message
class AlterPartitionRequest:
    """`old_isr` stands for the partition epoch: the request counts only if the controller's ISR is still that one."""

    leader: Broker
    leader_epoch: LeaderEpoch
    old_isr: frozenset[Broker]
    new_isr: frozenset[Broker]


@message
class BrokerRegistration:
    broker: Broker


@message
class BrokerUnfenced:
    """The leader's metadata say that a follower may enter the ISR again; its fetch may wait there already."""
