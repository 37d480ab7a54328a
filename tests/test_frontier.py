"""How many faults it takes, compared with checking every budget by itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from walks import Vector, Walks

from checker import checking, cli
from checker.frontier import Least, frontier, is_within, survived
from checker.options import Options
from checker.search import Target
from checker.source import SourceError
from checker.spec import load
from checker.verdict import Frontier
from reports.frontier import render

ROOT = Path(__file__).parent.parent
SLOW = Options(engine="reference")
# Each with more than one budget, or more than one of a kind; what is broken, by one kind or by several, and what holds.
SMALL = [
    ("specs/bugs/B19_bump_rewrites_appended.yaml", ()),
    ("specs/bugs/FLK-12_event_lost.yaml", ("faults.lose.AddSplitAcknowledged=0",)),
    ("specs/bugs/IDM-01_retention.yaml", ()),
    ("specs/claims/S02_confirmed.yaml", ("faults.lose.ProduceResponse=2",)),
    ("specs/claims/S09_confirmed.yaml", ()),
    pytest.param("specs/claims/S31_third_failure.yaml", (), marks=pytest.mark.slow),
    ("specs/hypotheses/H04_first_attempt_expires.yaml", ()),
    ("specs/scenarios/C21_lost_answers.yaml", ()),
    ("specs/scenarios/P05_record_absent.yaml", ()),
    ("specs/scenarios/P07_older_than_window.yaml", ()),
    ("specs/textbook/die_hard.yaml", ()),
]
TWICE = "specs/scenarios/P07_older_than_window.yaml"  # One fault breaks it, two are allowed.


@pytest.fixture(autouse=True)
def at_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def by_brute_force(walks: Walks) -> dict[str, dict[Vector, int]]:
    """For each budget that could be given, everything is explored anew; the least budgets that break or reach something
    are those that no smaller one does, with the steps of the nearest state."""
    names = [one.name for one in walks.system.properties if one.kind != "final"]
    names += ["deadlock"] if walks.system.report_deadlock else []
    nearest: dict[str, dict[Vector, int]] = {name: {} for name in names}
    for allowed in walks.boxes():
        initial = [walks.with_left(one, allowed) for one in walks.reference.initial()]
        for steps, level in enumerate(walks.levels(initial, walks.any_step, 20_000)):
            for name in names:
                if allowed not in nearest[name] and any(walks.is_violated(name, one) for one in level):
                    nearest[name][allowed] = steps
    return {
        name: {
            one: steps
            for one, steps in found.items()
            if not any(other != one and is_within(other, one) for other in found)
        }
        for name, found in nearest.items()
    }


def as_vectors(walks: Walks, found: Frontier) -> dict[str, dict[Vector, int]]:
    names = [one.name for one in walks.system.budgets]
    return {
        one.name: {tuple(least.faults.get(name, 0) for name in names): least.steps for least in one.least}
        for one in found.properties
    }


@pytest.mark.parametrize(("path", "overrides"), SMALL)
def test_frontier_is_what_every_budget_by_itself_says(path: str, overrides: tuple[str, ...]) -> None:
    walks = Walks(path, *overrides)
    found = frontier(load(path, overrides), SLOW)
    expected = by_brute_force(walks)

    assert found.why == ()
    assert as_vectors(walks, found) == expected
    names = [one.name for one in walks.system.budgets]
    for one in found.properties:
        if one.kind != "always":
            continue
        least = expected[one.name]
        kept = [box for box in walks.boxes() if not any(is_within(broken, box) for broken in least)]
        greatest = {box for box in kept if not any(box != other and is_within(box, other) for other in kept)}
        assert {tuple(each[name] for name in names) for each in one.survives} == greatest


@pytest.mark.parametrize(("path", "overrides"), SMALL)
def test_codes_are_replayed_with_the_budgets_of_the_spec(path: str, overrides: tuple[str, ...]) -> None:
    found = frontier(load(path, overrides), SLOW)
    for one in found.properties:
        for least in one.least if one.kind == "always" else ():
            assert least.replay is not None
            told, broken = checking.replay(load(path, overrides), least.replay)

            assert len(told.steps) == least.steps
            assert any(text.startswith(one.name) for text in broken)
            assert sum(step.fault for step in told.steps) == sum(least.faults.values())


def test_a_guarantee_with_two_ways_to_break_has_both() -> None:
    """Two faults of different kinds, or one of each of two: none is at most the other."""
    least = Least(Target.EVENT)
    for used, level in [((2, 0), 3), ((1, 1), 5), ((2, 1), 6), ((0, 2), 7), ((1, 0), 9), ((1, 1), 10)]:
        least.meet(used, level)

    assert least.levels == {(1, 0): 9, (0, 2): 7}
    assert not least.settled


@pytest.mark.parametrize(
    ("limits", "least", "expected"),
    [
        ((2, 1), [], [(2, 1)]),
        ((2, 1), [(0, 0)], []),
        ((2, 1), [(0, 1)], [(2, 0)]),
        ((2, 2), [(1, 1)], [(2, 0), (0, 2)]),
        ((2, 2), [(2, 0), (0, 2)], [(1, 1)]),
        ((3, 3), [(2, 1), (1, 2)], [(3, 0), (1, 1), (0, 3)]),
        ((), [()], []),
        ((), [], [()]),
    ],
)
def test_what_is_survived_lies_just_below_what_breaks(
    limits: Vector, least: list[Vector], expected: list[Vector]
) -> None:
    assert survived(limits, least) == expected


@pytest.mark.parametrize(
    "path",
    ["specs/bugs/IDM-01_retention.yaml", pytest.param("specs/claims/S26_refuted.yaml", marks=pytest.mark.slow)],
)
def test_frontier_is_the_same_for_both_engines_and_any_number_of_workers(path: str) -> None:
    expected = frontier(load(path), SLOW)
    for workers in (1, 2):
        found = frontier(load(path), Options(engine="native", workers=workers))

        assert found.properties == expected.properties
        assert found.explored == expected.explored


def test_an_exploration_that_stops_says_what_it_covers() -> None:
    found = frontier(load("specs/claims/S31_third_failure.yaml"), Options(engine="reference", states=50))

    assert not found.explored.complete
    assert "the limit on states was reached" in found.why[0]
    assert all(one.survives == () for one in found.properties), "nothing is survived that was not explored"
    assert "Not everything" in render(found)


def test_unlimited_faults_are_refused_at_their_line() -> None:
    with pytest.raises(SourceError) as refused:
        frontier(load("specs/textbook/alternating_bit_2.yaml"), SLOW)

    text = str(refused.value)
    assert "lose is unlimited" in text
    assert "alternating_bit_2.yaml:10:16" in text
    assert "--set faults.lose=2" in text


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([TWICE], 1),
        (["specs/bugs/B19_one_in_flight.yaml"], 0),
        (["specs/bugs/B19_one_in_flight.yaml", "--states", "20"], 3),
        (["specs/textbook/alternating_bit_2.yaml"], 2),
    ],
)
def test_exit_code(arguments: list[str], code: int) -> None:
    assert cli.main(["frontier", *arguments, "--engine", "reference", "--quiet"]) == code


def test_json_has_every_set(capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["frontier", TWICE, "--engine", "reference", "--quiet", "--json"])
    document = json.loads(capsys.readouterr().out)

    assert document["faults"] == {"lose ProduceResponse": 2}
    (broken,) = [one for one in document["properties"] if one["name"] == "no_duplicates"]
    assert [(one["faults"], one["steps"]) for one in broken["least"]] == [({"lose ProduceResponse": 1}, 12)]
    assert broken["survives"] == [{"lose ProduceResponse": 0}]


def test_table_reads_as_one() -> None:
    text = render(frontier(load(TWICE), SLOW))

    assert "no_duplicates  breaks with                1     12" in text
    assert "               survives                   0" in text
    assert "What takes least: no_duplicates breaks with 1 lose ProduceResponse, in 12 steps." in text
    assert "Every run within these numbers was explored: 106 states." in text


def test_a_table_too_wide_has_letters_for_faults() -> None:
    found = frontier(load("specs/bugs/FLK-12_event_lost.yaml"), Options(engine="reference", states=50))
    text = render(found, width=40)

    assert "  b = lose AddSplit" in text
