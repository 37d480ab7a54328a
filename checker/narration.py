"""Paths in the model's own words: each step with what it took, changed and sent, each state as text and as data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from checker.lang import Storage
from checker.reference import Reference, State, Transition, link_name
from checker.story import with_story
from checker.system import DOWN
from checker.types import plain, show
from checker.values import tagged, tagged_message
from checker.verdict import Change, Path, PathStep, SentMessage


def tell(reference: Reference, initial: State, number: int, steps: list[tuple[int, Transition]]) -> Path:
    """A path in the model's own words, with its logs and its ledger."""
    return with_story(narrate(reference, initial, number, steps), reference, initial, steps)


def narrate(reference: Reference, state: State, number: int, steps: list[tuple[int, Transition]]) -> Path:
    """A path in the model's own words."""
    wording = _Wording(reference)
    states, values = [wording.words(state)], [wording.values(state)]
    told: list[PathStep] = []
    before = state
    for i, (_, one) in enumerate(steps, 1):
        assert one.state is not None
        states.append(wording.words(one.state))
        values.append(wording.values(one.state))
        told.append(_step(reference, i, one, before, states[-2], states[-1]))
        before = one.state
    code = "/".join(str(one) for one in (number, *(one for one, _ in steps)))
    return Path(tuple(told), tuple(states), code, values=tuple(values))


class _Wording:
    """States in words and as plain data. An actor that a step leaves alone keeps what was made of it before."""

    def __init__(self, reference: Reference) -> None:
        self.reference = reference
        self._words: dict[int, tuple[dict[str, Any], dict[str, str]]] = {}
        self._values: dict[int, tuple[dict[str, Any], dict[str, Any]]] = {}

    def words(self, state: State) -> dict[str, dict[str, str]]:
        found = self._each(state, show, self._words)
        network = {name: show(tuple(content)) for name, content in self._network(state)}
        return {**found, **({"network": network} if network else {})}

    def values(self, state: State) -> dict[str, dict[str, Any]]:
        found = self._each(state, tagged, self._values)
        network = {name: [tagged_message(one) for one in content] for name, content in self._network(state)}
        return {**found, **({"network": network} if network else {})}

    def _each(
        self, state: State, render: Callable[[Any], Any], known: dict[int, tuple[dict[str, Any], dict[str, Any]]]
    ) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for i, instance in enumerate(self.reference.system.instances):
            fields = self.reference.field_values(state, i)  # The same object for the same leaves.
            if i not in known or known[i][0] is not fields:
                known[i] = (fields, {name: render(value) for name, value in fields.items()})
            found[instance.name] = known[i][1]
        return found

    def _network(self, state: State) -> Iterator[tuple[str, list[Any]]]:
        for link in self.reference.system.links:
            content = self.reference.content(state, link)
            if content:
                yield link_name(self.reference.system, link), content


def _step(
    reference: Reference,
    number: int,
    one: Transition,
    state: State,
    before: dict[str, dict[str, str]],
    after: dict[str, dict[str, str]],
) -> PathStep:
    system = reference.system
    changes = []
    for i, instance in enumerate(system.instances):
        if after[instance.name] is before[instance.name]:
            continue
        for name, text in after[instance.name].items():
            old = before[instance.name][name]
            if old != text:
                volatile = instance.definition.state[name].storage is Storage.VOLATILE
                wiped = one.group.kind == "crash" and i == one.actor and volatile
                changes.append(Change(instance.name, name, old, text, wiped))
    received = None
    if one.received is not None and one.receiver_link is not None:
        link = one.receiver_link
        sender = None if link.sender is None else system.instances[link.sender].name
        receiver = system.instances[one.actor].name if link.receiver is None else system.instances[link.receiver].name
        received = SentMessage(type(one.received).__name__, _fields(one.received), sender, receiver)
    sent = tuple(
        SentMessage(
            type(message).__name__,
            _fields(message),
            system.instances[one.actor].name,
            None if to is None else system.instances[to].name,
        )
        for to, message in one.sent
    )
    late = one.receiver_link is not None and one.receiver_link.late
    actor = system.instances[one.actor].name
    return PathStep(
        number, actor, action_of(reference, one), one.group.fault, received, late, sent, tuple(changes),
        tuple(show(c) for c in one.chosen), one.played, _gone(reference, state, one), _refused(reference, one),
    )  # fmt: skip


def action_of(reference: Reference, one: Transition) -> str:
    """As in ``PathStep.action``: the method, or what was done to the actor or its message."""
    if one.group.kind == "action" and one.group.function is not None:
        return one.group.function.name
    if one.group.kind == "deliver":
        handler = reference.system.handler(one.actor, type(one.received))
        return handler.name if handler else "ignore"
    return one.group.kind


def _gone(reference: Reference, state: State, one: Transition) -> tuple[SentMessage, ...]:
    """What stands on the connections to an actor that crashes, and is held up on its way to it."""
    if one.group.kind != "crash" or one.state is None:
        return ()
    system = reference.system
    me = system.instances[one.actor].name
    found = []
    for link in system.links_to.get(one.actor, ()):
        if reference.content(one.state, link):
            continue
        sender = None if link.sender is None else system.instances[link.sender].name
        for message in reference.content(state, link):
            found.append(SentMessage(type(message).__name__, _fields(message), sender, me))
    return tuple(found)


def _refused(reference: Reference, one: Transition) -> tuple[int, ...]:
    """Places of the messages to an actor that is down: there is no connection to it."""
    assert one.state is not None
    links = [None if to is None else reference.system.link_between(one.actor, to) for to, _ in one.sent]
    return tuple(
        place
        for place, ((to, _), link) in enumerate(zip(one.sent, links, strict=True))
        if to is not None and link is not None and link.kind == "fifo" and reference.status(one.state, to) == DOWN
    )


def _fields(message: Any) -> dict[str, Any]:
    found = plain(message)
    assert isinstance(found, dict)
    return found


__all__ = ["action_of", "narrate", "tell"]
