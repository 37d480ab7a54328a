"""One log stands for all replicas of a partition whose brokers never fail: the grain may not change a verdict.

The argument is NOTE(grain) in model/kafka/replication/replica.py; here it is tried where both grains can run.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from checker import checking
from checker.options import Options
from checker.spec import load

ROOT = Path(__file__).parent.parent
SPECS = (
    "bugs/B19_one_in_flight", "bugs/CFG-05_fixed", "bugs/IDM-04_sequences_forgotten", "questions/Q08_acks_1",
    "scenarios/P04_acks_0", "scenarios/P04_no_duplicates",
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", SPECS)
def test_both_grains_give_the_same_verdict(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two replicas; min.insync.replicas=1 as one log has it."""
    monkeypatch.chdir(ROOT)
    overrides = ["topics.orders.replication.factor=2", "topics.orders.min.insync.replicas=1"]

    log = checking.run(load(f"specs/{name}.yaml", [*overrides, "grain=log"]), Options())
    replicas = checking.run(load(f"specs/{name}.yaml", [*overrides, "grain=replicas"]), Options())

    assert log.outcome == replicas.outcome
    assert [one.verdict for one in log.properties] == [one.verdict for one in replicas.properties]
