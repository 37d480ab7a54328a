"""The machine-code search against a few lines of Python on the same successor function."""

from __future__ import annotations

import ctypes
import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from checker import objectcache
from checker.kernel import Progress, Search, Target
from checker.kernel_layout import STUCK

State = tuple[int, ...]

WORKERS = [1, 2, 3]
ERROR_MARK = -1


class GraphModel:
    """A random graph as a model: nodes are states, written in Python and called from the machine code.

    A node without successors is a deadlock; one whose number is in `errors` makes an illegal step.
    """

    def __init__(self, nodes: int, words: int, seed: int, *, branching: int = 4) -> None:
        source = random.Random(seed)
        # All-zero and the state whose hash is 0 (SEED of kernel_loops) must be as good as any other.
        special = [(0,) * words, (0x27D4EB2F165667C5,) * words]
        drawn = [tuple(source.getrandbits(64) for _ in range(words)) for _ in range(nodes - len(special))]
        self.words, self.states = words, special + drawn
        self.number = {state: i for i, state in enumerate(self.states)}
        self.edges = [[source.randrange(nodes) for _ in range(source.randrange(branching + 1))] for _ in range(nodes)]
        self.edges[0] = [1, 2, 3, 4, 2]
        self.errors = {i for i in range(5, nodes) if i % 37 == 0}
        successors_type = ctypes.CFUNCTYPE(
            ctypes.c_int64,
            ctypes.POINTER(ctypes.c_uint64),
            ctypes.POINTER(ctypes.c_uint64),
            ctypes.c_int64,
            ctypes.POINTER(ctypes.c_uint64),
        )
        check_type = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.POINTER(ctypes.c_uint64))
        self._kept = (successors_type(self._successors), check_type(self._check))
        self.successors, self.check = (ctypes.cast(each, ctypes.c_void_p).value or 0 for each in self._kept)
        self.checked: list[int] = []

    def _successors(self, state: ctypes._Pointer[ctypes.c_uint64], out: object, capacity: int, counters: object) -> int:
        node = self.number[tuple(state[: self.words])]
        counters[node % 3] += 1  # type: ignore[index]
        if node in self.errors:
            return ERROR_MARK
        for i, target in enumerate(self.edges[node][:capacity]):
            for word in range(self.words):
                out[i * self.words + word] = self.states[target][word]  # type: ignore[index]
        return len(self.edges[node]) or STUCK

    def _check(self, state: ctypes._Pointer[ctypes.c_uint64]) -> int:
        node = self.number[tuple(state[: self.words])]
        self.checked.append(node)
        return self.events(node)

    def events(self, node: int) -> int:
        return (1 << 63 if node % 101 == 7 else 0) | (1 if node % 211 == 9 else 0)

    def steps(self, node: int) -> list[int]:
        return [] if node in self.errors else self.edges[node]

    def levels(self, initial: list[int]) -> list[set[int]]:
        """The naive search."""
        seen, levels = set(initial), [set(initial)]
        while levels[-1]:
            newest = {target for node in levels[-1] for target in self.steps(node)} - seen
            seen |= newest
            levels.append(newest)
        return levels

    def is_target(self, node: int, kind: Target, bit: int) -> bool:
        if kind is Target.EVENT:
            return bool(self.events(node) >> bit & 1)
        return node in self.errors if kind is Target.ERROR else not self.edges[node]


def explore(search: Search, initial: list[State]) -> None:
    search.add_initial(initial)
    while search.levels[-1].states:
        search.check_level()
        while (progress := search.expand_level()) is not Progress.DONE:
            assert progress is Progress.MORE


@pytest.mark.parametrize("workers", WORKERS)
@pytest.mark.parametrize("words", [1, 2, 5])
def test_search_agrees_with_a_naive_one(words: int, workers: int) -> None:
    """Sixteen cells at first and buffers of one state: the index grows again and again, in the middle of batches."""
    model = GraphModel(4000, words, seed=words, branching=4)
    expected = model.levels([0])
    with Search(
        words, model.successors, model.check, workers=workers, counters=3, index_entries=16, buffer_states=1
    ) as search:
        explore(search, [model.states[0]])
        nodes = set().union(*expected)

        assert [{search.state(row) for row in level.rows()} for level in search.levels] == [
            {model.states[node] for node in level} for level in expected
        ]
        for level, expected_level in zip(search.levels[:-1], expected, strict=False):
            assert level.transitions == sum(len(model.steps(node)) for node in expected_level)
            assert level.errors == len(expected_level & model.errors)
            assert level.deadlocks == sum(not model.edges[node] and node not in model.errors for node in expected_level)
        assert sorted(model.checked) == sorted(nodes)
        assert search.counters() == [sum(node % 3 == i for node in nodes) for i in range(3)]
        assert search.transitions == sum(level.transitions for level in search.levels)
        assert 8 * words * search.states + 8 * search.states < search.memory_bytes <= (8 * words + 24) * search.states


@pytest.mark.parametrize("workers", WORKERS)
@pytest.mark.parametrize("words", [1, 3])
def test_marks_are_the_states_on_shortest_paths_to_a_target(words: int, workers: int) -> None:
    model = GraphModel(3000, words, seed=7, branching=3)
    levels = model.levels([0])
    with Search(words, model.successors, model.check, workers=workers, counters=3, buffer_states=2) as search:
        explore(search, [model.states[0]])
        before = search.counters()
        for kind, bit in ((Target.EVENT, 63), (Target.EVENT, 0), (Target.DEADLOCK, 0), (Target.ERROR, 0)):
            depth = max(i for i, level in enumerate(levels) if any(model.is_target(n, kind, bit) for n in level))
            marked = {n for n in levels[depth] if model.is_target(n, kind, bit)}

            assert search.mark_targets(depth, kind, bit) == len(marked)
            search.mark_backwards()
            for number in range(depth, -1, -1):
                if number < depth:
                    marked = {n for n in levels[number] if marked & set(model.steps(n))}
                assert {model.number[search.state(row)] for row in search.marked_rows(number)} == marked
        assert search.counters() == before


@pytest.mark.parametrize("words", [1, 2])
def test_find_knows_exactly_the_reached_states(words: int) -> None:
    model = GraphModel(500, words, seed=3)
    reached = set().union(*model.levels([0]))
    with Search(words, model.successors, model.check, counters=3) as search:
        explore(search, [model.states[0]])

        for node, state in enumerate(model.states):
            row = search.find(state)
            assert (row >= 0) == (node in reached)
            assert row < 0 or search.state(row) == state


@pytest.mark.parametrize("words", [1, 2])
def test_search_goes_on_after_find(words: int) -> None:
    """Finding turns an index of inline states into one of rows."""
    model = GraphModel(2000, words, seed=4)
    with Search(words, model.successors, model.check, counters=3, workers=2) as search:
        search.add_initial([model.states[0]])
        for _ in range(3):
            assert search.expand_level() is Progress.DONE
            assert search.find(model.states[0]) == 0
        while search.levels[-1].states:
            search.expand_level()

        assert [level.states for level in search.levels] == [len(level) for level in model.levels([0])]


def test_equal_initial_states_count_once() -> None:
    model = GraphModel(100, 2, seed=5)
    with Search(2, model.successors, model.check, counters=3, index_entries=1) as search:
        assert search.add_initial([model.states[i % 20] for i in range(50)]) == 20


class ChainModel:
    """Machine words n -> 2n, 2n + 1 (mod 2^60): a tree without end. Compiled, because Python would be too slow."""

    def __init__(self, words: int) -> None:
        import llvmlite.binding as llvm

        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        body = ""
        for word in range(words):
            body += f"""
  %i{word} = getelementptr i64, ptr %state, i64 {word}
  %w{word} = load i64, ptr %i{word}
  %d{word} = shl i64 %w{word}, 1
  %o{word} = or i64 %d{word}, 1
  %x{word} = getelementptr i64, ptr %out, i64 {word}
  store i64 %d{word}, ptr %x{word}
  %y{word} = getelementptr i64, ptr %out, i64 {words + word}
  store i64 %o{word}, ptr %y{word}"""
        text = f"""
define i64 @successors(ptr %state, ptr %out, i64 %capacity, ptr %counters) {{
  %room = icmp sge i64 %capacity, 2
  br i1 %room, label %write, label %leave
write:{body}
  br label %leave
leave:
  ret i64 2
}}
define i64 @check(ptr %state) {{
  ret i64 0
}}"""
        machine = llvm.Target.from_default_triple().create_target_machine()
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(text), machine)
        self.successors = self._engine.get_function_address("successors")
        self.check = self._engine.get_function_address("check")


@pytest.mark.parametrize("workers", WORKERS)
@pytest.mark.parametrize("words", [1, 2])
@pytest.mark.parametrize("states_expected", [0, 1 << 30])
def test_memory_limit_is_kept(words: int, workers: int, states_expected: int) -> None:
    model, limit = ChainModel(words), 20 << 20
    with Search(
        words, model.successors, model.check, workers=workers, memory_bytes=limit, states_expected=states_expected
    ) as search:
        search.add_initial([(1,) * words])
        while (progress := search.expand_level()) is not Progress.MEMORY:
            assert progress in (Progress.DONE, Progress.MORE)

        assert 0.6 * limit < search.memory_bytes <= limit
        assert [level.states for level in search.levels] == [2**i for i in range(len(search.levels))]
        assert search.expand_level() is Progress.MEMORY
        assert search.mark_targets(3, Target.DEADLOCK) == 0
        assert search.find((11,) * words) in list(search.levels[3].rows())


@pytest.mark.parametrize("states_expected", [10, 600_000])
@pytest.mark.parametrize("words", [1, 2])
def test_an_expected_number_of_states_changes_no_answer(words: int, states_expected: int) -> None:
    model = GraphModel(4000, words, seed=words, branching=4)
    levels, memory = [], []
    for expected in (0, states_expected):
        with Search(words, model.successors, model.check, workers=2, counters=3, states_expected=expected) as search:
            explore(search, [model.states[0]])
            levels.append([{search.state(row) for row in level.rows()} for level in search.levels])
            memory.append(search.memory_bytes)

    assert levels[1] == levels[0]
    assert (memory[1] > memory[0]) == (states_expected > 4000)


def test_initial_states_beyond_the_memory_limit_are_refused() -> None:
    model = GraphModel(100, 1, seed=5)
    with Search(1, model.successors, model.check, counters=3, memory_bytes=100) as search, pytest.raises(MemoryError):
        search.add_initial(model.states)


@pytest.mark.parametrize("words", [1, 2])
def test_large_index_moves_without_its_rows(words: int) -> None:
    """Above 2^18 cells an index of rows is no longer rebuilt: entries move by their position and tag alone."""
    model = ChainModel(words)
    with Search(words, model.successors, model.check, workers=2) as search:
        search.add_initial([(1,) * words])
        while len(search.levels) < 21:
            search.expand_level()

        assert search.states == 2**21 - 1
        assert all(search.find((n,) * words) >= 0 for n in range(1, 2**21, 997))
        assert search.find((2**21,) * words) == -1


def test_slices_end_in_time_and_lose_nothing() -> None:
    model = ChainModel(1)
    slices = 0
    with Search(1, model.successors, model.check, workers=2) as search:
        search.add_initial([(1,)])
        while len(search.levels) < 20:
            slices += search.expand_level(seconds=0.0001) is Progress.MORE

        assert slices > 0
        assert [level.states for level in search.levels] == [2**i for i in range(20)]
        assert [level.transitions for level in search.levels] == [2 ** (i + 1) for i in range(19)] + [0]


@pytest.fixture
def alarm() -> Iterator[Callable[[float], None]]:
    """Ctrl-C after so many seconds. A process that a shell has put into the background ignores it: not here."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGALRM, lambda _number, _frame: signal.raise_signal(signal.SIGINT))
    yield lambda seconds: signal.setitimer(signal.ITIMER_REAL, seconds) and None
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, before)


def test_interrupts_leave_the_search_consistent(alarm: Callable[[float], None]) -> None:
    """Many Ctrl-C, each followed by the same call again: the counts are as without any."""
    model = ChainModel(2)
    interrupts = 0
    with Search(2, model.successors, model.check, workers=2) as search:
        search.add_initial([(1, 1)])
        while len(search.levels) < 20:
            try:
                alarm(0.003)
                search.expand_level()
                alarm(0)
            except KeyboardInterrupt:
                interrupts += 1
        alarm(0)

        assert interrupts > 0
        assert [level.states for level in search.levels] == [2**i for i in range(20)]
        assert search.transitions == 2**20 - 2


def test_kernel_is_compiled_in_no_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a new machine the first verdict waits for it: 0.4 s of processor time; the limit leaves room for slow ones."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("checker.kernel._kernels", {})  # Whatever other tests have compiled.
    began = time.process_time()

    with Search(11, 0, 0):
        assert time.process_time() - began < 1.5
    assert len(list(objectcache.cache_directory().iterdir())) == 1


def test_corrupt_cache_file_is_built_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert objectcache.cached(b"key", lambda: b"content") == b"content"
    assert objectcache.cached(b"key", lambda: b"not called") == b"content"

    (file,) = objectcache.cache_directory().iterdir()
    file.write_bytes(file.read_bytes()[:-1])

    assert objectcache.cached(b"key", lambda: b"again") == b"again"
    assert objectcache.cached(b"key", lambda: b"not called") == b"again"


def test_unwritable_cache_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))

    assert objectcache.cached(b"key", lambda: b"content") == b"content"
