"""The settings that this model reads, their defaults in Kafka 3.9, and what Kafka does when some of them contradict
each other.

Defaults and rules: ProducerConfig, ConsumerConfig, ServerLogConfigs and TransactionLogConfigs of 3.9;
ProducerConfig.postProcessAndValidateIdempotenceConfigs for the overrides. Other versions are not known here yet.
"""

from dataclasses import dataclass
from typing import Any

from checker.nearest import suggestion
from checker.source import Diagnostic, Place

VERSIONS = ("3.9",)

PRODUCER: dict[str, Any] = {
    "acks": "all",
    "enable.idempotence": True,
    "transactional.id": None,
    "transaction.timeout.ms": 60_000,
    "delivery.timeout.ms": 120_000,
    "request.timeout.ms": 30_000,
    "linger.ms": 0,
    "retries": 2_147_483_647,
    "max.in.flight.requests.per.connection": 5,
}
CONSUMER: dict[str, Any] = {
    "group.id": None,
    "isolation.level": "read_uncommitted",
    "enable.auto.commit": True,
    "auto.offset.reset": "latest",
}
BROKER: dict[str, Any] = {
    "transaction.partition.verification.enable": True,
    "transaction.max.timeout.ms": 900_000,
}

# Known to Kafka and harmless to this model's question, but without effect in it: said in every verdict.
NOT_MODELLED: dict[str, str] = {
    "acks": "replication: every append is at once below the high watermark, whatever acks says",
    "transaction.timeout.ms": "time: a transaction times out only while its client is paused or down",
    "transaction.max.timeout.ms": "time",
    "delivery.timeout.ms": "time: how often it passes is the fault budget delivery_timeout",
    "request.timeout.ms": "time: a request is repeated when nothing is on its way to or from the client",
    "linger.ms": "batching: a batch is one record and leaves in commitTransaction's flush",
    "retries": "giving up: a request is repeated as long as it takes",
    "max.in.flight.requests.per.connection": "pipelining: a client sends one batch after the other",
    "auto.offset.reset": "a lost offset: the first position is the first record",
    "replication.factor": "replication",
    "min.insync.replicas": "replication",
}


@dataclass(frozen=True)
class Setting:
    name: str
    value: Any
    origin: str  # "default of 3.9", "given"


def settle(owner: str, table: dict[str, Any], given: dict[str, Any]) -> list[Setting]:
    """The values in force, defaults first filled in."""
    return [
        Setting(f"{owner}.{name}", given.get(name, default), "given" if name in given else "default of 3.9")
        for name, default in table.items()
    ]


def judge(
    kind: str, table: dict[str, Any], given: dict[str, Any], place: Any, path: tuple[Any, ...]
) -> list[Diagnostic]:
    """Unknown names, and values of another type than the default's."""
    found = []
    for name, value in given.items():
        at: Place | None = place((*path, name))
        if name not in table:
            help = suggestion(name, table, f"{kind} settings")
            found.append(Diagnostic("unknown-setting", f"this model knows no {kind} setting {name}", at, help=help))
            continue
        known = table[name]
        if isinstance(known, bool) and not isinstance(value, bool):
            found.append(Diagnostic("setting-value", f"{name} is true or false, not {value!r}", at))
        elif type(known) is int and type(value) is not int:
            found.append(Diagnostic("setting-value", f"{name} is a whole number, not {value!r}", at))
    return found


def producer_conflicts(given: dict[str, Any], place: Any, path: tuple[Any, ...]) -> list[Diagnostic]:
    """What KafkaProducer's constructor refuses (ConfigException), in its words."""
    found = []
    transactional = given.get("transactional.id") is not None
    idempotent = given.get("enable.idempotence", True)
    explicit = given.get("enable.idempotence") is True
    conflict = ""
    if given.get("acks", "all") not in ("all", "-1", -1):
        conflict = "acks"
    elif given.get("retries", 1) == 0:
        conflict = "retries"
    elif given.get("max.in.flight.requests.per.connection", 5) > 5:
        conflict = "max.in.flight.requests.per.connection"
    if conflict and explicit:
        text = f"KafkaProducer refuses {conflict}={given[conflict]} with enable.idempotence=true"
        found.append(Diagnostic("settings-conflict", text, place((*path, conflict))))
    elif transactional and not idempotent:
        text = "KafkaProducer refuses a transactional.id with enable.idempotence=false"
        found.append(Diagnostic("settings-conflict", text, place((*path, "enable.idempotence"))))
    elif transactional and conflict:
        text = f"{conflict}={given[conflict]} silently turns idempotence off, which a transactional.id does not allow"
        found.append(Diagnostic("settings-conflict", text, place((*path, conflict))))
    return found
