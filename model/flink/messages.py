"""What job manager, tasks and Kafka say to each other, and the values that travel.

Job manager and tasks: the RPCs of org.apache.flink.runtime (checkpoint, taskexecutor). Tasks and Kafka: the requests of
the Kafka protocol as far as a connector sees their outcome.
"""

from enum import Enum
from typing import Annotated

from checker.lang import ActorId, Below, Between, MaxLen, Of, UpTo, message, struct

Subtask = Annotated[int, Below("subtasks")]  # Of one job.
Parallelism = Annotated[int, UpTo("subtasks")]
Partition = Annotated[int, Below("partitions")]  # Of all inputs: each subtask reads one.
Offset = Annotated[int, UpTo("records")]  # In one partition.
Record = Annotated[int, Below("partitions * records")]  # Of all partitions: partition 0 first.
Copies = Annotated[int, UpTo(2)]  # 2 means "more than once".
Sum = Annotated[int, UpTo("2 * records + 2")]  # Every record adds 1.
CheckpointId = Annotated[int, UpTo("checkpoints")]  # Ids start at 1 and rise; 0 is "none".
TransactionalId = Annotated[int, Below("transactional_ids")]
Epoch = Annotated[int, Between(-1, "epochs - 1")]
Sender = Annotated[ActorId, Of("Task")]
Value = Annotated[int, Below("values")]  # What a record says: which of the producing application's records it is.
Values = Annotated[int, UpTo("values")]
Topic = Annotated[int, Below("topics")]  # Of those that are logs.
Place = Annotated[int, UpTo("entries")]  # In a log.
Writer = Annotated[int, Below("writers")]  # A producing application.
Reader = Annotated[int, Below("readers")]  # A consuming one.
Session = Annotated[int, UpTo("sessions")]  # A producer id, or an epoch of a transactional.id: one for each process.
Sequence = Annotated[int, UpTo("sequences")]
NO_CHECKPOINT = 0
NO_EPOCH = -1
NO_SESSION = 0  # A producer without idempotence.


class Error(Enum):
    NONE = "NONE"
    PRODUCER_FENCED = "PRODUCER_FENCED"
    INVALID_TXN_STATE = "INVALID_TXN_STATE"
    INVALID_PRODUCER_ID_MAPPING = "INVALID_PRODUCER_ID_MAPPING"
    COORDINATOR_NOT_AVAILABLE = "COORDINATOR_NOT_AVAILABLE"
    NO_OFFSET = "NoOffsetForPartitionException"
    NOT_LISTED = "the metadata do not list the partition"
    NO_PARTITION = "the partition has not been added yet"


class StartFrom(Enum):
    """Where a source begins that has no state: setStartFrom... or the OffsetsInitializer."""

    GROUP_OFFSETS = "group offsets"
    EARLIEST = "earliest"
    LATEST = "latest"
    CONNECTION = "connection"  # A socket: what is sent from now on.


class Reset(Enum):
    """auto.offset.reset, as the connector sets or leaves it."""

    EARLIEST = "earliest"
    LATEST = "latest"
    NONE = "none"


class Aborts(Enum):
    """Which transactions a starting writer looks for, to abort them."""

    NONE = "none"
    GAPS = "those of the others, which no writer has used: ids are used without gaps"
    PROBING = "this id and those above it, until one was never used; likewise from each of the others"
    LISTING = "those of the others that the brokers list as Ongoing"
    ALL = "all the others"


class Vertex(Enum):
    """Which of the tasks of a chain a notification is for: each gets its own RPC."""

    SOURCE = "source"
    SINK = "sink"


class Snapshot(Enum):
    """Why a snapshot is taken."""

    CHECKPOINT = "checkpoint"
    SAVEPOINT = "savepoint"
    STOP = "stop with savepoint"  # A synchronous savepoint: nothing is emitted after its barrier.


class EntryState(Enum):
    """Of an entry of a log: what its transaction has come to; one without transaction is readable at once."""

    READABLE = "readable"
    OPEN = "in an open transaction"
    ABORTED = "aborted"


@struct
class LogEntry:
    """One entry of a topic that somebody here writes and somebody reads."""

    value: Value | None  # None: a control record, which ends a transaction.
    state: EntryState = EntryState.READABLE
    transactional_id: TransactionalId | None = None  # Of the sink's transaction while it is open.
    writer: Writer | None = None  # The application that wrote it; None: a sink.
    session: Session = NO_SESSION
    sequence: Sequence = 0


@struct
class Committable:
    """A pre-committed transaction: KafkaCommittable, or the handle of TwoPhaseCommitSinkFunction."""

    checkpoint: CheckpointId
    transactional_id: TransactionalId
    epoch: Epoch
    empty: bool = False  # Known to the producer that wrote nothing; no state says it, so a restored task cannot ask.


@struct
class TaskState:
    """What a checkpoint holds of one subtask: split, operator state, state of sink and committer."""

    offset: Offset | None  # None: the source's state has no entry for its partition.
    applied: dict[Offset, Copies]  # How often each record is in the operator's state.
    committables: Annotated[tuple[Committable, ...], MaxLen("checkpoints")]


# --- Job manager and tasks ------------------------------------------------------------------------------------------


@message
class Deploy:
    """Run, with this state; without one from the very beginning."""

    state: TaskState | None
    checkpoint: CheckpointId
    parallelism: Parallelism


@message
class Cancel:
    """Stop running."""


@message
class TriggerCheckpoint:
    checkpoint: CheckpointId
    kind: Snapshot


@message
class AcknowledgeCheckpoint:
    subtask: Subtask
    checkpoint: CheckpointId
    state: TaskState


@message
class DeclineCheckpoint:
    subtask: Subtask
    checkpoint: CheckpointId


@message
class NotifyCheckpointComplete:
    checkpoint: CheckpointId
    vertex: Vertex


@message
class TaskFailed:
    subtask: Subtask
    spare: bool  # Of the attempt in the spare slot.


@message
class TaskFinished:
    subtask: Subtask
    spare: bool  # Of the attempt in the spare slot.


# --- Tasks and Kafka ------------------------------------------------------------------------------------------------


@message
class InitProducerIdRequest:
    """initTransactions() of the writer's next producer, after that of others whose transactions it aborts so."""

    sender: Sender
    transactional_id: TransactionalId
    aborts: Aborts
    others: frozenset[TransactionalId]


@message
class InitProducerIdResponse:
    epoch: Epoch


@message
class ProduceRequest:
    sender: Sender
    record: Record
    transactional_id: TransactionalId | None
    epoch: Epoch


@message
class ProduceResponse:
    record: Record
    error: Error


@message
class EndTxnRequest:
    """commitTransaction() of a producer that was resumed with this id and epoch."""

    sender: Sender
    transactional_id: TransactionalId
    epoch: Epoch


@message
class EndTxnResponse:
    transactional_id: TransactionalId
    error: Error


@message
class ConnectionsClosed:
    """The job has ended, and with it the producers of this task, whatever they have left open.

    No broker acts on it. It says from when on transaction.timeout.ms may pass, as a process that is down does.
    """

    partition: Partition


@message
class OffsetCommitRequest:
    """Generation -1, as from every consumer that assigns its partitions itself; nobody waits for the answer."""

    partition: Partition
    offset: Offset


@message
class PositionRequest:
    """What a consumer asks before its first fetch: OffsetFetch, ListOffsets, and whether its offset is in range."""

    sender: Sender
    partition: Partition
    offset: Offset | None  # From restored state.
    start_from: StartFrom
    reset: Reset
    seen: Offset  # The partition has at least so many records.


@message
class PositionResponse:
    error: Error
    offset: Offset


# --- A source and a log ---------------------------------------------------------------------------------------------


@message
class SourceFetchRequest:
    """What stands at this offset; answered when there is something to read there (fetch.max.wait.ms goes on)."""

    partition: Partition
    offset: Offset


@message
class SourceFetchResponse:
    offset: Offset
    is_record: bool  # Else the fetcher skips it: a control record, or one of an aborted transaction.


# --- Applications and Kafka: named apart from the connector's, so that a fault can name them --------------------------


@message
class AppInitProducerIdRequest:
    """initTransactions(); the answer brings what the application has stored with its last committed transaction."""

    sender: ActorId


@message
class AppInitProducerIdResponse:
    session: Session
    committed: Values


@message
class AppProduceRequest:
    sender: ActorId
    value: Value
    session: Session
    sequence: Sequence
    transactional: bool
    answered: bool  # Not with acks=0.


@message
class AppProduceResponse:
    value: Value
    error: Error


@message
class AppEndTxnRequest:
    sender: ActorId
    session: Session
    commits: bool
    position: Values  # Of the application in what it has to send: sent with the transaction, valid if it commits.


@message
class AppEndTxnResponse:
    error: Error


@message
class AppPositionRequest:
    """OffsetFetch of the group, and ListOffsets where it has none."""

    sender: ActorId
    reset: Reset


@message
class AppPositionResponse:
    error: Error
    place: Place


@message
class AppFetchRequest:
    sender: ActorId
    place: Place


@message
class AppFetchResponse:
    place: Place
    value: Value | None  # None: nothing that a consumer returns stands there.


@message
class AppOffsetCommitRequest:
    sender: ActorId
    place: Place
    answered: bool  # commitSync(); nobody waits for the answer to an automatic commit.


@message
class AppOffsetCommitResponse:
    """Of commitSync()."""
