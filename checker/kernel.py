"""Breadth-first search over packed states, level by level, in machine code, on any number of workers.

The search knows no actors and no messages: a state is a fixed number of 64-bit words, equal states are equal words,
and the model is two functions given by address. Every reachable state is stored once and compared in full: no
fingerprints. Rows and counts do not depend on the number of workers, except the order of rows inside a level.

Memory is one flat array of states for each worker, which is both the visited set and the queue, and one index of
8-byte cells, 1.43 to 2.86 for each state. There are no parent pointers: a shortest path is found by marking
backwards, level by level, from its targets (`mark_targets`, `mark_backwards`) and walking forwards over marked states.
"""

from __future__ import annotations

import contextlib
import ctypes
import enum
import mmap
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import llvmlite
import llvmlite.binding as llvm

from checker import kernel_layout as layout
from checker.objectcache import cached

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

_SOURCES: Final = ("kernel_loops.py", "kernel_layout.py", "kernel_compiler.py")  # What decides the machine code.
_ENTRY: Final = "checker_kernel"
_LOAD_MAX: Final = 0.7  # Linear probing stays short; after doubling, 8 / 0.35 = 22.9 bytes a state.
_LOAD_CROWDED: Final = 0.9  # When doubling would break the memory limit: slower, but further.
_HUGE_PAGE: Final = 1 << 21
_SMALL_LEVEL: Final = 1024  # States; waking workers would cost more than they save.
_RECENT_BYTES: Final = 1 << 16  # Of a worker's table of recent states.
_UNLIMITED: Final = 1e6  # Seconds.
_MOVE_BYTES: Final = 1 << 26  # Of the old index at a time, between which its memory is given back.
_INDEX_BITS_MIN: Final = 18  # Below, an index is rebuilt from its rows: its entries do not tell enough of their hash.
_INDEX_BITS_MAX: Final = layout.TAG_SKIP + layout.TAG_BITS

_MAP_NORESERVE: Final = 0x4000 if sys.platform == "linux" else 0x40
_ADVISE_HUGE: Final[int | None] = getattr(mmap, "MADV_HUGEPAGE", None)
_ADVISE_FREE: Final[int | None] = getattr(mmap, "MADV_DONTNEED", None) if sys.platform == "linux" else None


class Progress(enum.Enum):
    """How far a call of `Search.expand_level` has got."""

    DONE = "done"  # The level is complete; the next one is the newest now.
    MORE = "more"  # Time for Python to look around; call again.
    MEMORY = "memory"  # The memory limit is reached; all levels but the unfinished one are complete.


class Target(enum.IntEnum):
    """What kind of state `Search.mark_targets` looks for."""

    EVENT = layout.EVENT
    DEADLOCK = layout.DEADLOCK
    ERROR = layout.ERROR


_BACKWARDS: Final = max(Target) + 1  # To the loops: any kind that is not a Target.


@dataclass(frozen=True)
class Level:
    """One level of the search: its states, and what came of them once they are expanded."""

    ranges: tuple[tuple[int, int], ...]  # Begin and end, counted within each worker's states.
    expanded: bool = False
    transitions: int = 0  # Successors generated, duplicates included.
    deadlocks: int = 0  # States that the model calls so.
    errors: int = 0  # States that have a step which is a model error; they have no successors here.

    @cached_property
    def states(self) -> int:
        return sum(end - begin for begin, end in self.ranges)

    def contains(self, row: int) -> bool:
        begin, end = self.ranges[row >> layout.LOCAL_BITS]
        return begin <= row & ((1 << layout.LOCAL_BITS) - 1) < end

    def rows(self) -> Iterator[int]:
        """The rows of the level, in an order that depends on the workers."""
        for worker, (begin, end) in enumerate(self.ranges):
            yield from range((worker << layout.LOCAL_BITS) + begin, (worker << layout.LOCAL_BITS) + end)


class _Memory:
    """Zeroed memory that costs nothing until it is touched."""

    def __init__(self, size: int) -> None:
        size = max(size, 1)
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _MAP_NORESERVE
        self.size = -(-size // mmap.PAGESIZE) * mmap.PAGESIZE
        self._map = mmap.mmap(-1, self.size, flags=flags)
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(self._map))

    def use_huge_pages(self, skip: int) -> None:
        """Fewer page faults and TLB misses; not in the first `skip` bytes, because clearing 2 MB takes 0.1 ms."""
        begin = -(-(self.address + skip) // _HUGE_PAGE) * _HUGE_PAGE - self.address
        if _ADVISE_HUGE is not None and begin < self.size:
            with contextlib.suppress(OSError):  # A kernel without huge pages.
                self._map.madvise(_ADVISE_HUGE, begin, self.size - begin)

    def give_back(self, begin: int, size: int) -> None:
        """Free a part that will not be read again."""
        if _ADVISE_FREE is not None and begin % mmap.PAGESIZE == 0:
            self._map.madvise(_ADVISE_FREE, begin, min(size, self.size - begin))

    def close(self) -> None:
        self._map.close()


def _reserve(size: int) -> _Memory:
    """As much of `size` as the system lets us reserve."""
    while True:
        try:
            return _Memory(size)
        except OSError:  # Strict overcommit or a limit on address space.
            if size < 1 << 20:
                raise
            size //= 2


class _Block:
    """A worker's, or the shared, part of the control memory: 64-bit values by byte offset."""

    def __init__(self, address: int, size: int) -> None:
        self.address = address
        self._words = (ctypes.c_int64 * (size // 8)).from_address(address)

    def __getitem__(self, offset: int) -> int:
        return self._words[offset // 8]

    def __setitem__(self, offset: int, value: int) -> None:
        self._words[offset // 8] = value


class _Worker(_Block):
    """One worker's control block, states and buffers."""

    def __init__(self, address: int, number: int, words: int, counters: int, flags: int, states_max: int) -> None:
        super().__init__(address, layout.WORKER_BYTES)
        self._state_bytes = 8 * words
        self.states = _reserve(states_max * self._state_bytes)
        self.states.use_huge_pages(_HUGE_PAGE)
        self.marks: _Memory | None = None
        self.counts = (ctypes.c_uint64 * max(counters + flags, 1))()
        self._scratch = (ctypes.c_uint64 * max(counters + flags, 1))()
        self[layout.ID] = number
        self[layout.ROWS_MAX] = min(states_max, self.states.size // self._state_bytes, 1 << layout.LOCAL_BITS)
        self[layout.COUNTS] = ctypes.addressof(self.counts)
        self[layout.SCRATCH] = ctypes.addressof(self._scratch)
        self._buffer: _Memory | None = None
        slot_bytes = 8 if words == 1 else 8 + self._state_bytes
        recent_bits = (_RECENT_BYTES // slot_bytes).bit_length() - 1
        self._recent = _Memory(slot_bytes << recent_bits)
        self[layout.RECENT], self[layout.RECENT_SHIFT] = self._recent.address, 64 - recent_bits

    def set_capacity(self, capacity: int) -> None:
        """Make the output buffer hold `capacity` states. Only between batches."""
        assert self[layout.BATCH] == 0
        if self._buffer is not None:
            self._buffer.close()
        self._buffer = _Memory(capacity * (self._state_bytes + 16) + max(capacity, layout.BATCH_MIN) * 8)
        self[layout.OUT] = self._buffer.address
        self[layout.HASHES] = self._buffer.address + capacity * self._state_bytes
        self[layout.FLAGS] = self[layout.HASHES] + capacity * 8
        self[layout.PLACES] = self[layout.FLAGS] + capacity * 8
        self[layout.CAPACITY] = capacity

    def close(self) -> None:
        for memory in (self.states, self.marks, self._buffer, self._recent):
            if memory is not None:
                memory.close()


Part = tuple[int, int, int]  # Word of a state, shift and width of some bits in it.


class Search:
    """A breadth-first search.

    `successors(state, out, capacity, counters)` and `check(state)` are addresses of C functions of 64-bit integers and
    addresses, which must be deterministic and callable from several threads. `successors` writes the next states one
    after the other to `out`, never more than `capacity`, and returns how many there are, even if that is more (it is
    then called again with more room); plus STUCK if the state is a deadlock; or a negative number if one of the steps
    is a model error. `check` returns a set of events as bits. `counters` is the number of 64-bit counters that
    `successors` increments, for each worker apart. `memory_bytes` bounds states and index together; each worker's
    buffers (some 100 KB) and the marks (one byte a state) come on top. `states_expected` saves the index its growing,
    which is a sixth of the time of a large search; it costs memory if there are fewer.
    """

    def __init__(
        self,
        words: int,
        successors: int,
        check: int,
        *,
        workers: int = 1,
        memory_bytes: int = 1 << 30,
        counters: int = 0,
        flags: int = 0,
        index_entries: int = 1 << 12,
        states_expected: int = 0,
        buffer_states: int = 1 << 12,
    ) -> None:
        if not 1 <= workers <= layout.WORKERS_MAX:
            raise ValueError(f"workers is {workers}, outside 1..{layout.WORKERS_MAX}")
        self._run = _kernel(words)
        self._words = words
        self._memory_bytes = memory_bytes
        self._flags = flags
        self._control = _Memory(layout.SEGMENT + workers * (64 + layout.WORKER_BYTES) + layout.LINE)
        segments_end = layout.SEGMENT + workers * 64
        self._shared = _Block(self._control.address, segments_end)
        first = self._control.address + segments_end
        states_max = memory_bytes // (8 * words) + 1
        self._workers = [
            _Worker(first + i * layout.WORKER_BYTES, i, words, counters, flags, states_max) for i in range(workers)
        ]
        shared = self._shared
        shared[layout.SUCCESSORS], shared[layout.CHECK], shared[layout.COUNTERS] = successors, check, counters
        shared[layout.SEGMENTS], shared[layout.INLINE] = workers, int(words == 1)
        for i, worker in enumerate(self._workers):
            worker.set_capacity(buffer_states)
            shared[layout.SEGMENT + 64 * i + layout.SEGMENT_ROWS] = worker.states.address
        self._index_bits = max((index_entries - 1).bit_length(), 4)
        while states_expected > int(_LOAD_MAX * (1 << self._index_bits)) and self._can_grow():
            self._index_bits += 1
        self._index = self._new_index(self._index_bits)
        self._set_index_limit()
        self._pool: ThreadPoolExecutor | None = None
        self._levels: list[Level] = []
        self._pass_open = False  # The newest level is partly expanded.
        self._abandoned = False
        self._before = (0, 0, 0)

    # Results.

    @property
    def levels(self) -> Sequence[Level]:
        """All complete levels; the newest one is the last."""
        return self._levels

    @property
    def states(self) -> int:
        """Distinct states, including those of an unfinished level."""
        return sum(worker[layout.ROWS] for worker in self._workers)

    @property
    def transitions(self) -> int:
        """Successors generated so far, duplicates included, initial states not."""
        return sum(worker[layout.TRANSITIONS] for worker in self._workers)

    @property
    def deadlocks(self) -> int:
        return sum(worker[layout.DEADLOCKS] for worker in self._workers)

    @property
    def errors(self) -> int:
        return sum(worker[layout.ERRORS] for worker in self._workers)

    @property
    def memory_bytes(self) -> int:
        """Bytes of states and index."""
        return self.states * 8 * self._words + (8 << self._index_bits)

    def counters(self) -> list[int]:
        """The model's counters, summed over the workers."""
        number = self._shared[layout.COUNTERS]
        return [sum(worker.counts[i] for worker in self._workers) for i in range(number)]

    def flags(self) -> list[int]:
        """The words behind the counters, in which the model only ever sets bits: united over the workers."""
        number, words = self._shared[layout.COUNTERS], [0] * self._flags
        for worker in self._workers:
            for i in range(self._flags):
                words[i] |= worker.counts[number + i]
        return words

    def state(self, row: int) -> tuple[int, ...]:
        """The words of a state."""
        worker, local = self._worker_of(row)
        address = worker.states.address + local * 8 * self._words
        return tuple((ctypes.c_uint64 * self._words).from_address(address))

    def stored(self) -> memoryview:
        """The words of all states one after the other, as they were found; of a search with one worker."""
        (worker,) = self._workers
        size = worker[layout.ROWS] * self._words
        return memoryview((ctypes.c_uint64 * size).from_address(worker.states.address)).cast("B").cast("Q")

    def _worker_of(self, row: int) -> tuple[_Worker, int]:
        worker, local = row >> layout.LOCAL_BITS, row & ((1 << layout.LOCAL_BITS) - 1)
        if not (0 <= worker < len(self._workers) and local < self._workers[worker][layout.ROWS]):
            raise IndexError(f"there is no row {row}")
        return self._workers[worker], local

    # Searching.

    def add_initial(self, states: Sequence[tuple[int, ...]]) -> int:
        """Make these the first level; returns how many of them are distinct."""
        assert not self._levels, "initial states come first and once"
        worker = self._workers[0]
        with self._uninterrupted():
            worker.set_capacity(max(worker[layout.CAPACITY], len(states)))
            words = [word for state in states for word in state]
            ctypes.memmove(worker[layout.OUT], (ctypes.c_uint64 * len(words))(*words), 8 * len(words))
            self._begin_pass([(0, 0)] * len(self._workers))
            worker[layout.BATCH] = len(states)
            self._run(layout.HASH, self._shared.address, worker.address)
            while (progress := self._run_pass(layout.EXPAND, _UNLIMITED, alone=True)) is not Progress.DONE:
                if progress is Progress.MEMORY:
                    raise MemoryError("the memory limit does not even allow the initial states")
            self._levels.append(Level(tuple((0, each[layout.ROWS]) for each in self._workers)))
        return self._levels[0].states

    def check_level(self) -> int:
        """The union of the events of all states of the newest level."""
        for worker in self._workers:
            worker[layout.EVENTS] = 0
        self._complete_pass(layout.CHECK_EVENTS, self._levels[-1])
        events = 0
        for worker in self._workers:
            events |= worker[layout.EVENTS]
        return events & ((1 << 64) - 1)

    def expand_level(self, seconds: float = 0.1) -> Progress:
        """Expand states of the newest level into the next one, for about so long. Call again until it is DONE.

        After KeyboardInterrupt, and after MEMORY, everything is consistent and the call may be repeated.
        """
        assert not self._abandoned, "find and the marks have abandoned the unfinished level"
        level = self._levels[-1]
        with self._uninterrupted():
            if not self._pass_open:
                self._before = (self.transitions, self.deadlocks, self.errors)
                self._begin_pass(level.ranges)
                self._pass_open = True
            progress = self._run_pass(layout.EXPAND, seconds, alone=level.states <= _SMALL_LEVEL)
            if progress is Progress.DONE:
                self._pass_open = False
                self._close_level(level)
        return progress

    def _close_level(self, level: Level) -> None:
        after = (self.transitions, self.deadlocks, self.errors)
        transitions, deadlocks, errors = (new - old for new, old in zip(after, self._before, strict=True))
        self._levels[-1] = Level(level.ranges, True, transitions, deadlocks, errors)
        ranges = zip(level.ranges, self._workers, strict=True)
        self._levels.append(Level(tuple((end, worker[layout.ROWS]) for (_, end), worker in ranges)))

    # Shortest paths.

    def find(self, words: tuple[int, ...]) -> int:
        """The row of a state, or -1. In the middle of a level, this and the marks end the search."""
        self._need_rows()
        key = (ctypes.c_uint64 * self._words)(*words)
        self._shared[layout.KEY] = ctypes.addressof(key)
        return self._run(layout.FIND, self._shared.address, self._workers[0].address)

    def mark_targets(self, level: int, target: Target, bit: int = 0) -> int:
        """Forget all marks and mark the states of a level that are targets; returns how many. EVENT: of event `bit`."""
        self._need_rows()
        for i, worker in enumerate(self._workers):
            if worker.marks is not None:
                worker.marks.close()
            worker.marks = _Memory(worker[layout.ROWS])
            self._shared[layout.SEGMENT + 64 * i + layout.SEGMENT_MARKS] = worker.marks.address
        self._shared[layout.TARGET_BIT] = bit
        self._marked_level = level
        return self._mark(level, int(target))

    def mark_backwards(self) -> None:
        """Mark every state of an earlier level that has a marked successor in the level after its own."""
        for level in range(self._marked_level - 1, -1, -1):
            for i, (begin, end) in enumerate(self._levels[level + 1].ranges):
                segment = layout.SEGMENT + 64 * i
                self._shared[segment + layout.SEGMENT_NEXT_BEGIN] = begin
                self._shared[segment + layout.SEGMENT_NEXT_END] = end
            self._mark(level, _BACKWARDS)

    def is_marked(self, row: int) -> bool:
        worker, local = self._worker_of(row)
        if worker.marks is None or local >= worker.marks.size:
            return False
        return ctypes.c_uint8.from_address(worker.marks.address + local).value != 0

    def marked_rows(self, level: int) -> list[int]:
        """The marked rows of a level."""
        return [row for row in self._levels[level].rows() if self.is_marked(row)]

    def project_marked(self, level: int, parts: Sequence[Part]) -> set[tuple[int, ...]]:
        """What some parts of the words of a state are in the marked states of a level."""
        words = sorted({word for word, _, _ in parts})
        masks = [(word, sum(((1 << width) - 1) << shift for at, shift, width in parts if at == word)) for word in words]
        found = set()
        for _, _, first, states in self._marked(level):
            found.add(tuple([states[first + word] & mask for word, mask in masks]))
        place = {word: i for i, word in enumerate(words)}
        return {tuple(one[place[word]] >> shift & ((1 << width) - 1) for word, shift, width in parts) for one in found}

    def keep_marked(self, level: int, parts: Sequence[Part], wanted: tuple[int, ...]) -> None:
        """Take the mark from the states of a level in which the parts are not as wanted."""
        tests = [(word, shift, (1 << width) - 1, one) for (word, shift, width), one in zip(parts, wanted, strict=True)]
        for marks, local, first, states in self._marked(level):
            if any(states[first + word] >> shift & mask != one for word, shift, mask, one in tests):
                ctypes.c_uint8.from_address(marks + local).value = 0

    def _marked(self, level: int) -> Iterator[tuple[int, int, int, memoryview]]:
        """Of each marked state of a level: its worker's marks, its number there; where its words begin, and in what."""
        for worker, (begin, end) in zip(self._workers, self._levels[level].ranges, strict=True):
            assert worker.marks is not None
            marks = ctypes.string_at(worker.marks.address + begin, end - begin)
            address = worker.states.address + begin * 8 * self._words
            states = memoryview((ctypes.c_uint64 * ((end - begin) * self._words)).from_address(address)).cast("B")
            numbers = states.cast("Q")
            at = marks.find(1)
            while at >= 0:
                yield worker.marks.address, begin + at, at * self._words, numbers
                at = marks.find(1, at + 1)

    def _mark(self, level: int, kind: int) -> int:
        self._shared[layout.TARGET_KIND] = kind
        self._complete_pass(layout.MARK, self._levels[level])
        total = 0
        for worker, (begin, end) in zip(self._workers, self._levels[level].ranges, strict=True):
            assert worker.marks is not None
            total += ctypes.string_at(worker.marks.address + begin, end - begin).count(1)
        return total

    # Passes: one loop of kernel_loops over the states of a level, by all workers.

    def _begin_pass(self, ranges: Sequence[tuple[int, int]]) -> None:
        shared, state_bytes = self._shared, 8 * self._words
        states = sum(end - begin for begin, end in ranges)
        # Small blocks share a small level fairly, large ones spare the cursor.
        block = min(max(states // (len(self._workers) * 16), 1), 512)
        blocks = 0
        for i, ((begin, end), worker) in enumerate(zip(ranges, self._workers, strict=True)):
            assert worker[layout.BATCH] == 0
            worker[layout.NEXT] = worker[layout.END] = 0
            segment = layout.SEGMENT + 64 * i
            shared[segment + layout.SEGMENT_FIRST_BLOCK] = blocks
            shared[segment + layout.SEGMENT_BEGIN] = worker.states.address + begin * state_bytes
            shared[segment + layout.SEGMENT_END] = worker.states.address + end * state_bytes
            blocks += -(-(end - begin) // block)
        shared[layout.BLOCKS], shared[layout.BLOCK_BYTES], shared[layout.CURSOR] = blocks, block * state_bytes, 0

    def _complete_pass(self, what: int, level: Level) -> None:
        """A pass over a complete level; it may always be repeated."""
        assert not self._pass_open, "not in the middle of a level"
        self._begin_pass(level.ranges)
        while True:
            with self._uninterrupted():
                if self._run_pass(what, 0.1, alone=level.states <= _SMALL_LEVEL) is Progress.DONE:
                    return

    def _run_pass(self, what: int, seconds: float, *, alone: bool) -> Progress:
        """Let the workers run until the pass is over, or time is up; give them what they need meanwhile."""
        while True:
            statuses = self._call(what, seconds, alone=alone)
            if layout.FULL in statuses:
                return Progress.MEMORY
            for worker, status in zip(self._workers, statuses, strict=False):
                if status == layout.BUFFER:
                    worker.set_capacity(2 * worker[layout.NEEDED])
            if layout.GROW in statuses:
                if not self._grow():
                    return Progress.MEMORY
            elif layout.BUFFER not in statuses:
                return Progress.MORE if layout.STOPPED in statuses else Progress.DONE

    def _call(self, what: int, seconds: float, *, alone: bool) -> list[int]:
        """Have all workers, or the first alone, do one thing, and stop them after so many seconds (not if alone)."""
        shared = self._shared
        shared[layout.STOP] = int(self._interrupted)
        if alone:
            return [self._run(what, shared.address, self._workers[0].address)]
        # Here, because it imports logging, for which a small model need not wait.
        from concurrent.futures import ThreadPoolExecutor, wait

        if self._pool is None:
            self._pool = ThreadPoolExecutor(len(self._workers), thread_name_prefix="search")
        futures = [self._pool.submit(self._run, what, shared.address, worker.address) for worker in self._workers]
        if wait(futures, timeout=seconds).not_done:
            shared[layout.STOP] = 1
        return [future.result() for future in futures]

    _interrupted = False

    @contextlib.contextmanager
    def _uninterrupted(self) -> Iterator[None]:
        """Put off Ctrl-C until the workers have stopped, which it makes them do at once."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def remember(_number: int, _frame: object) -> None:
            self._interrupted = True
            self._shared[layout.STOP] = 1

        before = signal.getsignal(signal.SIGINT)
        if not callable(before):  # Ignored, or not set from Python.
            yield
            return
        signal.signal(signal.SIGINT, remember)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)
            if self._interrupted:
                self._interrupted = False
                before(signal.SIGINT, None)

    # The index.

    def _new_index(self, bits: int) -> _Memory:
        # Behind the last cell: one for the state whose hash is 0.
        memory = _Memory((8 << bits) + layout.LINE)
        memory.use_huge_pages(0 if memory.size > 2 * _HUGE_PAGE else memory.size)
        self._shared[layout.INDEX], self._shared[layout.INDEX_SHIFT] = memory.address, 64 - bits
        return memory

    def _states_max(self, index_bits: int) -> int:
        """How many states the memory limit allows with an index of this size."""
        return (self._memory_bytes - (8 << index_bits)) // (8 * self._words)

    def _set_index_limit(self) -> None:
        load = _LOAD_MAX if self._can_grow() else _LOAD_CROWDED
        self._shared[layout.INDEX_LIMIT] = min(int(load * (1 << self._index_bits)), self._states_max(self._index_bits))

    def _can_grow(self) -> bool:
        """Whether a doubled index leaves room for more states than are there."""
        return self._states_max(self._index_bits + 1) > int(_LOAD_MAX * (1 << self._index_bits))

    def _grow(self) -> bool:
        """Make room for all batches in flight. False: the memory limit forbids it."""
        wanted = self._shared[layout.USED] + sum(worker[layout.BATCH] for worker in self._workers)
        bits = self._index_bits
        while wanted > min(int(_LOAD_MAX * (1 << bits)), self._states_max(bits)):
            if self._states_max(bits + 1) < wanted:
                break
            bits += 1
        if bits != self._index_bits:
            self._move_index(bits)
        self._set_index_limit()
        return wanted <= self._shared[layout.INDEX_LIMIT]

    def _move_index(self, bits: int) -> None:
        old, old_bits, shared = self._index, self._index_bits, self._shared
        told = old_bits >= _INDEX_BITS_MIN and bits <= _INDEX_BITS_MAX and not shared[layout.SPREAD]
        if shared[layout.INLINE] or told:
            self._index, self._index_bits = self._new_index(bits), bits
            shared[layout.OLD_INDEX], shared[layout.OLD_SHIFT] = old.address, 64 - old_bits
            self._move_entries(old, 1 << old_bits)
            last = 8 << old_bits  # The cell of the state whose hash is 0.
            ctypes.memmove(self._index.address + (8 << bits), old.address + last, 8)
            old.close()
        else:
            self._rebuild_index(bits)

    def _move_entries(self, old: _Memory, entries: int) -> None:
        """Both indexes are walked in order, so freeing the old one on the way keeps their sum below the new size."""
        shared, cursor = self._shared, self._shared[layout.CURSOR]
        for begin in range(0, entries, _MOVE_BYTES // 8):
            end = min(begin + _MOVE_BYTES // 8, entries)
            shared[layout.OLD_BEGIN], shared[layout.OLD_END], shared[layout.CURSOR] = begin, end, 0
            small = end - begin <= 4 * layout.OLD_BLOCK
            self._call(layout.MOVE, _UNLIMITED, alone=small)
            old.give_back(begin * 8, (end - begin) * 8)
        shared[layout.CURSOR] = cursor

    def _rebuild_index(self, bits: int) -> None:
        """Free the index, and make one of rows from the states."""
        shared, cursor = self._shared, self._shared[layout.CURSOR]
        self._index.close()
        self._index, self._index_bits = self._new_index(bits), bits
        shared[layout.INLINE] = shared[layout.SPREAD] = 0
        for i, owner in enumerate(self._workers):
            first = i << layout.LOCAL_BITS
            shared[layout.OLD_BEGIN], shared[layout.OLD_END] = first, first + owner[layout.ROWS]
            shared[layout.CURSOR] = 0
            self._call(layout.REBUILD, _UNLIMITED, alone=owner[layout.ROWS] <= _SMALL_LEVEL)
        shared[layout.CURSOR] = cursor

    def _need_rows(self) -> None:
        """Inline entries do not say where their state is; paths need that, so make an index that does."""
        self._abandon_level()
        if self._shared[layout.INLINE]:
            with self._uninterrupted():
                self._rebuild_index(self._index_bits)

    def _abandon_level(self) -> None:
        if self._pass_open:
            self._pass_open, self._abandoned = False, True
            for worker in self._workers:
                worker[layout.BATCH] = 0

    def close(self) -> None:
        """Give all memory back."""
        if self._pool is not None:
            self._pool.shutdown()
        for worker in self._workers:
            worker.close()
        self._index.close()
        self._control.close()

    def __enter__(self) -> Search:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


# The machine code.

_Kernel = Callable[[int, int, int], int]  # What to do, address of the shared part, address of the worker's part.

_kernels: dict[int, _Kernel] = {}
_engines: list[Any] = []  # Owners of the code that _kernels points to.


def _kernel(words: int) -> _Kernel:
    """The machine code for states of so many words."""
    if words not in _kernels:
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        machine = llvm.Target.from_default_triple().create_target_machine(
            cpu=llvm.get_host_cpu_name(), features=_host_features(), opt=3, codemodel="jitdefault", jit=True
        )
        code = cached(_cache_key(words), lambda: _compile(words, machine))
        engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
        engine.add_object_file(llvm.ObjectFileRef.from_data(code))
        engine.finalize_object()
        _engines.append(engine)
        prototype = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64)
        _kernels[words] = prototype(engine.get_function_address(_ENTRY))
    return _kernels[words]


def _host_features() -> str:
    return str(llvm.get_host_cpu_features().flatten())


def _cache_key(words: int) -> bytes:
    """Everything that decides the machine code."""
    sources = [Path(__file__).with_name(name).read_bytes() for name in (*_SOURCES, "kernel.py")]
    host = [sys.platform, llvm.get_default_triple(), llvm.get_host_cpu_name(), _host_features()]
    versions = [llvmlite.__version__, *llvm.llvm_version_info, *sys.version_info]
    return b"\0".join([*sources, *(str(each).encode() for each in (words, *host, *versions))])


def _compile(words: int, machine: Any) -> bytes:
    """Object code of the loops for states of so many words."""
    from checker import kernel_compiler, kernel_loops  # Not needed when the object code is in the cache.

    source = Path(kernel_loops.__file__).read_text(encoding="utf-8")
    text = kernel_compiler.translate(source, {**vars(kernel_loops), "STATE_WORDS": words}, _ENTRY)
    module = llvm.parse_assembly(text)
    module.verify()
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    options.loop_vectorization = False  # The loops over the words of a state are short.
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    return bytes(machine.emit_object(module))
