"""From a system to machine code that is kept on the disk.

A large system is made in two halves by two processes: what costs time is Python building LLVM's input and LLVM itself,
in about equal parts.
"""

from __future__ import annotations

import json
import os
import threading
from dataclasses import dataclass
from typing import Any, NoReturn

import llvmlite
import llvmlite.binding as llvm

from checker.build import Built, branches_of
from checker.fingerprint import fingerprint
from checker.objectcache import cached, is_present
from checker.system import Layout

# Lines of LLVM source. Beyond, a few passes only: the whole pipeline takes twice as long and the search gains little by
# it (specs/txn.yaml, 41,575 lines: 2.4 s against 1.3 s of compiling, 1.09 s against 1.17 s of search on one core).
OPTIMIZE_FULLY_MAX = 8_000
HALVES_NODES_MIN = 3_000  # Nodes of the intermediate form, over all instances; below, a second process does not pay.
two_processes = True  # Set to false where the other cores have work of their own.


def _key(built: Built, layout: Layout, quick: bool) -> bytes:
    machine = f"{llvm.get_host_cpu_name()} {llvm.get_host_cpu_features().flatten()}"
    kind = "quick" if quick else "system"
    return f"{kind} {llvmlite.__version__} {machine}\n{fingerprint(built, layout)}".encode()


def target_machine(level: int = 2) -> Any:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target = llvm.Target.from_default_triple()
    features = llvm.get_host_cpu_features().flatten()
    return target.create_target_machine(cpu=llvm.get_host_cpu_name(), features=features, opt=level, jit=True)


def compile_source(source: str, quick: bool = False) -> bytes:
    """``quick``: no passes at all, a seventh of the time and half the speed of the search."""
    if quick:
        machine = target_machine(0)
        module = llvm.parse_assembly(source)
        module.triple, module.data_layout = machine.triple, str(machine.target_data)
        return bytes(machine.emit_object(module))
    fully = source.count("\n") <= OPTIMIZE_FULLY_MAX
    level = 2 if fully else 1
    machine = target_machine(level)
    module = llvm.parse_assembly(source)
    module.triple, module.data_layout = machine.triple, str(machine.target_data)
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=level))
    if fully:
        passes = builder.getModulePassManager()
    else:
        passes = llvm.create_new_module_pass_manager()
        passes.add_sroa_pass()
        passes.add_simplify_cfg_pass()
        passes.add_instruction_combine_pass()
        passes.add_simplify_cfg_pass()
    passes.run(module, builder)
    return bytes(machine.emit_object(module))


def is_cached(built: Built, layout: Layout) -> bool:
    """Whether the machine code for this system is on the disk already."""
    return any(is_present(_key(built, layout, quick)) for quick in (False, True))


@dataclass(frozen=True)
class MachineCode:
    """``branches``: the places of the coverage bits, in order. ``objects``: files for the linker in the process."""

    branches: list[tuple[str, int]]
    objects: list[bytes]


def machine_code(built: Built, layout: Layout, quick: bool = False) -> MachineCode:
    """From the disk, or made now and kept there. ``quick``: for a search that is known to be short."""
    quick = quick and not is_present(_key(built, layout, False))
    kept = cached(_key(built, layout, quick), lambda: _make(built, layout, quick))
    size = int.from_bytes(kept[:8], "big")
    head = json.loads(kept[8 : 8 + size])
    objects, at = [], 8 + size
    for length in head["lengths"]:
        objects.append(kept[at : at + length])
        at += length
    return MachineCode([(where, line) for where, line in head["branches"]], objects)


def _make(built: Built, layout: Layout, quick: bool) -> bytes:
    objects = _objects(built, layout, quick)
    head = json.dumps({"branches": branches_of(built), "lengths": [len(one) for one in objects]}).encode()
    return len(head).to_bytes(8, "big") + head + b"".join(objects)


def _objects(built: Built, layout: Layout, quick: bool) -> list[bytes]:
    from checker.assembly import cost, generate  # Only here: a run that finds its code on the disk needs none of it.

    nodes = sum(cost(built, i) for i in range(len(built.system.instances)))
    alone = threading.active_count() == 1  # A fork copies only this thread, whatever locks the others hold.
    can_fork = alone and hasattr(os, "fork") and (os.cpu_count() or 1) > 1
    if nodes < HALVES_NODES_MIN or not (can_fork and two_processes):
        return [compile_source(generate(built, layout), quick)]
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        _second_half(built, layout, quick, write)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        try:
            first = compile_source(generate(built, layout, 0), quick)
            second = pipe.read()
        finally:
            pipe.close()
            _, status = os.waitpid(child, 0)
    if status != 0:  # It ran out of memory, say: do its work here.
        second = compile_source(generate(built, layout, 1), quick)
    return [first, second]


def _second_half(built: Built, layout: Layout, quick: bool, write: int) -> NoReturn:
    """What the other process does; it never returns into its copy of the program."""
    from checker.assembly import generate

    status = 1
    try:
        with os.fdopen(write, "wb") as pipe:
            pipe.write(compile_source(generate(built, layout, 1), quick))
        status = 0
    finally:
        os._exit(status)
