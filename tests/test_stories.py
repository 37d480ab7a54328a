"""What a model tells about its paths: the logs drawn in each state, and the ledger of the records."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from checker import checking
from checker.options import Options
from checker.spec import load
from checker.verdict import Ledger, PropertyVerdict
from checker.verdict import Path as Told

ROOT = Path(__file__).parent.parent


def first_path(spec: str) -> Told:
    result = checking.run(load(str(ROOT / "specs" / f"{spec}.yaml")))
    broken = [one for one in result.properties if one.verdict is PropertyVerdict.VIOLATED]
    assert broken
    assert broken[0].path is not None
    return broken[0].path


def ledger_of(path: Told) -> Ledger:
    assert path.ledger is not None
    return path.ledger


def cell(ledger: Ledger, record: str, column: str) -> list[str]:
    return [one.text for one in ledger.events if one.record == record and one.column == column]


def small_violated_specs() -> list[str]:
    """Pipelines that are broken within six steps; the report of every spec is written by .ci/run."""
    found = []
    for path in sorted((ROOT / "specs").rglob("*.yaml")):
        text = path.read_text()
        expected = re.search(r"^expect: .*\bsteps: ([1-6])\b(?!\d)", text, re.MULTILINE)
        if expected and re.search(r"^model: (kafka|flink)$", text, re.MULTILINE):
            found.append(str(path.relative_to(ROOT / "specs").with_suffix("")))
    return found


@pytest.mark.parametrize("spec", small_violated_specs())
def test_a_story_is_whole(spec: str) -> None:
    """Every state has its logs; offsets rise; whatever record is spoken of has its row in the ledger."""
    path = first_path(spec)
    ledger = path.ledger
    if ledger is None:
        assert not any(log.entries for logs in path.logs for log in logs)
        return

    assert len(path.logs) == len(path.states)
    assert {one.record for one in ledger.events} <= set(ledger.records)
    assert {one.column for one in ledger.events} <= set(ledger.columns)
    assert all(0 <= one.step <= len(path.steps) for one in ledger.events)
    assert [one.step for one in ledger.events] == sorted(one.step for one in ledger.events)
    for logs in path.logs:
        assert len({log.name for log in logs}) == len(logs)
        for log in logs:
            assert [one.offset for one in log.entries] == sorted({one.offset for one in log.entries})
            assert {one.record for one in log.entries} - {""} <= set(ledger.records)


def test_the_ledger_of_a_late_end_txn_shows_what_is_missing() -> None:
    """KAFKA-17754: order 1 was sent nowhere, and the offset has moved past it."""
    ledger = ledger_of(first_path("bugs/TXN-01_delayed_end_txn"))

    assert cell(ledger, "order 1", "in the log") == []
    assert cell(ledger, "order 1", "committed offset of orders past it") == ["1 -> 2"]
    assert cell(ledger, "order 0", "read") == ["ledger-1 gets it from payments-0", "ledger-2 gets it from payments-1"]


def test_the_log_shows_an_aborted_transaction_and_an_open_one() -> None:
    """A read_uncommitted reader gets both copies; one was aborted, the other is still open."""
    path = first_path("broken/read_uncommitted")

    payments = next(log for log in path.logs[-1] if log.name == "payments-0")
    assert [(one.text, one.state) for one in payments.entries if one.kind == "record"] == [
        ("order 0", "aborted"),
        ("order 0", "open"),
    ]
    assert [one.text for one in payments.entries if one.kind == "marker"] == ["ABORT"]


def test_the_ledger_tells_where_an_acknowledged_record_was() -> None:
    """acks=1: the leader alone had it, and is down."""
    path = first_path("claims/S03_acks_1")
    ledger = ledger_of(path)

    assert cell(ledger, "record 0", "in the log of") == ["broker-1 @ 0, leader epoch 0"]
    assert cell(ledger, "record 0", "told to the application") == ["acknowledged"]
    assert [log.name for log in path.logs[-1]] == ["broker-1 (down)", "broker-2 (leads)", "broker-3"]


def test_the_ledger_of_a_group_tells_what_was_handed_out_and_had_no_effect() -> None:
    """Auto-commit with a worker: handed out, committed, and gone with the process."""
    ledger = ledger_of(first_path("scenarios/C02_auto_commit_worker"))

    assert cell(ledger, "record 0", "handed out by poll()") == ["to billing-1"]
    assert cell(ledger, "record 0", "effect") == []
    assert cell(ledger, "record 0", "committed offset past it") == ["0 -> 2"]


def test_the_ledger_of_a_job_tells_the_aborted_transaction() -> None:
    """A new submission from the group offset: what was written is aborted, and nobody reads it again."""
    ledger = ledger_of(first_path("flink/F12_new_submission_loses"))

    assert cell(ledger, "record 0", "in the output")[-1].startswith("aborted")
    assert cell(ledger, "record 0", "delivered") == []


def test_a_cleaner_leaves_holes_and_a_follower_gets_them() -> None:
    """REP-05: broker 1 has removed both records of the key; broker 2 has the first, and a hole for the tombstone."""
    path = first_path("bugs/REP-05_deleted_key_returns")
    ledger = ledger_of(path)
    kinds = {log.name.split()[0]: [one.kind for one in log.entries] for log in path.logs[-1]}

    assert kinds["broker-1"] == ["gone", "gone", "record", "record"]
    assert kinds["broker-2"] == ["record", "gone", "record", "record"]
    assert "broker-1: removed by the cleaner, offset 1" in cell(ledger, "record 1", "in the log of")
    assert not any("broker-2" in text for text in cell(ledger, "record 1", "in the log of"))


def test_a_model_without_story_is_told_without() -> None:
    """Textbook models have neither logs nor records."""
    result = checking.run(load(str(ROOT / "specs/textbook/die_hard.yaml")), Options(witnesses=True))

    path = next(one.path for one in result.properties if one.path is not None)
    assert path.logs == ()
    assert path.ledger is None


def test_topic_between_two_jobs_is_drawn_as_the_input_of_the_second() -> None:
    """With what the first one's crash has aborted, and once: the log `output` is that of the last job."""
    path = first_path("flink/chain_read_uncommitted")
    between = next(log for log in path.logs[-1] if log.name == "input-1")
    states = [(one.kind, one.state) for one in between.entries]

    assert states == [("record", "aborted"), ("marker", ""), ("record", "open")]
    (output,) = (log for log in path.logs[-1] if log.name == "output")
    assert [one.record for one in output.entries if one.kind == "record"] == [
        "record 0 of partition 1",
        "record 2 of partition 1",
    ]


def test_checkpoint_is_told_of_the_records_of_its_own_job() -> None:
    """Two jobs number their checkpoints alike."""
    ledger = ledger_of(first_path("flink/chain_second_none"))

    assert len(cell(ledger, "record 0 of partition 0", "in a complete checkpoint")) == 1
    assert len(cell(ledger, "record 0 of partition 1", "in a complete checkpoint")) == 1


# By hand, from the incident that each spec is of: the step that breaks the rule, and words of what is said of it.
REMARKED = {
    "bugs/TXN-01_delayed_end_txn": {45: "for transaction 1 of payer-1, and ends transaction 2"},
    "bugs/TXN-02_late_produce": {15: "for transaction 1 of payer-1, which was aborted in step 13"},
    "bugs/B04_delayed_marker": {
        43: "the marker of transaction 1 of payer-1 (committed in step 25) commits the offset 2"
    },
    "bugs/BRK-02_inclusive_bound": {19: "gives out order 0 (@ 0) while its transaction is open"},
    "bugs/BRK-05_end_txn_again": {34: "INVALID_TXN_STATE, which ends payer-1 in step 35"},
    "bugs/TXN-09_timeout_without_fence": {21: "was aborted in step 7 already, and is committed now"},
    "bugs/CFG-02_min_isr_1": {8: "elects broker 2, which is not in the ISR (1)"},
    "bugs/REP-01_truncate_to_high_watermark": {11: "cuts its log to its high watermark 0: record 0 @ 0"},
    "bugs/REP-03_fetch_of_old_epoch": {9: "by a fetch sent in leader epoch 0, and it leads in 2"},
    "bugs/REP-03_epoch_start": {12: "asks for broker-3 in the ISR, which does not have record 0 @ 0"},
    "bugs/GRP-02_fetch_before_revocation": {17: "hands out record 0 in the middle of a revocation"},
    "bugs/CFG-08_stale_commit_resent": {22: "the committed offset moves back, 2 -> 1"},
    "bugs/FLK-01_timeout_before_commit": {16: "aborts record 0, pre-committed in step 11 for checkpoint 1"},
    "bugs/FLK-05_commit_error_dropped": {20: "COORDINATOR_NOT_AVAILABLE), with record 0 in it"},
    "claims/S40_full_failover": {
        8: "restarts demo-1, which has not failed as demo-2 has",
        11: "before record 0 of partition 0, emitted in step 5",
    },
}


@pytest.mark.parametrize("spec", sorted(REMARKED))
def test_the_step_that_breaks_the_rule_is_pointed_at(spec: str) -> None:
    """And few others: who reads them all has the incident."""
    remarks = {step.number: step.remark for step in first_path(spec).steps if step.remark}

    for number, words in REMARKED[spec].items():
        assert words in remarks.get(number, ""), remarks
    assert len(remarks) <= 4


FAULT_FREE = (
    "bugs/TXN-01_fixed", "bugs/TXN-07_fixed", "bugs/CFG-05_fixed", "bugs/CFG-01_fixed", "bugs/GRP-02_fixed",
    "bugs/CFG-06_fixed", "flink/F31_larger_pool", "flink/mixed_two_jobs", "claims/S28_confirmed",
)  # fmt: skip


@pytest.mark.parametrize("spec", FAULT_FREE)
def test_an_innocent_path_has_no_remark(spec: str) -> None:
    """The witnesses of what holds: nobody in them acts on anything that is out of date."""
    result = checking.run(load(str(ROOT / "specs" / f"{spec}.yaml")))
    told = [one.path for one in result.properties if one.path is not None]

    assert told
    assert [step.remark for path in told for step in path.steps if step.remark] == []
