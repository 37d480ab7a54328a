"""From a system to machine code that is kept on the disk.

``successors(state, out, capacity, counters)`` writes the packed successors in canonical order and returns their number;
``check(state)`` evaluates the properties. A large system is made in two halves by two processes: what costs time is
Python building LLVM's input and LLVM itself, in about equal parts.
"""

from __future__ import annotations

import json
import os
import threading
from dataclasses import dataclass
from typing import Any, Final, NoReturn

import llvmlite
import llvmlite.binding as llvm
from llvmlite import ir as ll

from checker import ir
from checker.build import Built, branches_of
from checker.codegen import GroupCode, PredicateCode, Shared
from checker.fingerprint import fingerprint
from checker.kernel_layout import STUCK
from checker.lower import I64
from checker.objectcache import cached, is_present
from checker.search import BROKEN_PREDICATE, Branch, counter_keys
from checker.system import Group, Layout, System

OPTIMIZE_FULLY_MAX = 40_000  # Lines; beyond, O1: code generation would take longer than it saves.
_POINTER: Final = I64.as_pointer()
_GROUP: Final = ll.FunctionType(I64, [_POINTER, _POINTER, I64, I64, _POINTER, _POINTER])
HALVES_NODES_MIN = 3_000  # Nodes of the intermediate form, over all instances; below, a second process does not pay.


def coverage_bits(built: Built) -> dict[Branch, int]:
    """A bit for either outcome of every ``if`` in the actors' methods."""
    return {
        (*place, outcome): 2 * i + (not outcome)
        for i, place in enumerate(branches_of(built))
        for outcome in (True, False)
    }


def generate(built: Built, layout: Layout, half: int | None = None) -> str:
    """The LLVM source of one system; or of one half of its groups, the first with everything that is not a group."""
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


def _cost(built: Built, instance: int) -> int:
    """Nodes of the intermediate form of one actor's methods."""
    owner = built.system.instances[instance].definition.name
    return sum(sum(1 for _ in ir.walk(method.body)) for (name, _), method in built.methods.items() if name == owner)


def _halves(built: Built) -> list[int]:
    """For each group, which half it is made in: that of its actor, so that a handler is made in one of them only."""
    costs = {i: _cost(built, i) for i in range(len(built.system.instances))}
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
        wanted = ll.Constant(I64, 1 if prop.kind == "sometimes" else 0)
        hit = builder.zext(builder.icmp_signed("==", answer, wanted), I64)
        broken = builder.zext(builder.icmp_signed("==", answer, ll.Constant(I64, 2)), I64)
        events = builder.or_(events, builder.shl(hit, ll.Constant(I64, bit)))
        events = builder.or_(events, builder.shl(broken, ll.Constant(I64, BROKEN_PREDICATE)))
    builder.ret(events)


def _key(built: Built, layout: Layout) -> bytes:
    machine = f"{llvm.get_host_cpu_name()} {llvm.get_host_cpu_features().flatten()}"
    return f"system {llvmlite.__version__} {machine}\n{fingerprint(built, layout)}".encode()


def target_machine() -> Any:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target = llvm.Target.from_default_triple()
    features = llvm.get_host_cpu_features().flatten()
    return target.create_target_machine(cpu=llvm.get_host_cpu_name(), features=features, opt=2, jit=True)


def _compile(source: str) -> bytes:
    machine = target_machine()
    module = llvm.parse_assembly(source)
    module.triple, module.data_layout = machine.triple, str(machine.target_data)
    level = 2 if source.count("\n") <= OPTIMIZE_FULLY_MAX else 1
    options = llvm.create_pipeline_tuning_options(speed_level=level)
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    return bytes(machine.emit_object(module))


def is_cached(built: Built, layout: Layout) -> bool:
    """Whether the machine code for this system is on the disk already."""
    return is_present(_key(built, layout))


@dataclass(frozen=True)
class MachineCode:
    """``branches``: the places of the coverage bits, in order. ``objects``: files for the linker in the process."""

    branches: list[tuple[str, int]]
    objects: list[bytes]


def machine_code(built: Built, layout: Layout) -> MachineCode:
    """From the disk, or made now and kept there."""
    kept = cached(_key(built, layout), lambda: _make(built, layout))
    size = int.from_bytes(kept[:8], "big")
    head = json.loads(kept[8 : 8 + size])
    objects, at = [], 8 + size
    for length in head["lengths"]:
        objects.append(kept[at : at + length])
        at += length
    return MachineCode([(where, line) for where, line in head["branches"]], objects)


def _make(built: Built, layout: Layout) -> bytes:
    objects = _objects(built, layout)
    head = json.dumps({"branches": branches_of(built), "lengths": [len(one) for one in objects]}).encode()
    return len(head).to_bytes(8, "big") + head + b"".join(objects)


def _objects(built: Built, layout: Layout) -> list[bytes]:
    nodes = sum(_cost(built, i) for i in range(len(built.system.instances)))
    alone = threading.active_count() == 1  # A fork copies only this thread, whatever locks the others hold.
    if nodes < HALVES_NODES_MIN or not alone or not hasattr(os, "fork") or (os.cpu_count() or 1) < 2:
        return [_compile(generate(built, layout))]
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        _second_half(built, layout, write)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        try:
            first = _compile(generate(built, layout, 0))
            second = pipe.read()
        finally:
            pipe.close()
            _, status = os.waitpid(child, 0)
    if status != 0:  # It ran out of memory, say: do its work here.
        second = _compile(generate(built, layout, 1))
    return [first, second]


def _second_half(built: Built, layout: Layout, write: int) -> NoReturn:
    """What the other process does; it never returns into its copy of the program."""
    status = 1
    try:
        with os.fdopen(write, "wb") as pipe:
            pipe.write(_compile(generate(built, layout, 1)))
        status = 0
    finally:
        os._exit(status)
