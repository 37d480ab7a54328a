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

# ConfigDef's validators in ProducerConfig and ConsumerConfig.
CHOICES: dict[str, tuple[Any, ...]] = {
    "acks": ("all", "-1", "0", "1", -1, 0, 1),
    "isolation.level": ("read_committed", "read_uncommitted"),
    "auto.offset.reset": ("latest", "earliest", "none"),
}
LEAST: dict[str, int] = {
    "delivery.timeout.ms": 0, "request.timeout.ms": 0, "linger.ms": 0, "retries": 0,
    "max.in.flight.requests.per.connection": 1,
}  # fmt: skip


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
        elif name in CHOICES and value not in CHOICES[name]:
            help = f"one of {', '.join(dict.fromkeys(str(one) for one in CHOICES[name]))}"
            found.append(Diagnostic("setting-value", f"there is no {name} {value!r}", at, help=help))
        elif name in LEAST and value < LEAST[name]:
            found.append(Diagnostic("setting-value", f"{name} is {value}, below {LEAST[name]}", at))
    return found


def producer_conflicts(
    given: dict[str, Any], brokers: dict[str, Any], place: Any, path: tuple[Any, ...]
) -> list[Diagnostic]:
    """What KafkaProducer's constructor (ConfigException) or the transaction coordinator refuses."""
    found = []
    timeout = given.get("transaction.timeout.ms", PRODUCER["transaction.timeout.ms"])
    most = brokers.get("transaction.max.timeout.ms", BROKER["transaction.max.timeout.ms"])
    if not 0 < timeout <= most:
        text = f"the coordinator answers INVALID_TRANSACTION_TIMEOUT to transaction.timeout.ms={timeout}"
        help = f"above 0, and at most transaction.max.timeout.ms ({most})"
        found.append(Diagnostic("settings-conflict", text, place((*path, "transaction.timeout.ms")), help=help))
    least = sum(given.get(one, PRODUCER[one]) for one in ("linger.ms", "request.timeout.ms"))
    if given.get("delivery.timeout.ms", least) < least:
        text = f"KafkaProducer refuses a delivery.timeout.ms below linger.ms + request.timeout.ms ({least})"
        found.append(Diagnostic("settings-conflict", text, place((*path, "delivery.timeout.ms"))))
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
