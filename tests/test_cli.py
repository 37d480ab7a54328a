"""The command line: exit codes, what goes where, and that nothing a user does ends in a traceback."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, Field

import checker.checking
from checker import spec_schema
from checker.cli import main
from checker.options import Options
from checker.progress import LiveLine, quantity
from checker.source import fail
from checker.spec_file import SpecFile
from checker.verdict import Explored, Outcome, PropertyResult, PropertyVerdict, Result
from checker.verdict import Path as FoundPath

ROOT = Path(__file__).parent.parent
COIN = ROOT / "tests" / "rejected_specs" / "coin.py"
SPEC = """\
title: A coin
model: ./coin.py
constants: {tosses: 1}
actors:
  player: {is: Player, referee: referee}
  referee: {is: Referee}
check:
  always: [at_most_once]
deadlock: allow
"""


def write_spec(directory: Path, name: str, more: str = "") -> str:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "coin.py").write_text(COIN.read_text())
    path = directory / name
    path.write_text(SPEC + more)
    return str(path)


def answer(spec: str, outcome: Outcome = Outcome.HOLDS, **more: Any) -> Result:
    violated = outcome is Outcome.VIOLATED
    found = PropertyResult(
        "at_most_once",
        "always",
        PropertyVerdict.VIOLATED if violated else PropertyVerdict.HOLDS,
        path=FoundPath((), ({"player": {"tossed": "0"}},), "0") if violated else None,
    )
    explored = Explored(3, 2, 1, 3, complete=outcome is not Outcome.INCONCLUSIVE)
    return Result(
        spec, "A coin", outcome, [found], explored, seconds={"load": 0.1, "compile": 0.0, "explore": 0.2}, **more
    )


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """File name -> outcome or ready result (default: holds), and under "options" what run() was last asked."""
    known: dict[str, Any] = {}

    def run(spec: SpecFile, options: Options, progress: object = None, **_: object) -> Result:
        known["options"] = options
        found = known.get(Path(spec.path).name, Outcome.HOLDS)
        if isinstance(found, BaseException):
            raise found
        return found if isinstance(found, Result) else answer(spec.path, found)

    monkeypatch.setattr(checker.checking, "run", run)
    return known


# --- Exit codes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "code"),
    [(Outcome.HOLDS, 0), (Outcome.VIOLATED, 1), (Outcome.INCONCLUSIVE, 3), (Outcome.VACUOUS, 4)],
)
def test_exit_code_is_the_verdict(tmp_path: Path, answers: dict[str, Any], outcome: Outcome, code: int) -> None:
    answers["a.yaml"] = outcome

    assert main([write_spec(tmp_path, "a.yaml")]) == code


def test_wrong_model_is_exit_code_2(tmp_path: Path, answers: dict[str, Any]) -> None:
    spec = write_spec(tmp_path, "a.yaml")
    answers["a.yaml"] = answer(spec, Outcome.INCONCLUSIVE, problem="Referee.heard is 2, outside 0..1")

    assert main([spec]) == 2


def test_of_several_specs_the_worst_counts(tmp_path: Path, answers: dict[str, Any]) -> None:
    """A vacuous pass must not hide behind a violation, nor a violation behind a spec that cannot be read."""
    specs = [write_spec(tmp_path, name) for name in ("a.yaml", "b.yaml", "c.yaml")]
    answers.update({"a.yaml": Outcome.VACUOUS, "b.yaml": Outcome.VIOLATED, "c.yaml": Outcome.HOLDS})

    assert main(specs) == 1
    assert main([*specs, write_spec(tmp_path, "d.yaml", "chek: 1\n")]) == 2


def test_error_in_one_spec_does_not_keep_the_others_from_being_checked(
    tmp_path: Path, answers: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = write_spec(tmp_path, "a.yaml", "chek: 1\n")
    good = write_spec(tmp_path, "b.yaml")

    assert main([wrong, good]) == 2

    captured = capsys.readouterr()
    assert "error[unknown-key]: there is no key `chek`" in captured.err
    assert "2 specs: 1 error, 1 holds" in captured.out


def test_bug_of_ours_is_exit_code_70_and_no_traceback(
    tmp_path: Path, answers: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    answers["a.yaml"] = RuntimeError("lost my way")
    spec = write_spec(tmp_path, "a.yaml")

    assert main([spec]) == 70
    without = capsys.readouterr().err
    assert main([spec, "--debug"]) == 70
    with_debug = capsys.readouterr().err

    assert without.startswith("error[internal]: a bug of the checker, not of the spec: RuntimeError: lost my way")
    assert "Traceback" not in without
    assert "Traceback" in with_debug


def test_source_error_of_a_later_stage_is_exit_code_2(tmp_path: Path, answers: dict[str, Any]) -> None:
    answers["a.yaml"] = fail("late-guard", "too late")

    assert main([write_spec(tmp_path, "a.yaml")]) == 2


# --- --expect and --accept ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expect", "outcome", "code", "sentence"),
    [
        ("{verdict: holds, distinct_states: 3}", Outcome.HOLDS, 0, ""),
        ("{verdict: holds, distinct_states: 4}", Outcome.HOLDS, 1, "expected distinct_states 4, found 3"),
        ("{verdict: violated, violates: at_most_once, steps: 0}", Outcome.VIOLATED, 0, ""),
        (
            "{verdict: violated, violates: at_most_once, steps: 2}",
            Outcome.VIOLATED,
            1,
            "expected at_most_once to be violated in 2 steps, found 0",
        ),
        ("{verdict: violated, violates: other}", Outcome.VIOLATED, 1, "expected a violation of other, found one of"),
        ("{verdict: vacuous}", Outcome.VACUOUS, 0, ""),
        ("{verdict: inconclusive}", Outcome.HOLDS, 1, "expected inconclusive, found holds"),
    ],
)
def test_expect(
    tmp_path: Path,
    answers: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
    expect: str,
    outcome: Outcome,
    code: int,
    sentence: str,
) -> None:
    answers["a.yaml"] = outcome

    assert main(["--expect", write_spec(tmp_path, "a.yaml", f"expect: {expect}\n")]) == code

    assert sentence in capsys.readouterr().out


def test_expect_without_an_expectation_is_not_as_expected(tmp_path: Path, answers: dict[str, Any]) -> None:
    """A spec that pins nothing must not pass for one that was compared."""
    assert main(["--expect", write_spec(tmp_path, "a.yaml")]) == 1


def test_expect_fails_for_a_spec_that_cannot_be_read(tmp_path: Path, answers: dict[str, Any]) -> None:
    good = write_spec(tmp_path, "a.yaml", "expect: {verdict: holds}\n")
    wrong = write_spec(tmp_path, "b.yaml", "chek: 1\n")

    assert main(["--expect", good]) == 0
    assert main(["--expect", good, wrong]) == 1


def test_a_wrong_model_is_never_as_expected(tmp_path: Path, answers: dict[str, Any]) -> None:
    spec = write_spec(tmp_path, "a.yaml", "expect: {verdict: inconclusive}\n")
    answers["a.yaml"] = answer(spec, Outcome.INCONCLUSIVE, problem="Referee.heard is 2, outside 0..1")

    assert main(["--expect", spec]) == 1


def test_accept_writes_what_expect_then_accepts(tmp_path: Path, answers: dict[str, Any]) -> None:
    spec = write_spec(tmp_path, "a.yaml", "expect: {verdict: vacuous}  # to be decided\n")

    assert main(["--accept", spec]) == 0

    written = "expect: {verdict: holds, distinct_states: 3, transitions: 2, depth: 3}  # to be decided\n"
    assert Path(spec).read_text() == SPEC + written
    assert main(["--expect", spec]) == 0


def test_accept_refuses_an_answer_that_was_cut_short(tmp_path: Path, answers: dict[str, Any]) -> None:
    """--seconds 1 on the command line must not turn every pinned count into `inconclusive`."""
    answers["a.yaml"] = Outcome.INCONCLUSIVE
    spec = write_spec(tmp_path, "a.yaml", "expect: {verdict: holds}\n")

    assert main(["--accept", spec]) == 2

    assert "verdict: holds" in Path(spec).read_text()


# --- --json ---------------------------------------------------------------------------------------------------------

KEYS = [
    "format", "spec", "title", "verdict", "properties", "explored", "bounds", "faults", "fired", "seconds",
    "memory_bytes", "not_modelled",
]  # fmt: skip


def test_json_is_one_object_with_the_documented_keys_in_order(
    tmp_path: Path, answers: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--json", write_spec(tmp_path, "a.yaml")]) == 0

    document = json.loads(capsys.readouterr().out)
    assert list(document)[: len(KEYS)] == KEYS


def test_json_of_several_specs_is_one_list(
    tmp_path: Path, answers: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """Also of a directory that happens to hold one spec: a script must not depend on how many there are."""
    write_spec(tmp_path / "one", "a.yaml")

    main(["--json", str(tmp_path / "one")])
    single = json.loads(capsys.readouterr().out)
    main(["--json", str(tmp_path / "one"), write_spec(tmp_path, "b.yaml", "chek: 1\n")])
    both = json.loads(capsys.readouterr().out)

    assert [one["verdict"] for one in single] == ["holds"]
    assert [one["verdict"] for one in both] == ["holds", None]
    assert both[1]["errors"][0]["error"] == "unknown-key"
    assert both[1]["errors"][0]["line"] == 10


def test_json_of_a_missing_file_is_still_one_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--json", str(tmp_path / "nowhere.yaml")]) == 2

    assert json.loads(capsys.readouterr().out)["errors"][0]["error"] == "no-such-file"


def test_json_with_accept_and_report_keeps_standard_output_clean(
    tmp_path: Path, answers: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    spec = write_spec(tmp_path, "a.yaml")

    main(["--json", "--accept", "--report", str(tmp_path / "report"), spec])

    captured = capsys.readouterr()
    assert json.loads(captured.out)["verdict"] == "holds"
    assert "`expect` rewritten" in captured.err
    assert "written:" in captured.err


# --- Arguments ------------------------------------------------------------------------------------------------------


def test_options_reach_the_check(tmp_path: Path, answers: dict[str, Any]) -> None:
    spec = write_spec(tmp_path, "a.yaml", "limits: {states: 7, seconds: 100}\n")

    main([spec, "--workers", "2", "--memory", "1.5G", "--seconds", "2", "--engine", "reference", "--keep-going"])

    assert answers["options"] == Options("reference", 2, 3 << 29, 2.0, 7, keep_going=True)


def test_options_may_stand_between_specs(tmp_path: Path, answers: dict[str, Any]) -> None:
    first, second = write_spec(tmp_path, "a.yaml"), write_spec(tmp_path, "b.yaml")

    assert main([first, "--quiet", second, "--set", "constants.tosses=0"]) == 0


def test_directory_means_its_specs_in_order_without_private_ones(
    tmp_path: Path, answers: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("b.yaml", "a.yaml", "_draft.yaml"):
        write_spec(tmp_path / "specs", name)
    write_spec(tmp_path / "specs" / "_old", "c.yaml")
    write_spec(tmp_path / "specs" / "deep", "d.yaml")

    main(["--json", str(tmp_path / "specs")])

    found = [Path(one["spec"]).name for one in json.loads(capsys.readouterr().out)]
    assert found == ["a.yaml", "b.yaml", "d.yaml"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["x.yaml", "--jsn"], "there is no option --jsn\n   = help: did you mean --json?"),
        (["x.yaml", "--memory", "lots"], "'lots' is not an amount of memory: for example 512M, 4G or 16G"),
        (["x.yaml", "--workers", "0"], "'0' is not a whole number above 0"),
        (["x.yaml", "--seconds", "-1"], "'-1' is not a number of seconds above 0"),
        (["x.yaml", "--engine", "fast"], "invalid choice: 'fast'"),
        (["--json"], "the following arguments are required: SPEC|DIR"),
        (["x.yaml", "--expect", "--accept"], "one of them"),
        (["--json", "show", "x.yaml"], "`show` is a command; it comes first"),
        (["show"], "the following arguments are required: SPEC"),
        ([""], "the name of a spec is empty"),
        (["prove", "x.yaml"], "prove is not available yet"),
        (["export", "png", "x.yaml"], "invalid choice: 'png'"),
        (["a.yaml", "b.yaml", "--replay", "0"], "--replay shows a path of one spec"),
    ],
)
def test_wrong_command_line_is_exit_code_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], complaint: str
) -> None:
    assert main(arguments) == 2

    captured = capsys.readouterr()
    assert captured.err.startswith("error[usage]: ")
    assert complaint in captured.err
    assert captured.out == ""


def test_directory_without_specs_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing was checked: that must not look like a pass."""
    assert main([str(tmp_path)]) == 2

    assert "there is no spec (*.yaml) below" in capsys.readouterr().err


def test_spec_called_like_a_command_is_reached_by_its_path(
    tmp_path: Path, answers: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_spec(tmp_path, "show")
    monkeypatch.chdir(tmp_path)

    assert main(["./show"]) == 0


# --- Interruption ---------------------------------------------------------------------------------------------------


def test_interrupted_run_ends_the_whole_command(
    tmp_path: Path, answers: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """One Ctrl-C stops the exploration and keeps what it found; the user does not want the next spec to begin."""
    specs = [write_spec(tmp_path, name) for name in ("a.yaml", "b.yaml")]
    answers["a.yaml"] = answer(specs[0], Outcome.INCONCLUSIVE, why=["the run was interrupted; no violation so far"])

    assert main(specs) == 3

    captured = capsys.readouterr()
    assert "interrupted: 1 of 2 specs not checked" in captured.err
    assert "1 spec: 1 inconclusive" in captured.out
    assert main(["--expect", *specs]) == 1


def test_second_interrupt_exits_at_once(tmp_path: Path, answers: dict[str, Any]) -> None:
    answers["a.yaml"] = KeyboardInterrupt()

    assert main([write_spec(tmp_path, "a.yaml")]) == 3


def test_broken_pipe_is_no_traceback(tmp_path: Path) -> None:
    """`... | head` closes the pipe while we write."""
    reading, writing = os.pipe()
    os.close(reading)

    done = subprocess.run(
        [sys.executable, "-m", "checker", "schema"],
        cwd=ROOT,
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)

    assert done.stderr == ""


def test_interrupted_before_the_search_keeps_the_answers_so_far(
    tmp_path: Path, answers: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    specs = [write_spec(tmp_path, f"{name}.yaml") for name in "abc"]
    answers["b.yaml"] = KeyboardInterrupt()

    assert main(["--json", *specs]) == 3

    captured = capsys.readouterr()
    assert [one["verdict"] for one in json.loads(captured.out)] == ["holds", "inconclusive"]
    assert "interrupted: 1 of 3 specs not checked" in captured.err


@pytest.mark.parametrize("closed", [">&-", "2>&-", "> /dev/full", "2> /dev/full"])
def test_output_that_cannot_be_written_is_no_traceback_and_no_violation(tmp_path: Path, closed: str) -> None:
    command = f'"{sys.executable}" -m checker {write_spec(tmp_path, "a.yaml")} --engine reference {closed}'

    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True)

    assert done.returncode == (2 if closed == "> /dev/full" else 0)
    assert "No space left" in done.stderr if closed == "> /dev/full" else done.stderr == ""


def test_report_that_cannot_be_written_is_refused_before_the_search(
    tmp_path: Path, answers: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    spec = write_spec(tmp_path, "a.yaml")

    assert main([spec, "--report", spec]) == 2

    assert f"error[cannot-write]: {spec}: File exists" in capsys.readouterr().err
    assert "options" not in answers


def test_export_writes_to_what_a_link_names(tmp_path: Path) -> None:
    """Replacing the link by a file would be fatal to /dev/stdout."""
    link, real = tmp_path / "link", tmp_path / "real"
    real.write_text("")
    link.symlink_to(real)

    assert main(["export", "dot", write_spec(tmp_path, "a.yaml"), "--output", str(link)]) == 0

    assert link.is_symlink()
    assert real.read_text().startswith("digraph")


@pytest.mark.parametrize("target", ["nowhere/a.dot", "."])
def test_export_to_nowhere_is_an_error(tmp_path: Path, target: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "dot", write_spec(tmp_path, "a.yaml"), "--output", str(tmp_path / target)]) == 2

    assert "error[cannot-write]:" in capsys.readouterr().err


# --- Progress -------------------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_live_line_is_drawn_on_a_terminal_and_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    stream = Terminal()
    line = LiveLine("txn.yaml", stream)

    line.update(1_200_000, 5_000_000, 12, 300_000, 64 << 20)
    line.finish()

    drawn = stream.getvalue()
    assert "txn.yaml: 1,200,000 states" in drawn
    assert "/s, depth 12, queue 300k, 64 MiB" in drawn
    assert drawn.endswith("\r\x1b[K")


def test_live_line_never_wraps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that wraps cannot be removed with a carriage return."""
    monkeypatch.setenv("COLUMNS", "40")
    stream = Terminal()

    LiveLine("txn.yaml", stream).update(1, 1, 1, 1, 1)

    assert len(stream.getvalue().removeprefix("\r\x1b[K")) < 40


def test_live_line_needs_a_terminal_that_can_erase_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    stream = Terminal()
    line = LiveLine("txn.yaml", stream)

    line.start()
    line.update(1, 1, 1, 1, 1)

    assert stream.getvalue() == ""


def test_live_line_tells_the_rate_so_far_in_the_first_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first figures, of one state or two, must not stand there for a second."""
    clock = iter([100.0, 100.2, 100.6])
    monkeypatch.setattr("checker.progress.time.monotonic", lambda: next(clock))
    monkeypatch.setenv("COLUMNS", "200")
    stream = Terminal()
    line = LiveLine("txn.yaml", stream)

    line.update(1, 1, 1, 1, 1)
    line.update(600_000, 1, 1, 1, 1)

    assert "600,000 states, 1M/s" in stream.getvalue()


def test_live_line_is_silent_when_piped() -> None:
    stream = io.StringIO()
    line = LiveLine("txn.yaml", stream)

    line.update(1, 1, 1, 1, 1)
    line.finish()

    assert stream.getvalue() == ""


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0"), (999, "999"), (1234, "1.23k"), (3.2e6, "3.2M"), (5e12, "5000G")]
)
def test_quantity(number: float, text: str) -> None:
    assert quantity(number) == text


# --- The real thing -------------------------------------------------------------------------------------------------


def test_a_counterexample_can_be_replayed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = write_spec(tmp_path, "a.yaml")
    overridden = ["--set", "deadlock=report", "--engine", "reference"]

    assert main(["--json", spec, *overridden]) == 1
    found = next(one for one in json.loads(capsys.readouterr().out)["properties"] if one["verdict"] == "violated")
    assert main([spec, "--set", "deadlock=report", "--replay", found["replay"]]) == 0

    replayed = capsys.readouterr().out
    assert "player" in replayed
    assert replayed.splitlines()[-1].startswith("deadlock: nothing but a fault")
    assert main([spec, "--replay", "0/99"]) == 2
    assert "error[replay]" in capsys.readouterr().err


@pytest.mark.parametrize("format", ["dot", "svg", "graphml", "json", "itf", "mermaid", "csv", "shiviz"])
def test_export(tmp_path: Path, capsys: pytest.CaptureFixture[str], format: str) -> None:
    spec = write_spec(tmp_path, "a.yaml")
    target = tmp_path / "exported"

    assert main(["export", format, spec, "--set", "deadlock=report", "--output", str(target)]) == 0

    assert "heard" in target.read_text()
    assert capsys.readouterr().out == ""


def test_export_refuses_a_graph_that_is_too_large(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "dot", write_spec(tmp_path, "a.yaml"), "--states", "1"]) == 2

    assert "the state graph has more than 1 states" in capsys.readouterr().err


def test_show_tells_what_takes_effect(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = write_spec(tmp_path, "a.yaml", "faults: {crash: {player: 1}, lose: unlimited}\nnot_modelled: [Edges.]\n")

    assert main(["show", spec, "--set", "actors.player.count=2"]) == 0

    shown = capsys.readouterr().out
    assert "player-2  Player   referee=referee, favourite=HEADS" in shown
    assert "player-1 -> referee  fifo, capacity 4, when full: error  Result" in shown
    assert "crash  player: 1" in shown
    assert "Edges." in shown


def test_show_tells_the_settings_of_a_pipeline_and_where_they_come_from(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(ROOT / "specs" / "txn.yaml")]) == 0

    settings = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["payer.consumer.isolation.level", "read_committed", "given"] in settings
    assert ["payer.producer.acks", "all", "default", "of", "3.9", "ProducerConfig;", "KIP-679"] in settings


def test_schema_describes_the_wired_form(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0

    schema = json.loads(capsys.readouterr().out)
    wired = schema["$defs"]["wired"]
    assert set(wired["required"]) == {"title", "model", "actors", "check"}
    assert wired["additionalProperties"] is False


def test_schema_chooses_the_form_by_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    class Topic(BaseModel):
        partitions: int = 1

    class Document(BaseModel):
        topics: dict[str, Topic] = Field(alias="kafka.topics")

    monkeypatch.setattr(spec_schema, "pipeline_forms", lambda: {"toy": Document})

    schema = spec_schema.schema_document()

    toy = schema["$defs"]["pipeline_toy"]
    assert schema["if"]["properties"]["model"] == {"const": "toy"}
    assert schema["then"] == {"$ref": "#/$defs/pipeline_toy"}
    assert schema["else"] == {"$ref": "#/$defs/wired"}
    assert {"title", "model", "expect", "limits", "deadlock", "kafka.topics"} <= set(toy["properties"])
    assert toy["properties"]["kafka.topics"]["additionalProperties"] == {"$ref": "#/$defs/pipeline_toy/$defs/Topic"}
    assert "Topic" in toy["$defs"]


def test_help_is_quick_and_imports_nothing_heavy() -> None:
    """0.3 s is the promise, 0.06 s was measured; the limit leaves room for a machine that is busy otherwise."""
    code = "import sys; from checker.cli import main; main(['--help']); print(sorted(sys.modules))"
    began = time.perf_counter()

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert time.perf_counter() - began < 1.5
    heavy = {"pydantic", "numba", "numpy", "llvmlite", "networkx", "ruamel", "z3", "rich", "graphviz"}
    loaded = done.stdout.splitlines()[-1]
    assert not [name for name in heavy if f"'{name}'" in loaded]


def test_no_arguments_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2

    assert "usage: python -m checker SPEC|DIR..." in capsys.readouterr().out


def test_several_specs_at_once_give_the_answers_of_one_after_the_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """--quiet lets processes share the work: the same answers, wrong specs included, in the same order."""
    specs = [write_spec(tmp_path, name) for name in ("a.yaml", "b.yaml", "c.yaml")]
    Path(specs[1]).write_text("title: nothing else\n")

    def found(*options: str) -> tuple[int, list[dict[str, Any]], str]:
        code = main(["--json", *options, *specs])
        output = capsys.readouterr()
        documents = json.loads(output.out)
        return code, [{**one, "seconds": None, "memory_bytes": None} for one in documents], output.err

    assert found("--quiet") == found()
