"""The settings that decide delivery, one row each: type, default by version, source.

Sources: the class whose ConfigDef has it, or the KIP or issue of a change. Read in the releases 0.11.0.2 to 3.9, for
later ones the KIPs and release notes.
"""

from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["producer", "consumer", "broker", "topic", "feature"]

INT_MAX, LONG_MAX = 2**31 - 1, 2**63 - 1
DAY_MS = 24 * 60 * 60 * 1000


@dataclass(frozen=True)
class Type:
    """What ConfigDef takes: a YAML type, bounds of a number, or words, each with the version it came in."""

    of: type
    least: int | None = None
    most: int = INT_MAX
    words: tuple[tuple[str, str], ...] = ()  # A word that ends in a colon is continued by a value.


BOOLEAN = Type(bool)
TEXT = Type(str)
LIST = Type(list)
INT = Type(int)
COUNT, POSITIVE = Type(int, 0), Type(int, 1)
LONG = Type(int, most=LONG_MAX)
LONG_COUNT, LONG_POSITIVE = Type(int, 0, LONG_MAX), Type(int, 1, LONG_MAX)


def words(*every: str) -> Type:
    """``by_duration:@4.0`` is a word since 4.0."""
    found = (one.partition("@") for one in every)
    return Type(str, words=tuple((word, since) for word, _, since in found))


ACKS = words("all", "-1", "0", "1")


@dataclass(frozen=True)
class Row:
    kind: Kind
    name: str
    type: Type
    defaults: dict[str, Any]  # From the version it exists in; None: unset.
    source: str
    about: str  # What it governs; said when a model does not read it.
    until: str = ""  # The last version that has it.

    @property
    def since(self) -> str:
        return next(iter(self.defaults))


ROWS = (
    # --- Producer ---------------------------------------------------------------------------------------------------
    Row("producer", "acks", ACKS, {"0.11": "1", "3.0": "all"}, "ProducerConfig; KIP-679", "replication"),
    Row("producer", "enable.idempotence", BOOLEAN, {"0.11": False, "3.0": True}, "KIP-98; KIP-679", "idempotence"),
    Row("producer", "transactional.id", TEXT, {"0.11": None}, "KIP-98", "transactions"),
    Row("producer", "transaction.timeout.ms", INT, {"0.11": 60_000}, "KIP-98", "transactions: time"),
    Row("producer", "retries", COUNT, {"0.11": 0, "2.1": INT_MAX}, "ProducerConfig; KIP-91", "repeated requests"),
    Row("producer", "delivery.timeout.ms", COUNT, {"2.1": 120_000}, "KIP-91", "time"),
    Row("producer", "request.timeout.ms", COUNT, {"0.11": 30_000}, "ProducerConfig", "time"),
    Row("producer", "linger.ms", LONG_COUNT, {"0.11": 0, "4.0": 5}, "ProducerConfig; KIP-1030", "batching"),
    Row("producer", "batch.size", COUNT, {"0.11": 16_384}, "ProducerConfig", "batching"),
    Row(
        "producer", "max.in.flight.requests.per.connection", POSITIVE, {"0.11": 5}, "ProducerConfig; KAFKA-5494",
        "pipelining",
    ),
    Row("producer", "retry.backoff.ms", LONG_COUNT, {"0.11": 100}, "ProducerConfig", "time"),
    Row("producer", "retry.backoff.max.ms", LONG_COUNT, {"3.7": 1000}, "KIP-580", "time"),
    Row("producer", "max.block.ms", LONG_COUNT, {"0.11": 60_000}, "ProducerConfig", "time"),
    Row("producer", "transaction.two.phase.commit.enable", BOOLEAN, {"4.1": False}, "KIP-939", "transactions"),
    # --- Consumer ---------------------------------------------------------------------------------------------------
    Row("consumer", "group.id", TEXT, {"0.11": "", "2.2": None}, "ConsumerConfig; KIP-289 (null)", "groups"),
    Row("consumer", "group.instance.id", TEXT, {"2.3": None}, "KIP-345", "groups"),
    Row("consumer", "group.protocol", words("classic", "consumer"), {"3.7": "classic"}, "KIP-848", "groups"),
    Row("consumer", "group.remote.assignor", TEXT, {"3.7": None}, "KIP-848", "groups"),
    Row("consumer", "enable.auto.commit", BOOLEAN, {"0.11": True}, "ConsumerConfig", "committed offsets"),
    Row("consumer", "auto.commit.interval.ms", COUNT, {"0.11": 5000}, "ConsumerConfig", "time"),
    Row(
        "consumer", "auto.offset.reset", words("latest", "earliest", "none", "by_duration:@4.0"), {"0.11": "latest"},
        "ConsumerConfig; KIP-1106 (by_duration)", "lost offsets",
    ),
    Row(
        "consumer", "isolation.level", words("read_uncommitted", "read_committed"), {"0.11": "read_uncommitted"},
        "KIP-98", "transactions: reading",
    ),
    Row("consumer", "session.timeout.ms", INT, {"0.11": 10_000, "3.0": 45_000}, "KIP-735 (45 s)", "groups: time"),
    Row("consumer", "heartbeat.interval.ms", INT, {"0.11": 3000}, "ConsumerConfig", "groups: time"),
    Row("consumer", "max.poll.interval.ms", POSITIVE, {"0.11": 300_000}, "KIP-62", "groups: time"),
    Row("consumer", "max.poll.records", POSITIVE, {"0.11": 500}, "KIP-41", "batching"),
    Row(
        "consumer", "partition.assignment.strategy", LIST,
        {"0.11": ["RangeAssignor"], "3.0": ["RangeAssignor", "CooperativeStickyAssignor"]},
        "ConsumerConfig; KAFKA-13023", "groups",
    ),
    Row("consumer", "default.api.timeout.ms", COUNT, {"2.0": 60_000}, "KIP-266", "time"),
    Row("consumer", "request.timeout.ms", COUNT, {"0.11": 305_000, "2.0": 30_000}, "KIP-266", "time"),
    Row("consumer", "retry.backoff.ms", LONG_COUNT, {"0.11": 100}, "ConsumerConfig", "time"),
    Row("consumer", "retry.backoff.max.ms", LONG_COUNT, {"3.7": 1000}, "KIP-580", "time"),
    # --- Broker: replication ----------------------------------------------------------------------------------------
    Row("broker", "default.replication.factor", INT, {"0.11": 1}, "ReplicationConfigs", "replication"),
    Row("broker", "min.insync.replicas", POSITIVE, {"0.11": 1}, "LogConfig", "replication"),
    Row("broker", "unclean.leader.election.enable", BOOLEAN, {"0.11": False}, "KIP-106", "replication"),
    Row("broker", "unclean.leader.election.interval.ms", LONG_POSITIVE, {"3.9": 300_000}, "KAFKA-12670", "time"),
    Row("broker", "replica.lag.time.max.ms", LONG, {"0.11": 10_000, "2.5": 30_000}, "KIP-537", "replication: time"),
    Row("broker", "replica.fetch.wait.max.ms", INT, {"0.11": 500}, "ReplicationConfigs", "replication: time"),
    Row(
        "broker", "replica.high.watermark.checkpoint.interval.ms", LONG, {"0.11": 5000}, "ReplicationConfigs",
        "replication: time",
    ),
    Row("broker", "log.flush.interval.messages", LONG_POSITIVE, {"0.11": LONG_MAX}, "ServerLogConfigs", "disk"),
    Row("broker", "log.flush.interval.ms", LONG, {"0.11": None}, "ServerLogConfigs", "disk"),
    Row("broker", "log.cleanup.policy", LIST, {"0.11": ["delete"]}, "ServerLogConfigs", "retention"),
    Row("broker", "log.retention.ms", LONG, {"0.11": 7 * DAY_MS}, "log.retention.hours", "retention"),
    Row("broker", "log.retention.minutes", INT, {"0.11": None}, "ServerLogConfigs", "retention"),
    Row("broker", "log.retention.hours", INT, {"0.11": 168}, "ServerLogConfigs", "retention"),
    Row("broker", "log.retention.bytes", LONG, {"0.11": -1}, "ServerLogConfigs", "retention"),
    Row("broker", "broker.session.timeout.ms", INT, {"2.8": 9000}, "KIP-631", "replication: time"),
    Row("broker", "broker.heartbeat.interval.ms", INT, {"2.8": 2000}, "KIP-631", "replication: time"),
    Row(
        "broker", "zookeeper.session.timeout.ms", INT, {"0.11": 6000, "2.5": 18_000}, "KIP-537", "replication: time",
        until="3.9",
    ),
    Row("broker", "auto.leader.rebalance.enable", BOOLEAN, {"0.11": True}, "ReplicationConfigs", "replication"),
    Row("broker", "controlled.shutdown.enable", BOOLEAN, {"0.11": True}, "ServerConfigs", "replication"),
    # --- Broker: transactions ---------------------------------------------------------------------------------------
    Row("broker", "transaction.max.timeout.ms", POSITIVE, {"0.11": 900_000}, "KIP-98", "transactions: time"),
    Row("broker", "transactional.id.expiration.ms", POSITIVE, {"0.11": 7 * DAY_MS}, "KIP-98", "transactions: time"),
    Row("broker", "producer.id.expiration.ms", POSITIVE, {"3.4": DAY_MS}, "KIP-854", "idempotence: time"),
    Row("broker", "producer.id.expiration.check.interval.ms", POSITIVE, {"3.4": 600_000}, "KIP-854", "time"),
    Row("broker", "transaction.partition.verification.enable", BOOLEAN, {"3.6": True}, "KIP-890", "transactions"),
    Row("broker", "transaction.two.phase.commit.enable", BOOLEAN, {"4.1": False}, "KIP-939", "transactions"),
    Row(
        "broker", "transaction.abort.timed.out.transaction.cleanup.interval.ms", POSITIVE,
        {"0.11": 60_000, "2.5": 10_000}, "KIP-98; KIP-447 (10 s)", "transactions: time",
    ),
    Row(
        "broker", "transaction.remove.expired.transaction.cleanup.interval.ms", POSITIVE, {"0.11": 3_600_000},
        "KIP-98", "transactions: time",
    ),
    Row("broker", "add.partitions.to.txn.retry.backoff.ms", COUNT, {"4.0": 20}, "KAFKA-18654", "time"),
    Row("broker", "add.partitions.to.txn.retry.backoff.max.ms", COUNT, {"4.0": 100}, "KAFKA-18654", "time"),
    Row("broker", "transaction.state.log.num.partitions", POSITIVE, {"0.11": 50}, "KIP-98", "coordinators"),
    Row("broker", "transaction.state.log.replication.factor", POSITIVE, {"0.11": 3}, "KIP-98", "transactions"),
    Row("broker", "transaction.state.log.min.isr", POSITIVE, {"0.11": 2}, "KIP-98", "transactions"),
    # --- Broker: groups ---------------------------------------------------------------------------------------------
    Row("broker", "offsets.retention.minutes", POSITIVE, {"0.11": 1440, "2.0": 10_080}, "KIP-186", "offsets: time"),
    Row("broker", "offsets.retention.check.interval.ms", LONG_POSITIVE, {"0.11": 600_000}, "OffsetConfig", "time"),
    Row("broker", "offsets.topic.num.partitions", POSITIVE, {"0.11": 50}, "OffsetConfig", "coordinators"),
    Row("broker", "offsets.topic.replication.factor", POSITIVE, {"0.11": 3}, "KIP-115", "groups"),
    Row("broker", "offsets.commit.timeout.ms", POSITIVE, {"0.11": 5000}, "OffsetConfig", "time"),
    Row("broker", "offsets.commit.required.acks", INT, {"0.11": -1}, "OffsetConfig; KIP-1041", "groups", "3.9"),
    Row("broker", "group.min.session.timeout.ms", INT, {"0.11": 6000}, "GroupCoordinatorConfig", "groups: time"),
    Row("broker", "group.max.session.timeout.ms", INT, {"0.11": 300_000, "2.3": 1_800_000}, "KIP-345", "groups: time"),
    Row("broker", "group.initial.rebalance.delay.ms", INT, {"0.11": 3000}, "KIP-134", "groups: time"),
    Row("broker", "group.max.size", POSITIVE, {"2.2": INT_MAX}, "KIP-389", "groups"),
    Row("broker", "group.coordinator.rebalance.protocols", LIST,
        {"3.7": ["classic"], "4.0": ["classic", "consumer"]}, "KIP-848", "groups"),
    Row("broker", "group.consumer.session.timeout.ms", POSITIVE, {"3.7": 45_000}, "KIP-848", "groups: time"),
    Row("broker", "group.consumer.heartbeat.interval.ms", POSITIVE, {"3.7": 5000}, "KIP-848", "groups: time"),
    Row(
        "broker", "group.consumer.migration.policy", TEXT, {"3.8": "disabled", "4.0": "bidirectional"}, "KIP-848",
        "groups",
    ),
    # --- Topic; what is not given is the broker's --------------------------------------------------------------------
    Row("topic", "replication.factor", POSITIVE, {"0.11": None}, "default.replication.factor", "replication"),
    Row("topic", "min.insync.replicas", POSITIVE, {"0.11": None}, "TopicConfig", "replication"),
    Row("topic", "unclean.leader.election.enable", BOOLEAN, {"0.11": None}, "TopicConfig", "replication"),
    Row("topic", "cleanup.policy", LIST, {"0.11": ["delete"]}, "TopicConfig", "retention"),
    Row("topic", "retention.ms", LONG, {"0.11": 7 * DAY_MS}, "TopicConfig", "retention"),
    Row("topic", "retention.bytes", LONG, {"0.11": -1}, "TopicConfig", "retention"),
    Row("topic", "delete.retention.ms", LONG_COUNT, {"0.11": DAY_MS}, "TopicConfig", "retention"),
    Row("topic", "flush.messages", LONG_POSITIVE, {"0.11": LONG_MAX}, "TopicConfig", "disk"),
    Row("topic", "flush.ms", LONG_COUNT, {"0.11": LONG_MAX}, "TopicConfig", "disk"),
    # --- Features of the cluster: the default is that of a new cluster ------------------------------------------------
    Row("feature", "transaction.version", Type(int, 0, 2), {"3.9": 0, "4.0": 2}, "KIP-890", "transactions"),
    Row("feature", "eligible.leader.replicas.version", Type(int, 0, 1), {"4.0": 0, "4.1": 1}, "KIP-966", "replication"),
    Row("feature", "group.version", Type(int, 0, 1), {"4.0": 1}, "KIP-848", "groups"),
)  # fmt: skip

TABLE: dict[Kind, dict[str, Row]] = {}
for _row in ROWS:
    TABLE.setdefault(_row.kind, {})[_row.name] = _row
