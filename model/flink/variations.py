"""What of a job and its applications can be set otherwise, one thing at a time: which change would have kept a
guarantee. From small to large, as ``model.kafka.variations`` has it."""

from collections.abc import Iterable, Iterator
from typing import Any

from checker.spec_forms import Cost
from model.flink import config, prices
from model.flink.forms import PROPOSED, Connector, Document, Job, budget_of
from model.flink.wiring import CLIENT_READS
from model.kafka import config as kafka
from model.kafka.prices import of_auto_commit
from model.kafka.variations import Priced, Variation, mended, of_application, of_mechanisms, of_settings, priced
from model.kafka.weighing import Unjudged

Path = tuple[str | int, ...]

WHERE_UNSET = {config.CP + "interval": "10 s"}  # Without it there are no checkpoints.
LONGER_MS = (900_000, 3_600_000)  # transaction.timeout.ms of a sink: the most that brokers allow by default, and more.


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
    if role == "sink" and client == "producer" and "transaction.timeout.ms" in given:
        now_ms = given["transaction.timeout.ms"]
        for longer in LONGER_MS:
            if isinstance(now_ms, int) and longer > now_ms:
                yield (*path, f"{prefix}transaction.timeout.ms"), f"{now_ms} (given)", longer


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


def variations(document: Document) -> Iterator[Priced]:
    kafka_version = str(document.kafka.get("version", "3.9"))
    brokers = {key: value for key, value in document.kafka.items() if key != "version"}
    for name, app in document.apps.items():
        if app.reads is not None or app.consumer:
            for one in of_settings("consumer", kafka_version, app.consumer, ("apps", name, "consumer"), brokers):
                price = of_auto_commit(bool(one[2]), app.commits, reads_transactionally=False)
                yield from [(*one, price)] if one[0][-1] == "enable.auto.commit" else priced([one])
        if app.writes is not None or app.producer:
            found = of_settings("producer", kafka_version, app.producer, ("apps", name, "producer"), brokers)
            yield from priced(found)
    for name, job in document.jobs.items():
        for one in of_job(document, name, job, kafka_version):
            yield *one, prices.of_setting(str(one[0][-1]).removeprefix("properties."), one[1], one[2])
    for name, app in document.apps.items():
        yield from priced(of_application(name, app))
    yield from mended(of_mechanisms("without", list(document.without)))
    yield from mended(later_versions(document))
    proposals = of_mechanisms("proposed", list(document.proposed), PROPOSED)
    yield from ((*one, (Cost.FREE, "proposed, and in no release that is known here")) for one in proposals)


def later_versions(document: Document) -> Iterator[Variation]:
    if config.at_least(document.version, "1.17"):
        now = config.connector_of(document.version, document.connector)
        for later in config.CONNECTORS:
            if config.numbers(later) > config.numbers(now):
                yield ("connector",), now, later
    for later in config.VERSIONS:
        if config.numbers(later) > config.numbers(config.line(document.version)):
            yield ("version",), document.version, later


# --- By what a change is weighed, and what no change can judge: see ``model.kafka.weighing`` --------------------------


def promises(document: Document) -> tuple[list[Any], list[Any]]:
    if any(job.channels is not None for job in document.jobs.values()):
        return ["counted_once"], ["all_counted"]
    if any(app.writes is not None for app in document.apps.values()):
        return ["no_loss_end_to_end", "no_duplicates_end_to_end", "no_aborted_input"], ["every_effect_end_to_end"]
    return ["no_loss", "no_duplicates", "no_aborted_input"], ["all_delivered"]


TIMERS = {  # By the fault that says that it passes: settings of a job's configuration, or of the sink's producer.
    "checkpoint_timeout": (config.CP + "timeout",),
    "failure_interval": (
        "restart-strategy.failure-rate.failure-rate-interval",
        "restart-strategy.exponential-delay.reset-backoff-threshold",
    ),
    "transaction_timeout": ("transaction.timeout.ms",),
    "delivery_timeout": ("delivery.timeout.ms",),
}


def of_jobs_unjudged(document: Document, settings: Iterable[tuple[str, config.Setting]]) -> Iterator[Unjudged]:
    """``settings``: those of all jobs as they take effect, by ``JOB.name``."""
    for shown, now in settings:
        for fault, names in TIMERS.items():
            given = getattr(document.faults, fault)
            if now.name in names and given and budget_of(given, shown.partition(".")[0]):
                why = f"time is not modelled: that it passes is the fault {fault} of the spec"
                yield (shown,), f"{kafka.written(now.value)} ({now.origin})", why
