"""By what a change is weighed that keeps what a spec asks: does the pipeline still do what it is for? And the settings
that no change of a spec can judge, because they are durations.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from model.kafka import config
from model.kafka.forms import Document

Path = tuple[str | int, ...]
Group = tuple[config.Kind, dict[str, Any], Path]
Unjudged = tuple[Path, str, str]  # A setting, what holds now, why the model cannot say what another value does.

# --- What a pipeline is for -------------------------------------------------------------------------------------------

# A change is weighed by these beside what its spec asks: a promise that was kept and is broken by it is its price, and
# where a goal cannot be reached any more, less happens. By family: the guarantees, the goals.
PROMISES = {
    "groups": (("no_loss: {topic}", "no_duplicates: {topic}"), ("all_processed: {topic}",)),
    "transactions": (
        ("no_loss: {stream}", "no_duplicates: {stream}", "no_aborted_read: {reader}"),
        ("all_delivered: {reader}",),
    ),
    "replication": (("no_loss: {topic}", "no_duplicates: {topic}", "order: {topic}"), ("all_acknowledged",)),
}


def promises(document: Document, family: str) -> tuple[list[Any], list[Any]]:
    """As they stand under `always` and `sometimes` in a spec of that family."""
    always, sometimes = PROMISES[family]
    names = dict(_names(document, family))
    found = [[_use(one, names) for one in some if _known(one, names)] for some in (always, sometimes)]
    return found[0], found[1]


def _names(document: Document, family: str) -> Iterator[tuple[str, str]]:
    apps = document.apps
    if family == "transactions":
        writers = [app for app in apps.values() if app.writes is not None and app.reads is not None]
        for app in writers[:1]:
            yield "stream", f"{app.reads} -> {app.writes}"
            yield from (("reader", name) for name, one in apps.items() if one.reads == app.writes)
    else:
        topics = [app.reads if family == "groups" else app.writes for app in apps.values()]
        yield from (("topic", one) for one in topics[:1] if one is not None)


def _known(text: str, names: dict[str, str]) -> bool:
    return all(f"{{{name}}}" not in text or name in names for name in ("topic", "stream", "reader"))


def _use(text: str, names: dict[str, str]) -> Any:
    name, colon, argument = text.format(**names).partition(": ")
    return {name: argument} if colon else name


# --- What a model without a clock cannot judge ------------------------------------------------------------------------

TIMERS: dict[str, tuple[tuple[config.Kind, str], ...]] = {  # By the fault that says that it passes.
    "delivery_timeout": (("producer", "delivery.timeout.ms"),),
    "unsent_batch_timeout": (("producer", "delivery.timeout.ms"),),
    "commit_timeout": (("producer", "max.block.ms"),),
    "slow_transaction": (("producer", "transaction.timeout.ms"),),
    "max_poll_interval": (("consumer", "max.poll.interval.ms"),),
    "transactional_id_expiration": (("broker", "transactional.id.expiration.ms"),),
    "producer_id_expiration": (("broker", "producer.id.expiration.ms"),),
    "producer_state_expiry": (("broker", "producer.id.expiration.ms"),),
    "retention": (("topic", "retention.ms"),),
    "offsets_retention": (("broker", "offsets.retention.minutes"),),
    "session_timeout": (("broker", "broker.session.timeout.ms"), ("broker", "zookeeper.session.timeout.ms")),
    "replica_lag": (("broker", "replica.lag.time.max.ms"),),
}
STANDSTILLS: tuple[tuple[config.Kind, str], ...] = (  # Of a process.
    ("consumer", "session.timeout.ms"),
    ("producer", "transaction.timeout.ms"),
)

NEEDS = {"session.timeout.ms": "group.id", "transaction.timeout.ms": "transactional.id"}
FAMILIES = {"session.timeout.ms": "groups", "transaction.timeout.ms": "transactions"}


def unjudged(document: Document, family: str, groups: Iterable[Group]) -> Iterator[Unjudged]:
    """The durations behind the faults of a spec, and those that the user has set."""
    faults, version, brokers = document.faults, document.version, document.brokers
    asked: dict[tuple[config.Kind, str], str] = {}
    for fault, settings in TIMERS.items():
        if getattr(faults, fault):
            why = f"time is not modelled: that it passes is the fault {fault} of the spec"
            asked |= dict.fromkeys(settings, why)
    if faults.crash or faults.pause:
        why = "time is not modelled: it may pass whenever a process is down or stands still"
        asked |= {one: asked.get(one, why) for one in STANDSTILLS}
    for kind, given, path in groups:
        for name, now in config.effective(kind, version, given, brokers).items():
            about = config.TABLE[kind][name].about
            if name in NEEDS and (family, NEEDS[name] in given) != (FAMILIES[name], True):
                continue
            why = asked.get((kind, name), "time is not modelled" if about.endswith("time") and now.is_given else "")
            if why:
                yield (*path, name), f"{config.written(now.value)} ({now.origin})", why
