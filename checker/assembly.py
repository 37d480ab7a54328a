"""The LLVM source of one system, assembled from the functions of ``checker.codegen``.

``successors(state, out, capacity, counters)`` writes the packed successors in canonical order and returns their number;
``check(state)`` evaluates the properties. A large system can be made in two halves.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from checker import llvm_text as ll
from checker.build import Built, branches_of
from checker.codegen import GroupCode, PredicateCode, Shared
from checker.kernel_layout import STUCK
from checker.lower import I64
from checker.search import BROKEN_PREDICATE, Branch, counter_keys
from checker.system import Group, Layout, System

_POINTER: Final = I64.as_pointer()
_GROUP: Final = ll.FunctionType(I64, [_POINTER, _POINTER, I64, I64, _POINTER, _POINTER])


def coverage_bits(built: Built) -> dict[Branch, int]:
    """A bit for either outcome of every ``if`` in the actors' methods."""
    return {
        (*place, outcome): 2 * i + (not outcome)
        for i, place in enumerate(branches_of(built))
        for outcome in (True, False)
    }


def generate(built: Built, layout: Layout, half: int | None = None) -> str:
    """The LLVM source of one system; or of one half of its groups, the first with everything that is not a group."""
    with _nothing_collected():
        return _generate(built, layout, half)


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """Without the collector of cyclic garbage, which would look through a million live objects again and again.

    Nothing much of what is made here is garbage before its end: two fifths of the time for nothing.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _generate(built: Built, layout: Layout, half: int | None) -> str:
    module = ll.Module("system")
    shared = Shared(built, layout, module, counter_keys(built.system), coverage_bits(built))
    halves = None if half is None else _halves(built)
    functions = []
    for group in built.system.groups:
        function = ll.Function(module, _GROUP, f"group_{group.number}_{group.kind}")
        function.args[0].add_attribute("noalias")
        function.args[1].add_attribute("noalias")
        if half is None:
            function.linkage = "internal"
        if halves is None or halves[group.number] == half:
            GroupCode(shared, function, group)
        functions.append((group, function))
    if half == 1:
        return str(module)
    predicates = []
    for number in range(len(built.system.properties)):
        function = ll.Function(module, ll.FunctionType(I64, [I64.as_pointer()]), f"predicate_{number}")
        function.linkage = "internal"
        PredicateCode(shared, function, number)
        predicates.append(function)
    _successors(built.system, module, functions, predicates)
    _check(built.system, module, predicates)
    return str(module)


def cost(built: Built, instance: int) -> int:
    """Nodes of the intermediate form of one actor's methods."""
    owner = built.system.instances[instance].definition.name
    return sum(method.size for (name, _), method in built.methods.items() if name == owner)


def _halves(built: Built) -> list[int]:
    """For each group, which half it is made in: that of its actor, so that a handler is made in one of them only."""
    costs = {i: cost(built, i) for i in range(len(built.system.instances))}
    sums, half = [0, 0], {}
    for i in sorted(costs, key=lambda one: (-costs[one], one)):
        half[i] = sums.index(min(sums))
        sums[half[i]] += costs[i]
    return [0 if group.instance is None else half[group.instance] for group in built.system.groups]


def _successors(
    system: System, module: ll.Module, functions: list[tuple[Group, ll.Function]], predicates: list[ll.Function]
) -> None:
    """All groups in order; then whether the state is stuck."""
    pointer = I64.as_pointer()
    function = ll.Function(module, ll.FunctionType(I64, [pointer, pointer, I64, pointer]), "successors")
    state, out, capacity, counters = function.args
    builder = ll.IRBuilder(function.append_basic_block("entry"))
    failed = function.append_basic_block("failed")
    zero = ll.Constant(I64, 0)
    number: Any = zero
    without_faults: Any = zero
    behind = builder.gep(counters, [ll.Constant(I64, len(counter_keys(system)))])
    for group, one in functions:
        if group.fault and without_faults is zero:
            without_faults = number
        number = builder.call(one, [state, out, number, capacity, counters, behind])
        going_on = function.append_basic_block(f"after_{group.number}")
        builder.cbranch(builder.icmp_signed("<", number, zero), failed, going_on)
        builder.position_at_end(going_on)
        if not group.fault:
            without_faults = zero
    if not any(group.fault for group, _ in functions):
        without_faults = number
    builder = _mark_stuck(system, function, builder, state, number, without_faults, predicates)
    builder.position_at_end(failed)
    builder.ret(ll.Constant(I64, -1))


def _mark_stuck(
    system: System,
    function: ll.Function,
    builder: ll.IRBuilder,
    state: ll.Value,
    number: Any,
    without_faults: Any,
    predicates: list[ll.Function],
) -> ll.IRBuilder:
    zero, one = ll.Constant(I64, 0), ll.Constant(I64, 1)
    plain, stuck, ending = (function.append_basic_block(name) for name in ("plain", "stuck", "ending"))
    builder.cbranch(builder.icmp_signed("==", without_faults, zero), ending, plain)
    builder.position_at_end(plain)
    builder.ret(number)
    builder.position_at_end(ending)
    finals = [i for i, prop in enumerate(system.properties) if prop.kind == "final"]
    all_final: Any = ll.Constant(ll.IntType(1), 1 if finals else 0)
    for i in finals:
        holds = builder.icmp_signed("==", builder.call(predicates[i], [state]), one)
        all_final = builder.and_(all_final, holds)
    builder.cbranch(all_final, plain, stuck)
    builder.position_at_end(stuck)
    builder.ret(builder.or_(number, ll.Constant(I64, STUCK)))
    return builder


def _check(system: System, module: ll.Module, predicates: list[ll.Function]) -> None:
    """The event bits of a state: always violated, sometimes reached, or a predicate that fails."""
    function = ll.Function(module, ll.FunctionType(I64, [I64.as_pointer()]), "check")
    builder = ll.IRBuilder(function.append_basic_block("entry"))
    events: Any = ll.Constant(I64, 0)
    for bit, (prop, predicate) in enumerate(zip(system.properties, predicates, strict=True)):
        if prop.kind == "final":
            continue
        answer = builder.call(predicate, [function.args[0]])
        wanted = ll.Constant(I64, int(prop.wanted))
        hit = builder.zext(builder.icmp_signed("==", answer, wanted), I64)
        broken = builder.zext(builder.icmp_signed("==", answer, ll.Constant(I64, 2)), I64)
        events = builder.or_(events, builder.shl(hit, ll.Constant(I64, bit)))
        events = builder.or_(events, builder.shl(broken, ll.Constant(I64, BROKEN_PREDICATE)))
    builder.ret(events)
