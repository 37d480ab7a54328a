"""All mutants of a system in one piece of machine code: *mutant schemata* (Untch, Offutt, Harrold: Mutation analysis
using mutant schemata, ISSTA 1993).

Compiling a spec takes seconds and searching it milliseconds, so a mutant must not cost a compilation. Here every guard
that has a living mutant is compiled to ``Switched``: its condition, unless the global variable ``mutant`` of the
machine code names one of its two mutants. A mutant is then a number that is written before a new search begins.

The guard also notes what it evaluated to (``touched``). A search of the original therefore says exactly which mutants
a spec can tell apart at all: if a guard is never evaluated, or only to what its mutant says anyway, then every step is
the same, and so is every reached state, by induction over the steps.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from checker import ir
from checker import llvm_text as ll
from checker.actors import Function
from checker.assembly import generate
from checker.build import Built, branches_of, build, translate
from checker.checking import judge
from checker.codegen import StateCode
from checker.expectation import differences
from checker.lower import I64, Code, Value, can_fail
from checker.machine_code import MachineCode, compile_source
from checker.native import NativeEngine
from checker.options import Options
from checker.reference import Reference
from checker.search import explore
from checker.spec import load
from checker.spec_file import Expect, SpecFile
from checker.system import Layout
from checker.types import BOOL
from checker.verdict import Outcome, Result

NEGATED, REMOVED = "negated", "removed"
STATES_MAX = 1_000_000  # A spec with more states is not asked.
SLACK = 5  # Where no count is pinned: so many times the states of the original, and a mutant is given up.
MEMORY_BYTES = 6 << 30
OPTIMIZE_MIN = 3_000_000  # States of all searches together from which better code pays: half of 3.6 us for each.
I8, ZERO = ll.IntType(8), ll.Constant(I64, 0)


@dataclass(frozen=True)
class Guard:
    """An `if` or `require` of an actor's method."""

    file: str  # below the models, without .py
    actor: str
    function: str
    line: int
    is_if: bool

    @property
    def without(self) -> bool:
        """What its condition becomes when it is removed: the branch is never taken, the requirement always met."""
        return not self.is_if


@dataclass(frozen=True, eq=False, repr=False)
class Switched(ir.Expr):
    """The condition of guard ``number``; mutant 2 * number + 1 negates it, 2 * number + 2 makes it ``without``."""

    condition: ir.Expr
    number: int
    guard: Guard
    changes: frozenset[str]  # Those of its mutants that are still alive.


@dataclass(frozen=True, eq=False, repr=False)
class Uncounted(ir.If):
    """Without the notes of the coverage report, which nobody reads here: a sixth of the time to make the code."""


def _uncounted(self: Code, node: Uncounted) -> None:
    self.branch(
        self.condition(node.condition), lambda: self.statements(node.then), lambda: self.statements(node.otherwise)
    )


def _switched(self: Code, node: Switched) -> Value:
    a, b = self.a, self.b
    chosen = _chosen(self)

    def evaluated() -> Value:
        holds = self.condition(node.condition)
        where = a.wide(a.add(2 * node.number, a.number(holds)), 64)
        b.store(ll.Constant(I8, 1), b.gep(_variable(self, "touched"), [ZERO, where]))
        if NEGATED in node.changes:
            negated = a.eq(chosen, 2 * node.number + 1)
            holds = (a.negate(negated) if holds else negated) if isinstance(holds, bool) else b.xor(holds, negated)
        return self._truth(holds)

    if REMOVED not in node.changes:
        return evaluated()
    gone = a.eq(chosen, 2 * node.number + 2)
    if can_fail(node.condition):
        return self._lazily(BOOL, gone, lambda: self._truth(node.guard.without), evaluated)
    kept = self.a.bit(evaluated().one)
    return self._truth(a.either(gone, kept) if node.guard.without else a.both(a.negate(gone), kept))


Code._Switched, Code._Uncounted = _switched, _uncounted  # type: ignore[attr-defined]


def _variable(code: Code, name: str) -> Any:
    """``mutant``, or ``touched``: a byte for each guard and outcome."""
    module = code.function.module
    if name not in module.globals:
        assert isinstance(code, StateCode)
        built = code.shared.built
        assert isinstance(built, Schemata)
        kind = I64 if name == "mutant" else ll.ArrayType(I8, 2 * len(built.numbers))
        ll.GlobalVariable(module, kind, name).initializer = ll.Constant(kind, None)
    return module.globals[name]


def _chosen(code: Code) -> Any:
    """The number of the mutant, read once in each function."""
    found = code.__dict__.get("chosen")
    if found is None:
        with code.b.goto_block(code.entry):
            found = code.__dict__["chosen"] = code.b.load(_variable(code, "mutant"))
    return found


class Schemata(Built):
    """A system whose guards are switched."""

    def __init__(self, built: Built, changes: dict[Guard, frozenset[str]], models: Path) -> None:
        super().__init__(built.system, built.resolver)
        self._changes = changes
        self._models = models
        self._names: dict[str, str] = {}
        self.numbers = {guard: number for number, guard in enumerate(changes)}

    @cached_property
    def _translated(self) -> Any:
        methods, predicates = translate(self.system, self.resolver, whole=True)
        return {key: self._method(one) for key, one in methods.items()}, [self._method(one) for one in predicates]

    def _method(self, one: ir.Method) -> ir.Method:
        return replace(one, body=self._rewritten(one.body, one.function))

    def _rewritten(self, node: Any, inside: Function) -> Any:
        if isinstance(node, tuple):
            found = tuple(self._rewritten(one, inside) for one in node)
            return found if any(new is not old for new, old in zip(found, node, strict=True)) else node
        if not isinstance(node, (ir.Expr, ir.Stmt, ir.Generator, ir.Over)):
            return node
        changed = {}
        for one in fields(node):
            if one.name in ("type", "types", "function"):
                continue
            old = getattr(node, one.name)
            function = node.function if isinstance(node, ir.Inline) and one.name == "body" else inside
            new = self._rewritten(old, function)
            if one.name == "condition" and isinstance(node, (ir.If, ir.Require)):
                new = self._switch(node, new, inside)
            if new is not old:
                changed[one.name] = new
        if type(node) is ir.If:
            parts = {one.name: changed.get(one.name, getattr(node, one.name)) for one in fields(node)}
            return Uncounted(**parts)
        return replace(node, **changed) if changed else node

    def _switch(self, node: ir.If | ir.Require, condition: ir.Expr, inside: Function) -> ir.Expr:
        guard = Guard(self._file(inside.file), inside.owner, inside.name, node.line, isinstance(node, ir.If))
        number = self.numbers.get(guard)
        return condition if number is None else Switched(BOOL, condition, number, guard, self._changes[guard])

    def _file(self, path: str) -> str:
        if path not in self._names:
            real = Path(path).resolve()
            inside = real.is_relative_to(self._models)
            self._names[path] = str(real.relative_to(self._models).with_suffix("")) if inside else ""
        return self._names[path]


class TooDeep(Exception):
    """No violation within as many steps as the spec expects: whatever comes now, it differs."""


class Engine(NativeEngine):
    """The code of a ``Schemata``; explores one mutant after the other."""

    def __init__(self, built: Schemata, layout: Layout, optimize: bool) -> None:
        code = MachineCode(branches_of(built), [compile_source(generate(built, layout), quick=not optimize)])
        super().__init__(built, layout, 1, MEMORY_BYTES, code)
        self.numbers = built.numbers
        self._first_level = [layout.pack(one) for one in Reference(built.system, layout).initial()]
        self.levels_max: int | None = None
        self._mutant = self._touched = None
        if self.variable("mutant"):
            self._mutant = ctypes.c_int64.from_address(self.variable("mutant"))
        if self.variable("touched"):
            self._touched = (ctypes.c_uint8 * (2 * len(self.numbers))).from_address(self.variable("touched"))

    def choose(self, guard: Guard, change: str) -> None:
        """Explore this mutant next."""
        assert self._mutant is not None
        self.search.close()
        self._mutant.value = 2 * self.numbers[guard] + (1 if change == NEGATED else 2)
        self.search = self.new_search()

    def evaluated(self) -> frozenset[tuple[Guard, bool]]:
        """Which conditions were met so far, and what they came to."""
        seen = self._touched
        if seen is None:
            return frozenset()
        return frozenset((one, bool(i)) for one, at in self.numbers.items() for i in (0, 1) if seen[2 * at + i])

    def start(self) -> int:
        self.search.add_initial(self._first_level)
        return len(self._first_level)

    def check_level(self) -> int:
        if self.levels_max is not None and len(self.search.levels) > self.levels_max:
            raise TooDeep
        return super().check_level()


@dataclass(frozen=True)
class Asked:
    """A spec that is asked about mutants. ``problem``: why it cannot be."""

    seconds: float  # until the first search
    states: int
    evaluated: frozenset[tuple[Guard, bool]]
    problem: str = ""


@dataclass(frozen=True)
class Answer:
    """What it says about one of them. ``how``: in what it differs; empty: it is as expected."""

    guard: Guard
    change: str
    how: str
    given_up: bool  # Too many states; counts as no difference.


def files_of(built: Built, models: Path) -> frozenset[str]:
    """The files of the actors of a system, below the models, without .py."""
    paths = (Path(one.file).resolve() for one in built.system.classes.values())
    return frozenset(str(one.relative_to(models).with_suffix("")) for one in paths if one.is_relative_to(models))


def is_reached(guard: Guard, change: str, evaluated: frozenset[tuple[Guard, bool]]) -> bool:
    """Whether the mutant ever decides otherwise than the original in a search where conditions came to this."""
    values = {one for one in (True, False) if (guard, one) in evaluated}
    return bool(values) if change == NEGATED else (not guard.without) in values


def ask(
    path: str, changes: dict[Guard, frozenset[str]], models: Path, states_expected: int
) -> Iterator[Asked | Answer]:
    """What a spec says about these mutants: ``Asked``, then an ``Answer`` for each mutant that it reaches."""
    began = time.perf_counter()
    spec = load(path)
    assert spec.expect is not None
    built = Schemata(build(spec), changes, models)
    searches = sum(map(len, changes.values()))
    engine = Engine(built, Layout(built.system), states_expected * searches > OPTIMIZE_MIN)
    seconds = time.perf_counter() - began
    original, stopped = explored(spec, engine, STATES_MAX)
    evaluated, states = engine.evaluated(), engine.states
    problem = f"more than {STATES_MAX:,} states" if stopped else "; ".join(differences(spec.expect, original))
    yield Asked(seconds, states, evaluated, problem)
    if problem:
        return
    known = spec.expect.distinct_states is not None and spec.expect.verdict != Outcome.VIOLATED.value
    if spec.expect.verdict == Outcome.VIOLATED.value and spec.expect.steps is not None:
        engine.levels_max = spec.expect.steps + 1
    for guard, wanted in changes.items():
        for change in sorted(wanted):
            if not is_reached(guard, change, evaluated):
                continue
            engine.choose(guard, change)
            try:
                result, stopped = explored(spec, engine, states + 1 if known else states * SLACK + 10_000)
            except TooDeep:
                yield Answer(guard, change, f"no violation in {spec.expect.steps} steps", False)
                continue
            if stopped and known:
                yield Answer(guard, change, f"more than {states:,} states", False)
            elif stopped:
                yield Answer(guard, change, "", True)
            else:
                yield Answer(guard, change, _short(spec.expect, result), False)
    engine.close()


def explored(spec: SpecFile, engine: Engine, states_max: int) -> tuple[Result, bool]:
    """The verdict on what the engine explores now, and whether it had to stop."""
    options = Options(workers=1, states=states_max)
    found = explore(engine, engine.system, options, MEMORY_BYTES, lambda *_: None)
    return judge(spec, engine.system, None, engine, found)[0], bool(found.stopped)


def _short(expect: Expect, result: Result) -> str:
    return "model error" if result.problem else "; ".join(differences(expect, result))
