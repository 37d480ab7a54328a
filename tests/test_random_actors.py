"""Random models: the reference and the native engine agree on every step, every property and every word of the answer.

100 models belong to every test run. For more: RANDOM_ACTORS=2000 python -m pytest tests/test_random_actors.py, or
-m slow. The reference is the judge; where the two differ, the native engine is wrong, or the language is not defined.
"""

from __future__ import annotations

import ctypes
import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from random_actors import Model, models

from checker import check
from checker.build import Built, branches_of, build
from checker.native import NativeEngine
from checker.options import Options
from checker.reference import Reference, State
from checker.search import BROKEN_PREDICATE, ReferenceEngine
from checker.source import SourceError
from checker.spec import SpecFile, load
from checker.system import Layout
from checker.verdict import Result

MODELS = int(os.environ.get("RANDOM_ACTORS", "100"))
STATES_MAX = 300
INITIAL_MAX = 2000
REFUSED_MAX = 0.03  # The generator means to write what the front end accepts.


@pytest.fixture(scope="module", autouse=True)
def own_cache() -> Iterator[None]:
    """Code of random models is no use to anyone again."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", folder)
        yield


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

    def explore(self) -> bool:
        """Compare state after state; whether all of them have been seen in the end."""
        known = dict.fromkeys(self.reference.initial()[:INITIAL_MAX])
        waiting = list(known)
        for position, state in enumerate(waiting):
            if position == STATES_MAX:
                return False
            self.compare_events(state)
            for one in self.compare_successors(state):
                if one not in known:
                    known[one] = None
                    waiting.append(one)
        return True

    def compare_successors(self, state: State) -> list[State]:
        steps = self.reference.successors(state)
        states = [one.state for one in steps if one.state is not None]
        native = self.native.successors(state, capacity=1 << 14)
        wrong = [one.error for one in steps if one.error]
        assert (native is None) == bool(wrong), f"errors of the model: {wrong}, in state {state}"
        if native is not None:
            assert native == states, self.difference(state, native)
            self.judge.reference.stuck(state, steps)
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


def answer(spec: SpecFile, options: Options) -> Result:
    """The whole result, but for what differs between runs."""
    return replace(check.run(spec, options), seconds={}, memory_bytes=0, engine="")


def compare(model: Model, folder: Path, seen: Counter[str]) -> None:
    (folder / "random_model.py").write_text(model.module)
    (folder / "spec.yaml").write_text(model.spec)
    try:
        spec = load(str(folder / "spec.yaml"))
        built = build(spec)
        _ = built.methods
    except SourceError as refused:
        seen["refused"] += 1
        note(str(refused))
        return
    agreement = Agreement(built)
    try:
        complete = agreement.explore()
    finally:
        agreement.native.close()
    seen.update(agreement.seen)
    seen["models"] += 1
    if complete and len(agreement.reference.initial()) <= INITIAL_MAX:
        seen["complete"] += 1
        judged = answer(spec, Options(engine="reference"))
        assert answer(spec, Options(engine="native", workers=1)) == judged
        assert answer(spec, Options(engine="native", workers=2)) == judged
        for one in judged.properties:
            if one.path is not None:
                assert check.replay(spec, one.path.replay) == one.path


def run(count: int, *, reproducible: bool) -> Counter[str]:
    seen: Counter[str] = Counter()

    @settings(
        max_examples=count,
        deadline=None,
        derandomize=reproducible,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(models)
    def each(model: Model) -> None:
        note(model.module)
        note(model.spec)
        with tempfile.TemporaryDirectory() as folder:
            compare(model, Path(folder), seen)

    each()
    return seen


def test_engines_agree_on_random_models() -> None:
    seen = run(MODELS, reproducible="RANDOM_ACTORS" not in os.environ)

    print(dict(seen))
    assert seen["refused"] <= REFUSED_MAX * seen["models"]
    assert seen["complete"] >= seen["models"] / 2
    assert seen["states"] >= 5 * seen["models"]


@pytest.mark.slow
def test_engines_agree_on_many_random_models() -> None:
    seen = run(2000, reproducible=False)

    print(dict(seen))
    assert seen["refused"] <= REFUSED_MAX * seen["models"]
