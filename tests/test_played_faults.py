"""Faults that an actor plays itself and counts (``lang.Counts``): told as faults, left out where none may happen."""

from __future__ import annotations

from pathlib import Path

import pytest
from agreement import Agreement

from checker import checking
from checker.build import build
from checker.reference import Reference
from checker.spec import load
from checker.verdict import PropertyVerdict
from reports import text

SPECS = Path(__file__).parent.parent / "specs"
PLAYING = [
    "bugs/REP-04_last_replica_standing",  # By a map of counters, and by a choice in a restart.
    "flink/F15_transaction_timeout",
    "bugs/B25_fixed",  # Counts, and plays none.
]


@pytest.mark.parametrize("spec", PLAYING)
def test_both_engines_leave_the_same_faults_out(spec: str) -> None:
    """From calm states, machine code and reference give the same successors."""
    agreement = Agreement(build(load(str(SPECS / f"{spec}.yaml"))))
    calm = agreement.layout.calm
    assert calm is not None
    initial = [tuple(1 if i == calm else leaf for i, leaf in enumerate(one)) for one in agreement.reference.initial()]
    known = dict.fromkeys(initial)
    waiting = list(known)
    try:
        for state in waiting[:1] + waiting[1:]:
            for one in agreement.compare(state):
                if one not in known and len(known) < 400:
                    known[one] = None
                    waiting.append(one)
    finally:
        agreement.close()

    assert not any(step.played for state in known for step in agreement.reference.successors(state))


def test_calm_leaves_out_the_played_faults_and_nothing_else() -> None:
    """What else can follow, follows too."""
    reference = Reference(build(load(str(SPECS / "bugs/REP-04_last_replica_standing.yaml"))).system)
    calm = reference.layout.calm
    assert calm is not None
    waiting = list(dict.fromkeys(reference.initial()))
    known = set(waiting)
    played = 0
    for state in waiting:
        steps = reference.successors(state)
        quiet = reference.successors((*state[:calm], 1, *state[calm + 1 :]))
        kept = [(one.state[:calm], one.state[calm + 1 :]) for one in steps if one.state is not None and not one.played]
        assert [(one.state[:calm], one.state[calm + 1 :]) for one in quiet if one.state is not None] == kept
        played += sum(bool(one.played) for one in steps)
        for one in steps:
            if one.state is not None and one.state not in known and len(known) < 400:
                known.add(one.state)
                waiting.append(one.state)

    assert played > 0


def test_a_timeout_that_the_model_plays_is_told_as_a_fault() -> None:
    """transaction.timeout.ms passes: nothing of the checker's budgets, and yet what decides."""
    result = checking.run(load(str(SPECS / "flink/F15_transaction_timeout.yaml")))
    broken = next(one for one in result.properties if one.verdict is PropertyVerdict.VIOLATED)
    assert broken.path is not None
    assert broken.diagnosis is not None

    timeout = next(one for one in broken.path.steps if one.played)
    assert timeout.played == "transaction_timeout"
    assert not timeout.fault
    assert broken.diagnosis.pivot == timeout.number
    assert broken.diagnosis.fewest_faults == {"crash billing": 1, "transaction_timeout": 1}
    assert "the fault transaction_timeout" in text.render(result)
