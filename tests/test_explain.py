"""Why a guarantee is broken, judged by short searches that share nothing with what is tested but the reference."""

from __future__ import annotations

import re
import zlib
from functools import cache
from pathlib import Path

import pytest
from walks import TooLarge, Walks

import checker
from checker import checking
from checker.flows import Story
from checker.native import NativeEngine
from checker.options import Options
from checker.reference import State
from checker.search import Finding, Slice, Target
from checker.spec import load
from checker.verdict import Diagnosis, PathStep, PropertyResult, PropertyVerdict, Result

ROOT = Path(__file__).parent.parent
VIOLATED = [
    str(one.relative_to(ROOT))
    for one in sorted((ROOT / "specs").rglob("*.yaml"))
    if re.search(r"expect:.*verdict: violated", one.read_text())
]
REFERENCE_STATES_MAX = 2_000
SAMPLE = 12


def is_quick(path: str) -> bool:
    """Short paths, and of those a sample; what is compiled takes longer than it explores."""
    found = re.search(r"expect:.*\bsteps: (\d+)", (ROOT / path).read_text())
    short = found is not None and int(found[1]) <= 12
    return short and ("textbook" in path or zlib.crc32(path.encode()) % SAMPLE == 0)


QUICK = [one for one in VIOLATED if is_quick(one)]
EVERY = [pytest.param(one, marks=() if one in QUICK else pytest.mark.slow) for one in VIOLATED]
# Unlimited faults cannot be taken away one by one.
FINITE = [one for one, path in zip(EVERY, VIOLATED, strict=True) if "unlimited" not in (ROOT / path).read_text()]
TEN = [
    "specs/claims/S01_refuted.yaml",
    "specs/claims/S02_confirmed.yaml",
    "specs/claims/S05_refuted.yaml",
    "specs/claims/S07_at_most_once.yaml",
    "specs/claims/S09_refuted.yaml",
    "specs/claims/S19_refuted.yaml",
    "specs/claims/S31_third_failure.yaml",
    "specs/claims/S37_refuted.yaml",
    "specs/textbook/die_hard.yaml",
    "specs/textbook/idempotent_producer_no_duplicate_check.yaml",
]


@pytest.fixture(autouse=True)
def at_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@cache
def result_of(path: str) -> Result:
    return checking.run(load(path), Options(witnesses=True))


@cache
def walks_of(path: str) -> Walks:
    return Walks(path)


@cache
def native_of(path: str) -> NativeEngine:
    walks = walks_of(path)
    return NativeEngine(walks.built, walks.reference.layout, 1, 1 << 30)


def broken(path: str) -> list[tuple[PropertyResult, Diagnosis]]:
    found = [one for one in result_of(path).properties if one.verdict is PropertyVerdict.VIOLATED]
    assert found
    assert all(one.diagnosis is not None for one in found), "with a report, every violation is explained"
    return [(one, one.diagnosis) for one in found if one.diagnosis is not None]


def is_fault(step: PathStep) -> bool:
    return step.fault or bool(step.played)


def is_reachable(path: str, name: str, states: list[State]) -> bool:
    """Whether a violation follows, with the faults that are left in these states."""
    walks = walks_of(path)
    try:
        levels = walks.levels(states, walks.any_step, REFERENCE_STATES_MAX)
        return any(walks.is_violated(name, one) for level in levels for one in level)
    except TooLarge:
        return _is_reachable_natively(path, walks.finding(name), states)


def _is_reachable_natively(path: str, goal: Finding, states: list[State]) -> bool:
    engine = native_of(path).starting_from(states)
    try:
        engine.start()
        while engine.level_sizes()[-1]:
            if goal.target is Target.EVENT and engine.check_level() >> goal.bit & 1:
                return True
            while engine.expand(1.0) is not Slice.DONE:
                pass
            if goal.target is Target.STUCK and engine.stuck:
                return True
        return False
    finally:
        engine.close()


def is_at_risk(path: str, name: str, state: State) -> bool:
    walks = walks_of(path)
    if all(one.limit is not None for one in walks.system.budgets):
        return is_reachable(path, name, [walks.without_faults(state, name)])
    # Unlimited faults leave no trace in a state.
    levels = walks.levels([state], lambda one: walks.calm(one, name), REFERENCE_STATES_MAX)
    return any(walks.is_violated(name, one) for level in levels for one in level)


# --- Pivot and point of no return -------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", EVERY)
def test_without_the_pivot_the_guarantee_is_kept(path: str) -> None:
    """Before the pivot no continuation without further faults violates; after it, and after each step behind it, one
    does. Where there is none, no fault is needed."""
    for one, diagnosis in broken(path):
        assert one.path is not None
        if any("Which step decided it" in text for text in diagnosis.not_computed):
            continue
        states = walks_of(path).states_of(one.path)
        if diagnosis.pivot is None:
            assert is_at_risk(path, one.name, states[0])
            asked = [i for i, step in enumerate(one.path.steps) if is_fault(step)]
        else:
            assert is_fault(one.path.steps[diagnosis.pivot - 1])
            assert not is_at_risk(path, one.name, states[diagnosis.pivot - 1])
            behind = range(diagnosis.pivot, len(states) - 1)
            asked = [diagnosis.pivot, *(i for i in behind if is_fault(one.path.steps[i]))]
        for i in asked:  # Between faults, risk is carried backwards.
            assert is_at_risk(path, one.name, states[i]), f"after step {i}"


@pytest.mark.parametrize("path", TEN)
def test_point_of_no_return_is_that_of_a_plain_fixpoint(path: str) -> None:
    """Sets of states, grown until they stop growing, over the whole graph without faults."""
    walks = walks_of(path)
    for one, diagnosis in broken(path):
        assert one.path is not None
        name = one.name
        states = [walks.without_faults(each, name) for each in walks.states_of(one.path)]
        levels = walks.levels(states, lambda each, name=name: walks.calm(each, name), 50_000)
        reached = [each for level in levels for each in level]
        bad = {each for each in reached if walks.is_violated(name, each)}
        following = {each: set() if each in bad else set(walks.calm(each, name)) for each in reached}
        risky = _grown(bad, following)
        hopeful = _grown(set(reached) - risky, following)
        last_hope = max((i for i, each in enumerate(states) if each in hopeful), default=-1)

        assert diagnosis.no_return == last_hope + 1
        assert states[-1] in bad


def _grown(found: set[State], following: dict[State, set[State]]) -> set[State]:
    while True:
        more = {one for one, after in following.items() if after & found} | found
        if more == found:
            return found
        found = more


def test_point_of_no_return_comes_with_the_pivot_or_later() -> None:
    """Before the pivot the state is safe already."""
    for path in QUICK:
        for _, diagnosis in broken(path):
            if diagnosis.pivot is not None and diagnosis.no_return is not None:
                assert diagnosis.no_return >= diagnosis.pivot


# --- Fewest faults ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", FINITE)
def test_none_of_the_fewest_faults_can_be_left_out(path: str) -> None:
    """With just these faults allowed it is violated, with any one of them less it holds."""
    walks = walks_of(path)
    for one, diagnosis in broken(path):
        fewest = diagnosis.fewest_faults
        if fewest is None:
            assert any("fewer faults" in text for text in diagnosis.not_computed)
            continue
        allowed = tuple(fewest.get(budget.name, 0) for budget in walks.system.budgets)
        initial = walks.reference.initial()
        counted = walks.finding(one.name).target is Target.EVENT
        played = counted and bool(set(fewest) & walks.system.played_faults)
        calm = counted and not played
        assert is_reachable(path, one.name, [walks.with_left(state, allowed, calm=calm) for state in initial])
        for i, n in enumerate(allowed):
            if n:
                less = (*allowed[:i], n - 1, *allowed[i + 1 :])
                assert not is_reachable(path, one.name, [walks.with_left(state, less, calm=calm) for state in initial])
        if played:  # Nor without what the actors have played.
            assert not is_reachable(path, one.name, [walks.with_left(state, allowed, calm=True) for state in initial])


@pytest.mark.parametrize("path", EVERY)
def test_path_with_fewest_faults_is_replayed_with_the_budgets_of_the_spec(path: str) -> None:
    walks = walks_of(path)
    for one, diagnosis in broken(path):
        shown = diagnosis.fewest_path
        if shown is None:
            continue
        assert one.path is not None
        told, violated = checking.replay(load(path), shown.replay)

        assert told == shown
        assert any(text.startswith(one.name) for text in violated)
        assert sum(map(is_fault, shown.steps)) == sum((diagnosis.fewest_faults or {}).values())
        assert sum(map(is_fault, shown.steps)) < sum(map(is_fault, one.path.steps))
        assert len(shown.steps) >= len(one.path.steps), "the path that is shown is a shortest one"
        assert walks.is_violated(one.name, walks.states_of(shown)[-1])


# --- Slices -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", EVERY)
def test_on_a_shortest_path_no_step_can_be_left_out(path: str) -> None:
    """A step outside the sound slice could be removed, and the path would be shorter. So nothing is outside; what
    matters is a part of it, with the fault, the pivot and the last step."""
    walks = walks_of(path)
    for one, diagnosis in broken(path):
        assert one.path is not None
        goal = walks.finding(one.name)
        if goal.target is Target.STUCK:
            continue  # What keeps every step from happening is read by all of them.
        states = walks.states_of(one.path)
        numbers = [int(text) for text in one.path.replay.split("/")[1:]]
        steps = [(n, walks.reference.successors(state)[n]) for n, state in zip(numbers, states, strict=False)]
        story = Story(walks.built, walks.reference, states[0], steps)
        wanted = story.read_by(walks.system.properties[goal.bit])
        everything = set(range(1, len(steps) + 1))

        assert story.sound_slice(wanted) == everything
        assert set(diagnosis.matters) <= everything
        assert story.thin_slice(wanted) <= everything
        if steps:
            needed = {len(steps), diagnosis.pivot, diagnosis.no_return} - {None, 0}
            assert needed | {i for i, (_, step) in enumerate(steps, 1) if step.fault} <= set(diagnosis.matters)


# --- The same whoever looks -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["specs/claims/S26_refuted.yaml", "specs/claims/S19_refuted.yaml"])
def test_both_engines_and_any_number_of_workers_say_the_same(path: str) -> None:
    reference = checking.run(load(path), Options(engine="reference", witnesses=True))
    for workers in (1, 2):
        native = checking.run(load(path), Options(engine="native", workers=workers, witnesses=True))

        assert native.properties == reference.properties


# --- What is folded ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "told", "folded"),
    [
        # EndTxn is refused (20), the task hears it and drops the committable (21).
        ("specs/bugs/FLK-01_timeout_before_commit.yaml", {20, 21}, {3, 4}),
        # The Deploy of step 1 reaches demo-2 no more, which crashes.
        ("specs/claims/S40_full_failover.yaml", {1, 6}, {2, 3, 4}),
        # After the faults: who asked where its epoch ends (11), and who answered (12) what truncates in 13.
        ("specs/bugs/REP-03_fetch_of_old_epoch.yaml", {11, 12, 13}, {10}),
        # The abort is complete in 21: the remarked answer of 22 rests on that. Before the fault (13) all is well.
        ("specs/bugs/B13_late_commit.yaml", {13, 21, 22}, {1, 2, 3, 4, 5, 6, 7, 8, 9}),
        # Nothing fails: an error tells of the rebalance (6, 9), and the remark of 17 names the commit of 13.
        ("specs/bugs/GRP-02_fetch_before_revocation.yaml", {6, 9, 13, 17, 18}, {1, 2, 3, 4, 5}),
    ],
)
def test_a_fold_hides_nothing_that_the_story_needs(path: str, told: set[int], folded: set[int]) -> None:
    ((_, diagnosis),) = broken(path)[:1]
    matters = set(diagnosis.matters)
    assert told <= matters
    assert folded.isdisjoint(matters)


def test_without_a_fix_to_compare_with_a_step_that_a_remark_names_is_told() -> None:
    result = checker.check("specs/bugs/GRP-02_fetch_before_revocation.yaml", set={"topics.orders.records": 2})
    found = result.data.properties[0].diagnosis
    assert found is not None
    assert found.parting is None
    assert 13 in found.matters
