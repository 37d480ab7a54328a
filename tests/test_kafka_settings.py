"""Kafka's settings by version: defaults at the boundaries where they changed, silent overrides, what is refused.

The expected values are those of Kafka's documentation and release notes, typed here a second time, not read from the
table under test.
"""

from __future__ import annotations

from typing import Any

import pytest

from checker.checking import run
from checker.source import Place
from checker.spec import load
from model.kafka import config, pipeline
from model.kafka.config.neutral import NEUTRAL, is_neutral
from model.kafka.config.table import ROWS
from model.kafka.replication import protocol
from reports import text

IN_FLIGHT = "max.in.flight.requests.per.connection"
INT_MAX = 2_147_483_647
ABSENT = "absent"


def place(path: tuple[str | int, ...]) -> Place:
    return Place(".".join(map(str, path)), 1, 1)


def value(kind: config.Kind, version: str, name: str, **given: Any) -> Any:
    found = config.effective(kind, version, given)
    return found[name].value if name in found else ABSENT


def refusals(kind: config.Kind, version: str, given: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Where, what, and help of everything that is wrong."""
    found = config.judge(kind, version, given, place, ())
    return [(one.place.file, one.message, one.help) for one in found if one.place is not None]


# --- Versions -------------------------------------------------------------------------------------------------------


def test_versions_are_ordered_as_released() -> None:
    """As numbers, 0.11 would come before 0.9, and as texts 3.10 before 3.9."""
    assert config.VERSIONS[0] == "0.11"
    assert config.VERSIONS[1:4] == ("1.0", "1.1", "2.0")
    assert all(config.at_least(late, early) for early, late in zip(config.VERSIONS, config.VERSIONS[1:], strict=False))
    assert not any(
        config.at_least(early, late) for early, late in zip(config.VERSIONS, config.VERSIONS[1:], strict=False)
    )


@pytest.mark.parametrize("version", ["0.11", "0.11.0.2", "0.11.0", "2.8.2", "3.0.0", "3.1.0", "3.9.1", "4.0.0", "4.1"])
def test_lines_and_releases_are_known(version: str) -> None:
    assert config.is_known(version)


@pytest.mark.parametrize(
    "version", ["", "3", "0.10", "0.11.1", "0.11.0.9", "2.9", "3.0.3", "3.0.0.0", "5.0", "3.x", "latest"]
)
def test_what_was_never_released_is_unknown(version: str) -> None:
    assert not config.is_known(version)


def test_line_means_its_last_release() -> None:
    """Whoever says 3.0 does not mean the broken 3.0.0."""
    assert config.at_least("3.0", "3.0.1")
    assert not config.at_least("3.0.0", "3.0.1")
    assert config.at_least("3.0.0", "3.0")


@pytest.mark.parametrize(
    ("version", "affected"),
    [("2.7", False), ("2.8", True), ("3.9.1", True), ("3.9.2", False), ("3.9", False), ("4.0.1", True), ("4.0", False),
     ("4.1.1", True), ("4.1", False), ("4.2", False)],
)  # fmt: skip
def test_a_fix_is_in_the_patches_that_brought_it_back(version: str, affected: bool) -> None:
    """CVE-2026-35554: kafka-clients from 2.8.0, fixed in 3.9.2, 4.0.2, 4.1.2 and 4.2.0."""
    assert protocol.switches(version, [], [])["producer"]["frees_early"] == affected


# --- Defaults, at both sides of every change ------------------------------------------------------------------------

CHANGES: list[tuple[config.Kind, str, list[tuple[str, Any]]]] = [
    ("producer", "acks", [("0.11", "1"), ("2.8", "1"), ("3.0", "all"), ("4.1", "all")]),
    ("producer", "retries", [("0.11", 0), ("2.0", 0), ("2.1", INT_MAX), ("4.0", INT_MAX)]),
    ("producer", "delivery.timeout.ms", [("2.0", ABSENT), ("2.1", 120_000), ("4.0", 120_000)]),
    ("producer", "request.timeout.ms", [("0.11", 30_000), ("4.0", 30_000)]),
    ("producer", "linger.ms", [("0.11", 0), ("3.9", 0), ("4.0", 5)]),
    ("producer", IN_FLIGHT, [("0.11", 5), ("1.0", 5), ("4.0", 5)]),
    ("producer", "retry.backoff.ms", [("0.11", 100), ("4.0", 100)]),
    ("producer", "retry.backoff.max.ms", [("3.6", ABSENT), ("3.7", 1000)]),
    ("producer", "max.block.ms", [("0.11", 60_000), ("4.0", 60_000)]),
    ("producer", "transaction.timeout.ms", [("0.11", 60_000), ("4.0", 60_000)]),
    ("producer", "transactional.id", [("0.11", None), ("4.0", None)]),
    ("producer", "batch.size", [("0.11", 16_384), ("4.0", 16_384)]),
    ("consumer", "auto.commit.interval.ms", [("0.11", 5000), ("4.0", 5000)]),
    ("consumer", "auto.offset.reset", [("0.11", "latest"), ("4.0", "latest")]),
    ("consumer", "isolation.level", [("0.11", "read_uncommitted"), ("4.0", "read_uncommitted")]),
    ("consumer", "group.instance.id", [("2.2", ABSENT), ("2.3", None)]),
    ("consumer", "group.protocol", [("3.6", ABSENT), ("3.7", "classic"), ("4.0", "classic")]),
    ("consumer", "session.timeout.ms", [("0.11", 10_000), ("2.8", 10_000), ("3.0", 45_000), ("4.0", 45_000)]),
    ("consumer", "heartbeat.interval.ms", [("0.11", 3000), ("4.0", 3000)]),
    ("consumer", "max.poll.interval.ms", [("0.11", 300_000), ("4.0", 300_000)]),
    ("consumer", "max.poll.records", [("0.11", 500), ("4.0", 500)]),
    (
        "consumer", "partition.assignment.strategy",
        [("2.8", ["RangeAssignor"]), ("3.0", ["RangeAssignor", "CooperativeStickyAssignor"])],
    ),
    ("broker", "min.insync.replicas", [("0.11", 1), ("4.0", 1)]),
    ("broker", "default.replication.factor", [("0.11", 1), ("4.0", 1)]),
    ("broker", "unclean.leader.election.enable", [("0.11", False), ("4.0", False)]),
    ("broker", "replica.lag.time.max.ms", [("0.11", 10_000), ("2.4", 10_000), ("2.5", 30_000), ("4.0", 30_000)]),
    ("broker", "replica.fetch.wait.max.ms", [("0.11", 500), ("4.0", 500)]),
    ("broker", "replica.high.watermark.checkpoint.interval.ms", [("0.11", 5000), ("4.0", 5000)]),
    ("broker", "log.flush.interval.messages", [("0.11", 2**63 - 1), ("4.0", 2**63 - 1)]),
    ("broker", "broker.session.timeout.ms", [("2.7", ABSENT), ("2.8", 9000)]),
    ("broker", "transaction.max.timeout.ms", [("0.11", 900_000), ("4.0", 900_000)]),
    ("broker", "transactional.id.expiration.ms", [("0.11", 604_800_000), ("4.0", 604_800_000)]),
    ("broker", "producer.id.expiration.ms", [("3.3", ABSENT), ("3.4", 86_400_000)]),
    ("broker", "producer.id.expiration.check.interval.ms", [("3.4", 600_000)]),
    (
        "broker", "transaction.abort.timed.out.transaction.cleanup.interval.ms",
        [("2.4", 60_000), ("2.5", 10_000), ("4.0", 10_000)],
    ),
    ("broker", "transaction.remove.expired.transaction.cleanup.interval.ms", [("0.11", 3_600_000)]),
    ("broker", "transaction.partition.verification.enable", [("3.5", ABSENT), ("3.6", True), ("4.0", True)]),
    ("broker", "transaction.state.log.num.partitions", [("0.11", 50)]),
    ("broker", "transaction.state.log.replication.factor", [("0.11", 3)]),
    ("broker", "transaction.state.log.min.isr", [("0.11", 2)]),
    ("broker", "add.partitions.to.txn.retry.backoff.ms", [("3.9", ABSENT), ("4.0", 20)]),
    ("broker", "add.partitions.to.txn.retry.backoff.max.ms", [("3.9", ABSENT), ("4.0", 100)]),
    ("broker", "transaction.two.phase.commit.enable", [("4.0", ABSENT), ("4.1", False)]),
    ("broker", "offsets.retention.minutes", [("0.11", 1440), ("1.1", 1440), ("2.0", 10_080), ("4.0", 10_080)]),
    ("broker", "offsets.retention.check.interval.ms", [("0.11", 600_000)]),
    ("broker", "offsets.topic.replication.factor", [("0.11", 3)]),
    ("broker", "offsets.commit.timeout.ms", [("0.11", 5000)]),
    ("broker", "offsets.commit.required.acks", [("0.11", -1), ("3.9", -1), ("4.0", ABSENT)]),
    ("broker", "group.min.session.timeout.ms", [("0.11", 6000)]),
    ("broker", "group.max.session.timeout.ms", [("2.2", 300_000), ("2.3", 1_800_000)]),
    ("broker", "group.initial.rebalance.delay.ms", [("0.11", 3000)]),
    ("broker", "group.coordinator.rebalance.protocols", [("3.9", ["classic"]), ("4.0", ["classic", "consumer"])]),
    ("broker", "zookeeper.session.timeout.ms", [("2.4", 6000), ("2.5", 18_000), ("3.9", 18_000), ("4.0", ABSENT)]),
    ("feature", "transaction.version", [("3.8", ABSENT), ("3.9", 0), ("4.0", 2)]),
    ("feature", "eligible.leader.replicas.version", [("3.9", ABSENT), ("4.0", 0), ("4.1", 1)]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "name", "version", "expected"),
    [(kind, name, version, expected) for kind, name, every in CHANGES for version, expected in every],
)
def test_default(kind: config.Kind, name: str, version: str, expected: Any) -> None:
    found = config.effective(kind, version, {}).get(name)

    assert (found.value if found else ABSENT) == expected
    assert found is None or (found.origin == f"default of {version}" and found.rule)


@pytest.mark.parametrize("version", config.VERSIONS)
def test_defaults_of_a_version_fit_together(version: str) -> None:
    """No client and no broker refuses itself with nothing given."""
    for kind in config.TABLE:
        assert refusals(kind, version, {}) == []
        assert config.refused_by_brokers(kind, version, {}, {}, place, ()) == []


def test_rows_are_sound() -> None:
    """Every default is a value that the row's own type takes, from the version on in which it holds."""
    for row in ROWS:
        assert row.source
        assert row.about
        assert not is_neutral(row.kind, row.name) or row.name.startswith(("zookeeper.", "log."))
        assert row.name not in NEUTRAL[row.kind]
        for version, default in row.defaults.items():
            if default not in (None, ""):
                found = refusals(row.kind, version, {row.name: default})
                assert [one for one in found if one[0] == row.name and "refuses" not in one[1]] == []


# --- Producer: idempotence ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "on"),
    [("0.11", False), ("2.8", False), ("3.0.0", False), ("3.0.1", True), ("3.0", True), ("3.1.0", False),
     ("3.1.1", True), ("3.2.0", True), ("3.9", True), ("4.0", True)],
)  # fmt: skip
def test_idempotence_by_default(version: str, on: bool) -> None:
    """3.0.0 and 3.1.0 said it was on, and it was not (KAFKA-13598)."""
    found = config.effective("producer", version, {})["enable.idempotence"]

    assert found.value is on
    assert ("KAFKA-13598" in found.rule) == (version in ("3.0.0", "3.1.0"))


@pytest.mark.parametrize("version", ["3.0.1", "3.1.1", "3.9", "4.0"])
@pytest.mark.parametrize(("name", "given"), [("acks", 1), ("acks", "0"), ("retries", 0)])
def test_conflict_silently_switches_the_default_off(version: str, name: str, given: Any) -> None:
    """ProducerConfig.postProcessAndValidateIdempotenceConfigs only logs it."""
    settings = {name: given}

    found = config.effective("producer", version, settings)

    assert refusals("producer", version, settings) == []
    assert (found["enable.idempotence"].value, found["enable.idempotence"].origin) == (False, "overridden")
    assert f"{name}={given} turns the default off" in found["enable.idempotence"].rule
    assert (found[name].value, found[name].origin) == (str(given) if name == "acks" else given, "given")


@pytest.mark.parametrize("acks", ["all", "-1", -1])
def test_minus_one_is_all(acks: Any) -> None:
    found = config.effective("producer", "3.9", {"acks": acks})

    assert found["acks"].value == "all"
    assert found["enable.idempotence"].value is True


@pytest.mark.parametrize("version", ["0.11", "1.0", "2.8", "3.0.0", "3.0.1", "3.9", "4.0"])
@pytest.mark.parametrize(("name", "given"), [("acks", 1), ("retries", 0), (IN_FLIGHT, 6)])
def test_conflict_with_idempotence_asked_for_is_refused(version: str, name: str, given: Any) -> None:
    [(where, message, help)] = refusals("producer", version, {"enable.idempotence": True, name: given})

    assert where == name
    assert message == f"KafkaProducer refuses {name}={given} with enable.idempotence=true"
    assert help.startswith("ConfigException: ")


@pytest.mark.parametrize("version", ["0.11", "2.8", "3.1.0", "3.9", "4.0"])
def test_transactional_id_implies_idempotence(version: str) -> None:
    found = config.effective("producer", version, {"transactional.id": "payer"})

    assert refusals("producer", version, {"transactional.id": "payer"}) == []
    assert found["enable.idempotence"].value is True
    assert found["acks"].value == "all"
    assert found["retries"].value == INT_MAX


@pytest.mark.parametrize("version", ["0.11", "2.8", "3.0.0", "3.9", "4.0"])
def test_transactional_id_without_idempotence_is_refused(version: str) -> None:
    [(where, message, help)] = refusals("producer", version, {"transactional.id": "a", "enable.idempotence": False})

    assert where == "enable.idempotence"
    assert message == "KafkaProducer refuses a transactional.id with enable.idempotence=false"
    assert help == "ConfigException: Cannot set a transactional.id without also enabling idempotence."


@pytest.mark.parametrize("version", ["0.11", "2.8", "3.0.0", "3.9", "4.0"])
def test_transactional_id_with_a_silent_conflict_is_refused(version: str) -> None:
    """The switch is silent, what follows from it is not."""
    [(where, message, _)] = refusals("producer", version, {"transactional.id": "a", "acks": 1})

    assert where == "acks"
    assert ("silently" in message) == config.at_least(version, "3.0.1")


def test_before_three_idempotence_on_request_forces_what_was_not_given() -> None:
    found = config.effective("producer", "2.0", {"enable.idempotence": True})

    assert (found["acks"].value, found["acks"].origin) == ("all", "overridden")
    assert (found["retries"].value, found["retries"].origin) == (INT_MAX, "overridden")
    assert value("producer", "2.0", "acks") == "1"


def test_first_idempotence_allowed_one_request_in_flight() -> None:
    """Until KAFKA-5494 the leader remembered one batch."""
    idempotent = {"enable.idempotence": True}

    assert config.effective("producer", "0.11", idempotent)[IN_FLIGHT].value == 1
    assert config.effective("producer", "1.0", idempotent)[IN_FLIGHT].value == 5
    assert len(refusals("producer", "0.11", {**idempotent, IN_FLIGHT: 2})) == 1
    assert refusals("producer", "1.0", {**idempotent, IN_FLIGHT: 5}) == []


def test_more_than_five_in_flight_with_the_default() -> None:
    """Idempotence is off (a warning) until 3.9, an exception since 4.0, nothing new where it was off anyway."""
    given = {IN_FLIGHT: 6}

    assert config.effective("producer", "3.9", given)["enable.idempotence"].origin == "overridden"
    assert refusals("producer", "3.9", given) == []
    [(where, _, help)] = refusals("producer", "4.0", given)
    assert (where, help.partition(": ")[2]) == (
        IN_FLIGHT,
        f"To use the idempotent producer, {IN_FLIGHT} must be set to at most 5. Current value is 6.",
    )
    assert refusals("producer", "4.0", {**given, "enable.idempotence": False}) == []
    assert [one[0] for one in refusals("producer", "4.0", {**given, "acks": 1})] == [IN_FLIGHT]
    assert refusals("producer", "2.8", given) == []


def test_delivery_timeout_is_raised_or_refused() -> None:
    """KafkaProducer.configureDeliveryTimeout: a default gives way, a given value does not."""
    slow = {"linger.ms": 100_000, "request.timeout.ms": 50_000}

    found = config.effective("producer", "2.1", slow)["delivery.timeout.ms"]

    assert (found.value, found.origin) == (150_000, "overridden")
    [(where, message, _)] = refusals("producer", "2.1", {**slow, "delivery.timeout.ms": 149_999})
    assert where == "delivery.timeout.ms"
    assert message.endswith("below linger.ms + request.timeout.ms (150000)")
    assert refusals("producer", "2.1", {**slow, "delivery.timeout.ms": 150_000}) == []
    assert refusals("producer", "2.0", slow) == []


# --- Consumer -------------------------------------------------------------------------------------------------------


def test_no_group_means_no_automatic_commit() -> None:
    """Since 2.2 the default group id is null; before, it was the empty text, and its offsets were committed."""
    assert value("consumer", "2.1", "enable.auto.commit") is True
    assert value("consumer", "2.2", "enable.auto.commit") is False
    assert config.effective("consumer", "3.9", {"group.id": "a"})["enable.auto.commit"].value is True
    [(where, message, _)] = refusals("consumer", "3.9", {"enable.auto.commit": True})
    assert (where, message) == (
        "enable.auto.commit",
        "KafkaConsumer refuses enable.auto.commit=true without a group.id",
    )


@pytest.mark.parametrize("name", ["session.timeout.ms", "heartbeat.interval.ms", "partition.assignment.strategy"])
def test_what_the_broker_decides_is_refused_in_the_new_protocol(name: str) -> None:
    given = {"group.protocol": "consumer", name: "RangeAssignor" if "strategy" in name else 10_000}

    assert [one[0] for one in refusals("consumer", "4.0", given)] == [name]
    assert refusals("consumer", "4.0", {**given, "group.protocol": "classic"}) == []


def test_remote_assignor_needs_the_new_protocol() -> None:
    [(where, _, help)] = refusals("consumer", "3.9", {"group.remote.assignor": "uniform"})

    assert where == "group.remote.assignor"
    assert help == "ConfigException: group.remote.assignor cannot be set when group.protocol=CLASSIC"
    assert refusals("consumer", "4.0", {"group.remote.assignor": "uniform", "group.protocol": "Consumer"}) == []


def test_heartbeat_is_shorter_than_the_session() -> None:
    assert [one[0] for one in refusals("consumer", "3.9", {"session.timeout.ms": 3000})] == ["session.timeout.ms"]
    assert [one[0] for one in refusals("consumer", "3.9", {"heartbeat.interval.ms": 45_000})] == [
        "heartbeat.interval.ms"
    ]


def test_request_outlasted_the_session_until_two() -> None:
    assert [one[0] for one in refusals("consumer", "1.1", {"request.timeout.ms": 10_000})] == ["request.timeout.ms"]
    assert refusals("consumer", "2.0", {"request.timeout.ms": 10_000}) == []


@pytest.mark.parametrize("given", ["by_duration:PT1H", "by_duration:P1DT2H", "by_duration:PT0.5S"])
def test_reset_by_duration_came_with_four(given: str) -> None:
    assert refusals("consumer", "4.0", {"auto.offset.reset": given}) == []
    [(_, message, _)] = refusals("consumer", "3.9", {"auto.offset.reset": given})
    assert message == f"auto.offset.reset `{given}` exists since 4.0, so not in 3.9"


@pytest.mark.parametrize(
    "given", ["by_duration", "by_duration:", "by_duration:P", "by_duration:-PT1H", "by_duration:1h"]
)
def test_reset_by_something_else_is_refused(given: str) -> None:
    assert [one[0] for one in refusals("consumer", "4.0", {"auto.offset.reset": given})] == ["auto.offset.reset"]


# --- Brokers and topics ---------------------------------------------------------------------------------------------


def test_topic_takes_from_its_brokers() -> None:
    brokers = {"default.replication.factor": 3, "min.insync.replicas": 2, "log.retention.hours": 1}

    found = config.effective("topic", "3.9", {"min.insync.replicas": 1}, brokers)

    assert (found["replication.factor"].value, found["replication.factor"].origin) == (3, "given")
    assert found["replication.factor"].rule == "default.replication.factor of the brokers"
    assert (found["min.insync.replicas"].value, found["min.insync.replicas"].rule) == (1, "")
    assert found["retention.ms"].value == 3_600_000
    assert config.effective("topic", "3.9", {})["unclean.leader.election.enable"].value is False


def test_more_in_sync_replicas_than_replicas() -> None:
    """Before 3.7 such a topic never took a record with acks=all."""
    given = {"replication.factor": 1, "min.insync.replicas": 2}

    assert config.effective("topic", "3.6", given)["min.insync.replicas"].value == 2
    found = config.effective("topic", "3.7", given)["min.insync.replicas"]
    assert (found.value, found.origin) == (1, "overridden")


def test_internal_topics_have_settings_of_their_own() -> None:
    brokers = {"min.insync.replicas": 1, "unclean.leader.election.enable": True}

    transactions = config.internal_topic("__transaction_state", "3.9", brokers)
    offsets = config.internal_topic("__consumer_offsets", "3.9", brokers)

    names = ("replication.factor", "min.insync.replicas", "unclean.leader.election.enable")
    assert [transactions[name].value for name in names] == [3, 2, False]
    assert [offsets[name].value for name in names] == [3, 1, True]


def test_broker_that_would_shrink_the_isr_for_ever_does_not_start() -> None:
    assert [one[0] for one in refusals("broker", "3.9", {"replica.lag.time.max.ms": 400})] == [
        "replica.lag.time.max.ms"
    ]


def test_coordinators_refuse_what_no_client_checks() -> None:
    def refused(kind: config.Kind, version: str, given: dict[str, Any], **brokers: Any) -> list[str]:
        found = config.refused_by_brokers(kind, version, given, brokers, place, ())
        return [one.message.partition(" to ")[0].split()[-1] for one in found]

    slow = {"transactional.id": "a", "transaction.timeout.ms": 900_001}
    assert refused("producer", "3.9", slow) == ["INVALID_TRANSACTION_TIMEOUT"]
    assert refused("producer", "3.9", {**slow, "transaction.timeout.ms": 0}) == ["INVALID_TRANSACTION_TIMEOUT"]
    assert refused("producer", "3.9", slow, **{"transaction.max.timeout.ms": 900_001}) == []
    assert refused("producer", "3.9", {"transaction.timeout.ms": 900_001}) == []
    assert refused("consumer", "3.9", {"group.id": "a", "session.timeout.ms": 5999}) == ["INVALID_SESSION_TIMEOUT"]
    assert refused("consumer", "3.9", {"group.id": "a", "session.timeout.ms": 1_800_000}) == []
    assert refused("consumer", "2.2", {"group.id": "a", "session.timeout.ms": 300_001}) == ["INVALID_SESSION_TIMEOUT"]
    assert refused("consumer", "3.9", {"group.id": "a", "group.protocol": "consumer"}) == ["UNSUPPORTED_VERSION"]
    assert refused("consumer", "4.0", {"group.id": "a", "group.protocol": "consumer"}) == []


# --- Names and values -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "name", "help"),
    [
        ("consumer", "auto.commit.enable", "did you mean `enable.auto.commit`?"),
        ("producer", "enable.idempotent", "did you mean `enable.idempotence`?"),
        ("producer", "enable_idempotence", "did you mean `enable.idempotence`?"),
        ("producer", "transaction.id", "did you mean `transactional.id`?"),
        ("producer", "request.required.acks", "did you mean `acks`?"),
        ("producer", "message.timeout.ms", "did you mean `delivery.timeout.ms`?"),
        ("consumer", "isolation.levels", "did you mean `isolation.level`?"),
        ("broker", "min.insync.replica", "did you mean `min.insync.replicas`?"),
        ("feature", "transactions.version", "did you mean `transaction.version`?"),
        ("producer", "isolation.level", "it is a setting of the consumer"),
        ("consumer", "acks", "it is a setting of the producer"),
        ("topic", "offsets.retention.minutes", "it is a setting of the broker"),
    ],
)
def test_unknown_name_gets_the_nearest(kind: config.Kind, name: str, help: str) -> None:
    assert refusals(kind, "3.9", {name: 1}) == [(name, f"Kafka has no {kind} setting {name}", help)]


@pytest.mark.parametrize(
    ("kind", "name"),
    [("producer", "compression.type"), ("consumer", "fetch.min.bytes"), ("broker", "num.io.threads"),
     ("topic", "segment.bytes"), ("producer", "sasl.mechanism"), ("broker", "log.cleaner.threads")],
)  # fmt: skip
def test_what_decides_nothing_is_known_and_silent(kind: config.Kind, name: str) -> None:
    assert refusals(kind, "3.9", {name: 1}) == []
    assert config.not_read({kind: [name]}, (), {}) == [f"{name}: decides nothing about delivery"]


@pytest.mark.parametrize(
    ("kind", "name", "given", "version", "message"),
    [
        ("producer", "delivery.timeout.ms", 1, "2.0", "exists since 2.1, so not in 2.0"),
        ("broker", "transaction.partition.verification.enable", True, "3.5", "exists since 3.6, so not in 3.5"),
        ("broker", "offsets.commit.required.acks", -1, "4.0", "existed until 3.9, so not in 4.0"),
        ("consumer", "group.protocol", "consumer", "3.6", "exists since 3.7, so not in 3.6"),
        ("producer", "enable.metrics.push", True, "3.6", "exists since 3.7, so not in 3.6"),
        ("broker", "advertised.port", 1, "3.0", "existed until 2.8, so not in 3.0"),
        ("feature", "transaction.version", 2, "3.8", "exists since 3.9, so not in 3.8"),
    ],
)
def test_setting_of_another_version(kind: config.Kind, name: str, given: Any, version: str, message: str) -> None:
    assert refusals(kind, version, {name: given}) == [(name, f"{name} {message}", "")]


@pytest.mark.parametrize(
    ("kind", "name", "given", "message"),
    [
        ("producer", "acks", 2, "there is no acks `2`"),
        ("producer", "acks", "ALL", "there is no acks `ALL`"),
        ("producer", "retries", -1, "retries is -1, below 0"),
        ("producer", "retries", 2**31, "retries is 2147483648, above 2147483647"),
        ("producer", "retries", True, "retries is a whole number, not `true`, a truth value"),
        ("producer", "enable.idempotence", "true", "enable.idempotence is true or false, not `true`, a text"),
        ("producer", "transactional.id", "", "transactional.id is a text, not an empty text"),
        ("producer", "transactional.id", ["a", 1], "transactional.id is a text, not `1`"),
        ("consumer", "isolation.level", "committed", "there is no isolation.level `committed`"),
        ("consumer", "isolation.level", None, "isolation.level has no value"),
        ("consumer", "max.poll.records", 0, "max.poll.records is 0, below 1"),
        ("consumer", "partition.assignment.strategy", 3, "partition.assignment.strategy is a list of texts, not `3`"),
        ("topic", "min.insync.replicas", 0, "min.insync.replicas is 0, below 1"),
        ("feature", "transaction.version", 3, "transaction.version is 3, above 2"),
    ],
)
def test_wrong_value(kind: config.Kind, name: str, given: Any, message: str) -> None:
    [(where, found, _)] = refusals(kind, "4.1", {name: given})

    assert (where, found) == (name, message)


def test_one_transactional_id_for_each_instance() -> None:
    assert refusals("producer", "3.9", {"transactional.id": ["a", "b"]}) == []


def test_every_wrong_setting_is_told_at_once() -> None:
    assert [one[0] for one in refusals("producer", "3.9", {"acks": 5, "idempotence": True, "retries": -1})] == [
        "acks",
        "idempotence",
        "retries",
    ]


def test_values_are_shown_as_they_are_written() -> None:
    assert [config.written(one) for one in (True, False, None, 1, 0, "all", ["a", "b"])] == [
        "true", "false", "null", "1", "0", "all", "[a, b]",
    ]  # fmt: skip


def test_assignors_are_compared_without_their_package() -> None:
    package = "org.apache.kafka.clients.consumer"
    given = {"partition.assignment.strategy": f"{package}.CooperativeStickyAssignor, {package}.RangeAssignor"}

    found = config.effective("consumer", "3.9", given)["partition.assignment.strategy"]

    assert found.value == ["CooperativeStickyAssignor", "RangeAssignor"]


# --- What the user is told ------------------------------------------------------------------------------------------

ACKS_ONE = {
    "version": "3.9",
    "topics": {"orders": {"replication.factor": 3, "min.insync.replicas": 2}},
    "apps": {"shop": {"writes": "orders", "producer": {"acks": 1, "compression.type": "lz4"}}},
    "check": {},
}


def shown(document: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """What `show` prints: value and origin by name."""
    rows = pipeline.effective_settings(pipeline.Document.model_validate(document))
    return {name: (written, origin) for name, written, origin, _ in rows}


def test_show_says_that_acks_one_switched_idempotence_off() -> None:
    """Question 8: "I set acks=1; is idempotence still on?" No, and nothing but a log line says so."""
    rows = {row[0]: row[1:] for row in pipeline.effective_settings(pipeline.Document.model_validate(ACKS_ONE))}

    assert rows["shop.producer.acks"] == ("1", "given", "")
    value, origin, rule = rows["shop.producer.enable.idempotence"]
    assert (value, origin) == ("false", "overridden")
    assert rule == "acks=1 turns the default off (ProducerConfig.postProcessAndValidateIdempotenceConfigs)"
    assert rows["shop.producer.compression.type"] == ("lz4", "given", "decides nothing about delivery")


def test_show_leaves_out_what_does_not_concern_the_applications() -> None:
    without = shown(ACKS_ONE)
    with_group = shown({**ACKS_ONE, "apps": {"audit": {"reads": "orders", "consumer": {"group.id": "audit"}}}})

    assert without["topics.orders.min.insync.replicas"] == ("2", "given")
    assert without["brokers.unclean.leader.election.enable"] == ("false", "default of 3.9")
    assert "shop.producer.transactional.id" not in without
    assert "brokers.transaction.state.log.min.isr" not in without
    assert "shop.producer.linger.ms" not in without
    assert not any(name.startswith("shop.consumer") or "group" in name for name in without)
    assert with_group["audit.consumer.group.protocol"] == ("classic", "default of 3.9")


def test_verdict_says_what_was_overridden() -> None:
    """Who reads only the verdict must not believe in a setting that is not in force."""
    spec = load("specs/broken/offsets_before.yaml", ["topics.payments.min.insync.replicas=2"])

    result = run(spec)

    rule = "at most the number of replicas (Partition.effectiveMinIsr)"
    assert result.overridden == [f"topics.payments.min.insync.replicas is 1: {rule}"]
    assert f"Overridden: topics.payments.min.insync.replicas is 1: {rule}." in text.render(result, width=120)


def test_schema_explains_each_setting() -> None:
    """What an editor shows beside a setting."""
    explained = config.schema("producer")["properties"]

    assert (
        explained["acks"]["description"]
        == "replication. Default: 1 since 0.11, all since 3.0. ProducerConfig; KIP-679."
    )
    assert explained["enable.idempotence"]["type"] == "boolean"
    assert explained["acks"]["examples"] == ["all", "-1", "0", "1"]
    assert config.schema("topic")["properties"]["min.insync.replicas"]["description"].startswith(
        "replication. Default: that of the brokers."
    )
