"""What of a pipeline can be set otherwise, one thing at a time: which change would have kept a guarantee.

From small to large: a setting of a client, what an application does, a setting of topics and brokers, a mechanism that
was taken away, a change that no release has, a later version. Only what has few values: switches and words, and the
numbers that decide delivery. Durations are left out, for the models let time pass as it likes: ``weighing`` names those
that somebody who looks for a remedy would turn to. What a change costs is in ``prices``.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from checker.spec_forms import Cost
from model.kafka import config, prices
from model.kafka.forms import FIXES, App, Document
from model.kafka.prices import Price

Path = tuple[str | int, ...]
Variation = tuple[Path, str, Any]  # Where it is set, what holds now and why, what is tried.
Priced = tuple[Path, str, Any, Price]

NUMBERS = {"min.insync.replicas": (1, 2, 3), "max.in.flight.requests.per.connection": (1,), "retries": (0, 2**31 - 1)}
NAMES = ("reads", "writes", "client", "subscription")  # Of an application: they make another pipeline of it.


def of_settings(
    kind: config.Kind, version: str, given: dict[str, Any], path: tuple[str | int, ...], brokers: dict[str, Any]
) -> Iterator[Variation]:
    """Other values of each setting of one group."""
    for name, now in config.effective(kind, version, given, brokers).items():
        row = config.TABLE[kind][name]
        for value in others(row.type, name, now.value, version):
            yield (*path, name), f"{config.written(now.value)} ({now.origin})", value


def others(type_: Any, name: str, now: Any, version: str) -> list[Any]:
    if type_.of is bool:
        return [not now]
    if type_.words:
        known = [word for word, since in type_.words if not since or config.at_least(version, since)]
        return [word for word in known if word not in (now, "-1") and not word.endswith(":")]
    return [one for one in NUMBERS.get(name, ()) if one != now]


def of_application(name: str, app: BaseModel) -> Iterator[Variation]:
    """What its code may do otherwise."""
    for field, info in type(app).model_fields.items():
        now = getattr(app, field)
        choices = [True, False] if info.annotation is bool else words_of(info.annotation)
        if field not in NAMES:
            for value in choices:
                if value != now:
                    origin = "given" if field in app.model_fields_set else "default"
                    yield ("apps", name, field), f"{config.written(now)} ({origin})", value


def words_of(annotation: Any) -> list[Any]:
    return list(get_args(annotation)) if get_origin(annotation) is Literal else []


def of_mechanisms(key: str, taken: list[str], every: tuple[str, ...] | None = None) -> Iterator[Variation]:
    """A list without one of what is in it; or, if all that may be in it is given, with one more."""
    if every is None:
        for one in taken:
            yield (key,), config.written(taken), [other for other in taken if other != one]
    else:
        for one in every:
            if one not in taken:
                yield (key,), config.written(taken), [*taken, one]


def variations(document: Document, family: str, words: frozenset[str]) -> Iterator[Priced]:
    """``words``: those of an application that its family reads."""
    version, brokers = document.version, document.brokers
    for name, app in document.apps.items():
        yield from of_clients(name, app, version, brokers)
    for name, app in document.apps.items():
        if family != "transactions" or app.writes is not None:  # Who only reads there does nothing but read.
            yield from priced(one for one in of_application(name, app) if one[0][-1] in words)
    for name, topic in document.topics.items():
        yield from priced(of_settings("topic", version, topic.settings, ("topics", name), brokers))
    yield from priced(of_settings("broker", version, brokers, ("brokers",), brokers))
    yield from priced(of_settings("feature", version, document.features, ("features",), brokers))
    yield from mended(of_mechanisms("without", list(document.without)))
    yield from mended(later_versions(version))
    fixes = of_mechanisms("fixes", list(document.fixes), FIXES)
    yield from ((*one, (Cost.FREE, "in no release that is known here")) for one in fixes)


def of_clients(name: str, app: App, version: str, brokers: dict[str, Any]) -> Iterator[Priced]:
    if app.reads is not None or app.consumer:
        for one in of_settings("consumer", version, app.consumer, ("apps", name, "consumer"), brokers):
            transactional = "transactional.id" in app.producer
            price = prices.of_auto_commit(bool(one[2]), app.commits, transactional)
            yield from [(*one, price)] if one[0][-1] == "enable.auto.commit" else priced([one])
    if app.writes is not None or app.producer:
        yield from priced(of_settings("producer", version, app.producer, ("apps", name, "producer"), brokers))


def later_versions(version: str) -> Iterator[Variation]:
    for later in config.VERSIONS[config.VERSIONS.index(config.line(version)) + 1 :]:
        yield ("version",), version, later


def priced(found: Iterable[Variation]) -> Iterator[Priced]:
    for path, now, value in found:
        number = now.partition(" ")[0]
        yield path, now, value, prices.of_setting(str(path[-1]), int(number) if number.isdecimal() else None, value)


def mended(found: Iterable[Variation]) -> Iterator[Priced]:
    yield from ((*one, (Cost.MENDED, "")) for one in found)
