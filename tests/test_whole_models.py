"""What a spec's settings switch off is not translated for it: here every branch of every model is, once."""

from __future__ import annotations

from pathlib import Path

import pytest

from checker import ir
from checker.build import build, translate
from checker.spec import load

SPECS = Path(__file__).parent.parent / "specs"
EVERY_FAMILY = [
    "txn",
    "hypotheses/H01_deposed_coordinator_confirms",
    "bugs/REP-04_last_replica_standing",
    "scenarios/C16_zombie",
    "questions/Q29_copied_survives",
    "flink/F13_exactly_once_sink",
    "flink/F02_aligned",
    "flink/mixed_upstream_position_apart",
    "flink/end_to_end_plain_consumer",
    "bugs/FLK-12_event_lost",
]


@pytest.mark.parametrize("spec", EVERY_FAMILY)
def test_every_branch_is_in_the_language(spec: str) -> None:
    """A mistake in a branch that no spec of today switches on would wait for the first that does."""
    built = build(load(str(SPECS / f"{spec}.yaml")))

    whole, _ = translate(built.system, built.resolver, whole=True)

    assert whole.keys() == built.methods.keys()
    assert sum(one.size for one in whole.values()) >= sum(one.size for one in built.methods.values())


def test_an_if_that_the_wiring_decides_has_one_branch() -> None:
    """3.9 verifies with VerifyOnlyRequest: the request of transaction version 2 is not in the leader's code."""
    built = build(load(str(SPECS / "txn.yaml")))
    whole, _ = translate(built.system, built.resolver, whole=True)

    def sends(methods: dict[tuple[str, str], ir.Method]) -> set[str]:
        nodes = [one for method in methods.values() for one in ir.walk(method.body) if isinstance(one, ir.Send)]
        return {str(one.message.type) for one in nodes}

    assert "VerifyOnlyRequest" in sends(built.methods)
    assert "AddPartitionRequest" not in sends(built.methods)
    assert "AddPartitionRequest" in sends(whole)
