"""What an application chooses, and what its client does for it: the words in which a consumer is wired."""

from enum import Enum


class AutoCommit(Enum):
    """Where enable.auto.commit=true commits."""

    OFF = "off"
    IN_POLL = "in poll"  # Java: the positions, before this poll() hands out anything.
    AFTER_POLL_EVENT = "after poll event"  # Java, group.protocol=consumer, before KAFKA-18641: in another thread.
    STORED = "stored"  # librdkafka and the consumer of 0.8: the stored offsets, in another thread.


class Commits(Enum):
    """What the loop itself calls."""

    NOTHING = "nothing"
    SYNC = "sync"
    ASYNC = "async"


class Processing(Enum):
    BEFORE_COMMIT = "before_commit"
    AFTER_COMMIT = "after_commit"
    WORKER = "worker"  # Another thread: poll() goes on meanwhile.


class Effect(Enum):
    """What processing a record does to the world."""

    CALL = "call"  # Done at once, and again each time.
    PRODUCE = "produce"  # Handed to a plain producer, which sends it later.
    UPSERT = "upsert"  # Written to a store.
    STORE_WITH_OFFSET = "store_with_offset"  # Written to a store with its offset, in one transaction of the store.


class OnError(Enum):
    """What the application does with an exception of its processing."""

    CLOSE = "close"  # close() in `finally`, and the process ends.
    CONTINUE = "continue"  # Logged; the next record.
    RETRY = "retry"  # The same record again.
    DEAD_LETTER = "dead_letter"  # Written to another topic, which is an effect; the next record.
