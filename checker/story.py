"""How a model tells a path: its logs drawn as logs, and what became of each record.

The checker knows no logs and no records. A model package that has a module ``story`` with a function ``tell`` says how
they look in its states (``checker.telling``), and one that has ``sentences`` says of each method what it is.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import replace

from checker.lang import Storage
from checker.reference import Reference, State, Transition
from checker.system import DOWN, PAUSED
from checker.telling import Happening, Telling, World
from checker.verdict import Ledger, Path

Tell = Callable[[Telling], None]


def story_of(reference: Reference) -> Tell | None:
    """``tell`` of the package that the system's actors come from, if it has one."""
    for definition in reference.system.classes.values():
        package = definition.cls.__module__.rpartition(".")[0]
        if package and importlib.util.find_spec(f"{package}.story") is not None:
            found: Tell = importlib.import_module(f"{package}.story").tell
            return found
    return None


def sentences_of(reference: Reference) -> dict[str, dict[str, str]]:
    """By class and method, for those classes of the system whose package has sentences."""
    found: dict[str, dict[str, str]] = {}
    for name, definition in reference.system.classes.items():
        package = definition.cls.__module__.rpartition(".")[0]
        if package and importlib.util.find_spec(f"{package}.sentences") is not None:
            found[name] = importlib.import_module(f"{package}.sentences").SENTENCES.get(name, {})
    return found


def with_sentences(path: Path, reference: Reference, steps: Sequence[tuple[int, Transition]]) -> Path:
    """The path, each step with the sentence that its model has for it."""
    sentences = sentences_of(reference)
    if not sentences:
        return path
    told = []
    for step, (_, one) in zip(path.steps, steps, strict=True):
        definition = reference.system.instances[one.actor].definition
        method = step.action
        if one.group.kind == "restart" and definition.restart is not None:
            method = definition.restart.name
        own = one.group.kind in ("action", "deliver", "restart")
        told.append(replace(step, says=sentences.get(definition.name, {}).get(method, "") if own else ""))
    return replace(path, steps=tuple(told))


def _with_bookkeeping_aside(path: Path, reference: Reference, named: frozenset[str]) -> Path:
    """History, which no action reads, and the counters of faults are told by the ledger and by the faults; ``named``
    are those that the model says."""
    aside = {
        (instance.name, name)
        for instance in reference.system.instances
        for name, one in instance.definition.state.items()
        if one.storage is Storage.HISTORY or one.counts or f"{instance.definition.name}.{name}" in named
    }
    return replace(
        path,
        steps=tuple(
            replace(step, changes=tuple(replace(one, aside=(one.actor, one.field) in aside) for one in step.changes))
            for step in path.steps
        ),
    )


def with_story(path: Path, reference: Reference, initial: State, steps: Sequence[tuple[int, Transition]]) -> Path:
    """The path with its sentences, its logs and its ledger, where the model tells them."""
    path = with_sentences(path, reference, steps)
    tell = story_of(reference)
    if tell is None:
        return path
    states = [initial, *(one.state for _, one in steps if one.state is not None)]
    names = [one.name for one in reference.system.instances]
    worlds = [_world(reference, names, state) for state in states]
    happenings = [
        Happening(
            told.number,
            told.actor,
            told.action,
            one.received,
            tuple((None if to is None else names[to], message) for to, message in one.sent),
            one.chosen,
            told.late,
            told.fault,
        )
        for told, (_, one) in zip(path.steps, steps, strict=True)
    ]
    telling = Telling(worlds, happenings, dict(reference.system.constants))
    tell(telling)
    ledger = None
    if telling.records:
        events = sorted(telling.events, key=lambda one: one.step)
        ledger = Ledger(tuple(telling.records), tuple(telling.columns), tuple(events))
        path = _with_bookkeeping_aside(path, reference, telling.aside)
    path = replace(path, steps=tuple(replace(one, remark=telling.remarks.get(one.number, "")) for one in path.steps))
    assert not telling.logs or len(telling.logs) == len(worlds), "logs of every state, or of none"
    return replace(path, logs=tuple(map(tuple, telling.logs)), ledger=ledger, plumbing=telling.plumbing)


def _world(reference: Reference, names: list[str], state: State) -> World:
    words = {DOWN: "down", PAUSED: "paused"}
    statuses = [reference.status(state, i) for i in range(len(names))]
    return World(
        {name: reference.actor_object(state, i) for i, name in enumerate(names)},
        {name: words[status] for name, status in zip(names, statuses, strict=True) if status in words},
    )
