"""The mutation check (benchmarks/mutation.py) says of a mutant what checking its changed source says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))
from mutants import Answer, Asked, ask  # noqa: E402
from mutation import MODELS, Check, _changes, mutants, specs  # noqa: E402


def answers(file: str, spec: str) -> tuple[Asked, dict[str, str]]:
    chosen = list(mutants(file))
    names = {(one.guard, one.change): one.name.partition(" ")[2] for one in chosen}
    asked, *found = ask(str(ROOT / "specs" / spec), _changes(chosen), MODELS, 1_000)
    assert isinstance(asked, Asked)
    return asked, {names[one.guard, one.change]: one.how for one in found if isinstance(one, Answer)}


def test_each_guard_of_the_alternating_bit_protocol_is_needed() -> None:
    asked, found = answers("textbook/alternating_bit", "textbook/alternating_bit_2.yaml")

    assert (asked.states, asked.problem) == (210, "")
    assert found == {
        "send_new_value: require `self.acknowledged == self.bit` negated": "expected holds, found vacuous",
        "send_new_value: require `self.acknowledged == self.bit` removed": "expected holds, found violated",
        "resend: require `self.acknowledged != self.bit` negated": "expected distinct_states 210, found 162; "
        "expected transitions 876, found 628; expected depth 13, found 9",
        "resend: require `self.acknowledged != self.bit` removed": "more than 210 states",
    }


def test_a_mutant_that_never_decides_otherwise_is_not_asked_about() -> None:
    """The broker that accepts gaps takes every record of this short search by its first condition, always true."""
    asked, found = answers("textbook/idempotent_producer", "textbook/idempotent_producer_gaps_accepted.yaml")
    met = {(guard.function, outcome) for guard, outcome in asked.evaluated if guard.is_if}

    assert met == {("receive", True), ("append", True)}
    assert not [name for name in found if "`request.sequence < self.expected`" in name]
    assert found["send_next: require `len(self.pending) < self.max_in_flight` removed"] == ""
    assert found["append: if `len(self.log) < self.records` removed"].endswith("to be violated in 3 steps, found 2")


def test_specs_without_anybody_to_ask_about_end_the_check() -> None:
    check = Check([], specs({"flink"}, "F10"), None)

    check.run(2)

    assert check.records == []


@pytest.mark.slow
@pytest.mark.parametrize(("only", "specs"), [("split_assignment", "FLK"), ("deposed_coordinator", "H01")])
def test_both_ways_agree(only: str, specs: str) -> None:
    command = [sys.executable, "benchmarks/mutation.py", "--compare", "6", "--only", only, "--specs", specs]
    run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)

    assert ", 0 disagreements" in run.stdout
    assert " 0 pairs" not in run.stdout
    assert run.returncode == 0, run.stdout + run.stderr
