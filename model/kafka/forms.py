"""A pipeline in the user's words: topics, applications, settings, faults. One form for all families of actors; which
keys mean something in which family is the family's own ``wiring`` to judge.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

MECHANISMS = (  # What `without` can take away; the families know what that means.
    "sequence_check", "verification_guard", "epoch_check", "markers_after_reload", "fencing_before_fetching_offsets",
    "marker_retry", "guard_of_next_transaction",
    "generation_check", "stable_offset_fetch",
    "leader_epochs", "batch_window", "batch_history", "single_metadata_changes", "whole_metadata_deltas",
)  # fmt: skip
FIXES = ("KAFKA-15591", "follower_offsets_reset")  # What `fixes` can add.


class Form(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=True)


class Topic(Form):
    partitions: Annotated[int, Field(ge=1, le=4)] = 1
    records: Annotated[int, Field(ge=1, le=4)] | None = Field(default=None, description="What the world puts in.")
    present: Annotated[int, Field(ge=0, le=4)] | None = Field(
        default=None, description="How many of the records are there before anybody reads; default: all."
    )
    added_partitions: Annotated[int, Field(ge=0, le=1)] = Field(
        default=0, description="How many of the partitions are added while the group runs."
    )
    assignment: list[int] = Field(default=[], description="Its replicas, preferred leader first; broker 1 leads.")
    created: Literal["before", "on first use"] = Field(
        default="before", description="on first use: clients may know its leader before the leader does."
    )
    model_config = ConfigDict(extra="allow")  # Settings of the topic, by Kafka's names; ``config`` judges them.

    @property
    def settings(self) -> dict[str, Any]:
        return self.model_extra or {}


class App(Form):
    reads: str | None = None
    writes: str | None = None
    instances: Annotated[int, Field(ge=1, le=2)] = Field(
        default=1, description="2: a replacement may start while the old one still runs."
    )
    offsets: Literal["transaction", "after", "before"] = Field(
        default="transaction", description="Where the position is stored: in the transaction, or by commitSync()."
    )
    subscription: Literal["assign", "subscribe"] | None = Field(
        default=None,
        description="subscribe: a rebalance may take an input partition from a live instance. Default: assign with a"
        " transactional.id, else subscribe.",
    )
    group_metadata: bool = Field(
        default=True, description="sendOffsetsToTransaction() is given groupMetadata(), and not the group.id alone."
    )
    commits: Literal["never", "sync", "async"] = Field(
        default="never", description="What the loop itself calls, beside enable.auto.commit."
    )
    processing: Literal["before_commit", "after_commit", "worker"] = Field(
        default="before_commit",
        description="When a record is processed: before or after the commit, or in a thread beside poll().",
    )
    effect: Literal["call", "upsert", "store_with_offset"] = Field(
        default="call",
        description="What processing does: something that happens again each time, a write to a store, or one in the"
        " same transaction as the offset (where the application then starts). With `writes`: a record is produced.",
    )
    compares_offset: bool = Field(
        default=False, description="The store refuses a record whose offset is not the next (compare-and-set)."
    )
    flushes: bool = Field(default=False, description="The loop calls flush() of its producer before it commits.")
    on_exception: Literal["close", "continue"] = Field(
        default="close", description="When processing throws: close() in `finally`, or log and go on with the next."
    )
    commits_on_revocation: bool = Field(default=False, description="commitSync() in onPartitionsRevoked.")
    failed_commit: Literal["ignore", "resend"] = Field(
        default="ignore", description="What the callback of commitAsync() does with a commit that failed."
    )
    client: Literal["java", "librdkafka", "0.8"] = Field(
        default="java", description="The Java client of the spec's version, librdkafka, or the high-level 0.8 consumer."
    )
    client_version: str | None = Field(default=None, description="Of librdkafka.")
    stores_offset: Literal["on_delivery", "after_processing"] = Field(
        default="on_delivery", description="librdkafka: enable.auto.offset.store, or offsets_store() by the loop."
    )
    records: Annotated[int, Field(ge=1, le=4)] | None = Field(
        default=None, description="How many it writes, if it reads nothing."
    )
    on_failed_send: Literal["give up", "resend", "restart"] = Field(
        default="give up", description="restart: close the producer, start another, resend what is not acknowledged."
    )
    consumer: dict[str, Any] = {}
    producer: dict[str, Any] = {}


class Budgets(Form):
    """Faults of this pipeline; the names of the general ones are those of every spec."""

    crash: Any = 0
    pause: Any = 0
    lose: Any = 0
    duplicate: Any = 0
    delay: Any = 0
    delivery_timeout: Annotated[int, Field(ge=0, le=1)] = Field(
        default=0, description="How often delivery.timeout.ms passes in a producer process."
    )
    processing_failure: Annotated[int, Field(ge=0, le=1)] = Field(
        default=0, description="How often the processing of a record throws in a process."
    )
    max_poll_interval: Any = Field(
        default=0, description="How often max.poll.interval.ms passes in a process while it processes records."
    )
    retention: Annotated[int, Field(ge=0, le=1)] = Field(
        default=0, description="How often retention deletes records of an input partition."
    )
    offsets_retention: Annotated[int, Field(ge=0, le=1)] = Field(
        default=0, description="How often offsets.retention.minutes passes while the group is empty."
    )
    power_loss: Any = Field(
        default=0, description="How often a broker that starts again may lack the end of its log, by broker."
    )
    preferred_election: Annotated[int, Field(ge=0, le=3)] = Field(
        default=0, description="How often auto.leader.rebalance.enable moves the lead to the preferred replica."
    )
    producer_state_expiry: Annotated[int, Field(ge=0, le=2)] = Field(
        default=0, description="How often producer.id.expiration.ms passes for an idle producer."
    )
    unknown_topic: Annotated[int, Field(ge=0, le=2)] = Field(
        default=0, description="How often a client's metadata lack the topic for a moment."
    )


class Checks(Form):
    always: list[Any] = []
    sometimes: list[Any] = []
    final: list[Any] = []


class Document(Form):
    model_config = ConfigDict(title="Spec file, Kafka pipeline")

    version: str
    topics: dict[str, Topic]
    apps: dict[str, App]
    brokers: dict[str, Any] = {}
    features: dict[str, Any] = Field(default={}, description="Feature levels of the cluster, e.g. transaction.version.")
    without: list[Literal[MECHANISMS]] = Field(  # type: ignore[valid-type]
        default=[], description="Mechanisms of Kafka that are removed, to see what they are for."
    )
    fixes: list[Literal[FIXES]] = Field(  # type: ignore[valid-type]
        default=[], description="Changes that no release known here has, to see whether they help."
    )
    grain: Literal["log", "replicas"] | None = Field(
        default=None, description="One log for all replicas of a partition, or one each; else the faults decide."
    )
    faults: Budgets = Budgets()
    check: Checks


def budget(given: Any, target: str) -> int:
    """How often a fault may hit this target."""
    found = given.get(target, 0) if isinstance(given, dict) else given
    return 3 if found == "unlimited" else int(found) if isinstance(found, int) else 0
