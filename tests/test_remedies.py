"""Which change keeps a guarantee: each kind of answer on a toy pipeline, and Kafka and Flink as their users ask."""

from __future__ import annotations

import contextlib
import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest

import checker
from checker import cli
from checker.build import build
from checker.remedy import _undecided, remedies
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
def never_odd(counters: tuple[Counter, ...]) -> bool:
    \"\"\"No counter is odd (X1).\"\"\"
    for one in counters:
        ensure(not one.odd, "a counter is odd")
    return True


@predicate
def at_two(counters: tuple[Counter, ...]) -> bool:
    return any(one.count == 2 for one in counters)


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
WEIGHED = (
    PIPELINE.replace('{"is": "Counter",', '{"is": "Counter", "odd": document.colour == "odd",')
    + """

def expand_odd(document, place):
    return expand(document.model_copy(update={"top": 1}) if document.colour == "odd" else document, place)


def variations(document):
    yield ("colour",), "red (default)", "odd"
    yield ("top",), "4 (default)", 1, (4, "gives up throughput: it stops early")


def promises(document):
    return ["never_odd", "never_two", "unknown"], PROMISED


def unjudged(document):
    yield ("pace",), "slow (given)", "time is not modelled"
"""
)
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


@pytest.fixture
def weighed(spec: Path, request: pytest.FixtureRequest) -> Path:
    """The same pipeline with a price, with promises, and with a setting that it cannot judge."""
    text = WEIGHED.replace("PROMISED", repr(request.param)).replace("def expand(", "def _expand(")
    text = text.replace("def expand_odd", "def expand").replace("return expand(", "return _expand(")
    (spec.parent / "model/counting/pipeline.py").write_text(text)
    return spec


def changes(some: list[Tried]) -> list[str]:
    return [f"{one.key}={one.value}" for one in some]


def test_every_kind_of_answer(spec: Path) -> None:
    """never_two breaks first, in two steps. In threes it holds, and below_three breaks; up to one it all holds."""
    found = remedies(load(str(spec)))

    assert found.broken == "never_two"
    assert changes(found.kept) == ["top=1"]
    assert found.kept[0].parts == 2, "it counts to one, and not on"
    assert changes(found.others_broken) == ["step=3"]
    assert found.others_broken[0].note == "below_three is broken in 1 step"
    assert changes(found.vacuous) == ["step=0"]
    assert found.vacuous[0].note == "moved was never reached"
    assert changes(found.broken_still) == ["step=2", "top=2", "top=3"]
    assert changes(found.unchanged) == ["colour=blue"]
    assert [(one.key, one.note) for one in found.refused] == [("step", "a step is at most 4")]
    assert found.undecided == []


@pytest.mark.parametrize("weighed", [["moved"]], indirect=True)
def test_a_guarantee_that_a_change_breaks_is_its_price(weighed: Path) -> None:
    """The counter is odd with it, and was not before: found by checking, for the pipeline says nothing of it."""
    found = remedies(load(str(weighed)))

    assert [(one.key, one.value, one.gives_up) for one in found.kept] == [
        ("top", "1", "gives up throughput: it stops early"),
        ("colour", "odd", "gives up never_odd: no counter is odd"),
    ]
    assert [(one.key, one.note) for one in found.not_judged] == [("pace", "time is not modelled")]
    text = report.render(found)
    assert "kept, as is every other" not in text
    assert "never_two is kept at a price with:\n  top: 4 (default) -> 1\n      gives up throughput" in text
    assert "Not judged: pace (slow, given): time is not modelled." in text


@pytest.mark.parametrize("weighed", [["moved", "at_two"]], indirect=True)
def test_a_goal_that_is_out_of_reach_makes_a_change_hollow(weighed: Path) -> None:
    """The spec does not ask whether two is reached; the pipeline is for that, and reached it before."""
    found = remedies(load(str(weighed)))

    assert found.kept == []
    assert [(one.key, one.note) for one in found.vacuous] == [
        ("colour", "at_two is out of reach"),
        ("top", "at_two is out of reach"),
    ]
    text = report.render(found)
    assert "never_two is broken. Only changes with which less happens keep it." in " ".join(text.split())
    assert "see for yourself" not in text


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
    assert "its path goes otherwise from step 2 on" in text
    assert "another guarantee is, with:\n  step: 1 (given) -> 3\n      below_three is broken in 1 step" in text
    assert "Checked in full, one change at a time, within the spec's own bounds and faults: 6." in text
    assert f"python -m checker {spec} --set top=1" in text.replace("\n", " ")


def test_what_is_not_decided_does_not_count_as_checked_in_full() -> None:
    one = Tried("retries", "1", "2")
    found = Remedies("a.yaml", "A", "never_two", Outcome.VIOLATED, broken_still=[one, one], undecided=[one])

    assert "faults: 2. With 2 of them it is broken all the same. 1 more could not be decided." in report.coverage(found)


def test_values_that_come_to_the_same_share_a_line() -> None:
    found = Remedies(
        "a.yaml", "A", "no_loss", Outcome.VIOLATED,
        kept=[Tried("version", "1.0", '"1.2"'), Tried("acks", "0", "all"), Tried("acks", "0", "-1")],
        broken_still=[Tried("version", "1.0", '"1.1"'), Tried("apps.shop.retries", "1", "0")],
        unchanged=[
            Tried("version", "1.0", '"1.3"', as_with='version="1.2"'),
            Tried("version", "1.0", '"1.10"', as_with='version="1.2"'),
            Tried("apps.shop.linger.ms", "0", "5"),
        ],
    )  # fmt: skip

    ((_, lines),) = report.groups(found)

    assert [(one.key, one.instead) for one in lines] == [("version", "1.2 and later"), ("acks", "all or -1")]
    assert report.in_vain(found) == [
        "Tried in vain: version (1.1), shop.retries (0).",
        "Without any effect here: shop.linger.ms (5).",
    ]


def test_and_later_is_said_only_where_every_later_one_keeps_it() -> None:
    kept = [Tried("version", "1", "2"), Tried("version", "1", "3"), Tried("version", "1", "5")]
    found = Remedies("a", "A", "no_loss", Outcome.VIOLATED, kept=kept, undecided=[Tried("version", "1", "4", "x")])

    assert [one.instead for one in report.groups(found)[0][1]] == ["2 to 3 or 5"]


def test_a_version_that_has_a_setting_for_its_default_says_so() -> None:
    setting = Tried("apps.shop.producer.acks", "1", "all")
    found = Remedies(
        "a", "A", "no_loss", Outcome.VIOLATED,
        kept=[setting, Tried("version", "2", "4", as_with="apps.shop.producer.acks=all")],
        unchanged=[Tried("version", "2", "3", as_with="apps.shop.producer.acks=all")],
    )  # fmt: skip

    assert [(one.instead, one.note) for one in report.groups(found)[0][1]] == [
        ("all", ""),
        ("3 and later", "there apps.shop.producer.acks is all by default"),
    ]


def test_a_change_that_is_not_decided_says_why_not() -> None:
    """A bound that is too small is no finding; neither is a limit that was reached."""
    result = checker.check(str(ROOT / "specs/textbook/die_hard.yaml"), engine="reference").data
    result.problem = "Counter.count is 10 after Counter.add(), outside 0..9"
    assert _undecided(result) == f"a bound of the model is too small for what happens then: {result.problem}"

    result.problem, result.why = "", ["the limit on states was reached"]
    assert _undecided(result) == "the limit on states was reached"


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
        for key, _, value, *_ in pipeline.variations(words)
    ]
    assert len(tried) > 10

    for key, value in tried:
        with contextlib.suppress(SourceError):
            build(load(path, [f"{key}={json.dumps(value)}"]))


FREE, PRICED, HOLLOW, VAIN, OTHER = "mends it", "at a price", "less happens", "in vain", "breaks another"
# By hand, from what Kafka's and Flink's documentation and KIPs advise; the rest of what can be changed is not tried.
ADVICE = {
    # KAFKA-14196 is fixed in 3.4; a listener that commits is the textbook's way. KafkaConsumer's javadoc: commitSync.
    "bugs/GRP-02_fetch_before_revocation": {
        'version="3.4"': FREE,
        "apps.billing.commits_on_revocation=true": FREE,
        "apps.billing.commits=sync": PRICED,
        "apps.billing.consumer.auto.offset.reset=latest": HOLLOW,
        "apps.billing.flushes=true": VAIN,
    },
    # KIP-939 is what Flink waits for. At least once is another promise, and so is a reader of aborted records.
    "bugs/FLK-01_timeout_before_commit": {
        'proposed=["KIP-939"]': FREE,
        "apps.ledger.consumer.isolation.level=read_uncommitted": PRICED,
        "jobs.billing.sink.setDeliveryGuarantee=AT_LEAST_ONCE": PRICED,
        "jobs.billing.sink.setDeliveryGuarantee=NONE": VAIN,
    },
    # Nothing was promised, so at-least-once gives up nothing; without checkpoints' restarts nobody asks what is lost.
    "flink/F18_loss": {
        "jobs.billing.sink.setDeliveryGuarantee=AT_LEAST_ONCE": FREE,
        "jobs.billing.config.restart-strategy.type=off": HOLLOW,
    },
    # KIP-890, part 2. One request in flight is what the EndTxn was already.
    "bugs/TXN-01_delayed_end_txn": {
        'version="4.0"': FREE,
        "apps.payer.producer.max.in.flight.requests.per.connection=1": VAIN,
        "apps.ledger.consumer.isolation.level=read_uncommitted": VAIN,
    },
    # The documentation of `acks`; without retries nothing else is saved.
    "claims/S03_acks_1": {
        "apps.writer.producer.acks=all": PRICED,
        'apps.writer.producer.acks="0"': VAIN,
        "apps.writer.producer.retries=0": VAIN,
        "topics.testTopic.min.insync.replicas=3": VAIN,
    },
    # The documentation of `max.in.flight.requests.per.connection` and of `enable.idempotence` (KIP-98).
    "bugs/CFG-05_pipelined_retry": {
        "apps.shop.producer.enable.idempotence=true": FREE,
        "apps.shop.producer.max.in.flight.requests.per.connection=1": PRICED,
        "apps.shop.producer.retries=0": PRICED,
        'apps.shop.producer.acks="0"': PRICED,
        'apps.shop.producer.acks="1"': VAIN,
    },
    # KafkaConsumer.commitAsync: later commits cover a failed one. commitSync() repeats itself before anything newer.
    "bugs/CFG-08_stale_commit_resent": {
        "apps.billing.failed_commit=ignore": FREE,
        "apps.billing.commits=sync": PRICED,
        "apps.billing.commits=never": PRICED,
        "apps.billing.consumer.enable.auto.commit=true": VAIN,
    },
    # sendOffsetsToTransaction() is what makes two halves one (KIP-98).
    "claims/S01_refuted": {
        "apps.payer.offsets=transaction": FREE,
        "apps.payer.offsets=before": VAIN,
        "apps.ledger.consumer.isolation.level=read_uncommitted": VAIN,
    },
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ADVICE)
def test_what_a_user_should_be_told(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = load(str(ROOT / f"specs/{name}.yaml"))
    pipeline, words = words_of(spec)
    every = list(pipeline.variations(words))
    wanted = [one for one in every if _override(one) in ADVICE[name]]
    monkeypatch.setattr(pipeline, "variations", lambda _: wanted)

    found = remedies(spec)

    kept = {f"{one.key}={one.value}": PRICED if one.gives_up else FREE for one in found.kept}
    answers = {
        **kept,
        **{f"{one.key}={one.value}": HOLLOW for one in found.vacuous},
        **{f"{one.key}={one.value}": VAIN for one in found.broken_still},
        **{f"{one.key}={one.value}": OTHER for one in found.others_broken},
    }
    assert {one: answers.get(one) for one in ADVICE[name]} == ADVICE[name]
    first = next(iter(kept))
    assert kept[first] == (FREE if FREE in kept.values() else PRICED)
    assert report.command(found).endswith(f"--set {shlex.quote(first)}")


def _override(one: Sequence[Any]) -> str:
    value = one[2] if isinstance(one[2], str) and one[2].replace("_", "").isalpha() else json.dumps(one[2])
    return f"{'.'.join(map(str, one[0]))}={value}"


@pytest.mark.slow
def test_the_fix_of_a_bug_is_every_version_from_then_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """KIP-890, part 2: from 4.0 on a late EndTxn is known by its epoch."""
    spec = load(str(ROOT / "specs/bugs/TXN-01_delayed_end_txn.yaml"))
    pipeline, words = words_of(spec)
    versions = [one for one in pipeline.variations(words) if one[0] == ("version",)]
    monkeypatch.setattr(pipeline, "variations", lambda _: versions)

    ((lead, (line,)),) = report.groups(remedies(spec))

    assert lead == "offsets_move_with_output is kept, as is every other guarantee of the spec, with"
    assert (line.key, line.now, line.instead) == ("version", "3.9", "4.0 and later")


# --- What a spec's words mean -----------------------------------------------------------------------------------------


def test_every_word_of_an_application_has_a_meaning_for_each_of_its_values() -> None:
    from model.flink import forms as flink
    from model.kafka import forms as kafka
    from model.kafka.meanings import meaning

    settings = ("reads", "writes", "consumer", "producer")
    for form in (kafka.App, flink.App):
        for word, info in form.model_fields.items():
            if word not in settings:
                assert all(meaning(word, one) for one in _choices(info.annotation)), word


def _choices(annotation: Any) -> list[Any]:
    if annotation is bool:
        return [True, False]
    if annotation is type(None):
        return []
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    inside = [one for part in get_args(annotation) for one in _choices(part)]
    return inside or [1]


def test_an_answer_says_what_the_words_of_its_spec_mean() -> None:
    from model.kafka.meanings import meaning
    from reports import why
    from tests import report_samples as samples

    result = samples.connected()
    result.settings = [("billing.failed_commit", "resend", "given"), ("billing.consumer.group.id", "b", "given")]
    result.meanings = {"billing.failed_commit": meaning("failed_commit", "resend")}

    assert ("billing.failed_commit", "resend (a commitAsync() that failed is sent again as it was)") in why.settings(
        result
    )
    assert ("billing.consumer.group.id", "b") in why.settings(result)


def test_the_applications_beside_a_flink_job_are_among_its_settings() -> None:
    settings = {one.name: one for one in load(str(ROOT / "specs/bugs/FLK-01_timeout_before_commit.yaml")).settings}

    assert settings["ledger.consumer.isolation.level"].value == "read_committed"


def test_each_price_is_of_a_word_or_setting_that_there_is() -> None:
    from model.kafka import config, prices
    from model.kafka.forms import App

    known = {name for rows in config.TABLE.values() for name in rows} | set(App.model_fields)
    assert {name for name, _ in prices.PRICES} <= known
