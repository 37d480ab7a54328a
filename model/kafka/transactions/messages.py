"""What Kafka's processes say to each other: names, fields and error codes as on the wire.

Follows clients/src/main/resources/common/message and org.apache.kafka.common.protocol.Errors. Fields that no branch of
the protocol reads are left out. The producer ids of transactional id t are t, t + n, t + 2n ..., with n transactional
ids: it gets the next one when its epochs are used up, or when it had expired. `correlation` is the number of the
transaction at its client, in place of the connection and correlation id by which a client tells the answer that it
waits for from an older one.
"""

from enum import Enum
from typing import Annotated

from checker.lang import ActorId, Below, Between, MaxLen, Of, UpTo, message, struct

NO_EPOCH = -1
# How a transaction ended, where transactions are told apart.
COMMITTED = 1
ABORTED = 2
BOTH = 3
STOPPED = 3  # What its process knows: it was stopped by a fatal error, and had not asked for the commit.
NO_GENERATION = -1  # Of a consumer that assigns its partitions itself, and of a client before 2.5.

# The identity of a transaction of an application (its number at its instance), for the guarantees alone: by producer id
# and epoch, before transaction version 2, two look alike. 0 where a spec does not tell them apart.
Ghost = Annotated[int, UpTo("ghosts")]
GhostOutcome = Annotated[int, UpTo("ghost_outcomes")]
Upgraded = Annotated[int, UpTo("upgrades")]  # 1: of transaction version 2, in a cluster that is upgraded as it runs.
Record = Annotated[int, Below("records")]  # An input record, and the payment made from it.
Position = Annotated[int, UpTo("records")]  # An offset of the input partition.
OutputPartition = Annotated[int, Below("partitions")]
TopicPartition = Annotated[
    int, UpTo("partitions")
]  # An output partition, or (the last one) the group's offsets partition.
TransactionalId = Annotated[int, Below("transactional_ids")]
ProducerId = Annotated[int, Below("producer_ids")]
Epoch = Annotated[int, Between(NO_EPOCH, "epochs")]
CoordinatorEpoch = Annotated[int, Between(NO_EPOCH, "coordinator_crashes")]
Sequence = Annotated[int, UpTo("sequences")]
# Where a transaction has more than one record: a batch of it to a partition, all of them, what became of each. Where
# not, the constants are such that none of it is in the state.
BatchNumber = Annotated[int, Below("batches")]
BatchSlot = Annotated[int, Below("batches * partitions")]
BatchStatus = Annotated[int, UpTo("batch_statuses")]
Connection = Annotated[int, Below("connections")]  # Of any client to one leader.
Behind = Annotated[int, UpTo("batches * connections_break")]
Received = Annotated[int, UpTo("(transactions + 1) * batches * connections_break")]
AcknowledgedSequence = Annotated[int, UpTo("pipelined_sequences")]
Correlation = Annotated[int, UpTo("transactions")]
ClientBump = Annotated[int, UpTo("client_bumps")]
LoggedEpoch = Annotated[int, Between(NO_EPOCH, "logged_epochs")]
Attempt = Annotated[int, Below("attempts")]
# A leader's connection to the coordinator: an answer that comes late comes on one that is closed.
Uplink = Annotated[int, UpTo("late_verifications")]
LogOffset = Annotated[int, Below("log")]
Incarnation = Annotated[int, UpTo("new_ids")]  # Of a process: how often it has taken a new transactional.id.
Generation = Annotated[int, Between(NO_GENERATION, "generations - 1")]  # Of the consumer group.
Copies = Annotated[int, UpTo(2)]  # None, one, or "more than once".
Client = Annotated[ActorId, Of("Application")]
Leader = ActorId  # A PartitionLeader or the OffsetsPartition.


class Error(Enum):
    NONE = "NONE"
    CONCURRENT_TRANSACTIONS = "CONCURRENT_TRANSACTIONS"
    PRODUCER_FENCED = "PRODUCER_FENCED"
    INVALID_PRODUCER_EPOCH = "INVALID_PRODUCER_EPOCH"
    INVALID_TXN_STATE = "INVALID_TXN_STATE"
    TRANSACTION_ABORTABLE = "TRANSACTION_ABORTABLE"
    OUT_OF_ORDER_SEQUENCE_NUMBER = "OUT_OF_ORDER_SEQUENCE_NUMBER"
    NOT_ENOUGH_REPLICAS = "NOT_ENOUGH_REPLICAS"
    NOT_LEADER_OR_FOLLOWER = "NOT_LEADER_OR_FOLLOWER"
    COORDINATOR_LOAD_IN_PROGRESS = "COORDINATOR_LOAD_IN_PROGRESS"
    TRANSACTION_COORDINATOR_FENCED = "TRANSACTION_COORDINATOR_FENCED"
    UNSTABLE_OFFSET_COMMIT = "UNSTABLE_OFFSET_COMMIT"
    INVALID_PRODUCER_ID_MAPPING = "INVALID_PRODUCER_ID_MAPPING"
    NOT_COORDINATOR = "NOT_COORDINATOR"
    COORDINATOR_NOT_AVAILABLE = "COORDINATOR_NOT_AVAILABLE"
    NETWORK_EXCEPTION = "NETWORK_EXCEPTION"
    UNKNOWN_SERVER_ERROR = "UNKNOWN_SERVER_ERROR"
    ILLEGAL_GENERATION = "ILLEGAL_GENERATION"
    UNKNOWN_MEMBER_ID = "UNKNOWN_MEMBER_ID"


class TransactionState(Enum):
    EMPTY = "Empty"
    ONGOING = "Ongoing"
    PREPARE_COMMIT = "PrepareCommit"
    PREPARE_ABORT = "PrepareAbort"
    COMPLETE_COMMIT = "CompleteCommit"
    COMPLETE_ABORT = "CompleteAbort"
    PREPARE_EPOCH_FENCE = "PrepareEpochFence"
    DEAD = "Dead"


class TransactionResult(Enum):
    COMMIT = "COMMIT"
    ABORT = "ABORT"


class IsolationLevel(Enum):
    READ_COMMITTED = "read_committed"
    READ_UNCOMMITTED = "read_uncommitted"


@message
class StartReplacement:
    """The deployment platform's order to start another instance of an application; it is carried out at any time."""


@message
class FeaturesUpdated:
    """transaction.version 2 is finalized: a client hears of it with some later answer (ApiVersions)."""


# --- Client and transaction coordinator -------------------------------------------------------------------------------


@message
class InitProducerIdRequest:
    client: Client
    transactional_id: TransactionalId
    producer_id: ProducerId  # The client's own, where it only wants its next epoch (KIP-360).
    expected_epoch: Epoch  # Likewise; NO_EPOCH from initTransactions().


@message
class InitProducerIdResponse:
    error: Error
    producer_id: ProducerId
    epoch: Epoch


@message
class AddPartitionsToTxnRequest:
    client: Client
    producer_id: ProducerId
    epoch: Epoch
    partitions: frozenset[TopicPartition]
    correlation: Correlation
    transaction: Ghost


@message
class AddPartitionsToTxnResponse:
    error: Error
    correlation: Correlation


@message
class AddOffsetsToTxnRequest:
    client: Client
    producer_id: ProducerId
    epoch: Epoch
    correlation: Correlation
    transaction: Ghost


@message
class AddOffsetsToTxnResponse:
    error: Error
    correlation: Correlation


@message
class EndTxnRequest:
    client: Client
    producer_id: ProducerId
    epoch: Epoch
    result: TransactionResult
    correlation: Correlation
    transaction: Ghost
    version_2: Upgraded


@message
class EndTxnResponse:
    error: Error
    correlation: Correlation
    producer_id: ProducerId
    epoch: Epoch  # v5 (transaction version 2): the client's next one; before, NO_EPOCH.


@message
class Resignation:
    """What a coordinator that is deposed, and does not know it, has in its cache."""

    epoch: Epoch
    state: TransactionState


# --- Transaction coordinator and partition leaders --------------------------------------------------------------------


@message
class VerifyOnlyRequest:
    """AddPartitionsToTxn v4 with verifyOnly, from a partition leader (KIP-890 part 1)."""

    partition: TopicPartition
    producer_id: ProducerId
    epoch: Epoch
    uplink: Uplink


@message
class AddPartitionRequest:
    """AddPartitionsToTxn v5 without verifyOnly, from a partition leader (KIP-890 part 2)."""

    partition: TopicPartition
    producer_id: ProducerId
    epoch: Epoch
    uplink: Uplink
    transaction: Ghost


@message
class VerifyOnlyResponse:
    """The coordinator's answer to either."""

    error: Error
    uplink: Uplink  # That of the request.


@struct
class Marker:
    producer_id: ProducerId
    epoch: Epoch
    coordinator_epoch: CoordinatorEpoch
    result: TransactionResult


@message
class WriteTxnMarkersRequest:
    marker: Marker


@message
class WriteTxnMarkersResponse:
    partition: TopicPartition
    marker: Marker  # The request that this answers.
    error: Error


# --- Client and partition leader --------------------------------------------------------------------------------------


@struct
class Batch:
    """A record batch of one record, with the client that waits for the answer."""

    client: Client
    producer_id: ProducerId
    epoch: Epoch
    sequence: Sequence
    record: Record
    correlation: Correlation
    attempt: Attempt
    number: BatchNumber  # With the attempt, in place of the correlation id of the request.
    transaction: Ghost
    version_2: Upgraded


@message
class ProduceRequest:
    batch: Batch
    connection: Connection
    behind: Behind  # Number + 1 of the latest batch before it on this connection that has no answer yet; 0: none.


@message
class ProduceResponse:
    partition: OutputPartition
    producer_id: ProducerId
    epoch: Epoch
    correlation: Correlation
    attempt: Attempt
    number: BatchNumber
    error: Error


# --- Client and offsets partition -------------------------------------------------------------------------------------


@message
class JoinGroupRequest:
    """JoinGroup and SyncGroup, as far as they decide who has the input partition."""

    client: Client


@message
class JoinGroupResponse:
    generation: Generation  # NO_GENERATION: the input partition is another member's.


@struct
class OffsetCommitInTransaction:
    client: Client
    producer_id: ProducerId
    epoch: Epoch
    generation: Generation
    offset: Position
    correlation: Correlation
    attempt: Attempt
    transaction: Ghost
    version_2: Upgraded


@message
class TxnOffsetCommitRequest:
    commit: OffsetCommitInTransaction


@message
class TxnOffsetCommitResponse:
    error: Error
    producer_id: ProducerId
    epoch: Epoch
    correlation: Correlation
    attempt: Attempt


@message
class OffsetCommitRequest:
    client: Client
    generation: Generation
    offset: Position


@message
class OffsetCommitResponse:
    error: Error


@message
class OffsetFetchRequest:
    client: Client


@message
class OffsetFetchResponse:
    error: Error
    offset: Position


# --- Partition leader and consumer ------------------------------------------------------------------------------------


@struct
class LogEntry:
    """A batch in the log: a record, or a control record (`marker`) that ends its producer's transaction."""

    producer_id: ProducerId
    epoch: Epoch
    record: Record | None
    marker: TransactionResult | None
    transaction: Ghost  # Of a record.
    version_2: Upgraded


@struct
class AbortedTransaction:
    producer_id: ProducerId
    first_offset: LogOffset  # Counted from the first entry of the response.


@message
class FetchResponse:
    entries: Annotated[tuple[LogEntry, ...], MaxLen("log")]
    aborted_transactions: frozenset[AbortedTransaction]
