"""The native engine beside the reference: the same steps, in the same order, and the same events in each state."""

from __future__ import annotations

import ctypes
import random
from collections import Counter

from checker.build import Built, branches_of
from checker.native import NativeEngine
from checker.reference import Reference, State
from checker.search import BROKEN_PREDICATE, ReferenceEngine
from checker.system import Layout

INITIAL_MAX = 2000


class Agreement:
    """One system, explored by the reference, with the native engine at its side."""

    def __init__(self, built: Built) -> None:
        self.layout = Layout(built.system)
        self.reference = Reference(built.system, self.layout)
        self.judge = ReferenceEngine(self.reference, branches_of(built))
        self.native = NativeEngine(built, self.layout, 1, 1 << 28)
        kind = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_void_p)
        self._check = kind(self.native._code.get_function_address("check"))
        self.seen: Counter[str] = Counter()

    def explore(self, states_max: int) -> bool:
        """Compare state after state, breadth first; whether all of them have been seen in the end."""
        known = dict.fromkeys(self.reference.initial()[:INITIAL_MAX])
        waiting = list(known)
        for position, state in enumerate(waiting):
            if position == states_max:
                return False
            for one in self.compare(state):
                if one not in known:
                    known[one] = None
                    waiting.append(one)
        return True

    def walk(self, steps: int, seed: int) -> None:
        """Compare along random paths: they lead deeper than a short breadth-first search."""
        choice = random.Random(seed)
        initial = self.reference.initial()
        state = choice.choice(initial)
        for _ in range(steps):
            state = choice.choice(self.compare(state) or initial)

    def compare(self, state: State) -> list[State]:
        self.compare_events(state)
        return self.compare_successors(state)

    def close(self) -> None:
        self.native.close()

    def compare_successors(self, state: State) -> list[State]:
        steps = self.reference.successors(state)
        states = [one.state for one in steps if one.state is not None]
        native = self.native.successors(state, capacity=1 << 14)
        wrong = [one.error for one in steps if one.error]
        assert (native is None) == bool(wrong), f"errors of the model: {wrong}, in state {state}"
        if native is not None:
            assert native == states, self.difference(state, native)
        self.seen["states"] += 1
        self.seen["steps"] += len(states)
        self.seen["errors"] += len(wrong)
        return states

    def difference(self, state: State, native: list[State]) -> str:
        steps = self.reference.successors(state)
        for one, other in zip(steps, native, strict=False):
            assert one.state is not None
            places = zip(self.layout.names, one.state, other, strict=True)
            wrong = [(name, right, here) for name, right, here in places if right != here]
            if wrong:
                what = one.group.function.qualified if one.group.function else one.group.kind
                return f"{what} {one.received} {one.chosen}: (leaf, reference, native) {wrong}, in state {state}"
        return f"{len(steps)} steps by the reference, {len(native)} native, in state {state}"

    def compare_events(self, state: State) -> None:
        words = (ctypes.c_uint64 * self.layout.words)(*self.layout.pack(state))
        native, judged = self._check(ctypes.addressof(words)), self.judge._events(state)
        if (native | judged) >> BROKEN_PREDICATE:  # Which others hold besides does not matter then.
            native, judged = native >> BROKEN_PREDICATE, judged >> BROKEN_PREDICATE
        assert native == judged, f"event bits in state {state}"
