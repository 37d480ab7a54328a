"""A Flink job in the user's words: topics, jobs with configuration, sources, sinks and commands, readers, faults.

The words, for whoever writes a spec:
- `version`: Flink's. `connector`: of flink-connector-kafka (default: the one of that Flink). `kafka`: brokers, with
  `version` and broker settings.
- `jobs.NAME.config`: keys of Flink's configuration. `source` and `sink`: `is:` the class, then its setters by name, and
  settings of the Kafka client in it. `commands`: what is typed, `flink run` and so on, in this order.
- `jobs.NAME.channels`: the inputs of the operator, with barriers in them; with 2, barriers have to be aligned, or not.
- `jobs.NAME.regions`: instead of `source` and `sink`, several disconnected chains of one job.
- `apps.NAME`: with `reads` alone, how the output is looked at (its consumer's isolation.level). With `writes`, a
  producing application before a job; with `reads` and a group.id, or a word about its loop, a consuming one behind
  it: any number of either. Words and settings are those of a Kafka pipeline.
- Two jobs may stand in a row: one reads the topic that the other writes. Whether it sees what the first one aborts is
  its source's isolation.level.
- Faults on `NAME` hit the job's tasks (`NAME-1` ...), on `NAME.job_manager` its job manager, on an application that
  itself, else messages by type. An application that writes in transactions and is paused is replaced by `NAME.spare`.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

COMMANDS = ("run", "run -p 1", "run -s checkpoint", "run -s savepoint", "cancel", "savepoint", "stop")
MECHANISMS = (  # What `without` can take away.
    "flush", "commit_retry", "send_errors", "lingering_abort", "abort_at_failover", "channel_state", "barrier_order",
    "subsumed_commit",
)  # fmt: skip
PROPOSED = ("KIP-939", "commit on close")


class Form(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=True)


class Topic(Form):
    records: Annotated[int, Field(ge=1, le=4)] | None = Field(
        default=None, description="What the world puts into each partition that is read."
    )
    aborted: list[Annotated[int, Field(ge=0, le=3)]] = Field(
        default=[], description="Offsets of records whose transaction their producer has aborted."
    )
    added: bool = Field(
        default=False,
        description="The partition that is read is added after the job has listed what there is.",
    )
    others: bool = Field(
        default=True,
        description="An added partition: whether the first listing had others, which the model leaves out.",
    )


class Connector(Form):
    """A source or a sink: the class, and its settings."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True, populate_by_name=True)

    is_: str = Field(alias="is")
    topic: str | None = None

    @property
    def settings(self) -> dict[str, Any]:
        return self.model_extra or {}


class Region(Form):
    source: Connector
    sink: Connector


class Job(Form):
    config: dict[str, Any] = Field(default={}, description="Flink's configuration, by its own keys.")
    source: Connector | None = None
    sink: Connector | None = None
    regions: dict[str, Region] = Field(default={}, description="Disconnected parts of one job graph.")
    channels: Annotated[int, Field(ge=1, le=2)] | None = Field(
        default=None,
        description="Inputs of the operator, with their barriers: 2 after keyBy() with parallelism 2, or of a join. "
        "Without it a snapshot is one step, which is right for one channel and for consistent cuts.",
    )
    parallelism: Annotated[int, Field(ge=1, le=2)] = 1
    commands: list[Literal[COMMANDS]] = Field(  # type: ignore[valid-type]
        default=["run"], description="What the user types, `flink ...`, in this order, each at any time."
    )


class App(Form):
    """An application before the job or behind it, in the words of a Kafka pipeline."""

    reads: str | None = Field(default=None, description="The topic that it consumes.")
    writes: str | None = Field(default=None, description="The topic that it produces to: one that a job reads.")
    records: Annotated[int, Field(ge=1, le=3)] = Field(default=1, description="How many it has to write.")
    offsets: Literal["transaction", "after"] = Field(
        default="transaction",
        description="With a transactional.id, where it keeps what it has done: in the transaction, or noted after it.",
    )
    commits: Literal["never", "sync"] = Field(
        default="never", description="What the loop itself calls, beside enable.auto.commit."
    )
    processing: Literal["before_commit", "after_commit", "worker"] = Field(
        default="before_commit",
        description="When a record is processed: before or after the commit, or in a thread beside poll().",
    )
    effect: Literal["call", "store_with_offset"] = Field(
        default="call",
        description="What processing does: something that happens again each time, or a write to a store in the same "
        "transaction as the offset (where the application then starts).",
    )
    consumer: dict[str, Any] = Field(default={}, description="Settings of its KafkaConsumer.")
    producer: dict[str, Any] = Field(default={}, description="Settings of its KafkaProducer.")


def by_job(most: int) -> Any:
    """A budget that each job has, or that of each job by its name."""
    times = Annotated[int, Field(ge=0, le=most)]
    return times | dict[str, times]


def budget_of(given: int | dict[str, int], job: str) -> int:
    return given.get(job, 0) if isinstance(given, dict) else given


class Budgets(Form):
    """Faults; the general ones have the names that they have in every spec, the others are timers that run out.

    Those of a job (`checkpoint_timeout`, `failure_interval`, `checkpoint_failure`, `delivery_timeout`) are a number, so
    often in each job, or `{JOB: number}`.
    """

    crash: Any = 0
    pause: Any = 0
    lose: Any = 0
    duplicate: Any = 0
    delay: Any = 0
    transaction_timeout: Annotated[int, Field(ge=0, le=3)] = Field(
        default=0, description="How often transaction.timeout.ms passes for an open transaction."
    )
    checkpoint_timeout: by_job(3) = Field(  # type: ignore[valid-type]
        default=0, description="How often execution.checkpointing.timeout passes for a pending checkpoint."
    )
    failure_interval: by_job(3) = Field(  # type: ignore[valid-type]
        default=0, description="How often failure-rate-interval (or reset-backoff-threshold) passes: failures expire."
    )
    checkpoint_failure: by_job(1) = Field(  # type: ignore[valid-type]
        default=0, description="How often a task cannot write its snapshot, and declines the checkpoint."
    )
    delivery_timeout: by_job(1) = Field(  # type: ignore[valid-type]
        default=0, description="How often a record is not taken by any leader within delivery.timeout.ms."
    )
    transactional_id_expiration: Annotated[int, Field(ge=0, le=3)] = Field(
        default=0, description="How often transactional.id.expiration.ms passes for an id without open transaction."
    )
    retention: Annotated[int, Field(ge=0, le=3)] = Field(
        default=0, description="How many of the oldest records of the input are deleted by retention."
    )
    foreign_offset_commit: Annotated[int, Field(ge=0, le=3)] = Field(
        default=0, description="How often somebody else commits offsets for the group of the source."
    )
    partial_listing: Annotated[int, Field(ge=0, le=3)] = Field(
        default=0, description="How often the metadata leave out a partition whose leader is away."
    )
    application_abort: Annotated[int, Field(ge=0, le=1)] = Field(
        default=0, description="How often an application aborts a transaction for a reason of its own."
    )
    coordinator_unavailable: Annotated[int, Field(ge=0, le=3)] = Field(
        default=0, description="How often EndTxn is answered with COORDINATOR_NOT_AVAILABLE."
    )


class Checks(Form):
    always: list[Any] = []
    sometimes: list[Any] = []
    final: list[Any] = []


class Document(Form):
    model_config = ConfigDict(title="Spec file, Flink jobs")

    version: str = Field(description="Flink's version.")
    connector: str | None = Field(default=None, description="Version of the Kafka connector.")
    kafka: dict[str, Any] = Field(default={}, description="`version` of the brokers, and their settings.")
    topics: dict[str, Topic] = {}
    jobs: Annotated[dict[str, Job], Field(min_length=1, max_length=2)]
    apps: dict[str, App] = {}
    checkpoints: Annotated[int, Field(ge=1, le=4)] = Field(
        default=2, description="Bound: how many checkpoints are triggered in a run."
    )
    without: list[Literal[MECHANISMS]] = Field(  # type: ignore[valid-type]
        default=[], description="Mechanisms of Flink that are removed, to see what they are for."
    )
    proposed: list[Literal[PROPOSED]] = Field(  # type: ignore[valid-type]
        default=[],
        description="KIP-939 with FLIP-319: the coordinator does not time out a transaction of the sink. "
        "Commit on close: a sink commits when its input ends, without a checkpoint.",
    )
    faults: Budgets = Budgets()
    check: Checks
