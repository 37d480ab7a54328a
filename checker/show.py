"""``show``: a spec as it takes effect, with everything that its defaults and its model's translator filled in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Any

from checker.build import build
from checker.spec_file import PredicateUse, SpecFile
from checker.system import Link, System


def describe(spec: SpecFile) -> str:
    system = build(spec).system
    parts = [
        _section("spec", _head(spec)),
        _section("settings", _settings(spec)),
        _section("constants", [(name, str(value)) for name, value in spec.constants.items()]),
        _section("actors", _actors(system)),
        _section("links", _links(system)),
        _section("faults", _faults(spec)),
        _section("check", _checks(spec)),
        _section("bounds", [(name, _value(value)) for name, value in spec.bounds.items()]),
        _section("limits", _limits(spec)),
        _section("not modelled", [(one,) for one in spec.not_modelled]),
    ]
    return "\n\n".join(part for part in parts if part)


def _section(title: str, rows: Iterable[Sequence[str]]) -> str:
    """A heading and aligned columns; nothing for no rows."""
    table = [tuple(row) for row in rows]
    if not table:
        return ""
    columns = max(len(row) for row in table)
    widths = [max((len(row[at]) for row in table if len(row) > at), default=0) for at in range(columns)]
    lines = ["  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)) for row in table]
    return "\n".join([title, *(line.rstrip() for line in lines)])


def _head(spec: SpecFile) -> list[tuple[str, str]]:
    rows = [("title", spec.title), ("model", spec.model), ("version", spec.version), ("follows", spec.follows)]
    return [(name, value) for name, value in rows if value]


def _settings(spec: SpecFile) -> list[tuple[str, ...]]:
    return [(one.name, one.value, one.origin, one.rule or one.meaning) for one in spec.settings]


def _actors(system: System) -> list[tuple[str, str, str]]:
    return [
        (
            one.name,
            one.definition.name,
            ", ".join(f"{name}={_value(value)}" for name, value in one.wiring.items() if name != "me"),
        )
        for one in system.instances
    ]


def _value(value: Any) -> str:
    match value:
        case Enum():
            return value.name
        case list() | tuple():
            return f"[{', '.join(map(_value, value))}]"
        case dict():
            return "{" + ", ".join(f"{key}: {_value(one)}" for key, one in value.items()) + "}"
        case None | bool():
            return {None: "null", True: "true", False: "false"}[value]
        case _:
            return str(value)


def _links(system: System) -> list[tuple[str, str, str]]:
    """Each link on which a message can travel at all, with the messages that can."""
    return [
        (
            _ends(system, one),
            # A set that is stored as one bit for each possible message cannot be full.
            one.kind if one.mask_size else f"{one.kind}, capacity {one.capacity}, when full: {_when_full(one)}",
            ", ".join(message.cls.__name__ for message in one.messages),
        )
        for one in system.links
    ]


def _when_full(link: Link) -> str:
    return "wait" if link.wait else "error"


def _ends(system: System, link: Link) -> str:
    receiver = "everyone" if link.receiver is None else system.instances[link.receiver].name
    sender = "anyone" if link.sender is None else system.instances[link.sender].name
    return f"{sender} -> {receiver}" + (" (late)" if link.late else "")


def _faults(spec: SpecFile) -> list[tuple[str, ...]]:
    if not spec.faults:
        return [("none",)]
    return [
        (
            kind,
            ", ".join(f"{target}: {one}" for target, one in budget.items())
            if isinstance(budget, dict)
            else str(budget),
        )
        for kind, budget in spec.faults.items()
    ]


def _checks(spec: SpecFile) -> list[tuple[str, str]]:
    def labels(uses: Sequence[PredicateUse]) -> str:
        return ", ".join(one.label for one in uses)

    rows = [(part, labels(getattr(spec.check, part))) for part in ("always", "sometimes", "final")]
    return [*((part, text) for part, text in rows if text), ("deadlock", spec.deadlock)]


def _limits(spec: SpecFile) -> list[tuple[str, str]]:
    limits = spec.limits
    rows = [("states", limits.states), ("seconds", limits.seconds), ("memory", limits.memory_bytes)]
    return [(name, f"{value:,}" + (" bytes" if name == "memory" else "")) for name, value in rows if value is not None]
