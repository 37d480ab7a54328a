"""A pipeline in the user's words: topics, applications, settings, faults. One form for all families of actors; which
keys mean something in which family is the family's own ``wiring`` to judge.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

MECHANISMS = (  # What `without` can take away; the families know what that means.
    "sequence_check", "verification_guard", "epoch_check", "markers_after_reload", "fencing_before_fetching_offsets",
    "marker_retry", "guard_of_next_transaction",
    "generation_check", "stable_offset_fetch",
)  # fmt: skip


class Form(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=True)


class Topic(Form):
    partitions: Annotated[int, Field(ge=1, le=4)] = 1
    records: Annotated[int, Field(ge=1, le=4)] | None = Field(default=None, description="What the world puts in.")
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
    subscription: Literal["assign", "subscribe"] = Field(
        default="assign", description="subscribe: a rebalance may take an input partition from a live instance."
    )
    group_metadata: bool = Field(
        default=True, description="sendOffsetsToTransaction() is given groupMetadata(), and not the group.id alone."
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
    faults: Budgets = Budgets()
    check: Checks


def budget(given: Any, target: str) -> int:
    """How often a fault may hit this target."""
    found = given.get(target, 0) if isinstance(given, dict) else given
    return 3 if found == "unlimited" else int(found) if isinstance(found, int) else 0
