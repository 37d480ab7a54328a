"""The HTML report, read as a file: well-formed, small, sealed against the network and whatever names a spec has.

What needs a browser is in test_html_browser.py.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path as FilePath
from typing import Any

import pytest
import report_samples as samples
from hypothesis import given, settings
from hypothesis import strategies as some
from test_reports_fuzz import paths, values

from checker.cli import main
from checker.verdict import Diagnosis, Parting, Path, Plumbing, Result
from reports import why, words
from reports.html import Entry, index, page, path_page
from reports.html.markup import Markup, tag
from reports.sequence import Marks, embedded, sequence_svg

PAGES = {
    "violated": samples.violated,
    "told": samples.told,
    "holds": samples.holds,
    "inconclusive": samples.inconclusive,
    "vacuous": samples.vacuous,
    "problem": samples.problem,
    "hostile": samples.hostile,
    "hostile_told": samples.hostile_told,
    "connected": samples.connected,
    "remarked": samples.remarked,
}
VOID = {"meta", "input", "br", "hr", "col"}
ALONE = {"path", "rect", "line", "circle", "use"}  # Of SVG: they may close themselves.


class Reader(HTMLParser):
    """The elements of a page, and that they are closed in the order in which they were opened."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self.declarations: list[str] = []

    def handle_starttag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        assert len({key for key, _ in attributes}) == len(attributes), f"an attribute twice in {name}"
        self.elements.append((name, dict(attributes)))
        if name not in VOID:
            self.open.append(name)

    def handle_startendtag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        assert name in ALONE
        self.elements.append((name, dict(attributes)))

    def handle_endtag(self, name: str) -> None:
        assert self.open, f"</{name}> closes nothing"
        assert self.open.pop() == name

    def handle_data(self, content: str) -> None:
        if self.open and self.open[-1] in self.raw:
            self.raw[self.open[-1]].append(content)
        else:
            self.texts.append(content)

    def handle_decl(self, declaration: str) -> None:
        self.declarations.append(declaration)

    def handle_comment(self, content: str) -> None:
        raise AssertionError(f"a comment, of all things: {content}")

    def handle_pi(self, content: str) -> None:
        raise AssertionError(f"an instruction: {content}")

    def named(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for element, attributes in self.elements if element == name]

    def classed(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for _, attributes in self.elements if name in (attributes.get("class") or "").split()]

    @property
    def said(self) -> str:
        return " ".join("".join(self.texts).split())


def read(written: str) -> Reader:
    reader = Reader()
    reader.feed(written)
    reader.close()
    assert reader.open == []
    return reader


def page_named(name: str) -> Reader:
    return read(page(PAGES[name]()))


def data_of(reader: Reader) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(reader.raw["script"][0])
    return found


# --- Form -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_well_formed_and_names_nothing_twice(name: str) -> None:
    reader = page_named(name)

    ids = [attributes["id"] for _, attributes in reader.elements if "id" in attributes]
    assert reader.declarations == ["DOCTYPE html"]
    assert len(ids) == len(set(ids))
    assert reader.named("html") == [{"lang": "en"}]


@pytest.mark.parametrize("name", PAGES)
def test_every_reference_is_to_the_page_itself(name: str) -> None:
    written = page(PAGES[name]())
    reader = read(written)
    ids = {attributes["id"] for _, attributes in reader.elements if "id" in attributes}
    sections = {attributes["data-path"] for attributes in reader.named("section") if "data-path" in attributes}

    for element, attributes in reader.elements:
        for key, value in attributes.items():
            assert key not in ("src", "srcset", "action", "data", "poster", "background", "style"), (element, key)
            assert not key.startswith("on"), (element, key)
            if key in ("href", "xlink:href"):
                assert value is not None
                place = re.fullmatch(r"#path=(\d+)&step=\d+", value)
                assert value[1:] in ids or (place and place[1] in sections), value
    sheet = "".join(reader.raw["style"])
    assert "url(" not in sheet
    assert "@import" not in sheet


@pytest.mark.parametrize("name", PAGES)
def test_nothing_can_run_or_load_but_what_stands_in_the_page(name: str) -> None:
    """The policy names the style and the script by their digests, and these are the digests of what stands there."""
    reader = page_named(name)

    policy = next(one["content"] for one in reader.named("meta") if one.get("http-equiv") == "Content-Security-Policy")
    style, code = reader.raw["style"][0], reader.raw["script"][-1]
    expected = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (style, code)]
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{expected[0]}'; script-src 'sha256-{expected[1]}'; "
        "base-uri 'none'; form-action 'none'"
    )
    assert len(reader.named("style")) == 1
    assert reader.named("script") == [{"type": "application/json", "id": "data"}, {}]


@pytest.mark.parametrize("name", PAGES)
def test_a_label_is_for_something_and_pictures_have_a_description(name: str) -> None:
    reader = page_named(name)
    ids = {attributes["id"] for _, attributes in reader.elements if "id" in attributes}

    for section in reader.classed("path"):
        if section.get("data-path") is not None and "aria-labelledby" in section:
            assert section["aria-labelledby"] in ids
    for box in reader.classed("sequence"):
        assert box.get("aria-label") or "paper" in (box["class"] or "")
    for slider in reader.classed("slider"):
        assert slider["aria-label"]
    assert sum(element == "h1" for element, _ in reader.elements) == 1


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_the_same_every_time(name: str) -> None:
    assert page(PAGES[name]()) == page(PAGES[name]())


def test_the_script_never_writes_markup() -> None:
    code = page_named("told").raw["script"][-1]

    for forbidden in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"):
        assert forbidden not in code


# --- Hostile texts --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sample", samples.HOSTILE)
def test_text_is_text_wherever_it_stands(sample: str) -> None:
    reader = read(tag("p", sample, title=sample, data_x=sample))

    assert reader.elements == [("p", {"title": words.clean(sample), "data-x": words.clean(sample)})]
    assert "".join(reader.texts) == words.clean(sample)


def test_only_markup_is_not_escaped() -> None:
    assert tag("p", "<b>", Markup("<i></i>"), None) == "<p>&lt;b&gt;<i></i></p>"
    assert tag("input", disabled=True, value=None, checked=False, class_="a") == '<input disabled class="a">'


@pytest.mark.parametrize("name", ["hostile", "hostile_told"])
def test_hostile_names_make_no_elements(name: str) -> None:
    """No kind of element but those that harmless names have, and every name is there as text."""
    reader = page_named(name)
    harmless = {element for other in ("told", "problem", "holds") for element, _ in page_named(other).elements}

    assert {element for element, _ in reader.elements} <= harmless
    assert len(reader.named("script")) == 2
    for sample in samples.HOSTILE:
        assert " ".join(words.clean(sample).split()) in reader.said
    assert "\u202e" not in reader.said
    assert "\u202e" not in reader.raw["script"][0]


@pytest.mark.parametrize("name", ["hostile", "hostile_told"])
def test_data_cannot_leave_its_element(name: str) -> None:
    written = page(PAGES[name]())

    block = written.split('id="data">', 1)[1].split("</script>", 1)[0]
    assert "<" not in block
    assert isinstance(json.loads(block), list)
    written.encode("utf-8")  # No half surrogates.


# --- Content --------------------------------------------------------------------------------------------------------


def test_the_head_says_what_decided_when_it_was_too_late_and_how_few_faults_it_takes() -> None:
    said = page_named("told").said

    assert "no_duplicates is broken in 16 steps, 4 of them faults." in said
    assert "Each record is in the partition's log at most once." in said
    assert "record 0 is in the log twice: producer_id 2 at offset 0, producer_id 1 at offset 1." in said
    assert (
        "Step 8, the crash of producer. Before it the guarantee would have been kept without further faults, "
        "in whatever order the rest had happened."
    ) in said
    assert "After step 13 (partition-1: append) nothing saves it" in said
    assert "2 faults are needed: crash producer and delay ProduceRequest. A path with just these is shown" in said
    assert "The frontier was not computed" in said or "the frontier was not computed" in said
    assert "--replay 0/1/0/2" in said
    assert "What a producer id is for." in said
    assert "A producer writes two records." in said
    assert "idempotent_producer.yaml: all is the same up to step 8; in step 9 (" in said
    assert "idempotent_producer.yaml: otherwise" in said


@pytest.mark.parametrize(
    ("premises", "said"),
    [
        (
            {"version": "3.9", "without": "exclusive_bound"},
            "This spec takes exclusive_bound out of version 3.9 on purpose: it shows what that mechanism is for, not a "
            "bug of that version.",
        ),
        ({"version": "4.2", "fixes": "KAFKA-20785"}, "adds KAFKA-20785, which no release has, to version 4.2: "),
        (
            {"proposed": "KIP-939"},
            "adds KIP-939, which is proposed and which no release has, to the version it names: ",
        ),
        ({"version": "3.9", "connector": "3.2"}, ""),
    ],
)
def test_what_is_not_of_a_release_is_said_first(premises: dict[str, str], said: str) -> None:
    """Who reads "violated" and "3.9" together, and not that a mechanism was taken out, believes in a bug of 3.9."""
    result = replace(samples.told(), premises=premises)
    written = page(result)

    assert said in why.banner(result)
    assert ('class="banner"' in written) == bool(said)
    if said:
        assert written.index("<h1>") < written.index('class="banner"') < written.index('class="lead"')


def test_of_a_pass_without_a_mechanism_nothing_is_said_to_be_broken() -> None:
    said = why.banner(replace(samples.holds(), premises={"version": "4.1", "without": "one, another"}))

    assert said.startswith("This spec takes one, another out of version 4.1 on purpose: the answer is about what ")
    assert "bug" not in said


def opens(result: Result) -> object:
    return data_of(read(page(result)))[0]["opens"]


def test_a_page_opens_where_the_system_goes_wrong() -> None:
    """At the first remark from the last fault on; else at the first; else where a fix acts; else at that fault; else
    where it was too late; else at the end."""
    remarked, told = samples.remarked(), samples.told()
    assert opens(remarked) == 13
    remarked.properties[1] = replace(remarked.properties[1], diagnosis=Diagnosis(pivot=14))
    assert opens(remarked) == 4
    assert opens(told) == 9
    broken = told.properties[1]
    assert broken.path is not None
    assert broken.diagnosis is not None
    early = Parting("other.yaml", 2)
    for parting in (None, early):
        told.properties[1] = replace(broken, diagnosis=replace(broken.diagnosis, parting=parting))
        assert opens(told) == 8
    told.properties[1] = replace(broken, diagnosis=Diagnosis(no_return=13))
    assert opens(told) == 13
    told.properties[1] = replace(broken, diagnosis=Diagnosis(no_return=0))
    assert opens(told) == 16
    first = replace(remarked.properties[1], diagnosis=Diagnosis(no_return=16))
    remarked.properties[1] = first
    assert opens(remarked) == 4, "no fault is needed: the first remark"


def test_a_remark_is_in_the_words_the_list_and_the_picture() -> None:
    written = page(samples.remarked())

    assert '<li class="remark">← accepted, and the leader cannot know that it has it already</li>' in written
    assert re.search(r'<li class="key-remark">.*?step 13</a> <bdi>partition-1</bdi>: accepted, and', written)
    assert 'class="note note-remark"' in written
    assert [at for at in ("badge bad", "badge over") if f'class="{at}">' in written] == ["badge bad", "badge over"]


def test_what_there_is_nothing_of_and_what_is_a_default_is_told_on_request() -> None:
    written = page(samples.remarked())

    bounds = written.partition("<h3>Bounds</h3>")[2].partition("</section>")[0]
    at_once, _, folded = bounds.partition("<details>")
    assert "<dt>records</dt><dd>2</dd>" in at_once
    assert "<dt>ordered</dt>" in at_once, "False is no number"
    assert "generations" not in at_once
    assert "<summary>none (0) of 2 more</summary>" in folded
    assert "<code>generations</code>" in folded
    chosen, _, rest = written.partition("<h3>Settings</h3>")[2].partition("</section>")[0].partition("<details>")
    assert "<dt>acks</dt><dd>1</dd>" in chosen
    assert "linger.ms" not in chosen
    assert rest.startswith("<summary>2 defaults</summary>")


def test_the_path_at_a_glance_has_every_step_and_fault() -> None:
    glance = page(samples.remarked()).partition('<div class="glance">')[2].partition('<dl class="why more">')[0]

    assert len(re.findall("<circle ", glance)) == 16
    assert len(re.findall('<circle class="bad"', glance)) == 4
    assert 'aria-label="The path at a glance, 16 steps; faults in steps: 5, 7, 8 and 14"' in glance
    assert re.findall(r"<a [^>]*>(step \d+)</a>", glance) == ["step 4", "step 8", "step 13", "step 13"]


def test_without_a_diagnosis_nothing_is_made_up() -> None:
    said = page_named("violated").said

    for absent in ("What set it off", "Too late", "Fewest faults", "last fault it takes", "too late"):
        assert absent not in said.split("How to read this page")[0]


def test_a_fault_that_an_actor_plays_is_marked_like_any_other() -> None:
    result = samples.told()
    steps = [{"actor": "member", "action": "exceed_poll_interval", "played": "max_poll_interval"}]
    path = samples.make_path({"member": {"late": "0"}}, steps)
    result.properties = [replace(result.properties[1], path=path, diagnosis=Diagnosis(pivot=1, fewest_faults={}))]

    reader = read(page(result))

    assert "fault max_poll_interval" in reader.said
    assert "Step 1, the fault max_poll_interval (member: exceed_poll_interval)." in reader.said
    assert data_of(reader)[0]["faults"] == [1]
    assert len([one for one in reader.classed("fault") if "rx" in one]) == 1


def test_no_fault_needed_is_said() -> None:
    result = samples.told()
    assert result.properties[1].diagnosis is not None
    found = replace(result.properties[1].diagnosis, pivot=None, fewest_faults={}, fewest_path=None)
    result.properties[1] = replace(result.properties[1], diagnosis=found)

    assert "None is needed: it happens without any fault." in read(page(result)).said


def test_paths_stand_in_the_order_of_what_a_reader_wants_first() -> None:
    """Violated, shortest first; then with the fewest faults; then how a goal is reached."""
    result = samples.told()
    result.properties.append(samples.violated().properties[1])  # in_order, a step longer

    headings = re.findall(r'<h2 id="path-\d-title">(.*?) <span', page(result))

    assert headings == [
        "Broken: no_duplicates",
        "Broken: in_order",
        "Broken with the fewest faults: no_duplicates",
        "How every_record_confirmed is reached",
    ]


def test_states_can_be_put_together_from_their_differences() -> None:
    path = samples.incident()
    found = data_of(page_named("told"))[0]
    fields = found["fields"]
    values = [list(one) for one in found["start"]]  # type: ignore[attr-defined]
    for number, (_, changes, _) in enumerate(found["steps"], start=1):  # type: ignore[arg-type, misc]
        for place, at, value, *_ in changes:
            values[place][at] = value
        state = {
            actor: dict(zip(fields[place], values[place], strict=True))  # type: ignore[index]
            for place, actor in enumerate(found["actors"])  # type: ignore[arg-type]
        }
        assert state == path.states[number]


def test_messages_under_way_are_those_of_the_links_where_the_states_show_them() -> None:
    path = samples.incident()
    states = tuple(
        state
        | {"network": {"the link a -> b": "(M(x=1), M(x=2))", "the late messages to b": "(L(),)", "the link b": ""}}
        for state in path.states
    )
    result = samples.violated()
    result.properties = [replace(result.properties[2], path=replace(path, states=states))]

    found = data_of(read(page(result)))[0]

    assert found["messages"] == [["a -> b", "M(x=1)", False], ["a -> b", "M(x=2)", False], ["to b", "L()", True]]
    assert found["onLinks"] == [[0, 1, 2]] * 17
    assert "network" not in found["actors"]  # type: ignore[operator]


def test_values_are_told_without_their_plumbing_and_kept_whole() -> None:
    """Both, and each once: `all fields` shows what is there."""
    result = samples.told()
    broken = result.properties[1]
    assert broken.path is not None
    plumbing = Plumbing(frozenset({"epoch"}))
    result.properties[1] = replace(broken, path=replace(broken.path, plumbing=plumbing))

    found: Any = data_of(read(page(result)))[0]

    whole = "(Entry(producer_id=2, epoch=0, sequence=0, record=0),)"
    assert found["short"][whole] == "(Entry(producer_id=2, sequence=0, record=0),)"
    assert whole in [value for _, changes, _ in found["steps"] for _, _, value, *_ in changes]
    assert "0" not in found["short"]


def test_without_links_in_the_states_messages_are_followed() -> None:
    found = data_of(page_named("violated"))[0]
    held = [[found["messages"][number] for number in at] for at in found["onLinks"]]  # type: ignore[index, attr-defined]

    request = "ProduceRequest(producer_id=1, epoch=0, sequence=0, record=0)"
    assert held[0] == []
    assert [late for _, message, late in held[6] if message == request] == [True, False]  # One held up, one just sent.
    assert not [message for _, message, _ in held[16] if message == request]


def test_a_log_is_told_once_however_long_it_stays_the_same() -> None:
    found = data_of(page_named("told"))[0]

    assert len(found["logs"]) == 4  # type: ignore[arg-type]
    assert found["shows"] == [[0]] * 13 + [[1, 2]] * 3 + [[3, 2]]
    assert found["transactions"] == ["producer 2, epoch 0", "producer 1, epoch 0"]


def test_the_record_that_the_verdict_names_is_marked_and_no_other() -> None:
    """``record 0`` is named; ``record 00`` and ``record 1`` are not."""
    reader = page_named("told")

    assert len(reader.classed("accused")) == 1
    assert reader.said.count("named in the verdict") == 1
    assert '<bdi>record 0</bdi> <span class="badge bad">named' in page(samples.told())


def test_the_ledger_leads_to_its_steps() -> None:
    written = page(samples.told())

    assert 'payments-0 @ 4 <a href="#path=1&amp;step=16" class="when" data-goto="16">step 16</a>' in written
    assert "from the start" in written


def test_the_card_says_all_that_limits_the_answer() -> None:
    said = page_named("told").said

    for expected in (
        "violated in 16 steps",
        "not decided",
        "up to 1 a run",
        "in 120 transitions",
        "producer_ids",
        "batching: a batch is one record",
        "enable.idempotence needs it",
        "the search stopped at the violation",
        "if was never true",
    ):
        assert expected in said


def test_a_pass_shows_how_its_goals_are_reached() -> None:
    said = page_named("holds").said

    assert "Kept in every state: exactly_once: orders -> payments and no_aborted_read: ledger." in said
    assert "How all_delivered: ledger is reached" in said
    assert "never" in page_named("vacuous").said
    assert "proved" not in said.lower()


def test_an_inconclusive_answer_has_a_page_without_paths() -> None:
    reader = page_named("inconclusive")

    assert reader.classed("slider") == []
    assert "No violation in the first 23 levels." in reader.said
    assert "Nothing is known about what lies deeper." in reader.said


@pytest.mark.parametrize("good", [True, False])
def test_a_path_by_itself_has_a_page(good: bool) -> None:
    """Without a verdict and a card; as hostile as it may be."""
    for path in (samples.crowd(), samples.hostile().properties[0].path):
        assert path is not None
        reader = read(path_page(path, samples.HOSTILE[0], samples.HOSTILE[1], ("reached: p", "It is so"), good))

        assert "reached: p" in reader.said
        assert "It is so." in reader.said
        assert "What this answer covers" not in reader.said
        assert len(reader.classed("slider")) == 1
    assert "A path" in read(path_page(samples.crowd())).said


def test_a_violation_of_the_initial_state_has_a_page() -> None:
    result = samples.violated()
    empty = Path((), ({"a": {"b": "0"}},), "0")
    result.properties = [replace(result.properties[2], path=empty, diagnosis=Diagnosis())]

    said = read(page(result)).said

    assert "is broken in the initial state." in said
    assert "It is so in the initial state, before any step." in said


# --- The picture ----------------------------------------------------------------------------------------------------


def test_every_step_can_be_addressed_in_the_picture() -> None:
    drawn = embedded(samples.incident(), "p1-", Marks()).body

    assert [int(number) for number in re.findall(r'id="p1-step-(\d+)" data-step="\1"', drawn)] == list(range(1, 17))
    assert 'class="fold"' not in drawn


def test_steps_between_those_shown_are_folded_and_none_is_lost() -> None:
    marks = Marks(frozenset({5, 7, 8, 9, 16}), pivot=8, no_return=16)

    drawn = embedded(samples.incident(), "p1s-", marks).body

    rows = {int(number) for number in re.findall(r'data-step="(\d+)"', drawn)}
    folds = [tuple(map(int, found)) for found in re.findall(r'data-first="(\d+)" data-last="(\d+)"', drawn)]
    assert folds == [(1, 4), (10, 15)]
    assert rows == {5, 6, 7, 8, 9, 16}  # 6 stands alone between two: a fold of it would be no shorter.
    assert drawn.count('class="note note-pivot"') == drawn.count('class="note note-no-return"') == 1


def test_a_picture_by_itself_and_one_in_a_page_have_the_same_layout() -> None:
    path = samples.crowd()

    def boxes(drawn: str) -> list[str]:
        return re.findall(r'<rect class="(?:step|fault|tag|back|arrived-late)"[^>]*height="([\d.]+)"', drawn)

    assert boxes(sequence_svg(path)) == boxes(embedded(path, "x-", Marks()).body)


def test_a_page_may_end_between_two_steps_only() -> None:
    drawn = embedded(samples.incident(), "p1-", Marks())
    rows = re.findall(r'<rect class="hit" x="0" y="([\d.]+)" width="\d+" height="([\d.]+)"', drawn.body)

    assert drawn.breaks[-1] == drawn.height
    for at in drawn.breaks:
        assert not any(float(top) + 4 < at < float(top) + float(height) - 4 for top, height in rows)


# --- Size and time --------------------------------------------------------------------------------------------------


def long_path(steps: int) -> Path:
    """A path as long as the longest of specs/, with as many fields and logs as the largest model has."""
    once = samples.incident()
    few = {f"actor-{number}": {f"field_{at}": "Entry(a=1, b=2, c={0: 1})" for at in range(20)} for number in range(8)}
    states = [once.states[0] | few]
    made = []
    for number in range(1, steps + 1):
        step = once.steps[(number - 1) % len(once.steps)]
        made.append(replace(step, number=number))
        states.append(once.states[(number - 1) % len(once.steps) + 1] | few)
    logs = samples.incident_logs()
    told = tuple(logs[min(number, len(logs) - 1)] for number in range(steps + 1))
    return Path(tuple(made), tuple(states), "/".join("0" * (steps + 1)), told, samples.incident_ledger())


def test_a_long_path_makes_a_small_page_soon() -> None:
    """Less than 2 s and 1 MB for more than 60 steps; five such paths in one page still are less than 1 MB."""
    result = samples.told()
    found = Diagnosis(8, 60, tuple(range(1, 67, 2)))
    result.properties = [
        replace(result.properties[1], name=f"p{number}", path=long_path(67), diagnosis=found) for number in range(5)
    ]
    began = time.perf_counter()

    written = page(result)

    assert time.perf_counter() - began < 2 * 5
    assert len(written.encode()) < 1_000_000


# --- Files ----------------------------------------------------------------------------------------------------------


def test_an_index_leads_to_each_report() -> None:
    reader = read(
        index(
            [
                Entry("specs/a.yaml", "A title", "violated", "no_loss in 3 steps", "a.html"),
                Entry("specs/<b>.yaml", "<script>", "error", "2 mistakes, see above"),
            ]
        )
    )

    assert [one["href"] for one in reader.named("a")] == ["a.html"]
    assert reader.named("script") == []
    assert "2 specs: 1 violated, 1 error." in reader.said
    assert "specs/<b>.yaml" in reader.said


def test_reports_of_several_specs_have_an_index(
    tmp_path: FilePath, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reports.diagram.svg", lambda dot: "")  # Graphviz takes long to start.
    specs = ["specs/textbook/die_hard.yaml", "specs/textbook/two_phase_commit_3.yaml"]

    main([*specs, "--quiet", "--report", str(tmp_path)])

    reader = read((tmp_path / "index.html").read_text())
    assert [one["href"] for one in reader.named("a")] == ["die_hard.html", "two_phase_commit_3.html"]
    for name in ("die_hard.html", "two_phase_commit_3.html"):
        read((tmp_path / name).read_text())
    assert str(tmp_path / "index.html") in capsys.readouterr().err


def test_the_files_of_the_page_are_part_of_the_package() -> None:
    assert {"report.css", "report.js"} <= {one.name for one in (FilePath("reports") / "html").iterdir()}


def test_a_result_without_anything_has_a_page() -> None:
    empty = Result("s.yaml", "", samples.holds().outcome, [], samples.holds().explored)

    assert "s.yaml" in read(page(empty)).said


# --- Any path -------------------------------------------------------------------------------------------------------


@some.composite
def explained(draw: some.DrawFn) -> Result:
    """A violation with an arbitrary path, and a diagnosis that points anywhere in it, or beside it."""
    path = draw(paths())
    numbers = some.integers(0, len(path.steps) + 1)
    diagnosis = Diagnosis(
        draw(some.none() | numbers),
        draw(some.none() | numbers),
        tuple(draw(some.lists(numbers, unique=True))),
        draw(some.none() | some.dictionaries(values, some.integers(0, 2), max_size=2)),
    )
    result = samples.violated()
    result.properties = [replace(result.properties[2], path=path, diagnosis=diagnosis)]
    return result


@settings(max_examples=60, deadline=None)
@given(explained())
def test_any_path_has_a_page(result: Result) -> None:
    """Well-formed; every step is in each picture once, by itself or in a fold."""
    path = result.properties[0].path
    assert path is not None
    reader = read(page(result))

    pictures: list[list[int]] = []
    for element, attributes in reader.elements:
        if element == "div" and "picture" in (attributes.get("class") or "").split():
            pictures.append([])
        if element == "g" and attributes.get("class") == "row":
            pictures[-1].append(int(attributes["data-step"] or 0))
        if element == "g" and attributes.get("class") == "fold":
            pictures[-1] += range(int(attributes["data-first"] or 0), int(attributes["data-last"] or 0) + 1)
    assert [sorted(one) for one in pictures] == [[step.number for step in path.steps]] * len(pictures)
    assert len(pictures) == 0 if not path.steps else len(pictures) in (1, 2)
    assert len(data_of(reader)[0]["steps"]) == len(path.steps)  # type: ignore[arg-type]
