"""A Kafka pipeline in two or three sentences, for the head of a report: who reads and writes what, and how."""

from model.kafka import config
from model.kafka.forms import App, Document, Topic

TOLD = {
    "reads", "writes", "consumer", "producer", "instances", "offsets", "records", "commits", "client", "client_version",
}  # fmt: skip


def summary(document: Document) -> str:
    told = [f"Kafka {document.version}{_transaction_version(document)}"]
    told += [_application(document, name, app) for name, app in document.apps.items()]
    told += [said for name, topic in document.topics.items() if (said := _topic(document, name, topic))]
    return ". ".join(told) + "."


def _transaction_version(document: Document) -> str:
    """Which protocol of transactions is in force, where there is one that has a choice (KIP-890)."""
    found = config.effective("feature", document.version, document.features, document.brokers)
    transactional = any("transactional.id" in app.producer for app in document.apps.values())
    known = found.get("transaction.version")
    return f", transaction.version {known.value}" if transactional and known is not None else ""


def _application(document: Document, name: str, app: App) -> str:
    who = name if app.instances == 1 else f"{name}, in {app.instances} instances,"
    does = []
    if app.reads is not None:
        does.append(f"reads {app.reads}{_reading(document, app)}")
    if app.writes is not None:
        how_many = "" if app.reads is not None or app.records is None else f"{_records(app.records)} to "
        does.append(f"writes {how_many}{app.writes}{_writing(document, app)}")
    given = [one for one in type(app).model_fields if one in app.model_fields_set - TOLD]
    words = [f"{one}: {config.written(getattr(app, one))}" for one in given]
    does += [f"({'; '.join(words)})"] if words else []
    client = "" if app.client == "java" else f" with {' '.join(filter(None, (app.client, app.client_version)))}"
    return f"{who} {' and '.join(does).replace(' and (', ' (')}{client}"


def _reading(document: Document, app: App) -> str:
    given = config.effective("consumer", document.version, app.consumer, document.brokers)
    if "transactional.id" in app.producer and app.writes is not None:
        return ""  # Its offsets are part of what it writes.
    if "group.id" not in app.consumer:
        return f" (isolation.level {given['isolation.level'].value})"
    by_itself = bool(given["enable.auto.commit"].value)
    commits = "enable.auto.commit" if by_itself else {"sync": "commitSync()", "async": "commitAsync()"}.get(app.commits)
    return f" in group {app.consumer['group.id']}, committing offsets by {commits or 'nothing'}"


def _writing(document: Document, app: App) -> str:
    if "transactional.id" in app.producer:
        where = {
            "transaction": "with the offsets in them", "after": "and commits its offsets after them",
            "before": "and commits its offsets before them", "checkpoint": "with the offsets in its checkpoints",
        }[app.offsets]  # fmt: skip
        return f" in transactions{f' {where}' if app.reads is not None else ''}"
    given = config.effective("producer", document.version, app.producer, document.brokers)
    idempotent = "idempotent" if given["enable.idempotence"].value else "not idempotent"
    return f" (acks {config.written(given['acks'].value)}, {idempotent})"


def _topic(document: Document, name: str, topic: Topic) -> str:
    given = config.effective("topic", document.version, topic.settings, document.brokers)
    copied = any(app.writes == name and "transactional.id" in app.producer for app in document.apps.values())
    if copied and topic.partitions > 1:
        return f"Each record goes to each of the {topic.partitions} partitions of {name}"
    if "replication.factor" not in topic.settings:
        return ""
    factor, least = given["replication.factor"].value, given["min.insync.replicas"].value
    return f"{name} has {factor} replicas (min.insync.replicas {least})" if factor != 1 else f"{name} has 1 replica"


def _records(number: int) -> str:
    return f"{number} record{'s' if number > 1 else ''}"
