"""From a spec file and its model module to a ``System``: names become classes, instances, links, budgets, predicates.

Mistakes are gathered and point into the spec file, or into the actor's source where the actor is wrong.
"""

from __future__ import annotations

import ast
import re
import typing
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checker.actors import (
    MISSING,
    ActorClass,
    Collector,
    Field,
    Function,
    actors_of,
    evaluated,
    predicates_of,
    signature_problem,
)
from checker.expressions import evaluate
from checker.lang import ActorId
from checker.nearest import suggestion
from checker.premise import premise_of
from checker.source import Diagnostic, SourceError, fail
from checker.spec_file import Budget as BudgetValue
from checker.spec_file import PredicateUse, SpecFile
from checker.system import Budget, Instance, Link, Property, Sending, System, sendings
from checker.types import (
    BoolType,
    EnumType,
    IdType,
    IntType,
    MapType,
    NoneType,
    OptionalType,
    Resolver,
    SequenceType,
    SetType,
    StructType,
    Type,
    TypeProblem,
    misfit,
    values,
)

if TYPE_CHECKING:
    from checker.ir import Method

DEFAULT_LATE_CAPACITY = 4
# Each is one bit of the events of a state, an `always` two; there are 63 beside the one for a failing predicate.
PROPERTIES_MAX = 31
ELEMENT = re.compile(r"^([A-Za-z][\w-]*)\[(.+)\]$")


class Built:
    """A system, and the bodies of everything it runs, translated when they are first asked for.

    A system whose machine code is on the disk needs no translation: the code's key covers all that decides it.
    """

    def __init__(self, system: System, resolver: Resolver) -> None:
        self.system = system
        self.resolver = resolver
        self.files: frozenset[Path] | None = None  # Of the model; ``checker.fingerprint`` knows which.

    @cached_property
    def methods(self) -> dict[tuple[str, str], Method]:
        """By actor class and method name. Raises ``SourceError`` with every mistake in every body."""
        return self._translated[0]

    @cached_property
    def predicates(self) -> list[Method]:
        """One for each of ``system.properties``."""
        return self._translated[1]

    @cached_property
    def _translated(self) -> tuple[dict[tuple[str, str], Method], list[Method]]:
        return translate(self.system, self.resolver)


def build(spec: SpecFile) -> Built:
    """Raises ``SourceError`` with every mistake found in the spec and in the declarations of its actors."""
    return _Builder(spec).build()


class _Builder:
    def __init__(self, spec: SpecFile) -> None:
        self.spec = spec
        self.diagnostics: list[Diagnostic] = []
        self.groups: dict[str, tuple[ActorId, ...]] = {}
        self.single: set[str] = set()

    def report(self, slug: str, message: str, path: Sequence[str | int], help: str = "", *, key: bool = False) -> None:
        place = self.spec.key_place(path) if key else self.spec.place(path)
        self.diagnostics.append(Diagnostic(slug, message, place, help=help))

    def stop_if_wrong(self) -> None:
        if self.diagnostics:
            raise SourceError(self.diagnostics)

    def build(self) -> Built:
        names = self._instances()
        self.stop_if_wrong()
        ranges: dict[str, range] = {}
        for i, (_, _, class_name) in enumerate(names):
            ranges[class_name] = range(ranges.get(class_name, range(i, i)).start, i + 1)
        resolver = Resolver(self.spec.constants, tuple(name for name, _, _ in names), ranges)
        collector = Collector(resolver)
        known = actors_of(self.spec.module)
        classes = {name: collector.actor(known[name]) for name in ranges}
        for name in known.keys() - classes.keys():  # Predicates may name classes this spec does not use.
            ranges.setdefault(name, range(0))
        self.diagnostics += collector.diagnostics
        self.stop_if_wrong()
        instances = [self._instance(i, *one, classes) for i, one in enumerate(names)]
        self.stop_if_wrong()
        for definition in classes.values():
            _narrow_wiring(definition, [one.wiring for one in instances if one.definition is definition])
        system = System(
            self.spec.title, dict(self.spec.constants), instances, classes, resolver,
            report_deadlock=self.spec.deadlock == "report",
        )  # fmt: skip
        system.links = self._links(system, resolver)
        system.budgets = self._budgets(system)
        self._add_late_links(system)
        system.properties = self._properties(system)
        self.stop_if_wrong()
        return Built(system, resolver)

    # --- Actors -----------------------------------------------------------------------------------------------------

    def _instances(self) -> list[tuple[str, str, str]]:
        """(name, group, class) of each instance; those of one class stand together."""
        known = actors_of(self.spec.module)
        found: list[tuple[str, str, str]] = []
        order: list[str] = []
        for entry in self.spec.actors.values():
            if entry.class_name not in known:
                help = suggestion(entry.class_name, known, "actor classes")
                self.report(
                    "unknown-class", f"{self.spec.model} has no actor class {entry.class_name}",
                    ("actors", entry.name, "is"), help,
                )  # fmt: skip
                continue
            if entry.class_name not in order:
                order.append(entry.class_name)
            found += [(name, entry.name, entry.class_name) for name in entry.instances]
            if entry.count is None:
                self.single.add(entry.name)
        found.sort(key=lambda one: order.index(one[2]))
        for i, (name, group, _) in enumerate(found):
            self.groups[group] = (*self.groups.get(group, ()), ActorId(i, name))
        return found

    def _instance(
        self, number: int, name: str, group: str, class_name: str, classes: dict[str, ActorClass]
    ) -> Instance:
        definition = classes[class_name]
        given = self.spec.actors[group].wiring
        me = ActorId(number, name)
        position = self.groups[group].index(me)
        wiring: dict[str, Any] = {}
        for one in definition.wiring.values():
            path = ("actors", group, one.name)
            if one.name in given:
                try:
                    wiring[one.name] = self._wire(one.type, given[one.name], position)
                except _Unwirable as problem:
                    self.report("wiring", f"{one.name} of {group} {problem}", path, problem.help)
            elif one.name == "me":
                wiring["me"] = me
            elif one.name == "index":
                wiring["index"] = position
            elif one.default is not MISSING:
                wiring[one.name] = one.default
            else:
                self.report(
                    "unset-wiring", f"{class_name} needs a value for {one.name}", ("actors", group),
                    f"write `{one.name}: ...` in {group}", key=True,
                )  # fmt: skip
            problem_text = misfit(one.type, wiring[one.name]) if one.name in wiring else ""
            if problem_text:
                self.report("wiring", f"{one.name} of {group} is {wiring[one.name]!r}, {problem_text}", path)
        for key in given.keys() - definition.wiring.keys():
            if key in definition.state:
                text, help = f"{key} of {class_name} is state, not wiring", "its initial value stands in the class"
            else:
                text, help = f"{class_name} has no wiring {key}", suggestion(key, definition.wiring, "wiring")
            self.report("unknown-wiring", text, ("actors", group, key), help, key=True)
        return Instance(me, group, definition, wiring)

    def _wire(self, type_: Type, raw: Any, position: int) -> Any:
        """The value that a word, number or list of the spec means for a field of this type."""
        match type_:
            case OptionalType(inner):
                return None if raw is None else self._wire(inner, raw, position)
            case BoolType():
                if isinstance(raw, bool):
                    return raw
                raise _Unwirable("is a switch", "write true or false")
            case IntType():
                if isinstance(raw, bool) or not isinstance(raw, (int, str)):
                    raise _Unwirable("is a whole number")
                try:
                    return evaluate(raw, {**self.spec.constants, "index": position})
                except SourceError as error:
                    raise _Unwirable(
                        f"is a whole number: {error.diagnostics[0].message}", error.diagnostics[0].help
                    ) from None
            case EnumType():
                for member in type_.members:
                    if raw in (member.name, member.value):
                        return member
                raise _Unwirable(f"is a {type_}", suggestion(str(raw), [one.name for one in type_.members], "members"))
            case IdType():
                return self._actor(raw, position)
            case SequenceType(item, _):
                if isinstance(raw, str) and isinstance(item, IdType) and raw in self.groups:
                    return self.groups[raw]
                if not isinstance(raw, list):
                    raise _Unwirable("is a list")
                return tuple(self._wire(item, one, position) for one in raw)
            case SetType(item):
                if isinstance(raw, str) and isinstance(item, IdType) and raw in self.groups:
                    return frozenset(self.groups[raw])
                if not isinstance(raw, list):
                    raise _Unwirable("is a list of elements")
                return frozenset(self._wire(item, one, position) for one in raw)
            case MapType(key, value):
                if not isinstance(raw, dict):
                    raise _Unwirable("is a mapping")
                return {
                    self._wire(key, one, position): self._wire(value, inner, position) for one, inner in raw.items()
                }
            case StructType(cls, fields):
                if not isinstance(raw, dict) or set(raw) != {name for name, _ in fields}:
                    raise _Unwirable(f"is a {cls.__name__}", f"give {', '.join(name for name, _ in fields)}")
                return cls(*[self._wire(one, raw[name], position) for name, one in fields])
            case NoneType():
                return None
        raise AssertionError(type_)

    def _actor(self, raw: Any, position: int) -> ActorId:
        if isinstance(raw, str):
            element = ELEMENT.match(raw)
            if element and element[1] in self.groups:
                ids = self.groups[element[1]]
                try:
                    at = evaluate(element[2], {**self.spec.constants, "index": position})
                except SourceError as error:
                    raise _Unwirable(
                        f"is an actor: {error.diagnostics[0].message}", error.diagnostics[0].help
                    ) from None
                if 0 <= at < len(ids):
                    return ids[at]
                raise _Unwirable(f"is {raw}, and {element[1]} has no element {at}", "elements count from 0")
            ids = self.groups.get(raw, ())
            if len(ids) == 1:
                return ids[0]
            for one in (one for every in self.groups.values() for one in every):
                if one.name == raw:
                    return one
            if ids:
                raise _Unwirable(f"is one actor, and {raw} are {len(ids)}", f"for example {ids[0]}, or {raw}[index]")
        raise _Unwirable("is an actor", suggestion(str(raw), self.groups, "actors"))

    # --- Links and faults -------------------------------------------------------------------------------------------

    def _links(self, system: System, resolver: Resolver) -> list[Link]:
        pairs: dict[tuple[int, int], dict[type, None]] = {}
        shouted: dict[type, None] = {}
        for sender, instance in enumerate(system.instances):
            for one in sendings(instance.definition):
                if one.broadcast:
                    shouted[one.message] = None
                    continue
                for receiver in self._receivers(system, instance, one):
                    pairs.setdefault((sender, receiver), {})[one.message] = None
        inboxes: dict[int, dict[type, None]] = {}
        found: list[tuple[str, int | None, int | None, int, bool, bool, list[type]]] = []
        for (sender, receiver), messages in sorted(pairs.items()):
            kind, capacity, wait, reliable = self._rule(system, sender, receiver)
            if kind == "fifo":
                found.append((kind, sender, receiver, capacity, wait, reliable, list(messages)))
            else:
                inboxes.setdefault(receiver, {}).update(messages)
        for receiver, messages in sorted(inboxes.items()):
            kind, capacity, wait, reliable = self._rule(system, None, receiver)
            found.append((kind, None, receiver, capacity, wait, reliable, list(messages)))
        if shouted:
            if self.spec.network.kind != "set":
                self._no_broadcast(system)
            found.append(("set", None, None, self.spec.network.capacity, False, False, list(shouted)))
        return [
            Link(i, kind, sender, receiver, capacity, wait, self._structs(resolver, messages), reliable=reliable)
            for i, (kind, sender, receiver, capacity, wait, reliable, messages) in enumerate(found)
        ]

    def _no_broadcast(self, system: System) -> None:
        places = [one for each in system.classes.values() for one in sendings(each) if one.broadcast]
        for one in places:
            self.diagnostics.append(
                Diagnostic(
                    "broadcast", "broadcast() needs a network that is a set", one.function.place(one.node),
                    one.function.qualified, "write `network: set` in the spec",
                )
            )  # fmt: skip

    def _structs(self, resolver: Resolver, messages: Iterable[type]) -> tuple[StructType, ...]:
        found = []
        for one in messages:
            try:
                found.append(resolver.struct(one))
            except TypeProblem as problem:
                file = typing.cast(Any, one).__module__
                self.report(
                    problem.slug, f"message {one.__name__} of {file}: {problem.message}", ("model",), problem.help
                )
        return tuple(found)

    def _receivers(self, system: System, instance: Instance, one: Sending) -> list[int]:
        handling = [i for i, other in enumerate(system.instances) if other.definition.receives(one.message)]
        if one.wiring is not None:
            to = instance.wiring[one.wiring]
            if isinstance(to, ActorId):
                if int(to) not in handling:
                    self._unhandled(system.instances[to].definition.name, one)
                return [int(to)]
            if to is None:
                return []
        if not handling:
            self._unhandled("no actor of this spec", one)
        return handling

    def _unhandled(self, who: str, one: Sending) -> None:
        text = (
            f"{who} has no handler for {one.message.__name__}"
            if who[0].isupper()
            else f"{who} handles {one.message.__name__}"
        )
        place = one.function.place(one.node)
        found = Diagnostic(
            "unhandled-message", text, place, one.function.qualified,
            f"write @on({one.message.__name__}), or ignore({one.message.__name__}, because=...)",
        )  # fmt: skip
        if found not in self.diagnostics:
            self.diagnostics.append(found)

    def _rule(self, system: System, sender: int | None, receiver: int) -> tuple[str, int, bool, bool]:
        """Kind, capacity, whether a sender waits for room, and whether faults spare it."""
        network = self.spec.network
        kind, capacity, when_full, reliable = network.kind, network.capacity, network.when_full, False
        for rule in network.links:
            if rule.to is not None and not self._is(system, receiver, rule.to):
                continue
            if rule.sender is not None and (sender is None or not self._is(system, sender, rule.sender)):
                continue
            kind, capacity = rule.kind or kind, rule.capacity or capacity
            when_full = rule.when_full or when_full
            reliable = reliable if rule.reliable is None else rule.reliable
        return kind, capacity, when_full == "wait", reliable

    def _is(self, system: System, instance: int, name: str) -> bool:
        one = system.instances[instance]
        group, _, number = one.name.rpartition("-")  # Single actors a-1 and a-2 are together `a`, like a group's.
        return name in (one.name, one.group) or (name == group and number.isdecimal())

    def _budgets(self, system: System) -> list[Budget]:
        found: list[Budget] = []
        messages = {struct.cls.__name__: struct.cls for link in system.links for struct in link.messages}
        for kind, given in self.spec.faults.items():
            targets: list[tuple[str, BudgetValue]] = list(given.items()) if isinstance(given, dict) else [("", given)]
            for target, limit in targets:
                number = None if limit == "unlimited" else int(limit)
                if kind in ("crash", "pause"):
                    hit = [i for i in range(len(system.instances)) if not target or self._is(system, i, target)]
                    found.append(Budget(len(found), kind, target, number, frozenset(hit)))
                    continue
                if target and target not in messages:
                    help = suggestion(target, messages, "message types")
                    self.report("unknown-message", f"no actor sends {target}", ("faults", kind, target), help, key=True)
                    continue
                only = frozenset([messages[target]]) if target else None
                found.append(Budget(len(found), kind, target, number, messages=only))
        return found

    def _add_late_links(self, system: System) -> None:
        """One bag for each receiver that a delayed message can reach."""
        delays = [one for one in system.budgets if one.kind == "delay"]
        if not delays:
            return
        late: dict[int, dict[StructType, None]] = {}
        capacity: dict[int, int] = {}
        for link in list(system.links):
            if link.kind != "fifo" or link.receiver is None or link.reliable:
                continue
            hit = [one for one in link.messages if any(budget.covers(one.cls) for budget in delays)]
            if not hit:
                continue
            late.setdefault(link.receiver, {}).update(dict.fromkeys(hit))
            able = [one.limit for one in delays if any(one.covers(struct.cls) for struct in hit)]
            room = sum(one or 0 for one in able) if None not in able else DEFAULT_LATE_CAPACITY
            capacity[link.receiver] = max(capacity.get(link.receiver, 0), room)
        for receiver, structs in sorted(late.items()):
            number = len(system.links)
            system.links.append(
                Link(number, "bag", None, receiver, capacity[receiver], False, tuple(structs), late=True)
            )  # fmt: skip

    # --- Properties -------------------------------------------------------------------------------------------------

    def _properties(self, system: System) -> list[Property]:
        known = predicates_of(self.spec.module)
        found = []
        for kind in ("always", "sometimes", "final"):
            for i, use in enumerate(getattr(self.spec.check, kind)):
                path = ("check", kind, i)
                if use.name not in known:
                    help = suggestion(use.name, known, "predicates")
                    self.report("unknown-predicate", f"{self.spec.model} has no predicate {use.name}", path, help)
                    continue
                arguments = self._arguments(system, known[use.name], use, path)
                found.append(Property(use.label, kind, known[use.name], arguments))
        if len(found) > PROPERTIES_MAX:
            self.report(
                "too-many-properties", f"{len(found)} predicates; at most {PROPERTIES_MAX}", ("check",), key=True
            )
        return [*found, *self._premises(found)]

    def _premises(self, properties: list[Property]) -> Iterator[Property]:
        for one in properties:
            function = premise_of(one.function, one.arguments) if one.kind == "always" else None
            if function is not None:
                yield replace(one, kind="premise", function=function)

    def _arguments(
        self, system: System, function: Function, use: PredicateUse, path: tuple[str | int, ...]
    ) -> dict[str, Any]:
        node = function.node
        places: list[ast.FunctionDef | ast.arg] = [node, *node.args.args]
        for one in places:
            annotation = one.returns if isinstance(one, ast.FunctionDef) else one.annotation
            try:
                if annotation is not None:
                    evaluated(annotation, function.python.__globals__)
            except TypeProblem as problem:
                raise fail(
                    problem.slug, problem.message, function.place(one), inside=function.name, help=problem.help
                ) from None
        wrong = signature_problem(function)
        if wrong is not None:
            raise SourceError([wrong])
        try:
            hints = typing.get_type_hints(function.python, include_extras=True)
        except Exception:  # Annotations are evaluated, and may be anything.
            text = f"{function.name} has an annotation that is not a type"
            raise fail("unknown-type", text, function.place(), inside=function.name) from None
        parameters = [one.arg for one in function.node.args.args]
        bound: dict[str, Any] = {}
        for name in use.arguments.keys() - set(parameters):
            help = suggestion(name, parameters, "parameters")
            self.report("unknown-parameter", f"{use.name} has no parameter {name}", (*path, use.name, name), help)
        for name in parameters:
            try:
                bound[name] = self._argument(system, function, name, hints.get(name), use)
            except _Unwirable as problem:
                self.report("predicate-argument", f"{name} of {use.name} {problem}", path, problem.help)
        return bound

    def _argument(self, system: System, function: Function, name: str, hint: Any, use: PredicateUse) -> Any:
        given = use.arguments.get(name)
        every = typing.get_origin(hint) is tuple
        cls = typing.get_args(hint)[0] if every else hint
        if getattr(cls, "__checker_kind__", "") == "actor":
            ids = tuple(one.id for one in system.instances if one.definition.cls is cls)
            if given is not None:
                names = given if isinstance(given, list) else [given]
                picked = tuple(one for one in ids for raw in names if raw in (one.name, system.instances[one].group))
                if not picked:
                    raise _Unwirable(
                        f"is a {cls.__name__}, and {given} is not", suggestion(str(given), map(str, ids), "actors")
                    )
                ids = picked
            if every:
                return ids
            if len(ids) != 1:
                raise _Unwirable(
                    f"is the {cls.__name__} of this spec, and there are {len(ids)}", "name one, or take a tuple"
                )
            return ids[0]
        if given is None:
            if name not in self.spec.constants:
                raise _Unwirable("is not set", f"set the constant {name} in the spec, or give it as an argument")
            return self.spec.constants[name]
        if isinstance(given, bool) or given is None:
            return given
        if isinstance(hint, type) and hasattr(hint, "__members__"):
            return self._wire(EnumType(hint), given, 0)
        return self._wire(IntType(None, None), given, 0)


def branches_of(built: Built) -> list[tuple[str, int]]:
    """Every ``if`` of the actors' methods, by function and line. Translates the bodies, with all their mistakes."""
    return list(dict.fromkeys(place for method in built.methods.values() for place in method.branches))


def _settled(system: System, definition: ActorClass) -> dict[str, Any]:
    """The wiring that all instances of a class share."""
    wirings = [one.wiring for one in system.instances if one.definition is definition]
    return {
        name: value
        for name, value in (wirings[0] if wirings else {}).items()
        if all(type(one[name]) is type(value) and one[name] == value for one in wirings)
    }


def translate(
    system: System, resolver: Resolver, *, whole: bool = False
) -> tuple[dict[tuple[str, str], Method], list[Method]]:
    """Every body of the system in the intermediate form; every mistake in them at once.

    ``whole``: also the branches that the wiring of this spec switches off, which no step of it can reach.
    """
    from checker.frontend import Translator  # Only here: a run that finds its code on the disk translates nothing.

    diagnostics: list[Diagnostic] = []
    methods: dict[tuple[str, str], Method] = {}
    for definition in system.classes.values():
        settled = {} if whole else _settled(system, definition)
        translator = Translator(resolver, system.classes, definition, settled)
        for function in definition.actions:
            methods[definition.name, function.name] = translator.method(function)
        for message, function in definition.handlers.items():
            try:
                struct = resolver.struct(message)
            except TypeProblem as problem:
                text = f"message {message.__name__}: {problem.message}"
                diagnostics.append(Diagnostic(problem.slug, text, function.place(), help=problem.help))
                continue
            methods[definition.name, function.name] = translator.method(function, struct)
        if definition.restart is not None:
            methods[definition.name, definition.restart.name] = translator.method(definition.restart)
        diagnostics += translator.diagnostics
    predicates = []
    for one in system.properties:
        translator = Translator(resolver, system.classes, None)
        predicates.append(translator.predicate(one.function, one.arguments))
        diagnostics += translator.diagnostics
    if diagnostics:
        raise SourceError(diagnostics)
    return methods, predicates


class _Unwirable(Exception):
    def __init__(self, message: str, help: str = "") -> None:
        super().__init__(message)
        self.help = help


def _narrow_wiring(definition: ActorClass, wirings: list[dict[str, Any]]) -> None:
    """Wiring is constant: its integers lie between the least and the greatest value that the spec gives them."""
    for name, one in definition.wiring.items():
        given = [wiring[name] for wiring in wirings]
        if one.type == IntType(None, None):
            definition.wiring[name] = replace(one, type=IntType(min(given), max(given)))
        elif isinstance(one.type, SequenceType):
            item = one.type.item
            inside = [value for value in given for value in value]
            if item == IntType(None, None):
                item = IntType(min(inside, default=0), max(inside, default=0))
            definition.wiring[name] = replace(one, type=SequenceType(item, max(map(len, given))))


__all__ = ["Built", "Field", "build", "values"]
