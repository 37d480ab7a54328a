"""Flink's settings: which exist in which version, what holds where none is given, and what Flink makes of the two.

Sources: CheckpointingOptions, ExecutionCheckpointingOptions, RestartStrategyOptions, JobManagerOptions and
HighAvailabilityOptions; FlinkKafkaConsumerBase, FlinkKafkaProducer, KafkaSourceBuilder, KafkaSinkBuilder and
KafkaConnectorOptions of the connector; the FLINK issue of a change. Settings of the Kafka client inside a connector are
those of ``model.kafka.config``.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from checker.nearest import listed, shown, suggestion
from checker.source import Diagnostic, Place
from model.kafka import config as kafka

Path = tuple[str | int, ...]
Places = Callable[[Path], Place]

VERSIONS = tuple(f"1.{minor}" for minor in range(3, 21)) + ("2.0", "2.1", "2.2")
CONNECTORS = ("3.0", "3.1", "3.2", "3.3", "3.4", "4.0", "4.1", "5.0")  # Since 1.17; before, Flink's own version.
CONNECTOR_OF = {"1.17": "3.0", "1.18": "3.2", "1.19": "3.3", "1.20": "3.4", "2.0": "4.0", "2.1": "4.0", "2.2": "4.1"}


@dataclass(frozen=True)
class Type:
    of: type
    words: tuple[str, ...] = ()  # Case and - or _ do not matter, as in ConfigurationUtils.
    least: int = 0


@dataclass(frozen=True)
class Row:
    kind: str
    name: str
    type: Type
    defaults: dict[str, Any]  # From the version of Flink it exists in.
    source: str
    not_modelled: str = ""  # Why the models do not read it.
    until: str = ""  # The last version that has it.


BOOLEAN, COUNT, TEXT, DURATION = Type(bool), Type(int), Type(str), Type(float)
MILLISECONDS = Type(int, least=-1)  # -1, or 0: never.


def words(*every: str) -> Type:
    return Type(str, every)


GUARANTEES = words("NONE", "AT_LEAST_ONCE", "EXACTLY_ONCE")
RETENTION = words("NO_EXTERNALIZED_CHECKPOINTS", "DELETE_ON_CANCELLATION", "RETAIN_ON_CANCELLATION")
STRATEGIES = words("none", "off", "disable", "fixed-delay", "failure-rate", "exponential-delay")
CP = "execution.checkpointing."
TIME, SIZE = "time: the order of events is free, whatever the durations", "how much is stored, not what"
INTERVAL = "time: how often it passes is the budget `failure_interval`"

ROWS = (
    # --- Flink's configuration --------------------------------------------------------------------------------------
    Row("job", CP + "interval", DURATION, {"1.3": None}, "CheckpointConfig"),
    Row("job", CP + "mode", words("EXACTLY_ONCE", "AT_LEAST_ONCE"), {"1.3": "EXACTLY_ONCE"}, "CheckpointConfig"),
    Row("job", CP + "timeout", DURATION, {"1.3": 600_000}, "CheckpointConfig", TIME),
    Row("job", CP + "min-pause", DURATION, {"1.3": 0}, "CheckpointConfig", TIME),
    Row("job", CP + "max-concurrent-checkpoints", COUNT, {"1.3": 1}, "CheckpointConfig"),
    Row("job", CP + "tolerable-failed-checkpoints", COUNT, {"1.9": 0}, "FLINK-12364"),
    Row("job", CP + "unaligned", BOOLEAN, {"1.11": False}, "FLIP-76", "one chain: no alignment", "1.20"),
    Row("job", CP + "unaligned.enabled", BOOLEAN, {"1.15": False}, "FLIP-76", "one chain: no alignment"),
    Row("job", CP + "externalized-checkpoint-retention", RETENTION,
        {"1.3": "NO_EXTERNALIZED_CHECKPOINTS"}, "CheckpointConfig"),
    Row("job", CP + "checkpoints-after-tasks-finish.enabled", BOOLEAN, {"1.14": False, "1.15": True}, "FLIP-147",
        until="1.20"),
    Row("job", CP + "checkpoints-after-tasks-finish", BOOLEAN, {"2.0": True}, "FLIP-147"),
    Row("job", CP + "num-retained", COUNT, {"1.20": 1}, "CheckpointingOptions", SIZE),
    Row("job", "state.checkpoints.num-retained", COUNT, {"1.3": 1}, "CheckpointingOptions", SIZE, "1.20"),
    Row("job", CP + "storage", words("jobmanager", "filesystem"), {"1.20": None}, "FLIP-142"),
    Row("job", "state.checkpoint-storage", words("jobmanager", "filesystem"), {"1.13": None}, "FLIP-142", until="1.20"),
    Row("job", CP + "dir", TEXT, {"1.20": None}, "CheckpointingOptions"),
    Row("job", "state.checkpoints.dir", TEXT, {"1.3": None}, "CheckpointingOptions", until="1.20"),
    Row("job", "state.backend", TEXT, {"1.3": None}, "StateBackendOptions", "where a running task keeps its state",
        "1.20"),
    Row("job", "state.backend.type", TEXT, {"1.17": "hashmap"}, "StateBackendOptions",
        "where a running task keeps its state"),
    Row("job", "restart-strategy.type", STRATEGIES, {"1.17": None}, "RestartStrategyOptions"),
    Row("job", "restart-strategy", STRATEGIES, {"1.3": None}, "RestartStrategyOptions", until="1.20"),
    Row("job", "restart-strategy.fixed-delay.attempts", COUNT, {"1.3": 1}, "RestartStrategyOptions"),
    Row("job", "restart-strategy.fixed-delay.delay", DURATION, {"1.3": 1000}, "RestartStrategyOptions", TIME),
    Row("job", "restart-strategy.failure-rate.max-failures-per-interval", COUNT, {"1.3": 1}, "RestartStrategyOptions"),
    Row("job", "restart-strategy.failure-rate.failure-rate-interval", DURATION, {"1.3": 60_000},
        "RestartStrategyOptions", INTERVAL),
    Row("job", "restart-strategy.failure-rate.delay", DURATION, {"1.3": 1000}, "RestartStrategyOptions", TIME),
    Row("job", "restart-strategy.exponential-delay.attempts-before-reset-backoff", COUNT, {"1.19": None}, "FLIP-364"),
    Row("job", "restart-strategy.exponential-delay.reset-backoff-threshold", DURATION, {"1.12": 3_600_000},
        "RestartStrategyOptions", INTERVAL),
    Row("job", "restart-strategy.exponential-delay.initial-backoff", DURATION, {"1.12": 1000},
        "RestartStrategyOptions", TIME),
    Row("job", "restart-strategy.exponential-delay.max-backoff", DURATION, {"1.12": 300_000, "1.19": 60_000},
        "RestartStrategyOptions", TIME),
    Row("job", "jobmanager.execution.failover-strategy", words("full", "region"), {"1.9": "full", "1.11": "region"},
        "JobManagerOptions (the flink-conf.yaml of 1.9 and 1.10 says region)"),
    Row("job", "high-availability.type", words("none", "zookeeper", "kubernetes"), {"1.17": "none"},
        "HighAvailabilityOptions"),
    Row("job", "high-availability", words("none", "zookeeper", "kubernetes"), {"1.3": "none"},
        "HighAvailabilityOptions", until="1.20"),
    # --- Sources ----------------------------------------------------------------------------------------------------
    Row("FlinkKafkaConsumer", "setStartFrom", words("GroupOffsets", "Earliest", "Latest"),
        {"1.3": "GroupOffsets"}, "FlinkKafkaConsumerBase", until="1.20"),
    Row("FlinkKafkaConsumer", "setCommitOffsetsOnCheckpoints", BOOLEAN, {"1.3": True}, "FlinkKafkaConsumerBase",
        until="1.20"),
    Row("FlinkKafkaConsumer", "flink.partition-discovery.interval-millis", MILLISECONDS, {"1.4": -1},
        "FlinkKafkaConsumerBase", until="1.20"),
    Row("KafkaSource", "setStartingOffsets",
        words("earliest", "latest", "committedOffsets", "committedOffsets(EARLIEST)", "committedOffsets(LATEST)"),
        {"1.12": "earliest"}, "KafkaSourceBuilder"),
    Row("KafkaSource", "commit.offsets.on.checkpoint", BOOLEAN, {"1.12": True}, "KafkaSourceOptions"),
    Row("KafkaSource", "setBounded", BOOLEAN, {"1.12": False}, "KafkaSourceBuilder"),
    Row("KafkaSource", "partition.discovery.interval.ms", MILLISECONDS, {"1.12": None}, "KafkaSourceOptions"),
    Row("kafka table source", "scan.startup.mode", words("group-offsets", "earliest-offset", "latest-offset"),
        {"1.12": "group-offsets"}, "KafkaConnectorOptions"),
    Row("kafka table source", "scan.topic-partition-discovery.interval", DURATION, {"1.12": None},
        "KafkaConnectorOptions"),
    Row("socket", "host", TEXT, {"1.3": None}, "SocketTextStreamFunction", "one peer"),
    Row("socket", "closes", BOOLEAN, {"1.3": False}, "SocketTextStreamFunction: the peer closes the connection"),
    # --- Sinks ------------------------------------------------------------------------------------------------------
    Row("FlinkKafkaProducer", "Semantic", GUARANTEES, {"1.4": "AT_LEAST_ONCE"}, "FlinkKafkaProducer", until="1.20"),
    Row("FlinkKafkaProducer", "kafkaProducersPoolSize", COUNT, {"1.4": 5}, "FlinkKafkaProducer",
        until="1.20"),
    Row("FlinkKafkaProducer", "setTransactionalIdPrefix", TEXT, {"1.14": None}, "FLIP-172", until="1.20"),
    Row("KafkaSink", "setDeliveryGuarantee", GUARANTEES, {"1.14": "NONE"}, "KafkaSinkBuilder"),
    Row("KafkaSink", "setTransactionalIdPrefix", TEXT, {"1.14": None}, "KafkaSinkBuilder"),
    Row("KafkaSink", "setTransactionNamingStrategy", words("INCREMENTING", "POOLING"), {"2.0": "INCREMENTING"},
        "FLINK-34554, connector 4.0"),
    Row("kafka table sink", "sink.delivery-guarantee", words("none", "at-least-once", "exactly-once"),
        {"1.14": "at-least-once"}, "KafkaConnectorOptions"),
    Row("kafka table sink", "sink.transactional-id-prefix", TEXT, {"1.14": None}, "KafkaConnectorOptions"),
    Row("kafka table sink", "sink.transaction-naming-strategy", words("INCREMENTING", "POOLING"),
        {"2.0": "INCREMENTING"}, "KafkaConnectorOptions, connector 4.0"),
)  # fmt: skip
TABLE: dict[str, dict[str, Row]] = {"print": {}, "jdbc upsert": {}, "FileSink": {}}
for _row in ROWS:
    TABLE.setdefault(_row.kind, {})[_row.name] = _row
SOURCES = ("FlinkKafkaConsumer", "KafkaSource", "kafka table", "socket")
SINKS = ("print", "FlinkKafkaProducer", "KafkaSink", "kafka table", "jdbc upsert", "FileSink")
NO_TOPIC = ("print", "jdbc upsert", "FileSink")
EXISTS = {"FlinkKafkaConsumer": ("1.3", "1.20"), "FlinkKafkaProducer": ("1.3", "1.20"), "KafkaSource": ("1.12", ""),
          "KafkaSink": ("1.14", ""), "kafka table": ("1.12", ""), "FileSink": ("1.12", "")}  # fmt: skip
ALIASES = {  # Two names of one setting; the newer one first.
    CP + "unaligned.enabled": CP + "unaligned",
    CP + "checkpoints-after-tasks-finish": CP + "checkpoints-after-tasks-finish.enabled",
    CP + "num-retained": "state.checkpoints.num-retained",
    CP + "storage": "state.checkpoint-storage",
    CP + "dir": "state.checkpoints.dir",
    "state.backend.type": "state.backend",
    "restart-strategy.type": "restart-strategy",
    "high-availability.type": "high-availability",
}


DISCOVERY = {  # How often a source looks for new partitions.
    "FlinkKafkaConsumer": "flink.partition-discovery.interval-millis",
    "KafkaSource": "partition.discovery.interval.ms",
    "kafka table": "scan.topic-partition-discovery.interval",
}


def at_least(version: str, least: str) -> bool:
    return numbers(version) >= numbers(least)


def numbers(version: str) -> tuple[int, ...]:
    return tuple(int(one) for one in version.split("."))


def line(version: str) -> str:
    return ".".join(version.split(".")[:2])


def connector_of(version: str, given: str | None) -> str:
    return given or CONNECTOR_OF.get(line(version), version)


def has(row: Row, version: str) -> bool:
    until = not row.until or not at_least(line(version), row.until) or line(version) == row.until
    return at_least(version, next(iter(row.defaults))) and until


def duration_ms(value: Any) -> float | None:
    """`10 min`, `1s`, `500` (ms), as TimeUtils.parseDuration reads it; None if it does not."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    found = re.fullmatch(r"\s*(\d+)\s*([a-z]*)\s*", str(value))
    units = {"": 1, "ms": 1, "s": 1000, "sec": 1000, "m": 60_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
    return int(found[1]) * units[found[2]] if found and found[2] in units else None


def folded(word: Any) -> str:
    return str(word).lower().replace("_", "-")


@dataclass(frozen=True)
class Setting:
    name: str
    value: Any
    origin: str
    rule: str


def effective(kind: str, version: str, given: Mapping[str, Any]) -> dict[str, Setting]:
    """Every setting of the kind that the version has, under its newest name."""
    found = {}
    for name, row in TABLE[kind].items():
        older = ALIASES.get(name)
        if name in given:
            found[name] = Setting(name, normal(row, given[name]), "given", "")
        elif older is not None and older in given:
            found[name] = Setting(name, normal(row, given[older]), "given", f"as {older}")
        elif has(row, version) or name in ALIASES:
            value = None
            for since, value_since in (
                TABLE[kind][older].defaults if older and not has(row, version) else row.defaults
            ).items():
                if at_least(version, since):
                    value = value_since
            found[name] = Setting(name, value, f"default of {version}", row.source)
    return {name: one for name, one in found.items() if name not in ALIASES.values()}


def normal(row: Row, value: Any) -> Any:
    if row.type.words:
        return next((one for one in row.type.words if folded(one) == folded(value)), value)
    return duration_ms(value) if row.type.of is float else value


def judge_version(version: str, connector: str | None, place: Places) -> Iterator[Diagnostic]:
    if line(version) not in VERSIONS:
        help = f"a release of {VERSIONS[0]} to {VERSIONS[-1]}, such as `1.20`"
        yield Diagnostic("unknown-version", f"there is no Flink {version} here", place(("version",)), help=help)
    elif connector is not None and (line(connector) not in CONNECTORS or not at_least(version, "1.17")):
        help = f"one of {listed(CONNECTORS)}, with Flink 1.17 or later; before, it came with Flink"
        text = f"there is no Kafka connector {connector} for Flink {version}"
        yield Diagnostic("unknown-version", text, place(("connector",)), help=help)


def judge(
    kind: str, version: str, given: Mapping[str, Any], place: Places, path: Path, others_known: Iterable[str] = ()
) -> Iterator[Diagnostic]:
    """What is wrong with one group of settings of Flink's own; ``others_known`` may stand beside them."""
    for name, value in given.items():
        at, row = place((*path, name)), TABLE[kind].get(name)
        if row is None:
            help = suggestion(name, [*TABLE[kind], *others_known], f"settings of {kind}")
            others = [other for other, rows in TABLE.items() if name in rows]
            help = f"it is a setting of {others[0]}" if others else help
            owner = "Flink has no configuration key" if kind == "job" else f"{kind} has no setting"
            yield Diagnostic("unknown-setting", f"{owner} {name}", at, help=help)
        elif not has(row, version):
            newer = next((new for new, old in ALIASES.items() if old == name), "")
            since = next(iter(row.defaults))
            text = f"exists since {since}" if not at_least(version, since) else f"existed until {row.until}"
            help = f"now {newer}" if newer and at_least(version, since) else ALIASES.get(name, "")
            yield Diagnostic("setting-version", f"{name} {text}, so not in Flink {version}", at, help=help)
        else:
            yield from wrong_value(row, value, at)


def wrong_value(row: Row, value: Any, at: Place) -> Iterator[Diagnostic]:
    kind = row.type
    text = help = ""
    if kind.words:
        if folded(value) not in map(folded, kind.words):
            text, help = f"there is no {row.name} {shown(value)}", f"one of {listed(kind.words)}"
    elif kind.of is bool and not isinstance(value, bool):
        text = f"{row.name} is true or false, not {shown(value)}"
    elif kind.of is int and (type(value) is not int or value < kind.least):
        text = f"{row.name} is a whole number from {kind.least} on, not {shown(value)}"
    elif kind.of is float and duration_ms(value) is None:
        text, help = f"{row.name} is a duration, not {shown(value)}", "such as `10 min`, `2 s` or `500 ms`"
    elif kind.of is str and (not isinstance(value, str) or not value):
        text = f"{row.name} is a text, not {shown(value)}"
    if text:
        yield Diagnostic("setting-value", text, at, help=help)


def kind_of(name: str, role: str) -> str:
    """The group of settings of a connector: a table connector has one as source and one as sink."""
    return f"{name} {role}" if name == "kafka table" else name


def split(kind: str, client: kafka.Kind, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Settings of the connector, and those of the Kafka client in it; a table has `properties.` before the latter."""
    own, clients = {}, {}
    for name, value in given.items():
        bare = name.removeprefix("properties.")
        if name not in TABLE[kind] and (bare != name or bare in kafka.TABLE[client]):
            clients[bare] = value
        else:
            own[name] = value
    return own, clients
