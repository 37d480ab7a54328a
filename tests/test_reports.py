"""Verdicts as text, JSON, files and the state graph, from hand-made results.

SNAP_UPDATE=1 rewrites tests/snapshots/.
"""

from __future__ import annotations

import dataclasses
import json as standard_json
import os
import re
import stat
from pathlib import Path as FilePath
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import networkx
import pytest
import report_samples as samples

from checker.verdict import Change, Outcome, Path, PathStep, PropertyResult, PropertyVerdict, Result, SentMessage
from reports import diagram, files, graph, itf, json, text, why, words
from reports.flights import Fate, flights, origins

SNAPSHOTS = FilePath(__file__).parent / "snapshots"
RESULTS = {
    "violated": samples.violated,
    "holds": samples.holds,
    "inconclusive": samples.inconclusive,
    "vacuous": samples.vacuous,
    "problem": samples.problem,
    "hostile": samples.hostile,
    "connected": samples.connected,
}
ESCAPE_SEQUENCE = re.compile(r"\x1b\[[0-9;]*m")


def check_snapshot(name: str, found: str) -> None:
    file = SNAPSHOTS / name
    if os.environ.get("SNAP_UPDATE"):
        file.write_text(found, encoding="utf-8", newline="\n")

    assert found == file.read_text(encoding="utf-8")


# --- Text -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", RESULTS)
def test_each_outcome_reads_as_agreed(name: str) -> None:
    check_snapshot(f"{name}.txt", text.render(RESULTS[name]()))


def test_a_narrow_terminal_and_long_names_put_the_details_on_their_own_lines() -> None:
    check_snapshot("violated_70_columns.txt", text.render(samples.violated(), width=70))


def test_verbose_adds_states_and_hides_nothing() -> None:
    check_snapshot("violated_verbose.txt", text.render(samples.violated(), verbose=True))


def test_the_summary_has_a_line_for_each_spec() -> None:
    rows = [
        samples.violated(),
        text.summary_row(samples.holds(), "distinct_states is 1,234,567; the spec expects 1,234,568"),
        samples.problem(),
        text.SummaryRow("specs/x.yaml", "error", "unknown key `acktors`"),
    ]

    check_snapshot("summary.txt", text.render_summary(rows))


@pytest.mark.parametrize("name", RESULTS)
def test_colour_only_repeats_what_the_words_say(name: str) -> None:
    """A reader without colours, or who cannot tell red from green, loses nothing."""
    result = RESULTS[name]()

    colored = text.render(result, color=True)

    assert ESCAPE_SEQUENCE.search(colored)
    assert _without_trailing_spaces(ESCAPE_SEQUENCE.sub("", colored)) == text.render(result)


def _without_trailing_spaces(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.split("\n"))


@pytest.mark.parametrize("width", [60, 80, 96])
@pytest.mark.parametrize("name", ["violated", "holds", "inconclusive", "vacuous", "problem"])
def test_no_line_is_longer_than_the_terminal(name: str, width: int) -> None:
    lines = text.render(RESULTS[name](), width=width).splitlines()

    too_long = [line for line in lines if words.columns(line) > width and "replay:" not in line]

    assert [line for line in too_long if "specs/" not in line and "up to" not in line] == []


@pytest.mark.parametrize("name", RESULTS)
def test_nothing_is_called_proved(name: str) -> None:
    assert "prove" not in text.render(RESULTS[name](), verbose=True).lower()


def test_a_violation_of_the_initial_state_shows_that_state() -> None:
    result = samples.violated()
    broken = dataclasses.replace(result.properties[2], path=Path((), ({"tank": {"level": "9"}},), "0"))
    result.properties = [broken]

    shown = text.render(result)

    assert shown.startswith("violated: no_duplicates in 0 steps (")
    assert "tank: level=9" in shown


def test_a_result_without_anything_is_still_a_text() -> None:
    explored = samples.Explored(0, 0, 0, 0, False)
    for outcome in Outcome:
        assert text.render(Result("s.yaml", "", outcome, [], explored)).startswith(f"{outcome.value}: ")


# --- Words ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("0", "1", "f: 0 -> 1"),
        (
            "()",
            "(Entry(record=0, producer_id=1, epoch=0),)",
            "f gains Entry(record=0, producer_id=1, epoch=0) (length 1)",
        ),
        ("(aaaaaaaaaa, bbbbbbbbbb, cccccccc)", "(cccccccc,)", "f drops aaaaaaaaaa, bbbbbbbbbb (length 1)"),
        ("(aaaaaaaaaa, bbbbbbbbbb, cccccccc)", "(aaaaaaaaaa,)", "f loses bbbbbbbbbb, cccccccc (length 1)"),
        ("(aaaaaaaaaa, bbbbbbbbbb, cccccccc)", "(aaaaaaaaaa, x, cccccccc)", "f[1]: bbbbbbbbbb -> x"),
        ("{aaaaaaaaaa, bbbbbbbbbb, cccccccc}", "{aaaaaaaaaa, x, cccccccc}", "f gains x; f loses bbbbbbbbbb"),
        (
            "{k1: Txn(state=EMPTY, epoch=0), k2: 0}",
            "{k1: Txn(state=ONGOING, epoch=0), k2: 0}",
            "f[k1].state: EMPTY -> ONGOING",
        ),
        ("Txn(state=EMPTY, partitions={1, 2, 3})", "Txn(state=DEAD, partitions={1, 2, 3})", "f.state: EMPTY -> DEAD"),
        ("Txn(state=EMPTY, partitions={1, 2, 3})", "None", "f: Txn(state=EMPTY, partitions={1, 2, 3}) -> None"),
        (
            "(((((((((((((((((((((((((((((((((((",
            "))))))))))))",
            "f: ((((((((((((((((((((((((((((((((((( -> ))))))))))))",
        ),
        (
            "('it', \"isn't, is it\", 'no commas, please')",
            "('it',)",
            "f loses \"isn't, is it\", 'no commas, please' (length 1)",
        ),
    ],
)
def test_only_what_differs_in_a_long_value_is_said(before: str, after: str, said: str) -> None:
    assert words.change(Change("a", "f", before, after), whose="a") == said


def test_a_change_of_another_actor_names_it() -> None:
    assert words.change(Change("b", "f", "0", "1"), whose="a") == "b.f: 0 -> 1"


@pytest.mark.parametrize("sample", [*samples.HOSTILE, "\x9b31m", "\u2028", "\ufffe", "\U0001fffe"])
def test_cleaned_text_cannot_drive_a_terminal_or_break_xml(sample: str) -> None:
    cleaned = words.clean(sample)

    assert ElementTree.fromstring(f"<a>{escape(cleaned)}</a>").text in (cleaned, None)
    assert cleaned.isprintable()
    assert not any("\u202a" <= character <= "\u202e" for character in cleaned)


@pytest.mark.parametrize("width", [1, 2, 3, 7, 40])
@pytest.mark.parametrize("sample", samples.HOSTILE)
def test_wrapping_loses_no_character(sample: str, width: int) -> None:
    cleaned = words.clean(sample)

    assert "".join(words.wrap(cleaned, width)).replace(" ", "") == cleaned.replace(" ", "")


def test_shortening_keeps_both_ends() -> None:
    assert words.shorten("abcdefghijklmnopqrstuvwxyz", 12) == "abcdef...xyz"
    assert words.columns(words.shorten("寿司" * 40, 21)) <= 21


# --- Messages from sending to receiving -----------------------------------------------------------------------------


def test_messages_are_followed_to_their_end() -> None:
    said = [
        (flight.message.type, flight.sent, flight.fate, flight.ended, flight.delayed)
        for flight in flights(samples.incident())
        if flight.message.receiver == "partition-1"
    ]

    assert said == [
        ("ProduceRequest", 4, Fate.ARRIVED, 16, 5),
        ("ProduceRequest", 6, Fate.LOST, 7, None),
        ("ProduceRequest", 12, Fate.ARRIVED, 13, None),
    ]


def test_a_broadcast_reaches_every_reader_and_a_repeat_has_its_own_end() -> None:
    found = [(flight.message.type, flight.sent, flight.ended, flight.repeated) for flight in flights(samples.crowd())]

    assert ("Prepare", 1, 2, None) in found
    assert ("Prepare", 1, 3, None) in found
    assert ("Prepare", 1, None, None) not in found
    assert ("Vote", 2, 6, None) in found
    assert ("Vote", 2, 11, 4) in found


def test_a_message_sent_before_its_receiver_crashed_is_not_taken_for_its_equal_sent_after() -> None:
    ping = samples.message("Ping", "a", "b")
    path = samples.make_path(
        {"a": {}, "b": {}},
        [
            {"actor": "a", "action": "send", "sent": [ping]},
            {"actor": "b", "action": "crash", "fault": True},
            {"actor": "b", "action": "restart"},
            {"actor": "a", "action": "send", "sent": [ping]},
            {"actor": "b", "action": "take", "received": ping},
        ],
    )

    assert origins(path) == {5: 4}


def test_a_message_of_a_set_network_is_read_again() -> None:
    ping = samples.message("Ping", "a", "b")
    step = {"actor": "b", "action": "take", "received": ping}
    path = samples.make_path({"a": {}, "b": {}}, [{"actor": "a", "action": "send", "sent": [ping]}, step, step])

    assert [(flight.sent, flight.ended, flight.again) for flight in flights(path)] == [(1, 2, False), (1, 3, True)]


# --- JSON -----------------------------------------------------------------------------------------------------------


def test_json_has_the_keys_of_format_1_in_their_order_and_additions_at_the_end() -> None:
    found = json.document(samples.violated())

    assert list(found) == [
        *("format", "spec", "title", "verdict", "properties", "explored", "bounds", "faults", "fired", "seconds"),
        *("memory_bytes", "not_modelled", "why", "never_ran", "one_sided", "problem", "overridden", "played"),
        *("remedies", "about", "summary"),
    ]
    broken = found["properties"][2]
    assert list(broken) == [
        *("name", "kind", "verdict", "steps", "faults", "replay", "path", "explanation", "reasons"),
        *("logs", "ledger", "diagnosis"),
    ]
    assert list(broken["path"][15]) == [
        *("step", "actor", "action", "fault", "message", "changes", "sent", "choices", "late", "played"),
        *("gone", "refused", "says", "remark"),
    ]
    assert list(found["explored"]) == ["distinct_states", "transitions", "depth", "complete"]
    assert broken["faults"] == {"delay": 1, "lose": 1, "crash": 1, "pause": 1}
    assert broken["path"][7]["changes"]["unacked"] == {"before": "{0}", "after": "{}", "wiped": True}


@pytest.mark.parametrize("name", RESULTS)
def test_json_survives_a_round_trip(name: str) -> None:
    found = json.document(RESULTS[name]())

    assert standard_json.loads(json.dumps(found)) == found
    assert json.dumps(found).isascii()


# --- Files ----------------------------------------------------------------------------------------------------------


def test_a_report_is_text_json_and_the_pictures_of_each_path(tmp_path: FilePath) -> None:
    written = files.write_report(samples.violated(), tmp_path / "new" / "reports")

    stem = "idempotent_producer_restart"
    pictures = ("dot", "svg", "sequence.svg", "mmd", "itf.json")
    assert [file.name for file in written] == [
        *(f"{stem}.txt", f"{stem}.json", f"{stem}.html"),
        *(f"{stem}.in_order.{suffix}" for suffix in pictures),
        *(f"{stem}.no_duplicates.{suffix}" for suffix in pictures),
    ]
    assert sorted(file.name for file in (tmp_path / "new" / "reports").iterdir()) == sorted(
        file.name for file in written
    )
    assert all(stat.S_IMODE(file.stat().st_mode) & 0o444 for file in written)


def test_reports_are_the_same_every_time(tmp_path: FilePath) -> None:
    one = [file.read_bytes() for file in files.write_report(samples.violated(), tmp_path / "one")]
    two = [file.read_bytes() for file in files.write_report(samples.violated(), tmp_path / "two")]

    assert one == two


def test_hostile_names_stay_in_the_directory_and_in_their_formats(tmp_path: FilePath) -> None:
    result = samples.hostile()
    result.spec = "../../etc/<b>\"'; rm -rf.yaml"

    written = files.write_report(result, tmp_path)

    assert {file.parent for file in written} == {tmp_path}
    assert all(re.fullmatch(r"[\w.+-]+", file.name, flags=re.ASCII) for file in written)
    for file in written:
        if file.suffix == ".svg":
            tree = ElementTree.parse(file)
            assert not [element for element in tree.iter() if element.tag.endswith("script")]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: FilePath, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "a.txt"
    files.write_whole(target, "old")

    def no_space(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "replace", no_space)
    with pytest.raises(OSError, match="no space"):
        files.write_whole(target, "new")

    assert [file.name for file in tmp_path.iterdir()] == ["a.txt"]
    assert target.read_text() == "old"


def test_without_any_graphviz_the_other_files_are_written(tmp_path: FilePath, monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(dot: str) -> str:
        raise diagram.DiagramError("no Graphviz")

    monkeypatch.setattr(diagram, "svg", nothing)
    with pytest.warns(UserWarning, match="no Graphviz"):
        written = files.write_report(samples.holds(), tmp_path)

    assert [file.name for file in written if file.suffix == ".svg"] == ["txn.all_delivered_ledger.sequence.svg"]


@pytest.mark.parametrize(
    ("specs", "names"),
    [
        (["specs/txn.yaml", "specs/two.yaml"], ["txn", "two"]),
        (["specs/txn.yaml", "specs/broken/txn.yaml"], ["specs.txn", "broken.txn"]),
        (["txn.yaml", "broken/txn.yaml"], ["txn", "broken.txn"]),
        (["a/x.yaml", "a/x.yaml"], ["a.x", "a.x-2"]),
        ([], []),
    ],
)
def test_equal_stems_get_distinct_names(specs: list[str], names: list[str]) -> None:
    assert files.distinct_names(specs) == names


def test_itf_has_one_variable_for_each_field() -> None:
    found = itf.document(samples.incident(), "x.yaml")

    assert found["vars"][:2] == ["producer.confirmed", "producer.producer_id"]
    assert len(found["states"]) == 17
    assert found["states"][8]["step"] == "producer.crash"
    assert found["states"][8]["producer.producer_id"] == "None"


# --- The state graph ------------------------------------------------------------------------------------------------


def small_graph(name: str = "tank") -> networkx.MultiDiGraph:
    made = networkx.MultiDiGraph()
    made.add_node(10, label=f"{name} 0", initial=True, violates=[], fields={f"{name}.level": "0"})
    made.add_node(11, label=f"{name} 1", initial=False, violates=[name], fields={f"{name}.level": name})
    made.add_edge(10, 11, actor=name, action="fill", fault=False, label=f"{name}.fill")
    made.add_edge(10, 11, actor=name, action="crash", fault=True, label=f"{name}.crash")
    return made


def test_the_state_graph_in_each_format() -> None:
    check_snapshot("states.dot", graph.export("dot", small_graph(), "A tank"))
    check_snapshot("states.json", graph.export("json", small_graph(), "A tank"))

    back = networkx.parse_graphml(graph.export("graphml", small_graph()), force_multigraph=True)

    assert back.nodes["s1"] == {"label": "tank 1", "initial": False, "violates": "tank", "field tank.level": "tank"}
    assert [data["action"] for _, _, data in back.edges(data=True)] == ["fill", "crash"]


@pytest.mark.parametrize("name", samples.HOSTILE)
def test_hostile_names_in_the_state_graph_are_only_text(name: str) -> None:
    back = networkx.parse_graphml(graph.export("graphml", small_graph(name)), force_multigraph=True)
    drawn = diagram.svg(graph.export("dot", small_graph(name), name))

    assert back.nodes["s1"].get("violates", "") == words.clean(name)
    ElementTree.fromstring(drawn)
    assert "<script>" not in drawn


def test_a_graph_beyond_the_limit_is_refused_with_the_way_out() -> None:
    with pytest.raises(graph.GraphTooLargeError) as refused:
        graph.export("dot", small_graph(), states_max=1)

    assert str(refused.value) == (
        "the state graph has more than 1 states; dot export stops there because nobody can read a larger drawing. "
        "Show what matters (--group-by actor.field, --nodes 30), ask a smaller question (smaller constants, "
        "fewer faults), raise the limit (--states), or export json"
    )


def test_reports_know_nothing_of_the_engines() -> None:
    """reports/ reads verdicts and paths only."""
    for file in (FilePath(__file__).parent.parent / "reports").glob("*.py"):
        imports = re.findall(r"^\s*(?:from|import) (checker[\w.]*|model[\w.]*)", file.read_text(), flags=re.MULTILINE)

        assert set(imports) <= {"checker.verdict"}, file


def test_a_step_of_every_kind_has_a_line() -> None:
    """Broadcasts, messages from nobody, and faults that nobody has thought of yet."""
    sent = SentMessage("Ping", {}, None, None)
    steps = tuple(
        PathStep(number, "a", action, True, received, False, (sent,), (), ())
        for number, (action, received) in enumerate(
            [("lose", sent), ("elect", None), ("elect", sent), ("crash", None), ("pause", None), ("duplicate", sent)], 1
        )
    )
    path = Path(steps, tuple({"a": {}} for _ in range(7)), "0")

    shown = text.render_path(path)

    check_snapshot("odd_steps.txt", shown)
    assert diagram.mermaid(path)
    assert diagram.path_dot(path)


def test_an_unordered_network_does_not_say_who_sent_but_the_path_does() -> None:
    sent, received = samples.message("Ping", "a", "b"), samples.message("Ping", None, "b")
    path = samples.make_path(
        {"a": {}, "b": {}},
        [
            {"actor": "a", "action": "send", "sent": [sent]},
            {"actor": "b", "action": "take", "received": received},
        ],
    )

    assert origins(path) == {2: 1}
    assert "gets Ping from a" in text.render_path(path)


def test_what_was_on_its_way_to_a_crashed_actor_is_lost_and_so_is_what_is_sent_to_it_later() -> None:
    path = samples.connections()

    assert [(flight.sent, flight.fate, flight.ended, flight.cause()) for flight in flights(path)] == [
        (1, Fate.ARRIVED, 4, ""),
        (2, Fate.GONE, 5, "lost: broker-1 crashed at step 5"),
        (6, Fate.GONE, 6, "lost: broker-1 is down"),
        (6, Fate.PENDING, None, ""),
    ]
    assert origins(path) == {4: 1}
    shown = text.render_path(path, width=200)
    assert "what was on its way to it is gone: PartitionChange(leader=1) from controller" in shown
    assert "sends PartitionChange(leader=1) to broker-1 (lost: broker-1 crashed at step 5)" in shown
    assert "sends PartitionChange(leader=2) to broker-1 (lost: broker-1 is down)" in shown
    drawn = diagram.mermaid(path)
    assert "-xp1: 5 PartitionChange(leader=1) lost#58; broker-1 crashed at step 5 (sent in step 2)" in drawn
    assert "-xp1: 6 PartitionChange(leader=2) lost#58; broker-1 is down" in drawn


def test_of_two_equal_messages_a_crash_takes_the_older_once() -> None:
    ping = samples.message("Ping", "a", "b")
    path = samples.make_path(
        {"a": {}, "b": {}},
        [
            {"actor": "a", "action": "send", "sent": [ping, ping]},
            {"actor": "b", "action": "crash", "fault": True, "gone": [ping]},
        ],
    )

    assert [flight.fate for flight in flights(path)] == [Fate.GONE, Fate.PENDING]


def test_a_step_is_said_in_a_sentence_and_what_it_did_to_the_records() -> None:
    path = samples.connections()

    assert "It notices that a broker is down." in text.render_path(path)
    assert "-> record 0, in the log of: broker-1 @ 0" in text.render_path(path)
    assert "fenced" not in text.render_path(path)
    assert "fenced: False -> True" in text.render_path(path, verbose=True)


def test_a_crash_that_wipes_only_bookkeeping_still_says_that_it_forgets() -> None:
    change = [("parked", "{1}", "{}", True, True)]
    path = samples.make_path(
        {"a": {"parked": "{1}"}}, [{"actor": "a", "action": "crash", "fault": True, "changes": change}]
    )

    assert "forgets what it had in memory" in text.render_path(path)
    assert "forgets parked={1}" in text.render_path(path, verbose=True)
    assert "nothing to forget" not in text.render_path(path)


def test_a_crash_with_a_power_loss_is_one_fault() -> None:
    result = samples.connected()
    shown = text.render(result, width=400)

    assert why.length(result.properties[0]) == "in 7 steps, 1 of them a fault"
    assert "One fault is needed: crash broker-1 (the crash is a power_loss)." in shown
    assert "Step 7, the restart of broker-1, which shows that the crash was a power_loss." in shown
    assert "the crash was a power_loss" in text.render_path(samples.connections())


def test_what_a_terminal_did_not_compute_is_said_with_the_way_to_it() -> None:
    result = samples.connected()
    further = "Not computed: nobody asked. A report goes further: --report DIR (from Python: witnesses=True)."

    assert further in text.render(result, width=400)
    assert result.properties[0].diagnosis is not None
    full = dataclasses.replace(result.properties[0].diagnosis, brief=False)
    result.properties = [dataclasses.replace(result.properties[0], diagnosis=full)]
    assert "Not computed: nobody asked.\n" in text.render(result, width=400)


def test_what_would_have_helped_stands_under_the_story() -> None:
    shown = text.render(samples.connected(), width=400)

    assert "What would have helped:\nno_loss is kept, as is every other guarantee of the spec, with:\n" in shown
    assert "topics.orders.min.insync.replicas: 1 (default of 3.9) -> 2" in shown
    assert json.document(samples.connected())["remedies"]["kept"][0]["value"] == "2"


@pytest.mark.parametrize(
    ("path", "shortest", "said"),
    [
        (
            samples.crowd(),
            13,
            "The repetition of Vote in step 4, the delay of Decide in step 10 and the crash of worker-1 in",
        ),
        (
            samples.crowd(),
            5,
            "The shortest way there takes 5 steps and no fault; this is a shortest one in which a fault",
        ),
        (Path(samples.crowd().steps[:3], samples.crowd().states[:4], "0"), 3, "No fault happens in this run."),
    ],
)
def test_a_witness_says_which_faults_it_has(path: Path, shortest: int, said: str) -> None:
    found = PropertyResult("done", "sometimes", PropertyVerdict.REACHED, path=path, shortest=shortest)

    assert said in why.witness(found)
    assert found.steps == shortest


def test_an_incident_in_short_is_setting_faults_what_went_wrong_and_what_came_of_it() -> None:
    result = dataclasses.replace(samples.connected(), summary="Kafka 3.9. shop writes orders", about="What it is.")
    broken = why.broken(result)[0]
    assert broken.path is not None
    steps = tuple(
        dataclasses.replace(step, remark="confirmed before it was on the disk" if step.number == 3 else "")
        for step in broken.path.steps
    )
    broken = dataclasses.replace(broken, path=dataclasses.replace(broken.path, steps=steps))
    said = why.in_short(dataclasses.replace(result, properties=[broken]), broken)
    assert [(one.label, one.sentence, one.step) for one in said] == [
        ("Setting", "Kafka 3.9. shop writes orders.", None),
        ("Faults", "step 5, the crash of broker-1 (a power_loss, as its restart in step 7 shows).", 5),
        ("What went wrong", f"step 3, {steps[2].actor}: confirmed before it was on the disk.", 3),
        ("Outcome", "no_loss is broken: record 0 is in no log.", 7),
    ]
    printed = text.render(dataclasses.replace(result, properties=[broken]))
    assert printed.index("What it is.") < printed.index("In short:") < printed.index("shop writes orders")
    assert "<- confirmed before it was on the disk" in printed


def test_of_many_remarks_the_first_and_the_last_ones_are_in_the_short_story() -> None:
    path = samples.make_path({"a": {}}, [{"actor": "a", "action": "act", "remark": f"no {i}"} for i in range(1, 8)])
    faults, wrong = why.course(path, {})
    assert (faults.sentence, faults.step) == ("None.", None)
    told = "step 1, a: no 1; step 5, a: no 5; step 6, a: no 6; step 7, a: no 7; and in 3 steps between."
    assert wrong.sentence == told


def test_before_the_first_fault_what_changes_inside_is_left_out_and_said_so() -> None:
    """The faults of this path begin in step 5."""
    short, whole = text.render(samples.connected()), text.render(samples.connected(), verbose=True)

    assert "Before the first one, what changes inside an actor is left out (--verbose)." in short
    assert "left out (--verbose)" not in whole
    inside = [
        (step.number, words.change(one, whose=step.actor))
        for step in samples.connections().steps
        for one in step.changes
        if not (one.wiped or one.aside)
    ]
    assert inside
    for number, said in inside:
        assert (said in short) == (number > 5), said
        assert said in whole
