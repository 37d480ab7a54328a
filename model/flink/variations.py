"""What of a job and its applications can be set otherwise, one thing at a time: which change would have kept a
guarantee. From small to large, as ``model.kafka.variations`` has it."""

from collections.abc import Iterator
from typing import Any

from model.flink import config
from model.flink.forms import Connector, Document, Job
from model.flink.wiring import CLIENT_READS
from model.kafka import config as kafka
from model.kafka.variations import Variation, of_application, of_mechanisms, of_settings

Path = tuple[str | int, ...]

WHERE_UNSET = {config.CP + "interval": "10 s"}  # Without it there are no checkpoints.


def of_rows(kind: str, version: str, given: dict[str, Any], path: Path) -> Iterator[Variation]:
    """Other values of the settings of one class of Flink, or of its configuration."""
    for name, now in config.effective(kind, version, given).items():
        row = config.TABLE[kind][name]
        values: list[Any] = []
        if row.not_modelled:
            continue
        if row.type.of is bool:
            values = [not now.value]
        elif row.type.words:
            values = [one for one in row.type.words if config.folded(one) != config.folded(now.value)]
        elif name in WHERE_UNSET and not now.value:
            values = [WHERE_UNSET[name]]
        for value in values:
            yield (*path, name), f"{kafka.written(now.value)} ({now.origin})", value


def of_connector(one: Connector, role: str, version: str, kafka_version: str, path: Path) -> Iterator[Variation]:
    kind = config.kind_of(one.is_, role)
    if kind not in config.TABLE:
        return
    client: kafka.Kind = "consumer" if role == "source" else "producer"
    own, given = config.split(kind, client, one.settings)
    yield from of_rows(kind, version, own, path)
    prefix = "properties." if one.is_ == "kafka table" else ""
    if one.topic is not None:
        for (*_, name), now, value in of_settings(client, kafka_version, given, path, {}):
            if name in CLIENT_READS:
                yield (*path, f"{prefix}{name}"), now, value


def of_job(document: Document, name: str, job: Job, kafka_version: str) -> Iterator[Variation]:
    version, path = document.version, ("jobs", name)
    yield from of_rows("job", version, job.config, (*path, "config"))
    chains: list[tuple[Path, Any]] = [(path, job)]
    chains += [((*path, "regions", each), region) for each, region in job.regions.items()]
    for where, chain in chains:
        for role in ("source", "sink"):
            connector = getattr(chain, role)
            if connector is not None:
                yield from of_connector(connector, role, version, kafka_version, (*where, role))


def variations(document: Document) -> Iterator[Variation]:
    kafka_version = str(document.kafka.get("version", "3.9"))
    brokers = {key: value for key, value in document.kafka.items() if key != "version"}
    for name, app in document.apps.items():
        if app.reads is not None or app.consumer:
            yield from of_settings("consumer", kafka_version, app.consumer, ("apps", name, "consumer"), brokers)
        if app.writes is not None or app.producer:
            yield from of_settings("producer", kafka_version, app.producer, ("apps", name, "producer"), brokers)
    for name, job in document.jobs.items():
        yield from of_job(document, name, job, kafka_version)
    for name, app in document.apps.items():
        yield from of_application(name, app)
    yield from of_mechanisms("without", list(document.without))
    if config.at_least(document.version, "1.17"):
        now = config.connector_of(document.version, document.connector)
        for later in config.CONNECTORS:
            if config.numbers(later) > config.numbers(now):
                yield ("connector",), now, later
    for later in config.VERSIONS:
        if config.numbers(later) > config.numbers(config.line(document.version)):
            yield ("version",), document.version, later
