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
from typing import TYPE_CHECKING, Any, NamedTuple

from checker.build import Built
from checker.reference import ModelError, Reference, State, Transition
from checker.search import BROKEN_PREDICATE, Engine, Finding, ReferenceEngine, Slice, Target
from checker.system import System

if TYPE_CHECKING:
    from checker.native import NativeEngine


class Unknown(Exception):
    """The question was given up; the text says why, as the end of a sentence."""


@dataclass
class Patience:
    """How much may be visited to answer. States decide, so that the answer is the same everywhere; time is the guard
    of those who wait for the reference on a large system."""

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


class Probe:
    """One system, as the engine that explored it explores it, from other states."""

    def __init__(self, built: Built, reference: Reference, engine: Engine, faults_max: int, *, calm: bool) -> None:
        """``faults_max``: what stands for "unlimited"; no question may ask for more. ``calm``: what the actors play
        themselves is a fault too.
        """
        self.original = reference
        self.budgets_start = min(reference.layout.budgets.values(), default=len(reference.layout.leaves))
        self.reference, self.native = reference, _native(engine)
        if any(one.limit is None for one in reference.system.budgets):
            self.reference, self.native = Reference(_limited(reference.system, faults_max)), None
        self.calm = reference.layout.calm if calm else None
        self.limits: Vector = tuple(one.limit or 0 for one in self.reference.system.budgets)

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

    def search(self, states: list[State]) -> Engine:
        """A search from these states, not begun. To be closed by the caller."""
        if self.native is not None:
            return self.native.starting_from(states)
        return _ReferenceFrom(self.reference, states)

    def walk(self, goal: Finding) -> Walk:
        """The graph in which ``events`` has only the goal's own bit."""
        if self.native is not None:
            step = self.native.stepper()
            return Walk(self.native.packed, lambda state: Steps(*step(state)))
        return Walk(lambda state: state, lambda state: _step(self.reference, state, goal))


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


class _ReferenceFrom(ReferenceEngine):
    """The reference's search from given states."""

    def __init__(self, reference: Reference, states: list[State]) -> None:
        super().__init__(reference, [])
        self._initial = states

    def start(self) -> int:
        self.level_of = dict.fromkeys(self._initial, 0)
        self.levels = [list(self.level_of)]
        return len(self._initial)


def _step(reference: Reference, state: State, goal: Finding) -> Steps:
    found: list[Transition] = reference.successors(state)
    events = 0
    if goal.target is Target.EVENT:
        one = reference.system.properties[goal.bit]
        try:
            events = (reference.evaluate(one, state)[0] == (one.kind == "sometimes")) << goal.bit
        except ModelError:
            events = 1 << BROKEN_PREDICATE
    wrong = any(one.error for one in found)
    stuck = not wrong and reference.stuck(state, found)
    following: list[Any] = [one.state for one in found if one.state is not None]
    return Steps([] if wrong else following, events, stuck, wrong)


def is_goal(found: Steps, goal: Finding) -> bool:
    if goal.target is Target.STUCK:
        return found.stuck
    return bool(found.events >> goal.bit & 1)


def is_broken(found: Steps) -> bool:
    """The model goes wrong here, so nobody knows what follows."""
    return found.wrong or bool(found.events >> BROKEN_PREDICATE & 1)


LEAVES_BOUNDS = "the model leaves its bounds on the way"


def first_level(engine: Engine, goal: Finding, patience: Patience) -> int | None:
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
            if progress is Slice.MEMORY or engine.states > patience.states:
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

    def __init__(self, walk: Walk, goal: Finding, roots: Sequence[State], patience: Patience) -> None:
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
            if is_goal(found, goal):
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


__all__ = ["Graph", "Patience", "Probe", "Unknown", "Vector", "first_level", "is_goal"]
