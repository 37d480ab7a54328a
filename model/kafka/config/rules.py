"""What is in force: defaults of the version, what was given, and what Kafka's own constructors make of the two.

A rule yields in turn the settings that it overrides and those that it refuses; a later rule sees what an earlier one
has overridden.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from model.kafka.config.table import INT_MAX, TABLE, Kind, Row
from model.kafka.config.versions import at_least, line, patch

BROKERS_NAME = {  # The broker's name for a topic's setting, where it differs (LogConfig.TopicConfigSynonyms).
    "replication.factor": "default.replication.factor", "cleanup.policy": "log.cleanup.policy",
    "retention.ms": "log.retention.ms", "retention.bytes": "log.retention.bytes",
    "flush.messages": "log.flush.interval.messages", "flush.ms": "log.flush.interval.ms",
}  # fmt: skip


@dataclass(frozen=True)
class Setting:
    name: str
    value: Any
    origin: str  # "given", "default of 3.9", "overridden"
    rule: str  # Why, and by which class, KIP or issue.

    @property
    def is_given(self) -> bool:
        return self.origin == "given"


Settings = dict[str, Setting]


@dataclass(frozen=True)
class Override:
    name: str
    value: Any
    rule: str
    origin: str = "overridden"


@dataclass(frozen=True)
class Refusal:
    """``name`` is the setting to blame; ``text`` says who refuses it and with which words."""

    name: str
    text: str
    help: str = ""


Rule = Callable[[str, Settings], Iterator[Override | Refusal]]


def effective(
    kind: Kind, version: str, given: Mapping[str, Any], brokers: Mapping[str, Any] | None = None
) -> dict[str, Setting]:
    """Every setting of the kind that the version has. A topic takes what it is not given from its ``brokers``."""
    return settle(kind, version, given, brokers)[0]


def settle(
    kind: Kind, version: str, given: Mapping[str, Any], brokers: Mapping[str, Any] | None = None
) -> tuple[Settings, list[Refusal]]:
    found = {
        name: Setting(name, normal(row, given[name]), "given", "") if name in given else default(row, version)
        for name, row in TABLE[kind].items()
        if exists(row, version)
    }
    if kind == "topic":
        found |= inherited(version, found, brokers or {})
    refusals = []
    for rule in RULES.get(kind, ()):
        for change in rule(version, found):
            if isinstance(change, Refusal):
                refusals.append(change)
            else:
                found[change.name] = Setting(change.name, change.value, change.origin, change.rule)
    return found, refusals


def exists(row: Row, version: str) -> bool:
    return at_least(version, row.since) and (not row.until or at_least(row.until, line(version)))


def default(row: Row, version: str) -> Setting:
    value = None
    for since, value_since in row.defaults.items():
        if at_least(version, since):
            value = value_since
    return Setting(row.name, value, f"default of {version}", row.source)


def normal(row: Row, value: Any) -> Any:
    """One spelling for each meaning: what families compare with."""
    if row.type.of is list:
        every = value.split(",") if isinstance(value, str) else value
        return [str(one).strip().rpartition(".")[2] for one in every]  # A class without its package.
    if row.name == "acks":
        return "all" if str(value) in ("all", "-1") else str(value)
    if row.name == "group.protocol":
        return str(value).lower()
    return value


def written(value: Any) -> str:
    """As a user writes it in a spec."""
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)


def inherited(version: str, topic: Settings, brokers: Mapping[str, Any]) -> Settings:
    """What the topic is not given and the brokers have under the same or a prefixed name."""
    over = effective("broker", version, brokers)
    found = {}
    for name, one in topic.items():
        broker = over.get(BROKERS_NAME.get(name, name))
        if not one.is_given and broker is not None and broker.value is not None:
            rule = f"{broker.name} of the brokers" if broker.is_given else broker.rule
            found[name] = replace(broker, name=name, rule=rule)
    return found


def internal_topic(
    name: Literal["__consumer_offsets", "__transaction_state"], version: str, brokers: Mapping[str, Any]
) -> Settings:
    """GroupCoordinator.groupMetadataTopicConfigs and TransactionStateManager.transactionTopicConfigs."""
    has = effective("broker", version, brokers)
    given: dict[str, Any] = {"cleanup.policy": "compact"}
    if name == "__consumer_offsets":
        given["replication.factor"] = has["offsets.topic.replication.factor"].value
    else:
        given["replication.factor"] = has["transaction.state.log.replication.factor"].value
        given["min.insync.replicas"] = has["transaction.state.log.min.isr"].value
        given["unclean.leader.election.enable"] = False
    return effective("topic", version, given, brokers)


# --- Producer -------------------------------------------------------------------------------------------------------


def judges_defaults(version: str) -> bool:
    """3.0.1, 3.1.1 and 3.2.0 brought ProducerConfig.postProcessAndValidateIdempotenceConfigs (KAFKA-13598)."""
    return at_least(version, "3.0.1") and not (line(version) == "3.1" and patch(version) == 0)


def idempotence(version: str, has: Settings) -> Iterator[Override | Refusal]:
    yield from (idempotence_by_default if judges_defaults(version) else idempotence_on_request)(version, has)


def idempotence_by_default(version: str, has: Settings) -> Iterator[Override | Refusal]:
    """ProducerConfig.postProcessAndValidateIdempotenceConfigs."""
    wanted = has["enable.idempotence"]
    transactional = has["transactional.id"].value is not None
    if not wanted.value:
        if transactional:
            text = "KafkaProducer refuses a transactional.id with enable.idempotence=false"
            yield Refusal("enable.idempotence", text, WITHOUT_IDEMPOTENCE)
        return
    for name, words in conflicts(version, has, most_in_flight=5):
        value = has[name].value
        always = name == IN_FLIGHT and at_least(version, "4.0")
        if wanted.is_given or always:
            yield Refusal(name, f"KafkaProducer refuses {name}={value} with enable.idempotence=true", words)
        elif transactional:
            text = f"{name}={value} silently turns idempotence off, which a transactional.id does not allow"
            yield Refusal(name, text, WITHOUT_IDEMPOTENCE)
        else:
            method = "ProducerConfig.postProcessAndValidateIdempotenceConfigs"
            yield Override("enable.idempotence", False, f"{name}={value} turns the default off ({method})")


def idempotence_on_request(version: str, has: Settings) -> Iterator[Override | Refusal]:
    """KafkaProducer.configure* until 2.x, ProducerConfig.maybeOverrideAcksAndRetries until 3.0.0 and 3.1.0.

    Idempotence is on only where the user asked for it: ``idempotenceEnabled`` looks at what was given, so that the
    default of 3.0.0 and 3.1.0 has no effect (KAFKA-13598).
    """
    wanted = has["enable.idempotence"]
    transactional = has["transactional.id"].value is not None
    if transactional and wanted.is_given and not wanted.value:
        text = "KafkaProducer refuses a transactional.id with enable.idempotence=false"
        yield Refusal("enable.idempotence", text, WITHOUT_IDEMPOTENCE)
        return
    if not transactional and not wanted.is_given:
        if wanted.value:
            rule = "only an idempotence that was asked for is on (ProducerConfig.idempotenceEnabled, KAFKA-13598)"
            yield Override("enable.idempotence", False, rule)
        return
    if not transactional and not wanted.value:
        return
    if not wanted.is_given:
        yield Override("enable.idempotence", True, "a transactional.id implies it (KafkaProducer)")
    forced = {"acks": "all", "retries": INT_MAX}
    if not at_least(version, "1.0"):
        forced[IN_FLIGHT] = 1
    for name, value in forced.items():
        if not has[name].is_given and has[name].value != value:
            yield Override(name, value, "idempotence is on (KafkaProducer)")
    for name, words in conflicts(version, has, most_in_flight=5 if at_least(version, "1.0") else 1):
        switch = "a transactional.id" if transactional else "enable.idempotence=true"
        yield Refusal(name, f"KafkaProducer refuses {name}={has[name].value} with {switch}", words)


IN_FLIGHT = "max.in.flight.requests.per.connection"
WITHOUT_IDEMPOTENCE = "ConfigException: Cannot set a transactional.id without also enabling idempotence."


def conflicts(version: str, has: Settings, most_in_flight: int) -> Iterator[tuple[str, str]]:
    """The settings that idempotence does not allow, with the words of the ConfigException."""
    if has["retries"].value == 0:
        yield "retries", "ConfigException: Must set retries to non-zero when using the idempotent producer."
    if has["acks"].value != "all":
        words = (
            "Must set acks to all in order to use the idempotent producer. Otherwise we cannot guarantee idempotence."
        )
        yield "acks", f"ConfigException: {words}"
    if (count := has[IN_FLIGHT].value) > most_in_flight:
        most = "to 1 in order" if most_in_flight == 1 else f"to at most {most_in_flight}"
        words = f"Must set {IN_FLIGHT} {most} to use the idempotent producer."
        if at_least(version, "4.0"):
            words = f"To use the idempotent producer, {IN_FLIGHT} must be set to at most 5. Current value is {count}."
        yield IN_FLIGHT, f"ConfigException: {words}"


def delivery_timeout(version: str, has: Settings) -> Iterator[Override | Refusal]:
    """KafkaProducer.configureDeliveryTimeout, since 2.1."""
    if not at_least(version, "2.1"):
        return
    least = min(has["linger.ms"].value + has["request.timeout.ms"].value, INT_MAX)
    timeout = has["delivery.timeout.ms"]
    if timeout.value >= least:
        return
    if timeout.is_given:
        text = f"KafkaProducer refuses a delivery.timeout.ms below linger.ms + request.timeout.ms ({least})"
        yield Refusal("delivery.timeout.ms", text)
    else:
        rule = "raised to linger.ms + request.timeout.ms (KafkaProducer.configureDeliveryTimeout)"
        yield Override("delivery.timeout.ms", least, rule)


# --- Consumer -------------------------------------------------------------------------------------------------------


def auto_commit(version: str, has: Settings) -> Iterator[Override | Refusal]:
    """ConsumerConfig.maybeOverrideEnableAutoCommit, since 2.2 (KIP-289)."""
    if not at_least(version, "2.2") or has["group.id"].value is not None:
        return
    commits = has["enable.auto.commit"]
    if not commits.is_given:
        rule = "there is no group.id (ConsumerConfig.maybeOverrideEnableAutoCommit)"
        yield Override("enable.auto.commit", False, rule, f"default of {version}")
    elif commits.value:
        words = "enable.auto.commit cannot be set to true when default group id (null) is used."
        text = "KafkaConsumer refuses enable.auto.commit=true without a group.id"
        yield Refusal("enable.auto.commit", text, f"InvalidConfigurationException: {words}")


ONLY_CLASSIC = ("partition.assignment.strategy", "heartbeat.interval.ms", "session.timeout.ms")


def group_protocol(version: str, has: Settings) -> Iterator[Override | Refusal]:
    """ConsumerConfig.checkGroupRemoteAssignor since 3.7, checkUnsupportedConfigsPostProcess since 4.0."""
    if not at_least(version, "3.7"):
        return
    protocol = has["group.protocol"].value
    refused: tuple[str, ...] = ()
    if protocol == "classic":
        refused = ("group.remote.assignor",)
    elif at_least(version, "4.0"):
        refused = ONLY_CLASSIC
    for name in refused:
        if has[name].is_given:
            words = f"ConfigException: {name} cannot be set when group.protocol={protocol.upper()}"
            yield Refusal(name, f"KafkaConsumer refuses {name} with group.protocol={protocol}", words)


def timeouts(version: str, has: Settings) -> Iterator[Override | Refusal]:
    """The constructors of Heartbeat (classic protocol only) and, until 1.1, of KafkaConsumer."""
    session, heartbeat = has["session.timeout.ms"], has["heartbeat.interval.ms"]
    classic = "group.protocol" not in has or has["group.protocol"].value == "classic"
    if classic and heartbeat.value >= session.value:
        blame = heartbeat if heartbeat.is_given else session
        text = f"KafkaConsumer refuses heartbeat.interval.ms={heartbeat.value} with session.timeout.ms={session.value}"
        help = "IllegalArgumentException: Heartbeat must be set lower than the session timeout"
        yield Refusal(blame.name, text, help)
    request = has["request.timeout.ms"]
    if not at_least(version, "2.0") and request.value <= session.value:
        blame = request if request.is_given else session
        text = f"KafkaConsumer refuses request.timeout.ms={request.value} with session.timeout.ms={session.value}"
        help = "ConfigException: request.timeout.ms should be greater than session.timeout.ms and fetch.max.wait.ms"
        yield Refusal(blame.name, text, help)


# --- Brokers and topics ---------------------------------------------------------------------------------------------


def retention(_version: str, has: Settings) -> Iterator[Override | Refusal]:
    """KafkaConfig.getLogRetentionTimeMillis: milliseconds before minutes before hours."""
    for name, unit_ms in (("log.retention.minutes", 60_000), ("log.retention.hours", 3_600_000)):
        if has[name].is_given and not has["log.retention.ms"].is_given:
            yield Override("log.retention.ms", has[name].value * unit_ms, f"{name} (KafkaConfig)")
            return


def fetch_wait(_version: str, has: Settings) -> Iterator[Override | Refusal]:
    """KafkaConfig.validateValues."""
    wait, lag = has["replica.fetch.wait.max.ms"], has["replica.lag.time.max.ms"]
    if wait.value > lag.value:
        text = f"a broker does not start with {wait.name}={wait.value} above {lag.name}={lag.value}"
        yield Refusal(
            wait.name if wait.is_given else lag.name, text, "to prevent frequent changes in ISR (KafkaConfig)"
        )


def effective_min_isr(version: str, has: Settings) -> Iterator[Override | Refusal]:
    """Partition.effectiveMinIsr, since 3.7; before, acks=all on such a topic got NOT_ENOUGH_REPLICAS for ever."""
    replicas, least = has["replication.factor"].value, has["min.insync.replicas"].value
    if at_least(version, "3.7") and least > replicas:
        yield Override("min.insync.replicas", replicas, "at most the number of replicas (Partition.effectiveMinIsr)")


RULES: dict[str, tuple[Rule, ...]] = {
    "producer": (idempotence, delivery_timeout),
    "consumer": (auto_commit, group_protocol, timeouts),
    "broker": (retention, fetch_wait),
    "topic": (effective_min_isr,),
}
