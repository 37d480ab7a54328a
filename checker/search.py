"""The search as both engines do it: level by level; a level is checked as a whole before it is expanded.

That order makes every answer independent of the number of workers and of the engine: the first level with a
violation is complete, none of its states has been expanded, and the path shown is the least one, in the canonical
order of steps, among all shortest ones. It is found by marking backwards from the targets and then walking forwards
with the reference semantics, which thereby replays every path that anybody sees.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from checker.options import Options
from checker.reference import ModelError, Reference, State, Transition
from checker.system import System

BROKEN_PREDICATE = 63  # Event bit: a predicate itself failed (an index outside, say).


class Slice(Enum):
    """How far a call of ``expand`` got."""

    DONE = "done"
    MORE = "more"
    MEMORY = "memory"


class Target(Enum):
    """What the states at the end of a path have in common."""

    EVENT = "event"
    STUCK = "stuck"
    ERROR = "error"


Branch = tuple[str, int, bool]  # an `if`, by function and line, and the outcome of its condition


class Engine(Protocol):
    """One way to explore a system."""

    name: str

    def start(self) -> int:
        """Make the initial states the first level; how many there are, duplicates included."""

    def check_level(self) -> int:
        """Event bits of the newest level: property i violated (always) or reached (sometimes)."""

    def expand(self, seconds: float) -> Slice:
        """Expand the newest level into the next one, for about so long."""

    def level_sizes(self) -> list[int]: ...

    @property
    def states(self) -> int: ...

    @property
    def transitions(self) -> int: ...

    @property
    def stuck(self) -> int:
        """States so far in which nothing but faults can happen and which are not final."""

    @property
    def errors(self) -> int:
        """States so far with a step that is an error of the model."""

    @property
    def memory_bytes(self) -> int: ...

    def counters(self) -> list[int]:
        """Transitions by ``counter_keys(system)``."""

    @property
    def branches(self) -> list[tuple[str, int]]:
        """Every ``if`` of the actors' methods, by function and line."""

    def covered(self) -> set[Branch]:
        """Outcomes of those that some transition came by."""

    def mark(self, level: int, target: Target, bit: int) -> None:
        """Mark the target states of a level, and every state of an earlier level that leads there in time."""

    def marked(self, level: int, state: State) -> bool: ...

    def close(self) -> None: ...


CounterKey = tuple[int, int | None, type | None]  # (group, receiver, message) for deliveries, (group, None, None) else


def counter_keys(system: System) -> dict[CounterKey, int]:
    """What is counted, in canonical order: deliveries by receiver and message type, everything else by group."""
    keys: list[CounterKey] = []
    for group in system.groups:
        if group.kind != "deliver":
            keys.append((group.number, None, None))
            continue
        assert group.link is not None
        for struct in group.link.messages:
            keys += [(group.number, receiver, struct.cls) for receiver in system.hearers(group.link, struct.cls)]
    return {key: i for i, key in enumerate(keys)}


def counter_key(one: Transition) -> CounterKey:
    if one.group.kind == "deliver":
        return (one.group.number, one.actor, type(one.received))
    return (one.group.number, None, None)


class ReferenceEngine:
    """The slow, obvious search: a dictionary and the reference semantics."""

    name = "reference"

    def __init__(self, reference: Reference, branches: list[tuple[str, int]]) -> None:
        self.reference = reference
        self.branches = branches
        self._covered: set[Branch] = set()
        self.level_of: dict[State, int] = {}
        self.levels: list[list[State]] = []
        self.transitions = self.stuck = self.errors = 0
        self._keys = counter_keys(reference.system)
        self._counts = [0] * len(self._keys)
        self._position = 0
        self._next: list[State] = []
        self._marks: list[set[State]] = []

    def start(self) -> int:
        initial = self.reference.initial()
        self.level_of = dict.fromkeys(initial, 0)
        self.levels = [list(self.level_of)]
        return len(initial)

    def check_level(self) -> int:
        events = 0
        for state in self.levels[-1]:
            events |= self._events(state)
        return events

    def _events(self, state: State) -> int:
        events = 0
        for bit, one in enumerate(self.reference.system.properties):
            if one.kind == "final":
                continue
            try:
                holds = self.reference.evaluate(one, state)[0]
            except ModelError:
                return 1 << BROKEN_PREDICATE
            if holds == one.wanted:
                events |= 1 << bit
        return events

    def expand(self, seconds: float) -> Slice:
        deadline = time.monotonic() + seconds
        level, depth = self.levels[-1], len(self.levels)
        while self._position < len(level):
            state = level[self._position]
            self._position += 1
            found = self.reference.successors(state)
            if any(one.error for one in found):
                self.errors += 1
                continue
            self.stuck += self.reference.stuck(state, found)
            self.transitions += len(found)
            for one in found:
                self._counts[self._keys[counter_key(one)]] += 1
                self._covered |= one.covered
                assert one.state is not None
                if one.state not in self.level_of:
                    self.level_of[one.state] = depth
                    self._next.append(one.state)
            if time.monotonic() > deadline:
                return Slice.MORE
        self.levels.append(self._next)
        self._next, self._position = [], 0
        return Slice.DONE

    def level_sizes(self) -> list[int]:
        return [len(one) for one in self.levels]

    @property
    def states(self) -> int:
        return len(self.level_of)

    @property
    def memory_bytes(self) -> int:
        """An estimate: CPython's tuples and dictionary entries."""
        return self.states * (len(self.reference.layout.leaves) * 8 + 150)

    def counters(self) -> list[int]:
        return list(self._counts)

    def covered(self) -> set[Branch]:
        return self._covered

    def mark(self, level: int, target: Target, bit: int) -> None:
        marks = {one for one in self.levels[level] if self._is_target(one, target, bit)}
        self._marks = [marks]
        for states in reversed(self.levels[:level]):
            following = self._marks[0]
            earlier = {one for one in states if any(two.state in following for two in self.reference.successors(one))}
            self._marks.insert(0, earlier)

    def _is_target(self, state: State, target: Target, bit: int) -> bool:
        if target is Target.EVENT:
            return bool(self._events(state) >> bit & 1)
        found = self.reference.successors(state)
        if target is Target.ERROR:
            return any(one.error for one in found)
        return not any(one.error for one in found) and self.reference.stuck(state, found)

    def marked(self, level: int, state: State) -> bool:
        return state in self._marks[level]

    def close(self) -> None:
        pass


@dataclass
class Finding:
    """A target that the search met: at which level (steps from an initial state), and how to mark it."""

    level: int
    target: Target
    bit: int = 0


@dataclass
class Exploration:
    """What a search has come to. ``events``: property number -> where it was first violated or reached."""

    complete: bool = False
    initial_states: int = 0
    events: dict[int, Finding] = field(default_factory=dict)
    stuck: Finding | None = None
    problem: Finding | None = None
    stopped: str = ""  # "memory", "states", "seconds", "interrupt": a limit; "" otherwise
    transitions: int = 0  # of complete levels
    levels: list[int] = field(default_factory=list)  # sizes of complete levels


Report = Callable[[int, int, int, int, int], None]  # states, transitions, depth, queue, memory


def explore(engine: Engine, system: System, options: Options, memory_bytes: int, report: Report) -> Exploration:
    """Run the search to its end, to the first violation (without ``keep_going``), or to a limit."""
    found = Exploration()
    began = time.monotonic()
    try:
        try:
            found.initial_states = engine.start()
        except MemoryError:
            found.stopped = "memory"
            return found
        while True:
            found.levels, found.transitions = engine.level_sizes(), engine.transitions
            if _check(engine, system, options, found):
                return found
            if not _expand(engine, system, options, found, began, memory_bytes, report):
                return found
            if engine.level_sizes()[-1] == 0:
                found.complete = True
                found.transitions = engine.transitions
                return found
    except KeyboardInterrupt:
        found.stopped = "interrupt"
        return found


def _check(engine: Engine, system: System, options: Options, found: Exploration) -> bool:
    """Look at the newest level as a whole; True if the search ends here."""
    level = len(found.levels) - 1
    events = engine.check_level()
    if events >> BROKEN_PREDICATE & 1:
        found.problem = Finding(level, Target.EVENT, BROKEN_PREDICATE)
        return True
    violated = False
    for bit, one in enumerate(system.properties):
        if events >> bit & 1 and bit not in found.events:
            found.events[bit] = Finding(level, Target.EVENT, bit)
            violated = violated or (one.kind == "always" and one.name not in options.beside)
    return violated and not options.keep_going


def _expand(
    engine: Engine, system: System, options: Options, found: Exploration, began: float, memory: int, report: Report
) -> bool:
    """Expand the newest level; False if the search ends here."""
    level = len(found.levels) - 1
    stuck, errors = engine.stuck, engine.errors
    while True:
        state = engine.expand(0.1)
        report(engine.states, engine.transitions, level + 1, found.levels[-1], engine.memory_bytes)
        if state is Slice.DONE:
            break
        found.stopped = _limit(engine, options, began, memory, state)
        if found.stopped:
            return False
    if engine.errors > errors:
        found.problem = Finding(level, Target.ERROR)
        return False
    if engine.stuck > stuck and system.report_deadlock and found.stuck is None:
        found.stuck = Finding(level, Target.STUCK)
        if not options.keep_going:
            return False
    found.stopped = _limit(engine, options, began, memory, state) if engine.level_sizes()[-1] else ""
    return not found.stopped


def _limit(engine: Engine, options: Options, began: float, memory: int, state: Slice) -> str:
    if state is Slice.MEMORY or engine.memory_bytes > memory:
        return "memory"
    if options.states is not None and engine.states >= options.states:
        return "states"
    if options.seconds is not None and time.monotonic() - began >= options.seconds:
        return "seconds"
    return ""


class EnginesDisagree(Exception):
    """The reference does not confirm what the search found: a fault of ours (exit code 70)."""


def least_path(
    engine: Engine, reference: Reference, finding: Finding
) -> tuple[State, int, list[tuple[int, Transition]]]:
    """The least shortest path to a finding: its initial state with its number, and each step with its number."""
    engine.mark(finding.level, finding.target, finding.bit)
    start = next(((i, one) for i, one in enumerate(reference.initial()) if engine.marked(0, one)), None)
    if start is None:
        raise EnginesDisagree("no initial state leads to what was found")
    number, state = start
    steps: list[tuple[int, Transition]] = []
    for level in range(1, finding.level + 1):
        picked = next(
            (
                (i, one)
                for i, one in enumerate(reference.successors(state))
                if one.state is not None and engine.marked(level, one.state)
            ),
            None,
        )
        if picked is None or picked[1].state is None:
            raise EnginesDisagree(f"step {level} towards what was found does not exist")
        steps.append(picked)
        state = picked[1].state
    return start[1], number, steps
