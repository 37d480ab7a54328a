"""How many faults it takes: for each guarantee the least multisets of faults that break it, from one exploration.

How often each fault has happened is part of a state, so everything is explored once, past violations, and the
violating states are collected by these numbers. A vector of numbers is kept if no other violating state has at most as
many of each kind: the Pareto-minimal ones. What holds between and beside them follows, because a run with fewer faults
is a run of the same system: a guarantee breaks within budgets b if and only if some minimal vector is at most b.

**Exact lengths.** Let v be minimal for a guarantee. A shortest path that breaks it with at most v ends in a violating
state with some u <= v behind it; as v is minimal, u = v. So the first level that has a violating state with exactly v
is as far away as any violation within budgets v. And the path to it draws on the spec's own budgets, so its code is
replayed there as any other.

Unlike a check this goes on where a guarantee is broken already. A model may leave its bounds there, because nobody has
looked at that part of it: such states are dead ends then, and the answer says that there are some.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from checker.build import Built, branches_of, build
from checker.checking import REFERENCE_FIRST_STATES, WITNESS_STATES_MAX, Progress, default_memory, played_faults
from checker.options import Options
from checker.reference import Reference, State
from checker.search import (
    BROKEN_PREDICATE,
    Engine,
    EnginesDisagree,
    Finding,
    ReferenceEngine,
    Slice,
    Target,
    least_path,
)
from checker.source import fail
from checker.spec_file import SpecFile
from checker.system import System
from checker.verdict import Explored, Frontier, LeastFaults, PropertyFrontier

Vector = tuple[int, ...]  # how often each fault has happened, by ``System.budgets``
DEADLOCK = "deadlock"


class CountingEngine(Engine, Protocol):
    """An engine that tells targets by the faults behind them."""

    def used(self, level: int, target: Target, bit: int) -> set[Vector]: ...

    def mark_used(self, level: int, target: Target, bit: int, used: Vector) -> None: ...


class CountingReference(ReferenceEngine):
    """The reference's search, with the faults behind each state."""

    only: Vector | None = None

    def _used(self, state: State) -> Vector:
        layout = self.reference.layout
        return tuple(state[layout.budgets[one.number]] for one in self.reference.system.budgets)

    def _is_target(self, state: State, target: Target, bit: int) -> bool:
        return (self.only is None or self._used(state) == self.only) and super()._is_target(state, target, bit)

    def used(self, level: int, target: Target, bit: int) -> set[Vector]:
        return {self._used(one) for one in self.levels[level] if self._is_target(one, target, bit)}

    def mark_used(self, level: int, target: Target, bit: int, used: Vector) -> None:
        self.only = used
        self.mark(level, target, bit)
        self.only = None


class _Only:
    """To ``least_path``: an engine whose targets are those with a certain number of faults behind them."""

    def __init__(self, engine: CountingEngine, used: Vector) -> None:
        self._engine, self._used = engine, used
        self.marked = engine.marked

    def mark(self, level: int, target: Target, bit: int) -> None:
        self._engine.mark_used(level, target, bit, self._used)


@dataclass
class Least:
    """The minimal vectors met so far, each with the first level that has it."""

    target: Target
    bit: int = 0
    levels: dict[Vector, int] = field(default_factory=dict)

    @property
    def settled(self) -> bool:
        """No faults at all are enough: nothing can be less."""
        return any(not any(one) for one in self.levels)

    def meet(self, used: Vector, level: int) -> None:
        if not any(is_within(one, used) for one in self.levels):
            self.levels = {one: at for one, at in self.levels.items() if not is_within(used, one)}
            self.levels[used] = level


def is_within(one: Vector, other: Vector) -> bool:
    """Whether the first has at most as many of each kind."""
    return all(a <= b for a, b in zip(one, other, strict=True))


def survived(limits: Vector, least: Sequence[Vector]) -> list[Vector]:
    """The greatest vectors within the limits that are at least none of the minimal ones, in order.

    One after the other: of what has survived so far, whatever the next one breaks is cut below it in each direction.
    """
    found = [limits]
    for broken in least:
        kept = [one for one in found if not is_within(broken, one)]
        for one in found:
            if is_within(broken, one):
                kept += [(*one[:i], n - 1, *one[i + 1 :]) for i, n in enumerate(broken) if n > 0]
        found = [one for one in set(kept) if not any(one != other and is_within(one, other) for other in kept)]
    return sorted(found, reverse=True)


@dataclass
class Limits:
    """Where an exploration ends before its end."""

    states: int | None
    seconds: float | None
    memory_bytes: int


@dataclass
class Exploration:
    """What one exploration of everything has come to."""

    least: dict[str, Least]
    levels: list[int] = field(default_factory=list)
    initial_states: int = 0
    transitions: int = 0
    stopped: str = ""  # why it ended early
    wrong: int = 0  # states in which a step is an error of the model


def explore_everything(
    engine: CountingEngine, system: System, limits: Limits, progress: Progress | None
) -> Exploration:
    """Go on past violations, and note by which faults each was reached."""
    found = Exploration({})
    for bit, one in enumerate(system.properties):
        if one.kind not in ("final", "premise"):
            found.least[one.name] = Least(Target.EVENT, bit)
    if system.report_deadlock:
        found.least[DEADLOCK] = Least(Target.STUCK)
    began = time.monotonic()
    try:
        found.initial_states = engine.start()
        while engine.level_sizes()[-1]:
            found.levels, found.transitions = engine.level_sizes(), engine.transitions
            events = engine.check_level()
            if events >> BROKEN_PREDICATE & 1:
                found.stopped = "a predicate fails there"
                break
            _note_events(engine, found, events)
            stuck = engine.stuck
            while (state := engine.expand(0.1)) is not Slice.DONE:
                _report(engine, found, progress)
                found.stopped = _limit(engine, limits, began, state)
                if found.stopped:
                    break
            if found.stopped:
                break
            found.transitions, found.wrong = engine.transitions, engine.errors
            if engine.stuck > stuck and system.report_deadlock:
                _note(engine, found.least[DEADLOCK], len(found.levels) - 1)
            _report(engine, found, progress)
            found.stopped = _limit(engine, limits, began, state) if engine.level_sizes()[-1] else ""
            if found.stopped:
                found.levels = engine.level_sizes()[:-1]
                break
    except MemoryError:
        found.stopped = "the memory limit was reached"
    except KeyboardInterrupt:
        found.stopped = "the run was interrupted"
    return found


def _report(engine: Engine, found: Exploration, progress: Progress | None) -> None:
    if progress is not None:
        depth = len(found.levels)
        progress.update(engine.states, engine.transitions, depth, found.levels[-1], engine.memory_bytes)


def _note_events(engine: CountingEngine, found: Exploration, events: int) -> None:
    for least in found.least.values():
        if least.target is Target.EVENT and events >> least.bit & 1 and not least.settled:
            _note(engine, least, len(found.levels) - 1)


def _note(engine: CountingEngine, least: Least, level: int) -> None:
    for one in sorted(engine.used(level, least.target, least.bit)):
        least.meet(one, level)


def _limit(engine: Engine, limits: Limits, began: float, state: Slice) -> str:
    if state is Slice.MEMORY or engine.memory_bytes > limits.memory_bytes:
        return "the memory limit was reached"
    if limits.states is not None and engine.states >= limits.states:
        return "the limit on states was reached"
    if limits.seconds is not None and time.monotonic() - began >= limits.seconds:
        return "the time limit was reached"
    return ""


# --- The answer -------------------------------------------------------------------------------------------------------


def frontier(spec: SpecFile, options: Options | None = None, progress: Progress | None = None) -> Frontier:
    """Explore a spec and say how many faults each property takes. Raises ``SourceError`` if it is wrong, or if a fault
    is unlimited: then there is no number to find."""
    options = (options or Options()).limited_by(spec.limits)
    began = time.perf_counter()
    built = build(spec)
    _refuse_unlimited(spec, built.system)
    reference = Reference(built.system)
    loaded = time.perf_counter()
    limits = Limits(options.states, options.seconds, options.memory_bytes or default_memory())
    engine, found, compiled = _explored(built, reference, options, limits, progress)
    try:
        properties = tuple(
            _property(built.system, reference, engine, name, least, found) for name, least in found.least.items()
        )
    finally:
        engine.close()
    levels = [one for one in found.levels if one]
    return Frontier(
        spec.path,
        spec.title,
        {one.name: one.limit or 0 for one in built.system.budgets},
        properties,
        Explored(
            distinct_states=sum(levels),
            transitions=found.transitions,
            initial_states=found.initial_states,
            depth=len(levels),
            complete=not found.stopped,
            largest_level=max(levels, default=0),
        ),
        tuple(played_faults(spec)),
        tuple(_why(found)),
        {"load": loaded - began, "compile": compiled, "explore": time.perf_counter() - loaded - compiled},
        engine.name,
    )


def _refuse_unlimited(spec: SpecFile, system: System) -> None:
    for one in system.budgets:
        if one.limit is None:
            path = ("faults", one.kind, one.target) if one.target else ("faults", one.kind)
            raise fail(
                "unlimited-fault", f"{one.name} is unlimited, and the frontier counts faults", spec.place(path),
                help=f"give a number, for example --set faults.{'.'.join(path[1:])}=2",
            )  # fmt: skip


def _explored(
    built: Built, reference: Reference, options: Options, limits: Limits, progress: Progress | None
) -> tuple[CountingEngine, Exploration, float]:
    """As for a check: a small system does not wait for machine code."""
    if options.engine == "reference":
        slow = CountingReference(reference, branches_of(built))
        return slow, explore_everything(slow, built.system, limits, progress), 0.0
    from checker.machine_code import is_cached
    from checker.native import NativeEngine

    if options.engine == "auto" and not is_cached(built, reference.layout):
        small = CountingReference(reference, branches_of(built))
        first = min(REFERENCE_FIRST_STATES, limits.states or REFERENCE_FIRST_STATES)
        found = explore_everything(small, built.system, replace(limits, states=first), None)
        if not found.stopped or first == limits.states:
            return small, found, 0.0
    began = time.perf_counter()
    native = NativeEngine(built, reference.layout, options.workers, limits.memory_bytes)
    compiled = time.perf_counter() - began
    return native, explore_everything(native, built.system, limits, progress), compiled


def _property(
    system: System, reference: Reference, engine: CountingEngine, name: str, least: Least, found: Exploration
) -> PropertyFrontier:
    kind, text = "always", "From every state that is not final, something other than a fault can happen."
    if least.target is Target.EVENT:
        one = system.properties[least.bit]
        kind, text = one.kind, (one.function.python.__doc__ or "").strip().split("\n")[0]
    ways = []
    for used, level in sorted(least.levels.items(), key=lambda one: (sum(one[0]), one[1], one[0])):
        shown = kind == "always" or sum(found.levels) <= WITNESS_STATES_MAX
        code = _code(reference, engine, Finding(level, least.target, least.bit), used) if shown else None
        ways.append(LeastFaults(_named(system, used), level, code))
    survives: list[Vector] = []
    if kind == "always" and not found.stopped and not found.wrong:
        survives = survived(tuple(one.limit or 0 for one in system.budgets), list(least.levels))
    return PropertyFrontier(name, kind, text, tuple(ways), tuple(_named(system, one, every=True) for one in survives))


def _named(system: System, vector: Vector, *, every: bool = False) -> dict[str, int]:
    return {one.name: n for one, n in zip(system.budgets, vector, strict=True) if n or every}


def _code(reference: Reference, engine: CountingEngine, finding: Finding, used: Vector) -> str:
    """The replay code of the least shortest path with these faults, which the reference confirms."""
    initial, number, steps = least_path(_Only(engine, used), reference, finding)  # type: ignore[arg-type]
    state = steps[-1][1].state if steps else initial
    assert state is not None
    paid = [0] * len(reference.system.budgets)
    for _, one in steps:
        if one.group.budget is not None:
            paid[one.group.budget.number] += 1
    if finding.target is Target.STUCK:
        confirmed = reference.stuck(state, reference.successors(state))
    else:
        one_property = reference.system.properties[finding.bit]
        confirmed = reference.evaluate(one_property, state)[0] == (one_property.kind == "sometimes")
    if not confirmed or tuple(paid) != used:
        raise EnginesDisagree("the reference does not confirm a path of the frontier")
    return "/".join(str(one) for one in (number, *(one for one, _ in steps)))


def _why(found: Exploration) -> list[str]:
    """What the answer does not cover."""
    levels = len([one for one in found.levels if one])
    why = []
    if found.stopped:
        why.append(
            f"{found.stopped}; the answer covers every run of up to {levels - 1} step{'s' if levels != 2 else ''}: what"
            " is not broken by then may break later, and by fewer faults than those found"
        )
    if found.wrong:
        why.append(
            f"in {found.wrong:,} state{'s' if found.wrong != 1 else ''} the model leaves its bounds; what would follow"
            " is not covered"
        )
    return why


__all__ = ["frontier", "survived"]
