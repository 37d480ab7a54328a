"""Spec files: what a good one means, and the whole text of every complaint about a bad one.

Each tests/rejected_specs/<slug>.yaml is wrong in one way; <slug>.expected is what the user then reads. After a wanted
change of wording: SNAP_UPDATE=1 python -m pytest tests/test_spec_files.py, and read the difference.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from checker.build import build
from checker.expectation import Pinned, accept
from checker.expressions import evaluate
from checker.options import Options, size_in_bytes
from checker.source import Place, SourceError
from checker.spec import load
from checker.spec_file import Limits, PredicateUse, SpecFile
from checker.yaml_document import read_text

ROOT = Path(__file__).parent.parent
REJECTED = Path("tests/rejected_specs")
SLUGS = sorted(path.stem for path in (ROOT / REJECTED).glob("*.yaml"))


@pytest.fixture(autouse=True)
def in_project_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Errors name files as the user does: relative to where the command is given."""
    monkeypatch.chdir(ROOT)


def spec_of(tmp_path: Path, text: str, *overrides: str) -> SpecFile:
    (tmp_path / "coin.py").write_text((ROOT / REJECTED / "coin.py").read_text())
    path = tmp_path / "spec.yaml"
    path.write_text(text)
    return load(str(path), overrides)


GOOD = """\
# Claim.
title: A coin
version: 3.10
model: ./coin.py
constants: {tosses: 1, players: tosses * 2}
actors:
  player: {is: Player, count: players, referee: referee}
  referee:
    is: Referee
network: {kind: bag, capacity: 2, links: [{to: referee, kind: fifo}]}
faults: {crash: {player: 1, referee: 0}, lose: 0, delay: unlimited}
check:
  always: [at_most_once]
  sometimes: [at_most_once: {referee: referee}]
limits: {memory: 2G, seconds: 1.5}
"""


# --- What a good file means -----------------------------------------------------------------------------------------


def test_constants_are_expressions_over_those_above(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, GOOD)

    assert spec.constants == {"tosses": 1, "players": 2}
    assert spec.actors["player"].instances == ("player-1", "player-2")
    assert spec.actors["referee"].instances == ("referee",)


def test_version_is_text_even_without_quotes(tmp_path: Path) -> None:
    """As a number, 3.10 would be 3.1, another version."""
    assert spec_of(tmp_path, GOOD).version == "3.10"


def test_fault_with_budget_zero_is_not_promised(tmp_path: Path) -> None:
    """Else the verdict would be `vacuous` because it never happened."""
    assert spec_of(tmp_path, GOOD).faults == {"crash": {"player": 1}, "delay": "unlimited"}


def test_network_links_and_predicate_arguments_are_read(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, GOOD)

    assert (spec.network.kind, spec.network.capacity) == ("bag", 2)
    assert (spec.network.links[0].to, spec.network.links[0].kind) == ("referee", "fifo")
    assert spec.check.sometimes == (PredicateUse("at_most_once", {"referee": "referee"}),)
    assert spec.check.sometimes[0].label == "at_most_once(referee=referee)"


def test_command_line_limits_go_before_those_of_the_file(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, GOOD)

    assert spec.limits == Limits(seconds=1.5, memory_bytes=2 << 30)
    assert Options(seconds=9).limited_by(spec.limits) == Options(seconds=9, memory_bytes=2 << 30)


def test_place_is_that_of_the_value(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, GOOD)
    file = str(tmp_path / "spec.yaml")

    assert spec.place("actors.player.referee") == Place(file, 7, 49, 7)
    assert spec.place(("check", "always", 0)) == Place(file, 13, 12, 12)
    assert spec.key_place("actors.player.referee") == Place(file, 7, 40, 7)


def test_place_of_a_block_is_its_key(tmp_path: Path) -> None:
    """The underline of a value that spans lines would say nothing."""
    assert spec_of(tmp_path, GOOD).place("actors.referee") == Place(str(tmp_path / "spec.yaml"), 8, 3, 7)


def test_place_of_something_absent_is_its_nearest_owner(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, GOOD)

    assert spec.place("actors.player.favourite") == spec.place("actors.player")


# --- --set ----------------------------------------------------------------------------------------------------------


def test_override_replaces_one_value(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, GOOD, "constants.tosses=3", "faults.crash.player=unlimited", "check.always.0=other")

    assert spec.constants["players"] == 6
    assert spec.faults["crash"] == {"player": "unlimited"}
    assert spec.check.always == (PredicateUse("other"),)


def test_override_adds_what_is_not_there(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, GOOD, "limits.states=10", "expect.verdict=holds")

    assert spec.limits.states == 10
    assert spec.expect is not None


def test_override_of_an_aliased_value_changes_one_place(tmp_path: Path) -> None:
    text = GOOD.replace("{is: Player, count: players", "&one {is: Player, count: players") + "bounds: {same: *one}\n"

    spec = spec_of(tmp_path, text, "actors.player.count=1")

    assert spec.actors["player"].count == 1
    assert spec.bounds["same"]["count"] == "players"


@pytest.mark.parametrize(
    ("override", "complaint"),
    [
        ("constants.tosess=3", ""),  # Constants are free names: a further one is fine.
        ("constant.tosses=3", "did you mean `constants`?"),
        ("actors.player.count=x", "there is no constant `x`"),
        ("network.kind.size=3", "`network.kind` is `bag`, a text, so it has no `size`"),
        ("check.always.7=x", "`check.always` has 1 items, counted from 0"),
        ("nonsense", "`nonsense` is not `dotted.key=value`"),
        ("constants.tosses=[1", "expected ',' or ']'"),
        ("constants.tosses=1\nx: 2", "is not `dotted.key=value`"),
        ("=3", "is not `dotted.key=value`"),
    ],
)
def test_wrong_override_is_shown_on_the_command_line(tmp_path: Path, override: str, complaint: str) -> None:
    if not complaint:
        spec_of(tmp_path, GOOD, override)
        return

    with pytest.raises(SourceError) as error:
        spec_of(tmp_path, GOOD, "title=Other", override)

    assert complaint in str(error.value)
    assert "--> command line:2:" in str(error.value)


# --- YAML -----------------------------------------------------------------------------------------------------------


def test_scalars_are_those_of_yaml_1_2() -> None:
    text = "[yes, no, on, 1_000, 0x10, 0o17, 1.5, ~, True, '1', 1e3, -3]"

    read = read_text(f"a: {text}", "here.yaml").root.plain()

    assert read == {"a": ["yes", "no", "on", 1000, 16, 15, 1.5, None, True, "1", 1000.0, -3]}


def test_alias_is_the_value_it_names() -> None:
    read = read_text("a: &x {b: 1}\nc: *x\n", "here.yaml").root.plain()

    assert read == {"a": {"b": 1}, "c": {"b": 1}}


# --- Expressions ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [("records * 2 - 1", 5), ("max(records, 7) // 2", 3), ("-(1 + 2) % 2", 1), ("min(1, 2, 3)", 1), (4, 4)],
)
def test_expression(text: str | int, value: int) -> None:
    assert evaluate(text, {"records": 3}) == value


@pytest.mark.parametrize(
    "text", ["", "1/2", "a.b", "f(1)", "1 if 1 else 2", "'x'", "True", "2**9", "(" * 300, "1;2", "\0"]
)
def test_expression_is_arithmetic_only(text: str) -> None:
    """A spec is data: nothing in it may run code or compute for long."""
    with pytest.raises(SourceError):
        evaluate(text, {"a": 1})


@pytest.mark.parametrize(("text", "size"), [("16G", 16 << 30), ("1.5 GiB", 3 << 29), ("512m", 512 << 20), ("9", 9)])
def test_size(text: str, size: int) -> None:
    assert size_in_bytes(text) == size


# --- Accepting ------------------------------------------------------------------------------------------------------

HOLDS: Pinned = {"verdict": "holds", "distinct_states": 5, "transitions": 6, "depth": 3}
VIOLATED: Pinned = {"verdict": "violated", "violates": "no_loss", "steps": 7}


@pytest.mark.parametrize(
    ("before", "wanted", "after"),
    [
        ("title: x", HOLDS, "title: x\nexpect: {verdict: holds, distinct_states: 5, transitions: 6, depth: 3}\n"),
        (
            "expect: { verdict: holds }  # pinned\nlimits: {}\n",
            VIOLATED,
            "expect: { verdict: violated, violates: no_loss, steps: 7 }  # pinned\nlimits: {}\n",
        ),
        (
            "expect:  # why\n  verdict: holds\n  distinct_states: 4  # b\n  depth: 3\n# end\nx: 1\n",
            HOLDS,
            "expect:  # why\n  verdict: holds\n  distinct_states: 5  # b\n  depth: 3\n  transitions: 6\n# end\nx: 1\n",
        ),
        (
            "expect:\n  verdict: holds\n  depth: 3  # b\nx: 1\n",
            VIOLATED,
            "expect:\n  verdict: violated\n  violates: no_loss\n  steps: 7\nx: 1\n",
        ),
        ("expect:\nx: 1\n", VIOLATED, "expect: {verdict: violated, violates: no_loss, steps: 7}\nx: 1\n"),
    ],
)
def test_accept_touches_only_the_expectation(tmp_path: Path, before: str, wanted: Pinned, after: str) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(before)

    changed = accept(str(path), wanted)

    assert changed
    assert path.read_text() == after
    assert not accept(str(path), wanted)


def test_accept_refuses_what_it_cannot_keep(tmp_path: Path) -> None:
    """Through an alias, the edit would change another value of the file too."""
    path = tmp_path / "spec.yaml"
    path.write_text("bounds: &x {verdict: holds}\nexpect: *x\n")

    with pytest.raises(SourceError, match=r"write it by hand: expect: \{verdict: violated"):
        accept(str(path), VIOLATED)

    assert path.read_text() == "bounds: &x {verdict: holds}\nexpect: *x\n"


# --- What a bad file is told ----------------------------------------------------------------------------------------


def complaint(path: Path) -> str:
    try:
        build(load(str(path)))
    except SourceError as error:
        return f"{error}\n"
    return "nothing is wrong\n"


@pytest.mark.parametrize("slug", SLUGS)
def test_rejected_spec(slug: str) -> None:
    """The whole text is compared: wording, place, underline and help are what the user gets."""
    expected = ROOT / REJECTED / f"{slug}.expected"

    text = complaint(REJECTED / f"{slug}.yaml").replace(str(ROOT), "ROOT")

    if os.environ.get("SNAP_UPDATE") == "1":
        expected.write_text(text)
    assert text == expected.read_text()


def test_every_expected_text_has_its_spec() -> None:
    assert sorted(path.stem for path in (ROOT / REJECTED).glob("*.expected")) == SLUGS


def test_pipeline_errors_point_to_the_users_own_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user wrote settings, not actors: whatever is wrong is shown where they wrote it."""
    package = tmp_path / "model" / "toy"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "pipeline.py").write_text(PIPELINE)
    path = tmp_path / "toy.yaml"
    path.write_text(
        "title: x\nmodel: toy\nversion: 3.10\napp:\n  group.id: payer\n  isolaton.level: x\n  retries: -1\nlimit: {}\n"
    )
    import model

    monkeypatch.setattr(model, "__path__", [str(tmp_path / "model")])

    with pytest.raises(SourceError) as error:
        load(str(path))

    places = [(one.slug, one.place.line, one.help) for one in error.value.diagnostics if one.place]
    assert sorted(places, key=lambda one: one[1]) == [
        ("unknown-key", 6, "did you mean `isolation.level`?"),
        ("negative-number", 7, ""),
        ("unknown-key", 8, "did you mean `limits`?"),
    ]

    path.write_text("title: x\nmodel: toy\nversion: 3.10\napp: {group.id: payer}\n")
    spec = load(str(path), ["app.isolation.level=read_committed", "app.retries=4"])

    assert spec.constants == {"retries": 4}
    assert spec.version == "3.10"
    assert [one.value for one in spec.settings] == ["read_committed"]
    assert spec.place("actors.player") == Place(str(path), 4, 6, 17)
    assert spec.place("network") == spec.place("model")


PIPELINE = """
from pydantic import BaseModel, ConfigDict, Field

class App(BaseModel):
    model_config = ConfigDict(extra="forbid")
    group_id: str = Field(alias="group.id")
    isolation_level: str = Field("read_uncommitted", alias="isolation.level")
    retries: int = Field(0, ge=0)

class Document(BaseModel):
    model_config = ConfigDict(extra="forbid")
    version: str
    app: App

def expand(document, place):
    return {
        "version": document.version,
        "constants": {"retries": document.app.retries},
        "actors": {"player": {"is": "Player"}},
        "check": {"always": ["safe"]},
        "origins": {("actors", "player"): ("app",)},
    }

def effective_settings(document):
    return [("isolation.level", document.app.isolation_level, "given", "")]
"""


def test_a_fault_of_a_pipeline_is_said_as_its_form_describes_it() -> None:
    spec = load(str(ROOT / "specs/bugs/FLK-10_offset_forgotten.yaml"))

    assert spec.fault_meanings["partial_listing"] == "the metadata leave out a partition whose leader is away"
    assert spec.summary.startswith("Flink 1.3, Kafka 3.9. Job billing (checkpoints) reads orders (FlinkKafkaConsumer)")
    assert spec.about.startswith("FLK-10: at the restore")
    assert load(str(ROOT / "specs/textbook/die_hard.yaml")).fault_meanings == {}
