"""Questions to a system from the middle of a path: what can follow from here, with so many faults left?

How often a fault has happened is part of a state (``Layout.budgets``) and nothing but the fault itself reads it. So
"without further faults" is the same system, started from a state in which every budget is used up, and "with one crash"
is the initial state in which all but one are: the code that exists answers both, and nothing is compiled.

Faults that the actors play themselves (``lang.Counts``) have no budget; a leaf of the state says that there are to be
no more of them (``Layout.calm``). It is left alone where a deadlock is asked for: a state that waits for a timeout is
not stuck.

An unlimited budget has no place in a state. A system that has one gets a twin in which it is limited, which the
reference explores: such systems are small textbook ones.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from checker.reference import ModelError, Reference, State, Transition
from checker.search import BROKEN_PREDICATE, Engine, EnginesDisagree, Finding, Slice, Target
from checker.system import System

if TYPE_CHECKING:
    from checker.native import NativeEngine


class Unknown(Exception):
    """The question was given up; the text says why, as the end of a sentence."""


@dataclass
class Patience:
    """How much may be visited for one answer. States decide, so that the answer is the same everywhere; ``seconds``
    only guards whoever has a large system explored by the reference."""

    states: int
    graph_states: int
    seconds: float
    began: float = field(default_factory=time.monotonic)

    def check_time(self) -> None:
        if time.monotonic() - self.began > self.seconds:
            raise Unknown(f"that takes more than {self.seconds:.0f} s")


Vector = tuple[int, ...]  # one number for each of ``System.budgets``


class Steps(NamedTuple):
    """One state, as a walk sees it: what follows, the event bits that hold, whether it is stuck or a step is wrong."""

    following: list[Any]
    events: int
    stuck: bool
    wrong: bool


class Walk(NamedTuple):
    """A system as a graph: ``key`` of a state, and what follows from a key."""

    key: Callable[[State], Any]
    step: Callable[[Any], Steps]


class Searching(Protocol):
    """What questions need of an engine."""

    def start(self) -> int: ...
    def check_level(self) -> int: ...
    def expand(self, seconds: float) -> Slice: ...
    def level_sizes(self) -> list[int]: ...
    @property
    def states(self) -> int: ...
    @property
    def stuck(self) -> int: ...
    @property
    def errors(self) -> int: ...
    def mark(self, level: int, target: Target, bit: int) -> None: ...
    def marked(self, level: int, state: State) -> bool: ...
    def close(self) -> None: ...


class Probe:
    """One system and one goal, asked of the engine that explored the system."""

    def __init__(self, reference: Reference, engine: Engine, goal: Finding, faults_max: int) -> None:
        """``faults_max``: what stands for "unlimited"; no question may ask for more."""
        self.original, self.goal = reference, goal
        self.budgets_start = min(reference.layout.budgets.values(), default=len(reference.layout.leaves))
        self.reference, self.native = reference, _native(engine)
        if any(one.limit is None for one in reference.system.budgets):
            self.reference, self.native = Reference(_limited(reference.system, faults_max)), None
        # A state that waits for a fault which its actors would play is not stuck: a deadlock is asked for with them.
        self.calm = reference.layout.calm if goal.target is Target.EVENT else None
        self.limits: Vector = tuple(one.limit or 0 for one in self.reference.system.budgets)
        self._known: dict[State, Steps] = {}

    def with_left(self, state: State, left: Vector, *, calm: bool) -> State:
        """The state, in which so many faults of each budget may still happen, and (``calm``) none that actors play."""
        used = [limit - one for limit, one in zip(self.limits, left, strict=True)]
        first = list(state[: self.budgets_start])
        if calm and self.calm is not None:
            first[self.calm] = 1
        return (*first, *used)

    def without_faults(self, state: State) -> State:
        return self.with_left(state, (0,) * len(self.limits), calm=True)

    def vectors(self, total: int) -> Iterator[Vector]:
        """Every way to have so many faults altogether, greatest first: a fault of the first budget before others."""
        options = [range(min(limit, total), -1, -1) for limit in self.limits]
        yield from (one for one in itertools.product(*options) if sum(one) == total)

    def search(self, states: list[State]) -> Searching:
        """A search from these states, not begun. To be closed by the caller."""
        if self.native is not None:
            return self.native.starting_from(states)
        return _SlowSearch(self, states)

    def walk(self) -> Walk:
        if self.native is not None:
            step = self.native.stepper()
            return Walk(self.native.packed, lambda state: Steps(*step(state)))
        return Walk(lambda state: state, self.step)

    def has_faults(self) -> Callable[[Any], bool]:
        """Of a key of ``walk``: whether a budget has been drawn on. Every budget must be finite."""
        layout = self.reference.layout
        leaves = [layout.budgets[one.number] for one in self.reference.system.budgets]
        if self.native is None:
            return lambda state: any(state[leaf] for leaf in leaves)
        masks: dict[int, int] = {}
        for chunk in (chunk for leaf in leaves for chunk in layout.chunks[leaf]):
            masks[chunk.word] = masks.get(chunk.word, 0) | ((1 << chunk.width) - 1) << chunk.shift

        def has_faults(packed: bytes) -> bool:
            words = memoryview(packed).cast("Q")
            return any(words[word] & mask for word, mask in masks.items())

        return has_faults

    def step(self, state: State) -> Steps:
        """By the reference, which is slow: questions overlap, so it is asked once about each state, and only of what
        this goal needs."""
        found = self._known.get(state)
        if found is None:
            found = self._known[state] = self._step(state)
        return found

    def _step(self, state: State) -> Steps:
        events = 0
        if self.goal.target is Target.EVENT:
            one = self.reference.system.properties[self.goal.bit]
            try:
                events = (self.reference.evaluate(one, state)[0] == (one.kind == "sometimes")) << self.goal.bit
            except ModelError:
                events = 1 << BROKEN_PREDICATE
        found = self.reference.successors(state)
        wrong = any(one.error for one in found)
        stuck = not wrong and self.reference.stuck(state, found)
        following: list[Any] = [] if wrong else [one.state for one in found if one.state is not None]
        return Steps(following, events, stuck, wrong)

    def is_goal(self, found: Steps) -> bool:
        if self.goal.target is Target.STUCK:
            return found.stuck
        return bool(found.events >> self.goal.bit & 1)


class _SlowSearch:
    """A search of the reference from given states, in the manner of ``search.ReferenceEngine``."""

    def __init__(self, probe: Probe, states: list[State]) -> None:
        self._probe, self._initial = probe, states
        self._level_of: dict[State, int] = {}
        self._levels: list[list[State]] = []
        self._marks: list[set[State]] = []
        self._next: list[State] = []
        self._position = self.stuck = self.errors = 0

    def start(self) -> int:
        self._level_of = dict.fromkeys(self._initial, 0)
        self._levels = [list(self._level_of)]
        return len(self._initial)

    @property
    def states(self) -> int:
        return len(self._level_of)

    def level_sizes(self) -> list[int]:
        return [len(one) for one in self._levels]

    def check_level(self) -> int:
        events = 0
        for one in self._levels[-1]:
            events |= self._probe.step(one).events
        return events

    def expand(self, seconds: float) -> Slice:
        deadline = time.monotonic() + seconds
        level = self._levels[-1]
        while self._position < len(level):
            found = self._probe.step(level[self._position])
            self._position += 1
            self.stuck += found.stuck
            self.errors += found.wrong
            for one in found.following:
                if one not in self._level_of:
                    self._level_of[one] = len(self._levels)
                    self._next.append(one)
            if time.monotonic() > deadline:
                return Slice.MORE
        self._levels.append(self._next)
        self._next, self._position = [], 0
        return Slice.DONE

    def mark(self, level: int, target: Target, bit: int) -> None:
        self._marks = [{one for one in self._levels[level] if self._probe.is_goal(self._probe.step(one))}]
        for states in reversed(self._levels[:level]):
            following = self._marks[0]
            self._marks.insert(0, {one for one in states if not following.isdisjoint(self._probe.step(one).following)})

    def marked(self, level: int, state: State) -> bool:
        return state in self._marks[level]

    def close(self) -> None:
        pass


def _native(engine: Engine) -> NativeEngine | None:
    if engine.name == "reference":
        return None
    from checker.native import NativeEngine  # Only here: a run that the reference does need not load LLVM.

    return engine if isinstance(engine, NativeEngine) else None


def _limited(system: System, faults_max: int) -> System:
    budgets = [replace(one, limit=faults_max) if one.limit is None else one for one in system.budgets]
    return System(
        system.title, system.constants, system.instances, system.classes, system.resolver,
        system.links, budgets, system.properties, system.report_deadlock,
    )  # fmt: skip


def is_broken(found: Steps) -> bool:
    """The model goes wrong here, so nobody knows what follows."""
    return found.wrong or bool(found.events >> BROKEN_PREDICATE & 1)


LEAVES_BOUNDS = "the model leaves its bounds on the way"


def first_level(engine: Searching, goal: Finding, patience: Patience) -> int | None:
    """Steps from the states that a search starts from to the nearest goal; None: there is none. Raises ``Unknown``."""
    engine.start()
    wrong = False
    while True:
        events = engine.check_level()
        level = len(engine.level_sizes()) - 1
        if events >> BROKEN_PREDICATE & 1:
            raise Unknown(LEAVES_BOUNDS)
        if goal.target is Target.EVENT and events >> goal.bit & 1:
            return level
        stuck = engine.stuck
        while (progress := engine.expand(0.1)) is not Slice.DONE:
            patience.check_time()
            if progress is Slice.MEMORY:
                raise Unknown("the memory limit was reached")
            if engine.states > patience.states:
                raise Unknown(f"there are more than {patience.states:,} states to visit")
        if goal.target is Target.STUCK and engine.stuck > stuck:
            return level
        wrong = wrong or engine.errors > 0
        if engine.level_sizes()[-1] == 0:
            if wrong:
                raise Unknown(LEAVES_BOUNDS)
            return None
        if engine.states > patience.states:
            raise Unknown(f"there are more than {patience.states:,} states to visit")
        patience.check_time()


class Graph:
    """Every state that follows from some states. What lies behind a goal does not matter: goals have no successors."""

    def __init__(self, probe: Probe, roots: Sequence[State], patience: Patience) -> None:
        walk = probe.walk()
        self.key = walk.key
        self.goals: list[Hashable] = []
        self.before: dict[Hashable, list[Hashable]] = {walk.key(one): [] for one in roots}
        waiting: list[Hashable] = list(self.before)
        for count, one in enumerate(waiting):
            if count % 256 == 0:
                patience.check_time()
            if len(waiting) > patience.graph_states:
                raise Unknown(f"there are more than {patience.graph_states:,} states to visit")
            found = walk.step(one)
            if probe.is_goal(found):
                self.goals.append(one)
                continue
            if is_broken(found):
                raise Unknown(LEAVES_BOUNDS)
            for each in found.following:
                if each not in self.before:
                    self.before[each] = []
                    waiting.append(each)
                self.before[each].append(one)

    def leading_to(self, targets: Sequence[Hashable]) -> set[Hashable]:
        """The targets, and every state from which one of them can be reached."""
        found = set(targets)
        waiting = list(found)
        while waiting:
            for one in self.before[waiting.pop()]:
                if one not in found:
                    found.add(one)
                    waiting.append(one)
        return found


def nearest_with_a_fault(probe: Probe, states_max: int) -> tuple[State, int, list[tuple[int, Transition]]] | None:
    """The least shortest way to the goal on which a budget is drawn on, and on which the goal does not hold before its
    end; None if there is none among the first states, breadth-first.

    In the canonical order of steps the first way that is found to a state is the least of its shortest ones.
    """
    walk, has_faults = probe.walk(), probe.has_faults()
    initial = probe.original.initial()
    before: dict[Hashable, Hashable | None] = {walk.key(one): None for one in initial}
    waiting = list(before)
    for one in waiting:
        if len(waiting) > states_max:
            return None
        found = walk.step(one)
        if probe.is_goal(found):
            if has_faults(one):
                return _followed(probe, walk, _way_to(one, before))
            continue
        if is_broken(found):
            continue
        for each in found.following:
            if each not in before:
                before[each] = one
                waiting.append(each)
    return None


def _way_to(end: Hashable, before: dict[Hashable, Hashable | None]) -> list[Hashable]:
    way, at = [end], before[end]
    while at is not None:
        way.append(at)
        at = before[at]
    return way[::-1]


def _followed(probe: Probe, walk: Walk, way: list[Hashable]) -> tuple[State, int, list[tuple[int, Transition]]]:
    """The same way by the reference semantics, as ``search.least_path`` gives one."""
    reference = probe.original
    number, start = next((i, one) for i, one in enumerate(reference.initial()) if walk.key(one) == way[0])
    steps: list[tuple[int, Transition]] = []
    state = start
    for key in way[1:]:
        picked = next(
            (
                (i, one)
                for i, one in enumerate(reference.successors(state))
                if one.state is not None and walk.key(one.state) == key
            ),
            None,
        )
        if picked is None or picked[1].state is None:
            raise EnginesDisagree("a step towards a witness does not exist")
        steps.append(picked)
        state = picked[1].state
    return start, number, steps


__all__ = ["Graph", "Patience", "Probe", "Unknown", "Vector", "first_level", "nearest_with_a_fault"]
