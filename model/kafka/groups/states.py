"""The states that a consumer and its group are in, by Kafka's names where it has one."""

from enum import Enum


class Stage(Enum):
    """Where the thread that polls is."""

    NOT_STARTED = "not started"
    JOINING = "joining"
    FETCHING_OFFSETS = "fetching offsets"
    READING_STORE = "reading its store"
    RESETTING_OFFSETS = "resetting offsets"
    BETWEEN_POLLS = "between polls"
    POLLING = "polling"
    PROCESSING = "processing"
    WRITING = "writing to the store"
    FLUSHING = "flushing its producer"
    COMMITTING = "committing"
    REVOKING = "committing before revocation"
    CLOSING = "closing"
    CLOSED = "closed"
    FAILED = "failed"


class Revocation(Enum):
    """Of a consumer that goes on fetching meanwhile (before KAFKA-14196)."""

    NONE = "none"
    COMMITTING = "committing"
    COMMITTED = "committed"


RUNNING = (Stage.BETWEEN_POLLS, Stage.POLLING, Stage.PROCESSING, Stage.WRITING, Stage.FLUSHING, Stage.COMMITTING)


class GroupProtocol(Enum):
    """group.protocol"""

    CLASSIC = "classic"
    CONSUMER = "consumer"  # KIP-848


class GroupState(Enum):
    EMPTY = "Empty"
    PREPARING_REBALANCE = "PreparingRebalance"
    COMPLETING_REBALANCE = "CompletingRebalance"
    STABLE = "Stable"
