"""A machine that wears out by work, and faster by crashes: its shortest way to break takes more faults than it needs.

No shipped spec is of this kind, and every answer about it can be had by trying all paths.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from walks import Walks

from checker import checking
from checker.frontier import frontier
from checker.options import Options
from checker.reference import State
from checker.spec import load
from checker.verdict import Diagnosis, PropertyResult

MODEL = '''
from typing import Annotated

from checker.lang import Durable, UpTo, action, actor, ensure, on_restart, predicate, require


@actor
class Machine:
    worn: Durable[Annotated[int, UpTo(12)]] = 0
    failures: Durable[Annotated[int, UpTo(2)]] = 0

    @action
    def work(self) -> None:
        require(self.worn < 7)
        self.worn += 1

    @on_restart
    def recover(self) -> None:
        self.failures += 1
        self.worn = self.worn + 3 if self.worn < 9 else 12


@predicate
def lasts(machine: Machine) -> bool:
    """It is never worn out."""
    return machine.worn < 6


@predicate
def lasts_after_a_failure(machine: Machine) -> bool:
    """Once it has failed, it is never worn out."""
    return machine.failures == 0 or machine.worn < 6


@predicate
def lasts_after_two(machine: Machine) -> bool:
    """Once it has failed twice, it is never worn to the bone."""
    return machine.failures < 2 or machine.worn < 8
'''
SPEC = """
title: Wear
model: ./wear.py
actors: {machine: {is: Machine}}
faults: {pause: {machine: 1}, crash: {machine: 2}}
check: {always: [lasts, lasts_after_a_failure, lasts_after_two]}
deadlock: allow
"""
STEPS_MAX = 8
NAMES = ("lasts", "lasts_after_a_failure", "lasts_after_two")
Way = tuple[int, int, tuple[int, ...]]  # number of faults, number of steps, the steps


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "wear.py").write_text(MODEL)
    (tmp_path / "wear.yaml").write_text(SPEC)
    return str(tmp_path / "wear.yaml")


def every_path(walks: Walks) -> Iterator[tuple[State, int, tuple[int, ...]]]:
    """Last state, faults and steps of every path that is not too long."""
    waiting: list[tuple[State, int, tuple[int, ...]]] = [(one, 0, ()) for one in walks.reference.initial()]
    while waiting:
        state, faults, steps = waiting.pop()
        yield state, faults, steps
        if len(steps) < STEPS_MAX:
            for number, one in enumerate(walks.reference.successors(state)):
                assert one.state is not None
                waiting.append((one.state, faults + one.group.fault, (*steps, number)))


def least_of_all(walks: Walks) -> dict[str, Way]:
    """For each guarantee, of all paths that break it, the one with the fewest faults, then steps, then the least."""
    best: dict[str, Way] = {}
    for state, faults, steps in every_path(walks):
        for name in NAMES:
            way = (faults, len(steps), steps)
            if (name not in best or way < best[name]) and walks.is_violated(name, state):
                best[name] = way
    return best


def explained(spec: str, engine: str) -> dict[str, tuple[PropertyResult, Diagnosis]]:
    options = Options(engine=engine, keep_going=True, witnesses=True)  # type: ignore[arg-type]
    found = checking.run(load(spec), options).properties
    return {one.name: (one, one.diagnosis) for one in found if one.diagnosis is not None}


@pytest.mark.parametrize("engine", ["reference", "native"])
def test_fewest_faults_are_the_least_of_all_paths(spec: str, engine: str) -> None:
    expected = least_of_all(Walks(spec))
    found = explained(spec, engine)

    assert set(found) == set(NAMES)
    for name, (one, diagnosis) in found.items():
        faults, steps, code = expected[name]
        path = diagnosis.fewest_path or one.path
        assert path is not None
        assert sum((diagnosis.fewest_faults or {}).values()) == faults
        assert len(path.steps) == steps
        assert path.replay == "/".join(map(str, (0, *code)))


def test_a_shorter_path_may_take_more_faults(spec: str) -> None:
    """Two crashes wear it out in 4 steps; one does in 5, work alone in 6."""
    found = {name: (one.steps, one.faults, why) for name, (one, why) in explained(spec, "reference").items()}

    steps, faults, why = found["lasts"]
    assert (steps, faults, why.fewest_faults, why.pivot, why.no_return) == (4, {"crash": 2}, {}, None, 0)
    steps, faults, why = found["lasts_after_a_failure"]
    assert (steps, faults, why.fewest_faults) == (4, {"crash": 2}, {"crash machine": 1})
    assert (why.pivot, why.no_return) == (1, 1), "after the first crash, work is enough"
    steps, faults, why = found["lasts_after_two"]
    assert (faults, why.fewest_faults, why.fewest_path) == ({"crash": 2}, {"crash machine": 2}, None)
    assert steps is not None
    assert why.pivot == steps - 1, "without the second crash the first is survived; its restart is the last step"


def test_both_engines_explain_it_in_the_same_words(spec: str) -> None:
    assert explained(spec, "native") == explained(spec, "reference")


def test_frontier_has_no_fault_in_it_that_is_not_needed(spec: str) -> None:
    expected = least_of_all(Walks(spec))
    for engine in ("reference", "native"):
        found = frontier(load(spec), Options(engine=engine))  # type: ignore[arg-type]
        least = {one.name: one.least for one in found.properties if one.least}

        assert {name: [(sum(each.faults.values()), each.steps) for each in ways] for name, ways in least.items()} == {
            name: [(faults, steps)] for name, (faults, steps, _) in expected.items()
        }
        assert {name: ways[0].replay for name, ways in least.items()} == {
            name: "/".join(map(str, (0, *code))) for name, (_, _, code) in expected.items()
        }
