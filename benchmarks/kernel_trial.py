"""How fast the search kernel is, on two-phase commit (TLA+ Examples' TwoPhase) written by hand as LLVM IR.

    python -m benchmarks.kernel_trial [--managers 8] [--words 1] [--workers 1] [--repeat 3]

`--words` above 1 repeats the state in every word, which measures wide states. Counts are checked against TLC's.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir

from checker.kernel import Progress, Search

WORD = ir.IntType(64)

# Resource managers: distinct states, states generated (with the initial one), as TLC counts them.
COUNTS = {3: (288, 1_146), 7: (296_448, 2_744_706), 8: (1_745_408, 18_507_778), 9: (10_340_352, 123_558_402)}


class TwoPhaseCommit:
    """The machine code of the model.

    One word: 2 bits for each manager (working, prepared, committed, aborted), then a bit for each Prepared message,
    Commit, Abort, then a bit for each manager the transaction manager knows to be prepared, then its own state.
    """

    def __init__(self, managers: int, words: int) -> None:
        self.managers, self.words = managers, words
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        machine = llvm.Target.from_default_triple().create_target_machine(
            cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=3
        )
        module = llvm.parse_assembly(str(self._module()))
        builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=2))
        builder.getModulePassManager().run(module, builder)
        self._engine = llvm.create_mcjit_compiler(module, machine)
        self._engine.finalize_object()
        self.successors = self._engine.get_function_address("successors")
        self.check = self._engine.get_function_address("check")

    def _module(self) -> ir.Module:
        module = ir.Module()
        pointer = WORD.as_pointer()
        kind = ir.FunctionType(WORD, [pointer, pointer, WORD, pointer])
        self._define_successors(ir.Function(module, kind, "successors"))
        self._define_check(ir.Function(module, ir.FunctionType(WORD, [pointer]), "check"))
        return module

    def _steps(self, builder: ir.IRBuilder, state: Any) -> list[tuple[Any, Any]]:
        """Guard and successor of every step."""
        n = self.managers
        working, prepared, committed, aborted = 0, 1, 2, 3
        message, commit, abort, known, mine = 2 * n, 3 * n, 3 * n + 1, 3 * n + 2, 4 * n + 2

        def field(shift: int, bits: int) -> Any:
            return builder.and_(builder.lshr(state, WORD(shift)), WORD((1 << bits) - 1))

        def put(word: Any, shift: int, bits: int, value: int) -> Any:
            cleared = builder.and_(word, WORD(~(((1 << bits) - 1) << shift) & (2**64 - 1)))
            return builder.or_(cleared, WORD(value << shift))

        def equal(left: Any, right: int) -> Any:
            return builder.icmp_unsigned("==", left, WORD(right))

        undecided = equal(field(mine, 2), 0)
        steps = [
            (builder.and_(undecided, equal(field(known, n), (1 << n) - 1)), put(put(state, mine, 2, 1), commit, 1, 1)),
            (undecided, put(put(state, mine, 2, 2), abort, 1, 1)),
        ]
        for i in range(n):
            is_working = equal(field(2 * i, 2), working)
            steps += [
                (builder.and_(undecided, equal(field(message + i, 1), 1)), put(state, known + i, 1, 1)),
                (is_working, put(put(state, 2 * i, 2, prepared), message + i, 1, 1)),
                (is_working, put(state, 2 * i, 2, aborted)),
                (equal(field(commit, 1), 1), put(state, 2 * i, 2, committed)),
                (equal(field(abort, 1), 1), put(state, 2 * i, 2, aborted)),
            ]
        return steps

    def _define_successors(self, function: ir.Function) -> None:
        state_pointer, out, capacity, counters = function.args
        builder = ir.IRBuilder(function.append_basic_block())
        state = builder.load(state_pointer, typ=WORD)
        steps = self._steps(builder, state)
        counting, writing = function.append_basic_block("counting"), function.append_basic_block("writing")
        # Enough room for every step: write each one and go on only if it was enabled, which spares all branches.
        builder.cbranch(builder.icmp_signed("<", capacity, WORD(len(steps))), counting, writing)
        builder.position_at_end(writing)
        number: Any = WORD(0)
        for guard, successor in steps:
            for word in range(self.words):
                place = builder.add(builder.mul(number, WORD(self.words)), WORD(word))
                builder.store(successor, builder.gep(out, [place], source_etype=WORD))
            number = builder.add(number, builder.zext(guard, WORD))
        counter = builder.load(counters, typ=WORD)
        builder.store(builder.add(counter, number), counters)
        builder.ret(number)
        builder.position_at_end(counting)
        builder.ret(WORD(len(steps)))

    def _define_check(self, function: ir.Function) -> None:
        """Bit 0: one manager has committed and another has aborted. Bit 1: all have committed."""
        builder = ir.IRBuilder(function.append_basic_block())
        state = builder.load(function.args[0], typ=WORD)
        low = WORD(sum(1 << 2 * i for i in range(self.managers)))
        odd = builder.and_(builder.lshr(state, WORD(1)), low)  # Committed or aborted.
        aborted = builder.and_(odd, state)
        committed = builder.xor(odd, aborted)
        some_aborted = builder.icmp_unsigned("!=", aborted, WORD(0))
        some_committed = builder.icmp_unsigned("!=", committed, WORD(0))
        inconsistent = builder.zext(builder.and_(some_aborted, some_committed), WORD)
        all_committed = builder.zext(builder.icmp_unsigned("==", committed, low), WORD)
        builder.ret(builder.or_(inconsistent, builder.shl(all_committed, WORD(1))))


def run(model: TwoPhaseCommit, workers: int, memory_bytes: int) -> tuple[float, float, Search]:
    """Seconds, and processor seconds, of one complete search, checks included."""
    begin, cpu = time.perf_counter(), time.process_time()
    search = Search(model.words, model.successors, model.check, workers=workers, memory_bytes=memory_bytes, counters=1)
    search.add_initial([(0,) * model.words])
    while search.levels[-1].states:
        events = search.check_level()
        assert events & 1 == 0
        while (progress := search.expand_level()) is not Progress.DONE:
            assert progress is Progress.MORE
    return time.perf_counter() - begin, time.process_time() - cpu, search


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--managers", type=int, default=8)
    parser.add_argument("--words", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--memory", type=int, default=16, help="GB")
    arguments = parser.parse_args()
    begin = time.perf_counter()
    model = TwoPhaseCommit(arguments.managers, arguments.words)
    print(f"model compiled in {time.perf_counter() - begin:.3f} s")
    times = []
    for _ in range(arguments.repeat):
        seconds, cpu, search = run(model, arguments.workers, arguments.memory << 30)
        states, generated = search.states, search.transitions + 1
        assert COUNTS.get(arguments.managers, (states, generated)) == (states, generated), (states, generated)
        assert search.counters() == [search.transitions]
        times.append(seconds)
        print(
            f"{seconds:8.4f} s ({cpu:.4f} s of processor)  "
            f"{states:,} distinct, {generated:,} generated, depth {len(search.levels) - 1}, "
            f"{search.memory_bytes / states:.1f} bytes a state"
        )
        search.close()
    best = min(times)
    print(f"best {best:.4f} s: {states / best / 1e6:.2f} M distinct/s, {generated / best / 1e6:.1f} M generated/s")


if __name__ == "__main__":
    main()
