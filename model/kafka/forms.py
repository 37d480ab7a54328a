"""A pipeline in the user's words: topics, applications, settings, faults. One form for all families of actors; which
keys mean something in which family is the family's own ``wiring`` to judge.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from model.kafka import config

MECHANISMS = (  # What `without` can take away; the families know what that means.
    "sequence_check", "verification_guard", "epoch_check", "coordinator_epoch_check", "epoch_bump_at_init",
    "markers_after_reload", "fencing_before_fetching_offsets", "marker_retry", "guard_of_next_transaction",
    "logged_ongoing", "repeated_end_txn", "pending_cleared_on_failure",
    "markers_keyed_by_term", "next_producer_id_in_answer", "producer_id_replaced_at_fence",
    "generation_check", "stable_offset_fetch", "failed_send_fails_transaction",
    "exclusive_bound", "loading_before_reading", "abort_filter",
    "abort_index", "epoch_bump_at_upgrade", "lowest_sequence", "late_answers_dropped",
    "checksum", "leader_epochs", "batch_window", "batch_history", "single_metadata_changes", "whole_metadata_deltas",
    "member_epoch_equality", "maximal_isr", "min_isr_after_append", "held_high_watermark", "position_initialization",
)  # fmt: skip
FIXES = (  # What `fixes` can add.
    "KAFKA-15591", "KAFKA-20357", "KAFKA-20785", "coordinated_compaction", "expired_batch_marked",
    "follower_offsets_reset", "markers_wait_for_high_watermark",
)  # fmt: skip


class Form(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=True)


def _settings(kind: config.Kind, description: str) -> Any:
    """Settings by Kafka's names: the schema names those of all versions, ``config.judge`` has the last word."""
    return Field(default={}, description=description, json_schema_extra=config.schema(kind))


def _topic_settings(schema: dict[str, Any]) -> None:
    schema["properties"] |= config.schema("topic")["properties"]


class Topic(Form):
    """Beside these keys: settings of the topic by Kafka's names, such as `replication.factor`."""

    model_config = ConfigDict(extra="allow", json_schema_extra=_topic_settings)

    partitions: Annotated[int, Field(ge=1, le=4)] = 1
    records: Annotated[int, Field(ge=1, le=4)] | None = Field(
        default=None, description="How many records the world puts in; a topic that only applications write has none."
    )
    present: Annotated[int, Field(ge=0, le=4)] | None = Field(
        default=None, description="How many of the records are there before anybody reads; default: all."
    )
    committed: list[int] | None = Field(
        default=None, description="What the group has committed before: for each partition from the first on."
    )
    added_partitions: Annotated[int, Field(ge=0, le=1)] = Field(
        default=0, description="How many of the partitions are added while the group runs."
    )
    assignment: list[int] = Field(default=[], description="Its replicas, preferred leader first; broker 1 leads.")
    created: Literal["before", "on first use"] = Field(
        default="before", description="on first use: clients may know its leader before the leader does."
    )

    @property
    def settings(self) -> dict[str, Any]:
        return self.model_extra or {}


class App(Form):
    reads: str | None = Field(default=None, description="The topic that it consumes.")
    writes: str | None = Field(default=None, description="The topic that it produces to.")
    instances: Annotated[int, Field(ge=1, le=2)] = Field(
        default=1, description="2: a replacement may start while the old one still runs."
    )
    offsets: Literal["transaction", "after", "before", "checkpoint"] = Field(
        default="transaction",
        description="Where the position is stored: in the transaction, by commitSync(), or in a checkpoint that also"
        " holds the transaction to be committed, as in Flink.",
    )
    records_per_transaction: Annotated[int, Field(ge=1, le=3)] = Field(
        default=1,
        description="How many records one transaction takes, as max.poll.records may: as many batches to each output"
        " partition, in flight as max.in.flight.requests.per.connection allows.",
    )
    awaits_sends: bool = Field(
        default=False, description="It waits for the futures of its sends before it calls commitTransaction()."
    )
    local_store: Literal["none", "trusted", "wiped"] = Field(
        default="none",
        description="State on the disk of the process with a changelog, as in Kafka Streams: when it starts, it goes on"
        " with what it finds, or fills the store anew from what is committed.",
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
    workers: Annotated[int, Field(ge=1, le=2)] = Field(default=1, description="Threads of `processing: worker`.")
    effect: Literal["call", "keyed_call", "upsert", "store_with_offset"] = Field(
        default="call",
        description="What processing does: something that happens again each time, or once for each idempotency key; a"
        " write to a store under one key, or one in the"
        " same transaction as the offset (where the application then starts). With `writes`: a record is produced.",
    )
    compares_offset: bool = Field(
        default=False, description="The store refuses a record whose offset is not the next (compare-and-set)."
    )
    flushes: bool = Field(default=False, description="The loop calls flush() of its producer before it commits.")
    on_exception: Literal["close", "continue", "retry", "dead_letter"] = Field(
        default="close",
        description="When processing throws: close() in `finally`, log and go on with the next, try again, or write the"
        " record to a dead letter topic.",
    )
    commit_every: Annotated[int, Field(ge=1, le=2)] = Field(default=1, description="In batches that poll() returned.")
    commits_on_revocation: bool = Field(default=False, description="commitSync() in onPartitionsRevoked.")
    waits_for_worker: bool = Field(default=False, description="onPartitionsRevoked waits until the worker is done.")
    failed_commit: Literal["ignore", "resend"] = Field(
        default="ignore", description="What the callback of commitAsync() does with a commit that failed."
    )
    client: Literal["java", "librdkafka", "0.8"] = Field(
        default="java", description="The Java client of the spec's version, librdkafka, or the high-level 0.8 consumer."
    )
    client_version: str | None = Field(default=None, description="Of librdkafka.")
    stores_offset: Literal["on_delivery", "after_processing", "contiguous"] = Field(
        default="on_delivery",
        description="librdkafka: enable.auto.offset.store, or offsets_store() when a record is done, or of the offset"
        " below which all are done.",
    )
    records: Annotated[int, Field(ge=1, le=4)] | None = Field(
        default=None, description="How many it writes, if it reads nothing."
    )
    keys: list[str] = Field(default=[], description="In a compacted topic: the key of each record that it writes.")
    deletes: list[int] = Field(default=[], description="Which of these records, from 0 on, are tombstones.")
    on_failed_send: Literal["give up", "resend", "resend elsewhere", "restart"] = Field(
        default="give up",
        description="resend elsewhere: it has no key, and goes to another partition. restart: close the producer, start"
        " another, resend what is not acknowledged.",
    )
    seeks_after_abort: bool = Field(default=True, description="After abortTransaction(): to the committed offset.")
    reprocesses_after_abort: bool = Field(default=False, description="After abortTransaction(): what it has in hand.")
    after_commit_timeout: Literal["retry", "resume", "reprocess", "go_on"] = Field(
        default="retry", description="What follows a TimeoutException of commitTransaction()."
    )
    when_fenced: Literal["stop", "start again"] = Field(
        default="stop",
        description="What follows a ProducerFencedException. start again: with another producer, from the committed"
        " offset on, as a thread of Kafka Streams does.",
    )
    new_transactional_id: Literal["never", "at_restart"] = Field(
        default="never", description="at_restart: the transactional.id is random, or names the process."
    )
    consumer: dict[str, Any] = _settings("consumer", "Settings of its KafkaConsumer; what is not here is the default.")
    producer: dict[str, Any] = _settings("producer", "Settings of its KafkaProducer; what is not here is the default.")


class Budgets(Form):
    """Faults of this pipeline; the names of the general ones are those of every spec."""

    crash: Any = Field(default=0, description="How often: a number, `unlimited`, or one of these by instance.")
    pause: Any = Field(default=0, description="How often an instance stands still for as long as it likes.")
    lose: Any = Field(default=0, description="How many messages get lost, or by message class.")
    duplicate: Any = Field(default=0, description="How many messages arrive twice, or by message class.")
    delay: Any = Field(default=0, description="How many messages are overtaken, or by message class.")
    delivery_timeout: Annotated[int, Field(ge=0, le=1)] = Field(
        default=0, description="How often delivery.timeout.ms passes in a producer process."
    )
    slow_transaction: Annotated[int, Field(ge=0, le=2)] = Field(
        default=0, description="How often transaction.timeout.ms passes while the process runs."
    )
    transactional_id_expiration: Annotated[int, Field(ge=0, le=1)] = Field(
        default=0, description="How often transactional.id.expiration.ms passes."
    )
    deposed_coordinator: bool = Field(
        default=False, description="A coordinator that was replaced goes on answering until it hears of it."
    )
    load_failure: Annotated[int, Field(ge=0, le=1)] = Field(
        default=0, description="How often a coordinator that takes over cannot read the transaction state log."
    )
    unsent_batch_timeout: Annotated[int, Field(ge=0, le=1)] = Field(
        default=0, description="How often delivery.timeout.ms passes for a batch that waits for AddPartitionsToTxn."
    )
    producer_id_expiration: Annotated[int, Field(ge=0, le=1)] = Field(
        default=0, description="How often the expiry of producer ids passes at a partition, by its records' timestamps."
    )
    state_log_append: dict[Literal["refused", "timed_out", "unreplicated"], Annotated[int, Field(ge=1, le=2)]] = Field(
        default={}, description="How often an append of PrepareCommit or PrepareAbort goes wrong, and how."
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
    reset_duration: Annotated[int, Field(ge=0, le=1)] = Field(
        default=0, description="How often auto.offset.reset's duration passes for records that came while a group ran."
    )
    offsets_retention: Annotated[int, Field(ge=0, le=1)] = Field(
        default=0, description="How often offsets.retention.minutes passes while the group is empty."
    )
    offset_commit_error: Annotated[int, Field(ge=0, le=2)] = Field(
        default=0, description="How often an offset commit is answered with COORDINATOR_LOAD_IN_PROGRESS."
    )
    power_loss: Any = Field(
        default=0, description="How often a broker that starts again may lack the end of its log, by broker."
    )
    session_timeout: Any = Field(
        default=0, description="How often the session of a slow broker times out, by broker: it does not know that."
    )
    replica_lag: Any = Field(
        default=0, description="How often replica.lag.time.max.ms passes for a slow follower, by broker."
    )
    preferred_election: Annotated[int, Field(ge=0, le=3)] = Field(
        default=0, description="How often auto.leader.rebalance.enable moves the lead to the preferred replica."
    )
    cleaning: Any = Field(default=0, description="How often the log cleaner of a broker runs, by broker: 2 at most.")
    producer_state_expiry: Annotated[int, Field(ge=0, le=2)] = Field(
        default=0, description="How often producer.id.expiration.ms passes for an idle producer."
    )
    authorization_failure: Annotated[int, Field(ge=0, le=2)] = Field(
        default=0, description="How often a batch is refused for once with TOPIC_AUTHORIZATION_FAILED."
    )
    unknown_topic: Annotated[int, Field(ge=0, le=2)] = Field(
        default=0, description="How often a client's metadata lack the topic for a moment."
    )
    commit_timeout: Annotated[int, Field(ge=0, le=1)] = Field(
        default=0, description="How often max.block.ms passes in commitTransaction() of a process."
    )
    application_abort: Annotated[int, Field(ge=0, le=1)] = Field(
        default=0, description="How often a process aborts a transaction for a reason of its own."
    )
    transaction_version_upgrade: Annotated[int, Field(ge=0, le=1)] = Field(
        default=0, description="How often the cluster is upgraded to transaction version 2 while the pipeline runs."
    )
    transaction_timeout: bool = Field(
        default=True, description="A process may be down or paused for longer than transaction.timeout.ms."
    )


class Checks(Form):
    always: list[Any] = Field(default=[], description="Guarantees: in every state.")
    sometimes: list[Any] = Field(default=[], description="Goals: in some state, so that the spec shows something.")
    final: list[Any] = Field(default=[], description="In every state in which nothing can happen any more.")


class Document(Form):
    model_config = ConfigDict(title="Spec file, Kafka pipeline")

    version: str = Field(description=f"A release of Kafka, {config.VERSIONS[0]} to {config.VERSIONS[-1]}, or a patch.")
    topics: dict[str, Topic]
    apps: dict[str, App]
    brokers: dict[str, Any] = _settings("broker", "Settings of all brokers; what is not here is the version's default.")
    features: dict[str, Any] = _settings("feature", "Feature levels; what is not here is that of a new cluster.")
    without: list[Literal[MECHANISMS]] = Field(  # type: ignore[valid-type]
        default=[], description="Mechanisms of Kafka that are removed, to see what they are for."
    )
    fixes: list[Literal[FIXES]] = Field(  # type: ignore[valid-type]
        default=[], description="Changes that no release known here has, to see whether they help."
    )
    grain: Literal["log", "replicas"] | None = Field(
        default=None, description="One log for all replicas of a partition, or one each; else the faults decide."
    )
    moments: list[Literal["epoch_fence"]] = Field(
        default=[], description="Moments of a step that are to be told apart: where a fence has not bumped the epoch."
    )
    transaction_identities: bool = Field(
        default=False,
        description="Each transaction of an application is told apart from every other, for the guarantees about them.",
    )
    epoch_max: Annotated[int, Field(ge=1, le=9)] | None = Field(
        default=None, description="The greatest producer epoch, 32767 in Kafka: small, so that a run uses it up."
    )
    faults: Budgets = Budgets()
    check: Checks


def without_meaning(document: Document, keys: dict[str, frozenset[str]]) -> list[tuple[str | int, ...]]:
    """Where the user gave a key that a family makes nothing of. ``keys``: what it reads of each form."""
    forms: list[tuple[str, Form, tuple[str, ...]]] = [("document", document, ())]
    forms.append(("faults", document.faults, ("faults",)))
    forms += [("topic", one, ("topics", name)) for name, one in document.topics.items()]
    forms += [("app", one, ("apps", name)) for name, one in document.apps.items()]
    found: list[tuple[str | int, ...]] = []
    for kind, form, path in forms:
        known = {field.alias or name for name, field in type(form).model_fields.items()}
        found += [(*path, name) for name in sorted(form.model_fields_set & known - keys[kind])]
    return found


def budget(given: Any, target: str) -> int:
    """How often a fault may hit this target."""
    found = given.get(target, 0) if isinstance(given, dict) else given
    return 3 if found == "unlimited" else int(found) if isinstance(found, int) else 0
