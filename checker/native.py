"""The native engine: the kernel's search over the machine code of one system."""

from __future__ import annotations

import copy
import ctypes
import os
from collections.abc import Callable, Sequence

import llvmlite.binding as llvm

from checker.build import Built
from checker.kernel import Part, Search
from checker.kernel import Progress as KernelProgress
from checker.kernel import Target as KernelTarget
from checker.kernel_layout import STUCK
from checker.machine_code import MachineCode, machine_code, target_machine
from checker.reference import Reference, State
from checker.search import Branch, Slice, Target, counter_keys
from checker.system import Layout

EXPECTED_MAX = 1 << 24  # 256 MB of index that may turn out to be too much.
WORKERS_MAX = 16  # Beyond, they wait for memory and for each other.
KINDS = {
    Target.EVENT: KernelTarget.EVENT,
    Target.STUCK: KernelTarget.DEADLOCK,
    Target.ERROR: KernelTarget.ERROR,
}
CANARY = 0x5AFE_5AFE_5AFE_5AFE


def coverage_words(branches: list[tuple[str, int]]) -> int:
    """How many words hold two bits for each `if`."""
    return -(-2 * len(branches) // 64)


class NativeEngine:
    """The compiled search."""

    name = "native"

    def __init__(
        self,
        built: Built,
        layout: Layout,
        workers: int | None,
        memory_bytes: int,
        code: MachineCode | None = None,
        *,
        quick: bool = False,
        states_expected: int = 0,
    ) -> None:
        """``code``: instead of the system's own. ``quick``: its own is made in little time, for a short search."""
        self.layout = layout
        self.system = built.system
        code = code or machine_code(built, layout, quick)
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
        self._states_expected = min(states_expected, EXPECTED_MAX)
        self._initial: list[State] | None = None
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
            states_expected=self._states_expected,
        )

    def variable(self, name: str) -> int:
        """The address of a global variable of the machine code."""
        found: int = self._code.get_global_value_address(name)
        return found

    def starting_from(self, states: list[State]) -> NativeEngine:
        """Another search on the same code, from these states instead of the initial ones. To be closed by itself."""
        other = copy.copy(self)
        other._initial, other._states_expected = states, 0
        other.search = other.new_search()
        return other

    def start(self) -> int:
        initial = Reference(self.system, self.layout).initial() if self._initial is None else self._initial
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
        self.search.mark_targets(level, KINDS[target], bit)
        self.search.mark_backwards()

    def used(self, level: int, target: Target, bit: int) -> set[tuple[int, ...]]:
        """How often each fault has happened in the targets of a level. Every budget must be finite."""
        self.search.mark_targets(level, KINDS[target], bit)
        return self.search.project_marked(level, self._budget_parts())

    def mark_used(self, level: int, target: Target, bit: int, used: tuple[int, ...]) -> None:
        """As ``mark``, for those targets only in which each fault has happened so often."""
        self.search.mark_targets(level, KINDS[target], bit)
        self.search.keep_marked(level, self._budget_parts(), used)
        self.search.mark_backwards()

    def _budget_parts(self) -> list[Part]:
        places = [self.layout.chunks[self.layout.budgets[one.number]] for one in self.system.budgets]
        return [(one[0].word, one[0].shift, one[0].width) if one else (0, 0, 0) for one in places]

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

    def stepper(self, capacity: int = 1 << 10) -> Callable[[bytes], tuple[list[bytes], int, bool, bool]]:
        """A function of one packed state, for walks that Python makes itself: what follows, the event bits that hold,
        whether it is stuck, whether a step is an error of the model."""
        width = 8 * self.layout.words
        kind = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p)
        successors = kind(self._code.get_function_address("successors"))
        check = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_char_p)(self._code.get_function_address("check"))
        counters = (ctypes.c_uint64 * (len(self._keys) + coverage_words(self.branches) + 1))()
        out = ctypes.create_string_buffer(width * capacity)

        def step(state: bytes) -> tuple[list[bytes], int, bool, bool]:
            nonlocal out, capacity
            number = successors(state, out, capacity, counters)
            stuck = number >= STUCK
            number -= stuck * STUCK
            if number > capacity:
                capacity = 2 * number
                out = ctypes.create_string_buffer(width * capacity)
                return step(state)
            made = ctypes.string_at(out, width * max(number, 0))
            return [made[at : at + width] for at in range(0, len(made), width)], check(state), stuck, number < 0

        return step

    def packed(self, state: State) -> bytes:
        """As ``stepper`` takes it."""
        return bytes((ctypes.c_uint64 * self.layout.words)(*self.layout.pack(state)))

    def rows(self) -> memoryview:
        """The packed states one after the other, breadth-first; of one worker."""
        return self.search.stored()

    def walk(self) -> Walk:
        """Step by step over the stored states of one worker."""
        addresses = [self._code.get_function_address(name) for name in ("successors", "check")]
        counters = len(self._keys)
        return Walk(self.rows(), self.layout.words, counters, coverage_words(self.branches), addresses)

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


class Walk:
    """What the machine code says of one stored state after the other."""

    def __init__(self, rows: memoryview, words: int, counters: int, flags: int, addresses: Sequence[int]) -> None:
        self._base = ctypes.addressof(ctypes.c_char.from_buffer(rows)) if len(rows) else 0
        self._words, self._counters = words, 8 * counters
        kind = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p)
        self._successors = kind(addresses[0])
        self._check = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_void_p)(addresses[1])
        self._counts = (ctypes.c_uint64 * (counters + flags + 1))()
        self._make_room(1 << 10)

    def _make_room(self, capacity: int) -> None:
        self._capacity = capacity
        self._buffer = (ctypes.c_uint64 * (self._words * capacity))()
        self.out = memoryview(self._buffer).cast("B").cast("Q")

    def events(self, row: int) -> int:
        """The events of a state, as bits."""
        return int(self._check(self._base + 8 * self._words * row))

    def successors(self, row: int) -> int:
        """How many successors a state has, which are then in ``out``; below 0 if one of its steps is a model error."""
        state, counts = self._base + 8 * self._words * row, ctypes.addressof(self._counts)
        number: int = self._successors(state, ctypes.addressof(self._buffer), self._capacity, counts)
        if number < 0:
            return number
        number &= STUCK - 1
        if number > self._capacity:
            self._make_room(2 * number)
            return self.successors(row)
        return number

    def counted(self, row: int) -> bytes:
        """The counters that the steps of a state increment, 8 bytes each."""
        ctypes.memset(self._counts, 0, ctypes.sizeof(self._counts))
        self.successors(row)
        return ctypes.string_at(self._counts, self._counters)
