"""The native engine: the kernel's search over the machine code of one system."""

from __future__ import annotations

import ctypes
import os

import llvmlite.binding as llvm

from checker.build import Built
from checker.kernel import Progress as KernelProgress
from checker.kernel import Search
from checker.kernel import Target as KernelTarget
from checker.kernel_layout import STUCK
from checker.machine_code import MachineCode, machine_code, target_machine
from checker.reference import Reference, State
from checker.search import Branch, Slice, Target, counter_keys
from checker.system import Layout

WORKERS_MAX = 16  # Beyond, they wait for memory and for each other.
CANARY = 0x5AFE_5AFE_5AFE_5AFE


def coverage_words(branches: list[tuple[str, int]]) -> int:
    """How many words hold two bits for each `if`."""
    return -(-2 * len(branches) // 64)


class NativeEngine:
    """The compiled search."""

    name = "native"

    def __init__(
        self, built: Built, layout: Layout, workers: int | None, memory_bytes: int, code: MachineCode | None = None
    ) -> None:
        self.layout = layout
        self.system = built.system
        code = code or machine_code(built, layout)
        self.branches = code.branches
        machine = target_machine()
        empty = llvm.parse_assembly("")
        empty.triple = machine.triple
        self._code = llvm.create_mcjit_compiler(empty, machine)
        for one in code.objects:
            self._code.add_object_file(llvm.ObjectFileRef.from_data(one))
        self._code.finalize_object()
        self._keys = counter_keys(built.system)
        self._workers = min(workers or os.cpu_count() or 1, WORKERS_MAX)
        self._memory_bytes = memory_bytes
        self.search = self.new_search()

    def new_search(self) -> Search:
        """A search from the beginning with the same code."""
        return Search(
            self.layout.words,
            self._code.get_function_address("successors"),
            self._code.get_function_address("check"),
            workers=self._workers,
            memory_bytes=self._memory_bytes,
            counters=len(self._keys),
            flags=coverage_words(self.branches),
        )

    def variable(self, name: str) -> int:
        """The address of a global variable of the machine code."""
        found: int = self._code.get_global_value_address(name)
        return found

    def start(self) -> int:
        initial = Reference(self.system, self.layout).initial()
        self.search.add_initial([self.layout.pack(one) for one in initial])
        return len(initial)

    def check_level(self) -> int:
        return self.search.check_level()

    def expand(self, seconds: float) -> Slice:
        return {
            KernelProgress.DONE: Slice.DONE,
            KernelProgress.MORE: Slice.MORE,
            KernelProgress.MEMORY: Slice.MEMORY,
        }[self.search.expand_level(seconds)]

    def level_sizes(self) -> list[int]:
        return [one.states for one in self.search.levels]

    @property
    def states(self) -> int:
        return self.search.states

    @property
    def transitions(self) -> int:
        return self.search.transitions

    @property
    def stuck(self) -> int:
        return self.search.deadlocks

    @property
    def errors(self) -> int:
        return self.search.errors

    @property
    def memory_bytes(self) -> int:
        return self.search.memory_bytes

    def counters(self) -> list[int]:
        return self.search.counters()

    def covered(self) -> set[Branch]:
        words = self.search.flags()
        found: set[Branch] = set()
        for i, (where, line) in enumerate(self.branches):
            for bit, outcome in ((2 * i, True), (2 * i + 1, False)):
                if words[bit // 64] >> bit % 64 & 1:
                    found.add((where, line, outcome))
        return found

    def mark(self, level: int, target: Target, bit: int) -> None:
        kind = {
            Target.EVENT: KernelTarget.EVENT,
            Target.STUCK: KernelTarget.DEADLOCK,
            Target.ERROR: KernelTarget.ERROR,
        }[target]
        self.search.mark_targets(level, kind, bit)
        self.search.mark_backwards()

    def marked(self, level: int, state: State) -> bool:
        row = self.search.find(self.layout.pack(state))
        return row >= 0 and self.search.is_marked(row) and self._level_of(row) == level

    def _level_of(self, row: int) -> int:
        for number, level in enumerate(self.search.levels):
            if level.contains(row):
                return number
        return -1

    def close(self) -> None:
        self.search.close()

    def successors(self, state: State, capacity: int = 4096) -> list[State] | None:
        """The successors of one state as the machine code makes them; None for an error of the model. For tests."""
        words = self.layout.words
        kind = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p)
        function = kind(self._code.get_function_address("successors"))
        given = (ctypes.c_uint64 * words)(*self.layout.pack(state))
        out = (ctypes.c_uint64 * (words * capacity + 1))()
        counters = (ctypes.c_uint64 * (len(self._keys) + coverage_words(self.branches) + 1))()
        out[-1] = counters[-1] = CANARY
        number = function(ctypes.addressof(given), ctypes.addressof(out), capacity, ctypes.addressof(counters))
        assert out[-1] == counters[-1] == CANARY, "the machine code writes beyond its memory"
        if number < 0:
            return None
        number &= STUCK - 1
        assert number <= capacity
        return [self.layout.unpack(tuple(out[i * words : (i + 1) * words])) for i in range(number)]
