"""The reference semantics: an actor's method simply runs, as Python, on a copy of the actor. Slow, obvious, the judge.

(What Python leaves open, such as the order of a set, is settled first: ``checker.instrument``.)

A state is a flat tuple of leaves (``system.Layout``). ``Reference.successors`` lists every step of a state in the
canonical order, which is also the order of the compiled code: groups in ``System.groups`` order; inside a group by
message (fifo: the head; bag and set: greatest code first, or mask index ascending), then by what ``choose`` picked.
"""

from __future__ import annotations

import itertools
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from types import FunctionType
from typing import Any

from checker.actors import ActorClass, Function
from checker.instrument import Instrumented
from checker.lang import ActorId, OneOf, Storage, current_step
from checker.system import DOWN, PAUSED, UP, Group, Instance, Layout, Link, Property, System
from checker.types import (
    INT,
    MapType,
    Type,
    every_value,
    expand_default,
    from_leaves,
    misfit,
    positions,
    show,
    to_leaves,
    values,
)

State = tuple[int, ...]


class NotEnabled(Exception):
    """A guard failed: the step does not exist."""


class ModelError(Exception):
    """The model itself is wrong: a bound left, an index outside, a full link."""


@dataclass(frozen=True)
class Transition:
    """One step. ``state`` is None when ``error`` says why the model could not complete it."""

    group: Group
    state: State | None
    actor: int
    received: Any = None
    receiver_link: Link | None = None
    sent: tuple[tuple[int | None, Any], ...] = ()  # (receiver, message)
    chosen: tuple[Any, ...] = ()
    error: str = ""
    covered: frozenset[tuple[str, int, bool]] = frozenset()  # outcomes of the ifs on the way, by function and line
    played: str = ""  # the fault that the actor itself has played in this step (``lang.Counts``)

    @property
    def fault(self) -> bool:
        """Done to the system, by the checker or by the model."""
        return self.group.fault or bool(self.played)


class CheckedMap(dict[Any, Any]):
    """A map field while its actor's method runs: every stored item is checked."""

    def __init__(self, source: dict[Any, Any], type_: MapType, name: str) -> None:
        super().__init__(source)
        self._type, self._name = type_, name

    def __setitem__(self, key: Any, value: Any) -> None:
        if key not in self:
            raise ModelError(f"{self._name} has no key {show(key)}")
        problem = misfit(self._type.value, value)
        if problem:
            raise ModelError(f"{self._name}[{show(key)}] would be {show(value)}, {problem}")
        super().__setitem__(key, value)

    def __delitem__(self, key: Any) -> None:
        raise ModelError(f"{self._name} is a total map: its keys cannot be removed")


def _shadow(cls: type, fields: dict[str, Type], wiring: Iterable[str]) -> type:
    """A subclass whose instances check every field they store."""
    fixed = frozenset(wiring)

    def store(self: Any, name: str, value: Any) -> None:
        if name in fixed:
            raise ModelError(f"{cls.__name__}.{name} is wiring: it never changes")
        if name not in fields:
            raise ModelError(f"{cls.__name__} has no field {name}")
        problem = misfit(fields[name], value)
        if problem:
            raise ModelError(f"{cls.__name__}.{name} would be {show(value)}, {problem}")
        type_ = fields[name]
        object.__setattr__(self, name, CheckedMap(value, type_, name) if isinstance(type_, MapType) else value)

    return type(cls.__name__, (cls,), {"__setattr__": store, "__module__": cls.__module__})


@dataclass
class Execution:
    """One run of one method: what the verbs act on. Holds the state as it changes."""

    reference: Reference
    state: list[int]
    me: int
    plan: list[int]  # what each choose() must pick; grows as new ones are met
    counts: list[int] = field(default_factory=list)  # options at each choose()
    chosen: list[Any] = field(default_factory=list)
    sent: list[tuple[int | None, Any]] = field(default_factory=list)
    covered: set[tuple[str, int, bool]] = field(default_factory=set)

    def require(self, condition: bool) -> None:
        if not condition:
            raise NotEnabled

    def choose(self, options: Iterable[Any]) -> Any:
        ordered = in_order(options)
        if not ordered:
            raise NotEnabled
        depth = len(self.counts)
        if depth == len(self.plan):
            self.plan.append(0)
        self.counts.append(len(ordered))
        picked = ordered[self.plan[depth]]
        if len(ordered) > 1:  # Else there was nothing to choose.
            self.chosen.append(picked)
        return picked

    def send(self, to: ActorId, message: Any) -> None:
        if to is None:
            raise ModelError("send to None")
        link = self.reference.system.link_between(self.me, to)
        name = type(message).__name__
        if link is None or type(message) not in link.tags:
            raise ModelError(f"{self.reference.system.instances[to].name} does not handle {name}")
        self.sent.append((int(to), message))
        if link.kind == "fifo" and self.reference.status(self.state, to) == DOWN:
            return  # The connection is refused.
        self.put(link, message)

    def broadcast(self, message: Any) -> None:
        link = self.reference.system.broadcast_link
        if link is None or type(message) not in link.tags:
            raise ModelError(f"nobody handles a broadcast {type(message).__name__}")
        self.sent.append((None, message))
        self.put(link, message)

    def put(self, link: Link, message: Any) -> None:
        if not self.reference.insert(self.state, link, message):
            if link.wait:
                raise NotEnabled
            raise ModelError(
                f"{link_name(self.reference.system, link)} is full ({link.capacity}) when {show(message)} is sent"
            )

    def quiet(self, peer: ActorId) -> bool:
        links = (self.reference.system.link_between(self.me, peer), self.reference.system.link_between(peer, self.me))
        return all(link is None or not self.reference.content(self.state, link) for link in links)

    def suspected(self, peer: ActorId) -> bool:
        return self.reference.status(self.state, peer) != UP

    def ensure(self, condition: bool, reason: str) -> None:
        raise ModelError("ensure() belongs in a predicate")

    def constructed(self, made: Any) -> None:
        check_struct(self.reference.system, made)

    def passed(self, branch: tuple[str, int, bool]) -> None:
        self.covered.add(branch)


def check_struct(system: System, made: Any) -> None:
    """A struct or message that does not fit its declared bounds cannot be constructed."""
    problem = misfit(system.resolver.struct(type(made)), made)
    if problem:
        raise ModelError(f"{show(made)} cannot be made: {problem}")


def in_order(options: Iterable[Any]) -> list[Any]:
    """Options in canonical order: sets by the index of their elements, everything else as it comes."""
    if isinstance(options, (set, frozenset)):
        return sorted(options, key=_rank)
    return list(options)


def ordered(options: Iterable[Any]) -> Iterable[Any]:
    """What a loop iterates: canonical order, and a copy of what could change under it."""
    return options if isinstance(options, (tuple, range)) else in_order(options)


def _rank(value: Any) -> Any:
    import dataclasses
    from enum import Enum

    if value is None:
        return (0,)
    if isinstance(value, Enum):
        return (1, list(type(value)).index(value))
    if dataclasses.is_dataclass(value):
        return (1, *[_rank(getattr(value, one.name)) for one in dataclasses.fields(value)])
    return (1, value)


@dataclass
class Judgement:
    """Evaluates one predicate: collects the sentences of failing ensures."""

    system: System
    reasons: list[str] = field(default_factory=list)

    def ensure(self, condition: bool, reason: str) -> None:
        if not condition:
            self.reasons.append(reason)

    def constructed(self, made: Any) -> None:
        check_struct(self.system, made)

    def passed(self, branch: tuple[str, int, bool]) -> None:
        """Coverage is about steps."""

    def __getattr__(self, verb: str) -> Any:
        raise ModelError(f"{verb}() belongs in an actor, not in a predicate")


def link_name(system: System, link: Link) -> str:
    name = system.instances[link.receiver].name if link.receiver is not None else "everyone"
    if link.late:
        return f"the late messages to {name}"
    if link.sender is not None:
        return f"the link {system.instances[link.sender].name} -> {name}"
    return f"the link to {name}"


CACHED_MAX = 100_000


def _make_room(cache: dict[Any, Any]) -> None:
    if len(cache) >= CACHED_MAX:
        cache.clear()


def _messages(link: Link, leaves: State) -> list[Any]:
    if not link.mask_size:
        return [link.decode(code) for code in leaves if code]
    found = []
    for struct in link.messages:
        base = link.mask_start[struct.cls]
        found += [one for i, one in enumerate(values(struct)) if leaves[0] >> (base + i) & 1]
    return found


def _may_be_of(group: Group, actor: int) -> bool:
    """From a link without one receiver anybody may take."""
    whose = group.instance if group.link is None else group.link.receiver
    return whose is None or whose == actor


class _Late:
    """A method that is made when it is called first: a run that the other engine does calls few of them."""

    def __init__(self, name: str, make: Callable[[], FunctionType]) -> None:
        self.name, self.make = name, make

    def __get__(self, one: Any, cls: type) -> Any:
        function = self.make()
        setattr(cls, self.name, function)
        return function.__get__(one, cls)


class Reference:
    """The judge: initial states, successors and predicates of one system."""

    def __init__(self, system: System, layout: Layout | None = None) -> None:
        self.system = system
        self.layout = layout or Layout(system)
        self._shadows = {
            name: _shadow(one.cls, {f.name: f.type for f in one.state.values()}, one.wiring)
            for name, one in system.classes.items()
        }
        self._instrumented = Instrumented(ordered, self._checked_local)
        for name, definition in system.classes.items():
            for helper in definition.helpers.values():
                setattr(self._shadows[name], helper.name, _Late(helper.name, partial(self._python, helper, definition)))
        self._ranges = [
            (
                min((start for start, _, _ in one.values()), default=0),
                max((end for _, end, _ in one.values()), default=0),
            )
            for one in self.layout.fields
        ]
        self._counting = [self.layout.counting(i) for i in range(len(system.instances))]
        self._decoded: dict[tuple[int, State], dict[str, Any]] = {}
        self._contents: dict[tuple[int, State], list[Any]] = {}

    def _python(self, function: Function, definition: ActorClass | None = None) -> FunctionType:
        """The function as it is run here."""
        fields = definition.state.values() if definition is not None else ()
        return self._instrumented.function(
            function, frozenset(one.name for one in fields if isinstance(one.type, MapType))
        )

    def _checked_local(self, value: Any, name: str, annotation: Any) -> Any:
        type_ = INT if annotation is int else self.system.resolver.resolve(annotation)
        problem = misfit(type_, value)
        if problem:
            raise ModelError(f"{name} would be {show(value)}, {problem}")
        return value

    # --- States -----------------------------------------------------------------------------------------------------

    def initial(self) -> list[State]:
        """Every initial state, in canonical order (the first field's choices vary slowest)."""
        options: list[list[list[int]]] = []
        for instance, places in zip(self.system.instances, self.layout.fields, strict=True):
            for name in places:
                one = instance.definition.state[name]
                if isinstance(one.default, OneOf):
                    picks = tuple(every_value(one.type)) if one.default.values is None else one.default.values
                else:
                    picks = (one.default,)
                options.append([to_leaves(one.type, pick) for pick in picks])
        start = sum(len(one[0]) for one in options)
        rest = [leaf.low for leaf in self.layout.leaves[start:]]
        return [tuple(itertools.chain(*pick, rest)) for pick in itertools.product(*options)]

    def status(self, state: list[int] | State, instance: int) -> int:
        at = self.layout.status.get(instance)
        return UP if at is None else state[at]

    def content(self, state: list[int] | State, link: Link) -> list[Any]:
        """The messages on a link: fifo head first; bag and set in canonical order."""
        start, end = self.layout.links[link.number]
        key = (link.number, tuple(state[start:end]))
        if key not in self._contents:
            _make_room(self._contents)
            self._contents[key] = _messages(link, key[1])
        return self._contents[key]

    def _set_content(self, state: list[int], link: Link, messages: list[Any]) -> None:
        start, end = self.layout.links[link.number]
        if link.mask_size:
            mask = 0
            for one in messages:
                struct = link.messages[link.tags[type(one)] - 1]
                mask |= 1 << (link.mask_start[struct.cls] + positions(struct)[one])
            state[start] = mask
            return
        codes = [link.encode(one) for one in messages]
        if link.kind != "fifo":
            codes.sort(reverse=True)
        state[start:end] = codes + [0] * (end - start - len(codes))

    def insert(self, state: list[int], link: Link, message: Any) -> bool:
        """Put a message on a link; False if there is no room."""
        content = self.content(state, link)
        if link.kind == "set":
            if message in content:
                return True
        if not link.mask_size and len(content) == link.capacity:
            return False
        self._set_content(state, link, [*content, message])
        return True

    def remove(self, state: list[int], link: Link, message: Any) -> None:
        content = list(self.content(state, link))
        content.remove(message)
        self._set_content(state, link, content)

    def field_values(self, state: list[int] | State, instance: int) -> dict[str, Any]:
        """The state fields of one actor as Python values, not to be changed: actors meet the same values often."""
        start, end = self._ranges[instance]
        key = (instance, tuple(state[start:end]))
        found = self._decoded.get(key)
        if found is None:
            _make_room(self._decoded)
            numbers = iter(key[1])
            found = {name: from_leaves(one.type, numbers) for name, (_, _, one) in self.layout.fields[instance].items()}
            self._decoded[key] = found
        return found

    def actor_object(self, state: list[int] | State, instance: int) -> Any:
        """The actor as an object: its wiring and its fields."""
        one = self.system.instances[instance]
        made: Any = object.__new__(self._shadows[one.definition.name])
        made.__dict__.update(one.wiring)
        made.__dict__.update(self.field_values(state, instance))
        for name, declared in one.definition.state.items():
            if isinstance(declared.type, MapType):
                made.__dict__[name] = CheckedMap(made.__dict__[name], declared.type, name)
        return made

    def _store(self, state: list[int], instance: int, made: Any) -> None:
        before = self.field_values(state, instance)
        for name, (start, end, one) in self.layout.fields[instance].items():
            value = made.__dict__[name]
            if value is not before[name]:
                state[start:end] = to_leaves(one.type, value)

    # --- Steps ------------------------------------------------------------------------------------------------------

    def successors(self, state: State, actor: int | None = None) -> list[Transition]:
        """All of them; with ``actor``, those that may be its steps."""
        found: list[Transition] = []
        for group in self.system.groups:
            if actor is None or _may_be_of(group, actor):
                found.extend(self._steps(state, group))
        return found

    def stuck(self, state: State, transitions: list[Transition]) -> bool:
        """Nothing but faults can happen, and the state is not declared final."""
        if any(not one.group.fault for one in transitions):
            return False
        finals = [one for one in self.system.properties if one.kind == "final"]
        try:
            return not finals or not all(self.evaluate(one, state)[0] for one in finals)
        except ModelError:
            return True  # What cannot be asked declares nothing final.

    def _steps(self, state: State, group: Group) -> Iterator[Transition]:
        if group.kind == "action":
            assert group.instance is not None and group.function is not None
            if self.status(state, group.instance) == UP:
                yield from self._run(list(state), group, group.instance, group.function, ())
        elif group.kind == "deliver":
            yield from self._deliver(state, group)
        elif group.kind in ("restart", "resume"):
            yield from self._recover(state, group)
        elif self._affordable(state, group):
            if group.kind in ("crash", "pause"):
                yield from self._stop(state, group)
            else:
                yield from self._message_fault(state, group)

    def _affordable(self, state: State, group: Group) -> bool:
        assert group.budget is not None
        at = self.layout.budgets.get(group.budget.number)
        return at is None or state[at] < (group.budget.limit or 0)

    def _pay(self, state: list[int], group: Group) -> None:
        assert group.budget is not None
        at = self.layout.budgets.get(group.budget.number)
        if at is not None:
            state[at] += 1

    def available(self, state: State, link: Link) -> list[Any]:
        """What a link can deliver now, each distinct message once, in canonical order."""
        content = self.content(state, link)
        if link.kind == "fifo":
            return content[:1]
        return [one for at, one in enumerate(content) if one not in content[:at]]  # A map in it has no hash.

    def _deliver(self, state: State, group: Group) -> Iterator[Transition]:
        link = group.link
        assert link is not None
        for message in self.available(state, link):
            for receiver in self.system.hearers(link, type(message)):
                if self.status(state, receiver) != UP:
                    continue
                changed = list(state)
                if link.kind != "set":
                    self.remove(changed, link, message)
                handler = self.system.handler(receiver, type(message))
                if handler is None:
                    yield Transition(group, tuple(changed), receiver, message, link)
                else:
                    yield from self._run(changed, group, receiver, handler, (message,), link)

    def _recover(self, state: State, group: Group) -> Iterator[Transition]:
        assert group.instance is not None
        if self.status(state, group.instance) != (DOWN if group.kind == "restart" else PAUSED):
            return
        changed = list(state)
        changed[self.layout.status[group.instance]] = UP
        hook = self.system.instances[group.instance].definition.restart
        if group.kind == "restart" and hook is not None:
            yield from self._run(changed, group, group.instance, hook, ())
        else:
            yield Transition(group, tuple(changed), group.instance)

    def _stop(self, state: State, group: Group) -> Iterator[Transition]:
        assert group.instance is not None
        status = self.status(state, group.instance)
        if status == DOWN or (group.kind == "pause" and status == PAUSED):
            return
        changed = list(state)
        self._pay(changed, group)
        changed[self.layout.status[group.instance]] = DOWN if group.kind == "crash" else PAUSED
        if group.kind == "crash":
            for start, end, one in self.layout.fields[group.instance].values():
                if one.storage is Storage.VOLATILE:
                    default = one.default
                    if isinstance(default, OneOf):
                        default = default.values[0] if default.values else next(every_value(one.type))
                    changed[start:end] = to_leaves(one.type, expand_default(one.type, default))
            for link in self.system.links_to.get(group.instance, ()):
                if link.kind == "fifo" or link.late:
                    self._set_content(changed, link, [])
        yield Transition(group, tuple(changed), group.instance)

    def _message_fault(self, state: State, group: Group) -> Iterator[Transition]:
        link, budget = group.link, group.budget
        assert link is not None and budget is not None
        for message in self.available(state, link):
            if not budget.covers(type(message)):
                continue
            changed = list(state)
            self._pay(changed, group)
            if group.kind == "duplicate":
                if not self._repeat(changed, link, message):
                    continue
            else:
                self.remove(changed, link, message)
                if group.kind == "delay":
                    assert link.receiver is not None
                    late = self.system.late_link(link.receiver)
                    if late is None or not self.insert(changed, late, message):
                        continue
            receiver = link.receiver if link.receiver is not None else 0
            yield Transition(group, tuple(changed), receiver, message, link)

    def _repeat(self, state: list[int], link: Link, message: Any) -> bool:
        """A second copy: behind the head of a fifo link, anywhere in a bag."""
        content = self.content(state, link)
        if len(content) == link.capacity:
            return False
        self._set_content(state, link, [message, *content])
        return True

    def _run(
        self,
        base: list[int],
        group: Group,
        me: int,
        function: Function,
        arguments: tuple[Any, ...],
        link: Link | None = None,
    ) -> Iterator[Transition]:
        """One method, once for every combination of choices: an odometer over what choose() met."""
        received = arguments[0] if arguments else None
        plan: list[int] = []
        method = self._python(function, self.system.instances[me].definition)
        while True:
            run = Execution(self, list(base), me, plan)
            made = self.actor_object(base, me)
            error = ""
            enabled = True
            with stepping(run):
                try:
                    method(made, *arguments)
                except NotEnabled:
                    enabled = False
                except ModelError as problem:
                    error = f"{problem} (in {function.qualified})"
                except (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError) as problem:
                    error = _located(problem, function)
            if error:
                yield Transition(group, None, me, received, link, tuple(run.sent), tuple(run.chosen), error)
            elif enabled:
                self._store(run.state, me, made)
                told = (tuple(run.sent), tuple(run.chosen))
                covered = frozenset(run.covered)
                played = self._played(base, run.state, me)
                if not played or not self.calm(base):
                    yield Transition(group, tuple(run.state), me, received, link, *told, covered=covered, played=played)
            plan = plan[: len(run.counts)]
            while plan and plan[-1] + 1 == run.counts[len(plan) - 1]:
                plan.pop()
            if not plan:
                return
            plan[-1] += 1

    def calm(self, state: list[int] | State) -> bool:
        return self.layout.calm is not None and state[self.layout.calm] == 1

    def _played(self, before: list[int], after: list[int], me: int) -> str:
        """The fault whose counter the step has raised; the first, should there be several."""
        for start, end, fault in self._counting[me]:
            if sum(after[start:end]) > sum(before[start:end]):
                return fault
        return ""

    # --- Predicates -------------------------------------------------------------------------------------------------

    def evaluate(self, one: Property, state: State) -> tuple[bool, tuple[str, ...]]:
        """Whether the predicate holds, and the sentences of the ensures that failed."""
        arguments = {name: self._argument(value, state) for name, value in one.arguments.items()}
        judge = Judgement(self.system)
        with stepping(judge):
            try:
                answer = self._python(one.function)(**arguments)
            except (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError) as problem:
                raise ModelError(_located(problem, one.function)) from None
        return bool(answer) and not judge.reasons, tuple(judge.reasons)

    def _argument(self, value: Any, state: State) -> Any:
        if isinstance(value, ActorId):
            return self.actor_object(state, value)
        if isinstance(value, tuple):
            return tuple(self._argument(one, state) for one in value)
        return value


@contextmanager
def stepping(step: Any) -> Iterator[None]:
    token = current_step.set(step)
    try:
        yield
    finally:
        current_step.reset(token)


def _located(problem: BaseException, function: Function) -> str:
    """An ordinary Python error inside an actor, with the user's own line."""
    frames = [one for one in traceback.extract_tb(problem.__traceback__) if one.filename == function.file]
    where = f" at {function.file}:{frames[-1].lineno}" if frames else ""
    text = str(problem) or "the assertion is false"
    return f"{type(problem).__name__}: {text}{where} (in {function.qualified})"


__all__ = [
    "Callable",
    "Execution",
    "Instance",
    "ModelError",
    "Reference",
    "State",
    "Transition",
    "in_order",
    "link_name",
]
