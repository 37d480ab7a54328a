"""specs/claims/README.md says what the specs say, and each claim has evidence of the kind that its verdict needs."""

from __future__ import annotations

import ast
import re
from typing import get_args, get_type_hints

import claims
import pytest
from claims import CLAIMS, ROOT, SPECS, Claim, Verdict

from checker.source import SourceError
from checker.spec import load
from model.flink import pipeline
from model.kafka import config

DEMO = "specs/claims/restart_demo.yaml"
NAMES_ONLY = {"S39"}  # Wrong about a name, which no behaviour can show.


def test_table_is_up_to_date() -> None:
    """If not: python tests/claims.py."""
    assert claims.TABLE.read_text(encoding="utf-8") == claims.table()


def test_all_claims_are_judged() -> None:
    assert [one.number for one in CLAIMS] == list(range(1, 46))
    assert [sum(one.verdict == each for one in CLAIMS) for each in Verdict] == [19, 19, 7]


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.row)
def test_evidence_is_there_and_fits_the_verdict(claim: Claim) -> None:
    verdicts = {claims.expectation(one)["verdict"] for one in claim.evidence if not claims.is_test(one)}

    assert claim.evidence
    for one in filter(claims.is_test, claim.evidence):
        file, _, name = one.partition("::")
        tree = ast.parse((ROOT / "tests" / file).read_text())
        assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    if claim.verdict == Verdict.WRONG and claim.row not in NAMES_ONLY:
        assert "violated" in verdicts
    if claim.verdict == Verdict.RIGHT and verdicts:
        assert "holds" in verdicts


def test_every_spec_of_a_claim_is_in_the_table() -> None:
    """Its head names its rows, and each of these rows names it."""
    by_row = {one.row: one.evidence for one in CLAIMS}
    for path in (SPECS / "claims").glob("*.yaml"):
        head = path.read_text(encoding="utf-8").partition("title:")[0]
        rows = re.findall(r"^# (S\d\d(?:, S\d\d)*) ", head, re.MULTILINE)
        assert rows, path.name
        for row in ", ".join(rows).split(", "):
            assert f"claims/{path.stem}" in by_row[row], f"{path.name}: {row}"


# --- Names and defaults ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "interval", "strategy"),
    [
        ("1.10", "5 s", "fixed-delay, 2147483647 attempts"),
        ("1.18", "5 s", "fixed-delay, 2147483647 attempts"),
        ("1.19", "5 s", "exponential-delay"),
        ("1.10", None, "none"),
        ("1.19", None, "none"),
    ],
)
def test_default_restart_strategy(version: str, interval: str | None, strategy: str) -> None:
    """FLINK-33738 changed it in 1.19; without checkpoints a job does not restart."""
    document = pipeline.Document.model_validate(
        {
            "version": version,
            "topics": {"testTopic": {"records": 1}},
            "jobs": {
                "demo": {
                    "config": {} if interval is None else {"execution.checkpointing.interval": interval},
                    "source": {"is": "FlinkKafkaConsumer", "topic": "testTopic", "group.id": "testGroup"},
                    "sink": {"is": "print"},
                }
            },
            "check": {},
        }
    )

    found = {name: value for name, value, _, _ in pipeline.effective_settings(document)}

    assert found["demo.restart-strategy.type"] == strategy


def test_topic_of_the_offsets_has_two_underscores() -> None:
    """As Topic.GROUP_METADATA_TOPIC_NAME; a topic with one is like any other."""
    names = get_args(get_type_hints(config.internal_topic)["name"])

    assert "__consumer_offsets" in names
    assert "_consumer_offsets" not in names


@pytest.mark.parametrize("version", ["1.10", "1.20"])
def test_the_demo_is_of_its_time(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Accepted as it is until 1.20."""
    monkeypatch.chdir(ROOT)

    load(DEMO, [f"version={version}"])
    with pytest.raises(SourceError, match=r"FlinkKafkaConsumer existed until 1\.20, so not in Flink 2\.0"):
        load(DEMO, ["version=2.0", "jobs.demo.config={execution.checkpointing.interval: 5 s}"])
