"""Where a path goes otherwise in the spec that has the fix: derived by hand from what the fix does, then compared."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path as File
from typing import Any

import pytest
from ruamel.yaml import YAML

import checker
from checker import spec_cache
from checker.checking import run
from checker.options import Options
from checker.parting import from_its_fix, parting
from checker.reference import Reference
from checker.spec import load
from checker.verdict import Parting, Path, PropertyVerdict

SPECS = File(__file__).parent.parent / "specs"
WITH_FIX = sorted(path for path in SPECS.rglob("*.yaml") if "\nfixed: " in path.read_text())


@cache
def broken_path(spec: str) -> Path:
    loaded = spec_cache.load(spec)
    result = run(loaded.spec, Options(), None, built=loaded.built)
    return next(
        one.path for one in result.properties if one.path is not None and one.verdict is PropertyVerdict.VIOLATED
    )


@cache
def compared(spec: str) -> tuple[Path, Parting]:
    path = broken_path(spec)
    found = from_its_fix(load(spec), path)
    assert found is not None
    return path, found


@pytest.mark.parametrize(
    ("spec", "action", "does"),
    [
        # The last stable offset is the first that may not be read: the bound excludes it.
        ("specs/bugs/BRK-02_inclusive_bound.yaml", "append_verified", "withholds FetchResponse"),
        # KAFKA-14196: no fetch while the commit before the rebalance is under way.
        ("specs/bugs/GRP-02_fetch_before_revocation.yaml", "poll", "withholds FetchRequest"),
        # KIP-320: a fetch of an older leader epoch is refused, and moves no high watermark.
        ("specs/bugs/REP-03_fetch_of_old_epoch.yaml", "fetch", "leaves high_watermark"),
        # KIP-939: the coordinator does not time out a transaction of the sink.
        ("specs/bugs/FLK-01_timeout_before_commit.yaml", "abort_timed_out_transaction", "cannot happen"),
    ],
)
def test_a_path_parts_where_the_fix_acts(spec: str, action: str, does: str) -> None:
    path, found = compared(spec)

    said = [] if found.taken else ["cannot happen"]
    said += [f"withholds {one.type}" for one in found.withholds]
    said += [f"leaves {one.field}" for one in found.changes if one.before == one.after]
    assert path.steps[found.step - 1].action == action
    assert does in said


def test_what_the_two_specs_differ_in_is_said() -> None:
    assert compared("specs/bugs/GRP-02_fetch_before_revocation.yaml")[1].differs == ("version: 3.3 -> 3.4",)
    assert compared("specs/bugs/IDM-04_sequences_forgotten.yaml")[1].differs == ("shop.client_version: 1.8 -> 1.9",)
    assert compared("specs/bugs/BRK-02_inclusive_bound.yaml")[1].differs == (), "itself, with the mechanism in place"


def test_other_requests_part_a_path_before_anything_befalls_it() -> None:
    path, found = compared("specs/bugs/TXN-01_delayed_end_txn.yaml")

    assert [one.type for one in found.withholds] == ["AddPartitionsToTxnRequest"]
    assert [one.type for one in found.sends] == ["TxnOffsetCommitRequest"]
    assert found.step < next(step.number for step in path.steps if step.is_fault)
    assert found.is_early(path)


@pytest.mark.parametrize("spec", ["specs/bugs/BRK-02_inclusive_bound.yaml", "specs/claims/S43_records_lost.yaml"])
def test_a_spec_goes_all_of_its_own_path(spec: str) -> None:
    assert parting(broken_path(spec), Reference(spec_cache.load(spec).built.system), "itself") == Parting("itself", 0)


def test_up_to_the_parting_the_other_spec_goes_along() -> None:
    """Each beginning of the path that is shorter is gone by both; each that is as long parts where the whole does."""
    path, found = compared("specs/bugs/GRP-02_fetch_before_revocation.yaml")
    other = Reference(spec_cache.load("specs/bugs/GRP-02_fixed.yaml").built.system)

    for length in (0, found.step - 1, found.step, len(path.steps)):
        part = replace(path, steps=path.steps[:length], states=path.states[: length + 1])
        assert parting(part, other, "GRP-02_fixed.yaml").step == (found.step if length >= found.step else 0)


def test_what_is_set_on_the_command_line_is_compared_with_nothing() -> None:
    spec = "specs/bugs/BRK-02_inclusive_bound.yaml"

    assert from_its_fix(load(spec, ("topics.orders.records=1",)), broken_path(spec)) is None


def read(path: File) -> dict[str, Any]:
    """As it is written: `--expect specs` loads them all."""
    found: dict[str, Any] = YAML(typ="safe").load(path.read_text())
    return found


def asked(spec: dict[str, Any]) -> set[str]:
    named = {next(iter(one)) if isinstance(one, dict) else one for one in spec["check"].get("always") or []}
    return named if spec.get("deadlock") == "allow" else named | {"deadlock"}


@pytest.mark.parametrize("path", WITH_FIX, ids=lambda path: path.stem)
def test_a_fix_asks_for_what_is_broken_and_keeps_it(path: File) -> None:
    """`--expect specs` shows that the other spec holds as it says; here, that it says so of the same guarantee."""
    spec = read(path)
    fixed = read(path.parent / spec["fixed"])

    assert fixed["expect"]["verdict"] == "holds"
    assert spec["expect"]["violates"].partition("(")[0] in asked(fixed)
    assert fixed["model"] == spec["model"]
    # A spec in which the fault cannot happen shows no fix.
    assert set(spec.get("faults") or {}) <= set(fixed.get("faults") or {})


def test_a_fix_that_is_wrong_is_said_where_the_fix_is_told(tmp_path: File) -> None:
    """The answer stands; only the comparison does not."""
    text = (SPECS / "bugs/GRP-02_fetch_before_revocation.yaml").read_text()
    (tmp_path / "broken.yaml").write_text(text)
    (tmp_path / "GRP-02_fixed.yaml").write_text("title: x\nmodel: kafka\n")

    result = checker.check(tmp_path / "broken.yaml")

    assert result.verdict == "violated"
    assert "The fix          GRP-02_fixed.yaml cannot be compared: `version` is missing.\n" in result.to_text()


def test_a_path_in_too_many_states_at_once_is_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = "specs/bugs/GRP-02_fetch_before_revocation.yaml"
    monkeypatch.setattr("checker.parting.STATES_MAX", 0)

    found = from_its_fix(load(spec), broken_path(spec))

    assert found is not None
    assert (found.step, found.problem) == (0, "the path leads to more than 0 states before step 1")
