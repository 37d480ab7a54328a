"""How a model tells a path: its logs drawn as logs, and what became of each record.

The checker knows no logs and no records. A model package that has a module ``story`` with a function ``tell`` says how
they look in its states (``checker.telling``).
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import replace

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


def with_story(path: Path, reference: Reference, initial: State, steps: Sequence[tuple[int, Transition]]) -> Path:
    """The path with its logs and its ledger, where the model tells them."""
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
        )
        for told, (_, one) in zip(path.steps, steps, strict=True)
    ]
    telling = Telling(worlds, happenings, dict(reference.system.constants))
    tell(telling)
    ledger = None
    if telling.records:
        events = sorted(telling.events, key=lambda one: one.step)
        ledger = Ledger(tuple(telling.records), tuple(telling.columns), tuple(events))
    assert not telling.logs or len(telling.logs) == len(worlds), "logs of every state, or of none"
    return replace(path, logs=tuple(map(tuple, telling.logs)), ledger=ledger, plumbing=telling.plumbing)


def _world(reference: Reference, names: list[str], state: State) -> World:
    words = {DOWN: "down", PAUSED: "paused"}
    statuses = [reference.status(state, i) for i in range(len(names))]
    return World(
        {name: reference.actor_object(state, i) for i, name in enumerate(names)},
        {name: words[status] for name, status in zip(names, statuses, strict=True) if status in words},
    )
