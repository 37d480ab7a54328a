"""Which steps of a path matter: data followed backwards through fields and messages, from what is wrong at the end.

Two slices of the same path.

**The sound slice** follows every dependence: a step is in it if a later step in it reads, guards included, what this
one changed. Whatever is outside could be left out and the rest would still be a path to the same violation.

    On a shortest path nothing is outside. Otherwise leaving it out would give a shorter one.

So the sound slice of a shortest path is all of it (``tests/test_explain.py`` asserts this), and what tells a short
story has to leave out something that *is* needed: enabling.

**The thin slice** (Sridharan, Fink and Bodik, Thin Slicing, PLDI 2007) follows values only: a step is in it if a value
that it writes or sends flows, copied or computed with, into what the violated predicate reads in the last state.
Conditions, and the indexes by which something is read, do not count: they say why a step could happen, not what it did.
The key under which something is stored counts, because a map is data by its keys too.

The intermediate form (``checker.ir``) says what flows within a method; the path itself says which fields really changed
and which send each received message comes from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from checker import ir
from checker.actors import Function
from checker.build import Built
from checker.frontend import Translator
from checker.lang import ActorId
from checker.reference import Reference, State, Transition
from checker.system import DOWN, Link, Property
from checker.types import StructType

WHOLE = "*"  # A message as such: all its fields.


@dataclass(frozen=True)
class Source:
    """Where a value comes from: a field of the actor before the step, a field of the message received, a choice."""

    kind: str  # "field" | "message" | "choice"
    name: str = ""


CHOICE = Source("choice")
Sources = frozenset[Source]


class Flow:
    """What flows where in one method. ``fields``: by field written; ``sent``: by type and field of a message sent."""

    def __init__(self, method: ir.Method, message: type | None) -> None:
        self._message = method.function.node.args.args[1].arg if message is not None else ""
        self._bound: list[tuple[str, tuple[Any, ...]]] = []  # local, and what may be its value
        self._locals: dict[str, set[Source]] = {}
        self._written: list[tuple[str, tuple[ir.Expr, ...]]] = []
        self._sendings: list[ir.Expr] = []
        self._visit(method.body, "")
        self._solve()
        own = {name: set[Source]() for name, _ in self._written}
        for name, values in self._written:
            own[name] |= self._of(values)
        changed = True
        while changed:  # What is read after it was written in the same method brings along what flowed into that.
            changed = False
            for found in own.values():
                more = set().union(*(own[one.name] for one in found if one.kind == "field" and one.name in own))
                changed = changed or not more <= found
                found |= more
        self.fields: dict[str, Sources] = {name: frozenset(found) for name, found in own.items()}
        self.sent: dict[str, dict[str, Sources]] = {}
        for one in self._sendings:
            assert isinstance(one.type, StructType)
            values = one.values if isinstance(one, ir.MakeStruct) else (one,) * len(one.type.fields)
            to = self.sent.setdefault(one.type.name, {})
            for (name, _), value in zip(one.type.fields, values, strict=True):
                found = self._of((value,))
                found |= set().union(*(own[each.name] for each in found if each.kind == "field" and each.name in own))
                to[name] = to.get(name, frozenset()) | found

    def _visit(self, node: Any, result: str) -> None:
        """Note every binding, write and send; ``result`` receives what the helper around here returns."""
        match node:
            case tuple():
                for one in node:
                    self._visit(one, result)
                return
            case ir.Inline():
                for name, value in node.parameters:
                    self._bound.append((name, (value,)))
                    self._visit(value, result)
                self._visit(node.body, node.result)
                return
            case ir.Return(value=value) if result and value is not None:
                self._bound.append((result, (value,)))
            case ir.Assign():
                self._bound.append((node.name, (node.value,)))
            case ir.For() | ir.Generator():
                self._bound += [(name, node.over.sources) for name in node.names]
            case ir.SetField():
                self._written.append((node.name, (node.value,)))
            case ir.SetItem():  # The other items stay.
                self._written.append((node.field, (node.key, node.value, ir.FieldRead(node.value.type, node.field))))
            case ir.Send() | ir.Broadcast():
                self._sendings.append(node.message)
        if isinstance(node, (ir.Expr, ir.Stmt, ir.Generator, ir.Over)):
            for one in fields(node):
                if one.name not in ("type", "types", "function", "declared"):
                    self._visit(getattr(node, one.name), result)

    def _solve(self) -> None:
        self._locals = {name: set() for name, _ in self._bound}
        if self._message:
            self._locals[self._message] = {Source("message", WHOLE)}
        changed = True
        while changed:
            changed = False
            for name, values in self._bound:
                found = self._of(values)
                changed = changed or not found <= self._locals[name]
                self._locals[name] |= found

    def _of(self, values: Iterable[ir.Expr]) -> set[Source]:
        return set().union(*(self._sources(one) for one in values))

    def _sources(self, node: ir.Expr) -> set[Source]:
        match node:
            case ir.FieldRead():
                return {Source("field", node.name)}
            case ir.Local():
                return self._locals.get(node.name, set())
            case ir.Attribute(base=ir.Local(name=name)) if name == self._message:
                return {Source("message", node.name)}
            case ir.Conditional():
                return self._of((node.then, node.otherwise))
            case ir.Index() | ir.Slice():
                return self._sources(node.base)
            case ir.Inline():
                return self._locals.get(node.result, set())
            case ir.Choose():
                return self._sources(node.body) | {CHOICE}
            case ir.Fold():
                return self._of((node.body, *((node.default,) if node.default is not None else ())))
            case ir.CollectSet() | ir.CollectSequence():
                return self._sources(node.body)
            case ir.Quiet() | ir.Suspected() | ir.Const() | ir.Wiring():
                return set()
        return self._of(_operands(node))


def _operands(node: ir.Expr) -> Iterator[ir.Expr]:
    left = [getattr(node, one.name) for one in fields(node) if one.name != "type"]
    while left:
        one = left.pop()
        if isinstance(one, ir.Expr):
            yield one
        elif isinstance(one, tuple):
            left.extend(one)


# --- A path -----------------------------------------------------------------------------------------------------------

Place = tuple[Any, ...]  # ("field", actor, name) | ("message", send, field) | and, of the sound slice only, see below


@dataclass
class Mail:
    """One message that was sent on the path: which step sent it, and the faults that touched it on its way."""

    number: int
    sent_by: int
    message: Any
    faults: list[int] = field(default_factory=list)

    def touched_before(self, step: int) -> bool:
        return any(one < step for one in self.faults)


@dataclass
class Event:
    """What one step of the path did."""

    number: int
    step: Transition
    changed: frozenset[str]  # fields of its actor
    sent: list[Mail] = field(default_factory=list)
    received: Mail | None = None  # also what a fault lost, repeated or delayed
    cleared: list[Link] = field(default_factory=list)  # by a crash
    lost: list[Mail] = field(default_factory=list)  # what was on them

    @property
    def actor(self) -> int:
        return self.step.actor


class Story:
    """A path with what happened on it: fields changed, and each message from its send to its arrival."""

    def __init__(
        self, built: Built, reference: Reference, initial: State, steps: Sequence[tuple[int, Transition]]
    ) -> None:
        self.built, self.reference, self.system = built, reference, reference.system
        self.events: list[Event] = []
        self._on_links: dict[int, list[Mail]] = {link.number: [] for link in self.system.links}
        self._mails = 0
        self._methods: dict[tuple[str, str], ir.Method] = {}
        self._flows: dict[tuple[str, str], Flow] = {}
        before = initial
        for number, (_, one) in enumerate(steps, 1):
            assert one.state is not None
            self.events.append(self._event(number, one, before, one.state))
            before = one.state

    def _event(self, number: int, one: Transition, before: State, after: State) -> Event:
        changed = frozenset(
            name
            for name, (start, end, _) in self.reference.layout.fields[one.actor].items()
            if before[start:end] != after[start:end]
        )
        found = Event(number, one, changed)
        if one.receiver_link is not None:
            self._take(found, one.receiver_link)
        if one.group.kind == "crash":
            for each in self.system.links_to.get(one.actor, ()):
                if (each.kind == "fifo" or each.late) and self._on_links[each.number]:
                    found.cleared.append(each)
                    found.lost += self._on_links[each.number]
                    self._on_links[each.number] = []
        for to, message in one.sent:
            link = self.system.broadcast_link if to is None else self.system.link_between(one.actor, to)
            assert link is not None
            self._mails += 1
            mail = Mail(self._mails, number, message)
            if to is not None and link.kind == "fifo" and self.reference.status(after, to) == DOWN:
                continue  # The connection is refused.
            content = self._on_links[link.number]
            if link.kind == "set" and any(other.message == message for other in content):
                continue
            content.append(mail)
            found.sent.append(mail)
        return found

    def _take(self, found: Event, link: Link) -> None:
        content, step = self._on_links[link.number], found.step
        mail = next(each for each in content if each.message == step.received)
        found.received = mail
        if step.group.fault:
            mail.faults.append(found.number)
        if step.group.kind == "duplicate":
            content.insert(0, mail)
        elif link.kind != "set" or step.group.fault:
            content.remove(mail)
        if step.group.kind == "delay":
            assert link.receiver is not None
            late = self.system.late_link(link.receiver)
            assert late is not None
            self._on_links[late.number].append(mail)

    # --- Methods ------------------------------------------------------------------------------------------------------

    def function_of(self, one: Event) -> Function | None:
        group = one.step.group
        if group.kind == "action":
            return group.function
        if group.kind == "deliver":
            return self.system.handler(one.actor, type(one.step.received))
        if group.kind == "restart":
            return self.system.instances[one.actor].definition.restart
        return None

    def method_of(self, one: Event) -> ir.Method | None:
        """In the intermediate form. Only what is asked for is translated, unless all has been."""
        function = self.function_of(one)
        if function is None:
            return None
        definition = self.system.instances[one.actor].definition
        key = (definition.name, function.name)
        if key not in self._methods:
            if "_translated" in self.built.__dict__:
                self._methods[key] = self.built.methods[key]
            else:
                translator = Translator(self.built.resolver, self.system.classes, definition)
                struct = None if function.message is None else self.built.resolver.struct(function.message)
                self._methods[key] = translator.method(function, struct)
        return self._methods[key]

    def flow_of(self, one: Event) -> Flow | None:
        method = self.method_of(one)
        if method is None:
            return None
        key = (self.system.instances[one.actor].definition.name, method.function.name)
        if key not in self._flows:
            self._flows[key] = Flow(method, method.function.message)
        return self._flows[key]

    def read_by(self, one: Property) -> set[Place]:
        """The fields that a predicate may read, of the actors that it is bound to."""
        predicate = Translator(self.built.resolver, self.system.classes, None).predicate(one.function, one.arguments)
        found: set[Place] = set()
        for read in ir.walk(predicate.body):
            if isinstance(read, ir.FieldRead) and read.actor is not None:
                bound = one.arguments.get(read.actor.variable)
                for each in (bound,) if isinstance(bound, ActorId) else self._bound(one, read.actor.class_name):
                    found.add(("field", int(each), read.name))
        return found

    def _bound(self, one: Property, class_name: str) -> Iterator[ActorId]:
        for value in one.arguments.values():
            for each in value if isinstance(value, tuple) else ():
                if isinstance(each, ActorId) and self.system.instances[each].definition.name == class_name:
                    yield each

    # --- Slices -------------------------------------------------------------------------------------------------------

    def thin_slice(self, wanted: set[Place]) -> set[int]:
        """The steps through which values flow into these fields as they are at the end."""
        found, wanted = set(), set(wanted)
        for one in reversed(self.events):
            hit = {name for name in one.changed if ("field", one.actor, name) in wanted}
            carried = [
                (mail, place[2]) for mail in one.sent for place in wanted if place[:2] == ("message", mail.number)
            ]
            if not hit and not carried:
                continue
            found.add(one.number)
            wanted -= {("field", one.actor, name) for name in hit}
            flow = self.flow_of(one)
            if flow is None:
                continue
            for name in hit:
                wanted |= self._places(one, flow.fields.get(name, frozenset()))
            for mail, name in carried:
                by_field = flow.sent.get(type(mail.message).__name__, {})
                for each in by_field if name == WHOLE else (name,):
                    wanted |= self._places(one, by_field.get(each, frozenset()))
        return found

    def _places(self, one: Event, sources: Sources) -> set[Place]:
        found: set[Place] = set()
        for source in sources:
            if source.kind == "field":
                found.add(("field", one.actor, source.name))
            elif source.kind == "message" and one.received is not None:
                found.add(("message", one.received.number, source.name))
        return found

    def read_from(self, one: Event) -> set[int]:
        """The steps that wrote last what this one may have read of its own actor."""
        method = self.method_of(one)
        left = set() if method is None else set(method.reads)
        found = set()
        for earlier in reversed(self.events[: one.number - 1]):
            if earlier.actor == one.actor and not left.isdisjoint(earlier.changed):
                found.add(earlier.number)
                left -= earlier.changed
        return found

    def sound_slice(self, wanted: set[Place]) -> set[int]:
        """The steps on which the end depends in any way. Beside fields and messages there are: the status of an actor;
        the head of a link, which everything that is taken from it moves, and its tail.

        Everything after a message that was taken needs the taking: it stood in its way, or in its place.
        """
        found, wanted = set(), set(wanted)
        for one in reversed(self.events):
            if one.number == len(self.events) or not wanted.isdisjoint(self._changes(one)):
                found.add(one.number)
                wanted |= self._reads(one)
        return found

    def _changes(self, one: Event) -> set[Place]:
        places: set[Place] = {("field", one.actor, name) for name in one.changed}
        places |= {("message", mail.number) for mail in one.sent}
        places |= {("tail", self._link_of(one, mail).number) for mail in one.sent}
        kind, link = one.step.group.kind, one.step.receiver_link
        if kind in ("crash", "restart", "pause", "resume"):
            places.add(("status", one.actor))
        places |= {("head", each.number) for each in one.cleared}
        if link is not None:
            places.add(("head", link.number))
        if one.received is not None and kind in ("delay", "duplicate"):
            places.add(("message", one.received.number))
            late = self.system.late_link(one.actor) if kind == "delay" else link
            places.add(("tail", late.number if late is not None else -1))
        return places

    def _reads(self, one: Event) -> set[Place]:
        places: set[Place] = {("status", one.actor)}
        if one.received is not None and one.step.receiver_link is not None:
            places |= {("message", one.received.number), ("head", one.step.receiver_link.number)}
        if one.step.group.kind == "delay":
            late = self.system.late_link(one.actor)
            places.add(("head", late.number if late is not None else -1))
        for to, _ in one.step.sent:
            link = self.system.broadcast_link if to is None else self.system.link_between(one.actor, to)
            assert link is not None
            places |= {("head", link.number), ("status", -1 if to is None else to)}
        method = self.method_of(one)
        if method is None:
            return places
        places |= {("field", one.actor, name) for name in method.reads}
        for node in ir.walk(method.body):
            if isinstance(node, ir.Suspected):
                places |= {("status", i) for i in self.system.stoppable}
            elif isinstance(node, ir.Quiet):
                places |= {(end, each.number) for each in self.system.links for end in ("head", "tail")}
        return places

    def _link_of(self, one: Event, mail: Mail) -> Link:
        for to, message in one.step.sent:
            if message is mail.message:
                link = self.system.broadcast_link if to is None else self.system.link_between(one.actor, to)
                assert link is not None
                return link
        raise AssertionError("a message that was sent has a link")


__all__ = ["Flow", "Source", "Story"]
