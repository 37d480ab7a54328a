"""What ``--group-by`` names: parts of a state by the path to them, and the bits in which a state keeps them.

``actor.field`` is a field; ``[key]`` takes a map's entry and ``.name`` a struct's field, as deep as it goes:
``transaction_coordinator.cache[0].state``. The name of numbered actors (``rm`` of rm-1, rm-2 ...) means each of them.
``actor.status`` is whether it is up, down or paused, of an actor that a fault can stop.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from checker.nearest import shown, suggestion
from checker.reference import State
from checker.source import fail
from checker.system import Layout, System
from checker.types import MapType, OptionalType, StructType, Type, from_leaves, leaves, show, values

STATUS = "status"
STATUS_WORDS = ("up", "down", "paused")  # system.UP, DOWN, PAUSED
_PART = re.compile(r"\[(?P<key>[^\]]*)\]|\.(?P<name>[^.\[\]]+)")


@dataclass(frozen=True)
class Part:
    """A part of every state: its full name, its type (None: a status), and its leaves."""

    name: str
    type: Type | None
    leaves: tuple[int, ...]

    def text(self, state: State) -> str:
        """Its value in the model's own words."""
        numbers = iter([state[leaf] for leaf in self.leaves])
        return STATUS_WORDS[next(numbers)] if self.type is None else show(from_leaves(self.type, numbers))


def parts_of(system: System, layout: Layout, names: Iterable[str]) -> list[Part]:
    """What the names stand for, each part once. Raises ``SourceError`` for a name that means nothing."""
    found: dict[str, Part] = {}
    for name in names:
        for part in _parts(system, layout, name):
            found[part.name] = part
    return list(found.values())


def masks_of(layout: Layout, parts: Sequence[Part]) -> list[tuple[int, int]]:
    """The words of a packed state, and in each of them the bits, that the parts are kept in."""
    masks: dict[int, int] = {}
    for part in parts:
        for leaf in part.leaves:
            for chunk in layout.chunks[leaf]:
                masks[chunk.word] = masks.get(chunk.word, 0) | ((1 << chunk.width) - 1) << chunk.shift
    return sorted(masks.items())


def _parts(system: System, layout: Layout, name: str) -> Iterator[Part]:
    known = {instance.name: [i] for i, instance in enumerate(system.instances)}
    single = set(known)
    for instance in system.instances:
        group, _, number = instance.name.rpartition("-")
        if number.isdecimal() and group not in single:
            known.setdefault(group, []).append(int(instance.id))
    text = name.strip()
    owner = max((one for one in known if text.startswith(f"{one}.")), key=len, default=None)
    if owner is None:
        actor = text.partition(".")[0]
        if actor in known:
            choices = _fields(layout, known[actor][0])
            help = f"{actor} has {', '.join(choices)}" if choices else f"{actor} has no field that could change"
            raise fail("group-by", f"{shown(text)} names no field", help=f"write `{actor}.field`; {help}")
        raise fail("group-by", f"there is no actor {shown(actor)}", help=suggestion(actor, known, "actors"))
    instances = known[owner]
    if text == f"{owner}.{STATUS}" and len(instances) > 1:  # Some of them may have nothing that could stop them.
        instances = [i for i in instances if STATUS in _fields(layout, i)] or instances
    for i in instances:
        yield _part(system, layout, i, text[len(owner) :], text)


def status_of(layout: Layout, state: State, instance: int) -> str:
    """Whether an actor is up, down or paused."""
    return STATUS_WORDS[state[layout.status[instance]]]


def _fields(layout: Layout, instance: int) -> list[str]:
    status = [STATUS] if instance in layout.status else []
    return [*layout.fields[instance], *(one for one in status if one not in layout.fields[instance])]


def _part(system: System, layout: Layout, instance: int, path: str, asked: str) -> Part:
    steps, at = [], 0
    while at < len(path):
        step = _PART.match(path, at)
        if step is None:
            raise fail("group-by", f"{shown(asked)} is not `actor.field`, `actor.field[key]` or `actor.field.part`")
        steps.append(step)
        at = step.end()
    field, here = steps[0]["name"], system.instances[instance].name
    places = layout.fields[instance]
    if field not in places:
        if field == STATUS and len(steps) == 1 and instance in layout.status:
            return Part(f"{here}.{STATUS}", None, (layout.status[instance],))
        help = suggestion(field or "", _fields(layout, instance), "it has")
        raise fail("group-by", f"{here} has no field {shown(field or path)}", help=help)
    start, end, declared = places[field]
    part = Part(f"{here}.{field}", declared.type, tuple(range(start, end)))
    for step in steps[1:]:
        part = _inside(part, step)
    return part


def _inside(part: Part, step: re.Match[str]) -> Part:
    """The entry of a map or the field of a struct; of one that may be None, None where it is."""
    assert part.type is not None
    if isinstance(part.type, OptionalType):
        inner = _inside(Part(part.name, part.type.inner, part.leaves[1:]), step)
        assert inner.type is not None
        return Part(inner.name, OptionalType(inner.type), (part.leaves[0], *inner.leaves))
    name = f"{part.name}{step[0]}"
    options: list[tuple[str, Type]]
    match part.type:
        case MapType(key, value) if step["key"] is not None:
            options, wanted = [(show(one), value) for one in values(key)], step["key"].strip()
        case StructType(_, fields) if step["name"] is not None:
            options, wanted = list(fields), step["name"]
        case _:
            help = "it is neither a map nor a struct, and only those can be looked into"
            if isinstance(part.type, MapType | StructType):
                help = "write [key] of a map" if isinstance(part.type, MapType) else "write .name of a struct's field"
            raise fail("group-by", f"{part.name} has no {shown(step[0])}", help=help)
    at = 0
    for one, type_ in options:
        width = len(leaves(type_))
        if one == wanted:
            return Part(name, type_, part.leaves[at : at + width])
        at += width
    raise fail("group-by", f"{part.name} has no {shown(step[0])}", help=suggestion(wanted, dict(options), "it has"))
