"""Which change keeps a guarantee: each kind of answer on a toy pipeline, and Kafka and Flink as their users ask."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest

import checker
from checker import cli
from checker.build import build
from checker.remedy import remedies
from checker.source import SourceError
from checker.spec import load, words_of
from checker.verdict import Outcome, Remedies, Tried
from reports import remedies as report

ROOT = Path(__file__).resolve().parent.parent
ACTORS = """\
from __future__ import annotations

from typing import Annotated

from checker.lang import *

Count = Annotated[int, UpTo(9)]


@actor
class Counter:
    step: Count
    top: Count
    odd: bool = False
    count: Durable[Count] = 0

    @action
    def add(self) -> None:
        require(self.count + self.step <= self.top)
        self.count += self.step


@predicate
def below_three(counters: tuple[Counter, ...]) -> bool:
    \"\"\"No counter reaches three.\"\"\"
    for one in counters:
        ensure(one.count < 3, f"a counter is at {one.count}")
    return True


@predicate
def never_two(counters: tuple[Counter, ...]) -> bool:
    \"\"\"No counter stops at two.\"\"\"
    for one in counters:
        ensure(one.count != 2, "a counter is at two")
    return True


@predicate
def moved(counters: tuple[Counter, ...]) -> bool:
    return any(one.count > 0 for one in counters)
"""
PIPELINE = """\
from typing import Any

from pydantic import BaseModel, ConfigDict

from checker.source import Diagnostic, SourceError


class Document(BaseModel):
    model_config = ConfigDict(extra="forbid")
    step: int = 1
    top: int = 4
    colour: str = "red"
    check: Any = None


def expand(document, place):
    if document.step > 4:
        raise SourceError([Diagnostic("step", "a step is at most 4", place(("step",)))])
    counter = {"is": "Counter", "step": document.step, "top": document.top}
    return {"actors": {"counter": counter}, "check": document.check, "module": "model.counting", "deadlock": "allow"}


def effective_settings(document):
    return []


def variations(document):
    for value in (0, 2, 3, 5):
        yield ("step",), f"{document.step} (given)", value
    yield ("colour",), "red (default)", "blue"
    for value in (2, 1, 3):
        yield ("top",), f"{document.top} (default)", value
"""
SPEC = """\
title: A counter
model: counting
check: {always: [below_three, never_two], sometimes: [moved]}
step: 1
"""


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    package = tmp_path / "model" / "counting"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(ACTORS)
    (package / "pipeline.py").write_text(PIPELINE)
    (tmp_path / "spec.yaml").write_text(SPEC)
    import model

    monkeypatch.setattr(model, "__path__", [str(tmp_path / "model")])
    monkeypatch.delitem(__import__("sys").modules, "model.counting", raising=False)
    monkeypatch.delitem(__import__("sys").modules, "model.counting.pipeline", raising=False)
    return tmp_path / "spec.yaml"


def changes(some: list[Tried]) -> list[str]:
    return [f"{one.key}={one.value}" for one in some]


def test_every_kind_of_answer(spec: Path) -> None:
    """never_two breaks first, in two steps. In threes it holds, and below_three breaks; up to one it all holds."""
    found = remedies(load(str(spec)))

    assert found.broken == "never_two"
    assert changes(found.kept) == ["top=1"]
    assert changes(found.others_broken) == ["step=3"]
    assert found.others_broken[0].note == "below_three is broken in 1 step"
    assert changes(found.vacuous) == ["step=0"]
    assert found.vacuous[0].note == "moved was never reached"
    assert changes(found.broken_still) == ["step=2", "top=2", "top=3"]
    assert changes(found.unchanged) == ["colour=blue"]
    assert [(one.key, one.note) for one in found.refused] == [("step", "a step is at most 4")]
    assert found.undecided == []


def test_what_is_offered_holds_when_it_is_checked_by_itself(spec: Path) -> None:
    from checker import checking

    found = remedies(load(str(spec)))

    for one in found.kept:
        assert checking.run(load(str(spec), [f"{one.key}={one.value}"])).outcome is Outcome.HOLDS


def test_changes_are_on_top_of_what_was_set(spec: Path) -> None:
    found = remedies(load(str(spec), ["step=3"]), ["step=3"])

    assert found.broken == "below_three"
    assert changes(found.kept) == []
    assert "step=2" in changes(found.others_broken)  # never_two is broken instead.


def test_a_change_that_is_too_large_is_undecided(spec: Path) -> None:
    from checker.options import Options

    found = remedies(load(str(spec)), options=Options(states=1))

    assert found.broken is None
    assert found.outcome is Outcome.INCONCLUSIVE


def test_nothing_to_mend(spec: Path) -> None:
    found = remedies(load(str(spec), ["top=1"]), ["top=1"])

    assert found.broken is None
    assert "nothing to mend" in report.render(found)


def test_actors_wired_by_hand_have_no_settings() -> None:
    with pytest.raises(SourceError, match="no settings to change"):
        remedies(load(str(ROOT / "specs/textbook/two_phase_commit_3.yaml")))


def test_the_report_says_what_was_done(spec: Path) -> None:
    text = report.render(remedies(load(str(spec))))

    assert "never_two is kept, as is every other guarantee of the spec, with:\n  top: 4 (default) -> 1" in text
    assert "another guarantee is, with:\n  step: 1 (given) -> 3\n      below_three is broken in 1 step" in text
    assert "Checked in full, one change at a time, within the spec's own bounds and faults: 6." in text
    assert f"python -m checker {spec} --set top=1" in text.replace("\n", " ")


def test_what_is_not_decided_does_not_count_as_checked_in_full() -> None:
    one = Tried("retries", "1", "2")
    found = Remedies("a.yaml", "A", "never_two", Outcome.VIOLATED, broken_still=[one, one], undecided=[one])

    assert "faults: 2. With 2 of them it is broken all the same. 1 more could not be decided." in report.coverage(found)


def test_without_a_goal_standing_still_is_said_to_count() -> None:
    kept = [Tried("restart-strategy", "fixed-delay", "off")]
    said = "makes the pipeline stand still keeps everything too."

    assert said not in " ".join(report.render(Remedies("a", "A", "no_loss", Outcome.VIOLATED, kept=kept)).split())
    bare = Remedies("a", "A", "no_loss", Outcome.VIOLATED, has_goals=False, kept=kept)
    assert said in " ".join(report.render(bare).split())


def test_what_is_offered_names_the_settings_it_was_found_with(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["remedies", str(spec), "--quiet", "--set", "colour=green"])

    assert capsys.readouterr().out.rstrip().endswith("a check of it needs the same --set colour=green")


def test_no_remedy_is_said() -> None:
    found = Remedies("a.yaml", "A", "no_loss", Outcome.VIOLATED, broken_still=[Tried("acks", "1 (given)", "all")])

    assert "no_loss is broken. No single change that was tried keeps it." in report.render(found)


def test_command(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["remedies", str(spec), "--json", "--quiet"]) == 1

    document = json.loads(capsys.readouterr().out)
    assert document["broken"] == "never_two"
    assert [one["key"] for one in document["kept"]] == ["top"]
    assert document["outcome"] == "violated"


def test_in_a_report_they_stand_in_every_form(spec: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"

    assert cli.main([str(spec), "--report", str(out), "--remedies", "--quiet"]) == 1

    shown = capsys.readouterr().out
    assert "never_two is kept, as is every other guarantee of the spec, with:\n  top: 4 (default) -> 1" in shown
    assert "What would have helped:" in (out / "spec.txt").read_text()
    assert 'id="remedies"' in (out / "spec.html").read_text()
    assert [one["value"] for one in json.loads((out / "spec.json").read_text())["remedies"]["kept"]] == ["1"]


def test_a_check_alone_does_not_look_for_them(spec: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([str(spec), "--report", str(tmp_path / "out"), "--quiet"]) == 1

    assert "What would have helped" not in capsys.readouterr().out
    assert 'id="remedies"' not in (tmp_path / "out" / "spec.html").read_text()


def test_of_actors_wired_by_hand_the_check_stands_and_the_rest_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)

    assert cli.main(["specs/textbook/die_hard.yaml", "--remedies", "--quiet", "--engine", "reference"]) == 1

    said = capsys.readouterr()
    assert said.out.startswith("violated:")
    assert "no remedies: actors are wired by hand here" in said.err


def test_from_python(spec: Path) -> None:
    found = checker.remedies(spec, engine="reference")

    assert isinstance(found, checker.Remedies)
    assert [(one.key, one.value) for one in found] == [("top", "1")]
    assert (found.broken, len(found), bool(found)) == ("never_two", 1, True)
    assert str(found) == report.render(found.data)
    assert json.loads(found.to_json())["kept"][0]["key"] == "top"
    assert not checker.remedies(spec, set={"top": 1}, engine="reference")


def test_of_a_result_they_are_told_from_then_on(spec: Path) -> None:
    result = checker.check(spec, set={"colour": "blue"}, engine="reference")
    assert "What would have helped" not in result.to_text()

    found = result.remedies(engine="reference")

    assert [one.key for one in found] == ["top"]
    assert "What would have helped" in result.to_text()
    assert 'id="remedies"' in result.to_html()
    assert checker.check(spec, set={"top": 1}, engine="reference").remedies(engine="reference").broken is None
    with pytest.raises(ValueError, match="was loaded with is not known"):
        checker.check(checker.load(spec), engine="reference").remedies()


@pytest.mark.parametrize(
    "name",
    [
        "scenarios/C01_auto_commit",
        "claims/S03_acks_1",
        "flink/F18_loss",
        "txn_read_uncommitted",
        "flink/F20_full_failover",
    ],
)
def test_every_variation_of_a_shipped_spec_is_one_or_is_refused_in_words(name: str) -> None:
    """No change that is tried may be a traceback."""
    path = str(ROOT / f"specs/{name}.yaml")
    given = load(path)
    pipeline, words = words_of(given)
    tried = [
        (".".join(map(str, key)), value if isinstance(value, str) else json.dumps(value))
        for key, _, value in pipeline.variations(words)
    ]
    assert len(tried) > 10

    for key, value in tried:
        with contextlib.suppress(SourceError):
            build(load(path, [f"{key}={json.dumps(value)}"]))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("broken/read_uncommitted", "apps.ledger.consumer.isolation.level=read_committed"),
        ("flink/F18_loss", "jobs.billing.sink.setDeliveryGuarantee=AT_LEAST_ONCE"),
    ],
)
def test_what_a_user_should_be_told(name: str, remedy: str) -> None:
    found = remedies(load(str(ROOT / f"specs/{name}.yaml")))

    assert remedy in changes(found.kept)
