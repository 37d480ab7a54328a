"""A pipeline in the user's words (``forms``) becomes actors, constants and links: which family of actors has to answer
is decided here, how it is wired by the family's own ``wiring``.

- An application with a ``transactional.id``: ``transactions``.
- Applications that read and commit offsets on their own: ``groups``.
- Applications that only write: ``replication``.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from checker.source import Place
from model.kafka import config
from model.kafka.forms import Document

__all__ = ["Document", "effective_settings", "expand"]


def effective_settings(document: Document) -> list[tuple[str, str, str]]:
    found: list[config.Setting] = []
    for name, app in document.apps.items():
        if app.reads is not None:
            found += config.settle(f"{name}.consumer", config.CONSUMER, app.consumer)
        if app.writes is not None:
            found += config.settle(f"{name}.producer", config.PRODUCER, app.producer)
    found += config.settle("brokers", config.BROKER, document.brokers)
    return [(one.name, str(one.value), one.origin) for one in found]


FAMILIES = ("transactions",)


def family(document: Document) -> str:
    apps = document.apps.values()
    if any("transactional.id" in app.producer for app in apps) or any(app.reads and app.writes for app in apps):
        return "transactions"
    found = "groups" if any(app.reads is not None for app in apps) else "replication"
    return found if found in FAMILIES else "transactions"


def expand(document: Document, place: Callable[[tuple[str | int, ...]], Place]) -> dict[str, Any]:
    """The wired form (actors, constants, network, faults, check) with the module in which its names are looked up."""
    module = f"model.kafka.{family(document)}"
    wired: dict[str, Any] = import_module(f"{module}.wiring").expand(document, place)
    return {**wired, "module": module}
