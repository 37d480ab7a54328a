"""``show``: a spec as it takes effect, with everything that its defaults and its model's translator filled in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from checker.spec import PredicateUse, SpecFile


def describe(spec: SpecFile) -> str:
    network = spec.network
    parts = [
        _section("spec", _head(spec)),
        _section("settings", _settings(spec)),
        _section("constants", [(name, str(value)) for name, value in spec.constants.items()]),
        _section("actors", _actors(spec)),
        _section("network", [("every link", _link(network.kind, network.capacity, network.when_full)), *_links(spec)]),
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
    return [(one.name, one.value, one.origin, one.rule) for one in spec.settings()]


def _actors(spec: SpecFile) -> list[tuple[str, str, str]]:
    return [
        (
            ", ".join(entry.instances),
            entry.class_name,
            ", ".join(f"{name}={_value(value)}" for name, value in entry.wiring.items()),
        )
        for entry in spec.actors.values()
    ]


def _value(value: Any) -> str:
    match value:
        case list() | tuple():
            return f"[{', '.join(map(_value, value))}]"
        case dict():
            return "{" + ", ".join(f"{key}: {_value(one)}" for key, one in value.items()) + "}"
        case None | bool():
            return {None: "null", True: "true", False: "false"}[value]
        case _:
            return str(value)


def _link(kind: str | None, capacity: int | None, when_full: str | None) -> str:
    words = [
        kind,
        None if capacity is None else f"capacity {capacity}",
        None if when_full is None else f"when full: {when_full}",
    ]
    return ", ".join(word for word in words if word)


def _links(spec: SpecFile) -> list[tuple[str, str]]:
    return [
        (f"{one.sender or 'anybody'} -> {one.to or 'anybody'}", _link(one.kind, one.capacity, one.when_full))
        for one in spec.network.links
    ]


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
