"""A pipeline in the user's words (``forms``) becomes actors, constants and links: which family of actors has to answer
is decided here, how it is wired by the family's own ``wiring``.

- An application with a ``transactional.id``: ``transactions``.
- Applications that read and commit offsets on their own: ``groups``.
- Applications that only write: ``replication``.
"""

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

from checker.source import Diagnostic, Place, SourceError
from model.kafka import config, meanings, weighing
from model.kafka import variations as changes
from model.kafka.forms import Document
from model.kafka.summary import summary

__all__ = ["Document", "effective_settings", "expand", "promises", "summary", "unjudged", "variations"]

Path = tuple[str | int, ...]
Group = weighing.Group


def groups(document: Document) -> Iterator[Group]:
    """Each group of settings that the user may give, with its kind and where it stands."""
    for name, topic in document.topics.items():
        yield "topic", topic.settings, ("topics", name)
    for name, app in document.apps.items():
        if app.reads is not None or app.consumer:
            yield "consumer", app.consumer, ("apps", name, "consumer")
        if app.writes is not None or app.producer:
            yield "producer", app.producer, ("apps", name, "producer")
    yield "broker", document.brokers, ("brokers",)
    yield "feature", document.features, ("features",)


def effective_settings(document: Document) -> list[tuple[str, ...]]:
    """What was given or overridden, and the defaults that matter to these applications."""
    apps = document.apps.values()
    used = {
        "producer": lambda given: {"transactions"} if "transactional.id" in given else set(),
        "consumer": lambda given: {"groups"} if "group.id" in given else set(),
    }
    everywhere = {one for app in apps for one in used["producer"](app.producer) | used["consumer"](app.consumer)}
    found: list[tuple[str, ...]] = []
    for kind, given, path in groups(document):
        owner = ".".join(map(str, path[path[0] == "apps" :]))
        hidden = {"batching", "coordinators", "disk", "retention", "transactions", "groups"}
        hidden -= used[kind](given) if kind in used else everywhere
        for name, one in config.effective(kind, document.version, given, document.brokers).items():
            about = config.TABLE[kind][name].about
            if not one.origin.startswith("default") or not (about in hidden or about.endswith("time")):
                found.append((f"{owner}.{name}", config.written(one.value), one.origin, one.rule))
        for name in [one for one in given if one not in config.TABLE[kind]]:
            found.append((f"{owner}.{name}", config.written(given[name]), "given", "decides nothing about delivery"))
    return [*found, *own_words(document)]


def own_words(document: Document) -> Iterator[meanings.Line]:
    """What the spec says in words that are nobody's but its own, with what they mean."""
    for name, app in document.apps.items():
        yield from meanings.lines(f"{name}.", app)
    for name, topic in document.topics.items():
        yield from meanings.lines(f"{name}.", topic, but=("records",))  # Those are among the bounds.
    yield from meanings.lines("", document)


def judge(document: Document, place: Callable[[Path], Place]) -> list[Diagnostic]:
    found = config.judge_version(document.version, place(("version",)))
    if found:
        return found
    for kind, given, path in groups(document):
        found += config.judge(kind, document.version, given, place, path)
    if found:
        return found
    for kind, given, path in groups(document):
        found += config.refused_by_brokers(kind, document.version, given, document.brokers, place, path)
    return found


def family(document: Document) -> str:
    apps = document.apps.values()
    if any("transactional.id" in app.producer or "offsets" in app.model_fields_set for app in apps):
        return "transactions"
    return "groups" if any(app.reads is not None for app in apps) else "replication"


def expand(document: Document, place: Callable[[tuple[str | int, ...]], Place]) -> dict[str, Any]:
    """The wired form (actors, constants, network, faults, check) with the module in which its names are looked up."""
    wrong = judge(document, place)
    if wrong:
        raise SourceError(wrong)
    module = f"model.kafka.{family(document)}"
    wired: dict[str, Any] = import_module(f"{module}.wiring").expand(document, place)
    return {**wired, "module": module}


def variations(document: Document) -> Iterator[changes.Priced]:
    name = family(document)
    words: frozenset[str] = import_module(f"model.kafka.{name}.wiring").KEYS["app"]
    return changes.variations(document, name, words)


def promises(document: Document) -> tuple[list[Any], list[Any]]:
    return weighing.promises(document, family(document))


def unjudged(document: Document) -> Iterator[weighing.Unjudged]:
    return weighing.unjudged(document, family(document), groups(document))
