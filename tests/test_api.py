"""The Python API: what the documentation shows works, errors are the user's, notebooks get harmless HTML."""

from __future__ import annotations

import json
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest
import report_samples as samples

import checker
import checker.checking
from checker import api
from checker.cli import main
from checker.options import Options
from reports import page

ROOT = Path(__file__).parent.parent
BROKEN = str(ROOT / "specs/broken/offsets_before.yaml")
TWO_PHASE = str(ROOT / "specs/textbook/two_phase_commit_3.yaml")


@cache
def broken() -> checker.Result:
    return checker.check(BROKEN, engine="reference")


@cache
def two_phase() -> checker.Result:
    return checker.check(TWO_PHASE, engine="reference")


def counterexample() -> checker.Path:
    found = broken().path
    assert found is not None
    return found


def test_importing_the_package_loads_nothing_of_it() -> None:
    code = "import checker, sys; print([name for name in sys.modules if name.startswith(('checker.', 'reports'))])"
    heavy = (
        "import checker, sys; checker.check; print([n for n in ('pydantic', 'networkx', 'llvm') if n in sys.modules])"
    )

    for one in (code, heavy):
        assert subprocess.run([sys.executable, "-c", one], cwd=ROOT, capture_output=True, text=True).stdout == "[]\n"


def test_the_package_names_what_it_has() -> None:
    assert checker.check is api.check
    named = {"Path", "Property", "Remedies", "Result", "SourceError", "check", "load", "remedies", "replay"}
    assert named <= set(dir(checker))
    with pytest.raises(AttributeError, match="no attribute 'chek'"):
        checker.chek  # noqa: B018


def test_a_violated_spec() -> None:
    result = broken()

    assert (result.verdict, result.holds) == ("violated", False)
    assert result["exactly_once"].verdict == "violated"
    assert result["exactly_once"].steps == len(counterexample()) == 7
    assert result["exactly_once"].reasons[0].startswith("the payment of order 0 is missing")
    assert [one.name for one in result.properties if one.verdict == "violated"] == ["exactly_once"]
    assert [step.number for step in counterexample()] == list(range(1, 8))
    assert counterexample().steps[-1].action == "crash"
    assert counterexample().states[-1]["consumer_offsets"]["committed"] == "1"
    assert counterexample().values[-1]["consumer_offsets"]["committed"] == 1
    assert repr(counterexample()) == "<Path of 7 steps, violated: exactly_once>"


def test_a_spec_that_holds() -> None:
    result = two_phase()

    assert (result.verdict, result.holds, result.states) == ("holds", True, 288)
    assert result["all_committed"].verdict == "reached"
    assert result.path is not None
    assert result.path.good
    assert result.expect is not None
    assert result.expect.distinct_states == 288


def test_an_unknown_property_is_said_with_the_nearest_name() -> None:
    with pytest.raises(KeyError, match="did you mean `exactly_once`"):
        broken()["exactly_onec"]


def test_a_spec_is_replaced_in_part() -> None:
    two = checker.check(TWO_PHASE, set={"constants.rms": 2}, engine="reference")

    assert checker.check(TWO_PHASE, set=["constants.rms=2"], engine="reference").states == two.states < 288
    assert checker.check(checker.load(TWO_PHASE, set={"constants.rms": 2}), engine="reference").states == two.states


def test_values_of_settings_are_yaml() -> None:
    assert api._overrides({"a.b": True, "c": "text", "d": {"x": [1, None]}}) == (
        "a.b=true",
        "c=text",
        'd={"x": [1, null]}',
    )


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: checker.check("nowhere.yaml"),
        lambda: checker.load(BROKEN, set={"topics.orders.record": 1}),
        lambda: checker.replay(BROKEN, "0/99"),
        lambda: broken().graph("payer-1.stag"),
    ],
    ids=["file", "key", "code", "field"],
)
def test_what_is_wrong_in_a_spec_is_a_source_error(wrong: Callable[[], object]) -> None:
    with pytest.raises(checker.SourceError, match=r"^error\[[a-z-]+\]: "):
        wrong()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: checker.check(TWO_PHASE, engine="natvie"), "did you mean `native`"),  # type: ignore[arg-type]
        (lambda: checker.check(TWO_PHASE, workers=0), "workers is 0"),
        (lambda: checker.check(TWO_PHASE, memory="much"), "not an amount of memory"),
        (lambda: checker.check(TWO_PHASE, set="constants.rms=2"), "write \\['constants.rms=2'\\]"),
        (lambda: checker.check(checker.load(TWO_PHASE), set={"constants.rms": 2}), "`set` goes to `load`"),
        (lambda: two_phase().graph(nodes=1), "at least 2"),
        (lambda: two_phase().graph(states=100, engine="reference"), "more than 100 states"),
    ],
)
def test_a_wrong_argument_is_a_value_error(wrong: Callable[[], object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        wrong()


def test_limits_make_an_answer_inconclusive() -> None:
    found = checker.check(TWO_PHASE, engine="reference", states=10)

    assert found.verdict == "inconclusive"
    assert found["consistent"].verdict == "unknown"


def test_a_replay_is_the_path_again_with_what_it_violates() -> None:
    again = checker.replay(BROKEN, counterexample().code)

    assert again.data == counterexample().data
    assert again.violations[0].startswith("exactly_once is violated\n  - the payment of order 0")
    assert not again.good


def test_every_form_of_a_path() -> None:
    path = counterexample()

    assert str(path) == path.to_text()
    assert "commit_offset" in path.to_text()
    assert ElementTree.fromstring(path.to_svg().encode()).tag.endswith("svg")
    assert path.to_mermaid().splitlines()[3] == "sequenceDiagram"
    assert path.to_dot().startswith("digraph path {")
    assert json.loads(path.to_itf())["#meta"]["source"] == BROKEN
    assert path.to_csv().count("\r\n") == 8
    assert path.to_shiviz().count("\n") == 9
    assert [one["step"] for one in json.loads(path.to_json())] == list(range(1, 8))
    assert path.to_html().lower().startswith("<!doctype html>")
    assert "commit_offset" in path.to_html()
    assert checker.replay(BROKEN, path.code).to_html().startswith("<!DOCTYPE html>")


def test_a_page_of_one_path_has_no_other() -> None:
    every = two_phase().to_html()
    one = two_phase()["all_aborted"].path
    assert one is not None

    assert "all_committed" in every
    assert "all_aborted" in one.to_html()
    assert "all_committed" not in one.to_html()


def test_every_form_of_a_result() -> None:
    result = broken()

    assert str(result).startswith("violated: exactly_once in 7 steps")
    assert json.loads(result.to_json())["verdict"] == "violated"
    assert "exactly_once" in result.to_html()
    assert repr(result) == f"<Result {BROKEN}: violated>"


def test_a_notebook_shows_text_and_the_picture() -> None:
    shown = broken()._repr_html_()

    assert shown.startswith("<pre>violated: exactly_once in 7 steps")
    assert '<img alt="' in shown
    assert "data:image/svg+xml;base64," in shown
    assert "<img" not in two_phase()._repr_html_()


def test_hostile_names_are_only_text_in_a_notebook() -> None:
    result = api.Result(samples.hostile(), broken().asked)
    replayed = api.Path(samples.incident(), samples.HOSTILE[0], samples.HOSTILE[1])
    for shown in (result._repr_html_(), replayed.to_html(), page.page(samples.HOSTILE[0], "")):
        shown.encode("utf-8")
        tags = set(re.findall(r"<\s*/?\s*([A-Za-z!][\w-]*)", shown))
        assert tags <= {
            "!DOCTYPE",
            "html",
            "head",
            "meta",
            "title",
            "style",
            "body",
            "pre",
            "img",
            "details",
            "summary",
        }
        assert not re.search(r"<[^>]*\son\w+=", shown)
        assert "http" not in shown


def test_the_state_graph_is_networkx() -> None:
    found = two_phase().graph("tm.state", engine="reference")

    assert [data["fields"]["tm.state"] for _, data in found.nodes(data=True)] == ["INIT", "ABORTED", "COMMITTED"]
    assert sum(data["states"] for _, data in found.nodes(data=True)) == 288
    assert {data["action"] for _, _, data in found.edges(data=True)} == {"commit", "abort"}


def test_a_result_goes_to_another_process() -> None:
    """As `--quiet` over many specs does it; what it has to load again, it does."""
    there = pickle.loads(pickle.dumps(two_phase()))

    assert there.data == two_phase().data
    assert there.graph("tm.state", engine="reference").number_of_nodes() == 3
    loaded = pickle.loads(pickle.dumps(checker.check(checker.load(TWO_PHASE), engine="reference")))
    with pytest.raises(ValueError, match="comes from another process"):
        loaded.graph("tm.state")


def test_the_command_line_uses_it(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    asked: list[tuple[str, tuple[str, ...], Options]] = []
    real = api.check_with

    def noting(spec: str, overrides: tuple[str, ...], options: Options, progress: object = None) -> api.Result:
        asked.append((spec, overrides, options))
        return real(spec, overrides, options)

    monkeypatch.setattr(api, "check_with", noting)

    assert main([TWO_PHASE, "--json", "--set", "constants.rms=2", "--engine", "reference", "--keep-going"]) == 0
    found = json.loads(capsys.readouterr().out)

    ((spec, overrides, options),) = asked
    assert (spec, overrides) == (TWO_PHASE, ("constants.rms=2",))
    assert (options.engine, options.keep_going) == ("reference", True)
    direct = checker.check(TWO_PHASE, set={"constants.rms": 2}, engine="reference", keep_going=True)
    for one in (found, mine := json.loads(direct.to_json())):
        del one["seconds"], one["memory_bytes"]
    assert found == mine
