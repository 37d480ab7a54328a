"""A path for other tools: ITF with values that a reader gets back, ShiViz clocks that tell causes, CSV, JSON."""

from __future__ import annotations

import csv as standard_csv
import io
import json
import re
from dataclasses import replace
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

import itf_py
import pytest
import report_samples as samples

import checker
from checker.lang import ActorId, struct
from checker.values import tagged
from checker.verdict import Diagnosis, Ledger, LedgerEvent, Log, LogEntry, Parting, PropertyResult, PropertyVerdict
from checker.verdict import Path as PathData
from reports import csv, itf, shiviz
from reports.flights import Fate, flights
from reports.json import document

ROOT = Path(__file__).parent.parent
BROKEN = "specs/broken/offsets_before.yaml"
HAND_MADE = {
    "incident": samples.incident,
    "crowd": samples.crowd,
    "hostile": lambda: samples.hostile().properties[0].path,
    "empty": lambda: PathData((), ({"a": {"b": "0"}},), "0"),
}


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@cache
def broken() -> checker.Path:
    path = checker.check(BROKEN, engine="reference").path
    assert path is not None
    return path


def path_named(name: str) -> PathData:
    if name == "broken":
        return broken().data
    found = HAND_MADE[name]()
    assert found is not None
    return found


# --- ITF ------------------------------------------------------------------------------------------------------------


class Colour(Enum):
    RED = 1


@struct
class Entry:
    id: int
    keys: frozenset[int]


def test_values_keep_their_kinds() -> None:
    value = {ActorId(1, "a-1"): (Entry(3, frozenset({12, 2})), None), Colour.RED: (True, 2)}

    assert tagged(value) == {
        "#map": [["a-1", [{"id": 3, "keys": {"#set": [2, 12]}}, None]], ["RED", [True, 2]]],
    }


def read_back(path: PathData) -> itf_py.Trace:
    return itf_py.trace_from_json(json.loads(itf.dumps(path, "x.yaml")))


def test_a_reader_of_itf_gets_the_values_back() -> None:
    path = broken().data
    trace = read_back(path)

    last = trace.states[-1].values
    assert trace.vars == list(trace.states[0].values)
    assert len(trace.states) == len(path.steps) + 1
    assert last["step"] == "payer-1.crash"
    assert last["consumer_offsets.committed"] == 1
    assert last["payer-1.stage"] == "NOT_STARTED"
    assert last["payer-1.confirmed"] == frozenset()
    assert last["transaction_coordinator.cache"][0].epoch == 0
    assert last["transaction_coordinator.cache"][0].has_next_id is False
    assert trace.states[0].values["transaction_coordinator.holder"] == {0: ()}  # None is the format's unit.
    assert last["transaction_coordinator.holder"] == {0: "payer-1"}
    (request,) = trace.states[1].values["network.the link payer-1 -> transaction_coordinator"]
    assert type(request).__name__ == "InitProducerIdRequest"
    assert request.client == "payer-1"
    assert trace.states[0].values["network.the link payer-1 -> transaction_coordinator"] == []


def plain(value: Any) -> Any:
    """What itf-py read, as ``checker.values`` writes it."""
    match value:
        case list():
            return [plain(one) for one in value]
        case tuple() if value == ():
            return None
        case frozenset():
            return {"#set": sorted((plain(one) for one in value), key=lambda one: (len(str(one)), str(one)))}
        case dict():
            return {"#map": [[plain(key), plain(one)] for key, one in value.items()]}
        case tuple() if hasattr(value, "_fields"):
            return {name: plain(getattr(value, name)) for name in value._fields}
        case _:
            return value


def test_every_value_of_a_path_survives_the_round_trip() -> None:
    path = broken().data
    for state, world in zip(read_back(path).states, path.values, strict=True):
        for actor, fields in world.items():
            for name, value in fields.items() if actor != "network" else ():
                assert plain(state.values[f"{actor}.{name}"]) == value


def test_values_and_words_say_the_same() -> None:
    path = broken().data

    assert [list(world) for world in path.values] == [list(world) for world in path.states]
    for world, told in zip(path.values, path.states, strict=True):
        for actor, fields in told.items():
            for name, text in fields.items():
                value = world[actor][name]
                if isinstance(value, (int, bool, str)) or value is None:
                    assert str(value) == text


@pytest.mark.parametrize("name", HAND_MADE)
def test_a_path_without_values_has_its_texts(name: str) -> None:
    path = path_named(name)

    trace = read_back(path)

    assert [len(state.values) for state in trace.states] == [len(trace.vars)] * (len(path.steps) + 1)
    for state, told in zip(trace.states, path.states, strict=True):
        for actor, fields in told.items():
            assert {f"{actor}.{field}": text for field, text in fields.items()}.items() <= state.values.items()


# --- ShiViz ---------------------------------------------------------------------------------------------------------


def parsed(text: str) -> list[tuple[str, dict[str, int], str]]:
    """As ShiViz reads it: the first line is the regular expression, the second the (empty) delimiter."""
    parser, delimiter, log = text.split("\n", 2)
    assert delimiter == ""
    found = re.finditer(parser.replace("(?<", "(?P<"), log)
    return [(one["host"], json.loads(one["clock"]), one["event"]) for one in found]


def before(one: dict[str, int], other: dict[str, int]) -> bool:
    return one != other and all(time <= other.get(host, 0) for host, time in one.items())


@pytest.mark.parametrize("name", ["incident", "crowd", "hostile", "broken"])
def test_clocks_rise_by_one_at_each_host_and_name_their_own(name: str) -> None:
    """What ShiViz demands of a log."""
    log = parsed(shiviz.dumps(path_named(name)))

    now: dict[str, dict[str, int]] = {}
    for host, clock, _ in log:
        assert clock[host] == now.get(host, {}).get(host, 0) + 1
        assert all(clock.get(other, 0) >= time for other, time in now.get(host, {}).items())
        assert set(clock) <= {*now, host}
        now[host] = clock
    assert len(log) == len(path_named(name).steps)


@pytest.mark.parametrize("name", ["incident", "crowd", "hostile", "broken"])
def test_what_is_received_was_sent_before(name: str) -> None:
    path = path_named(name)
    events = shiviz.events(path)

    arrived = [one for one in flights(path) if one.fate is Fate.ARRIVED and one.sent and one.ended]
    assert arrived
    for one in arrived:
        assert one.ended is not None
        for number in (one.sent, *one.hits, *([one.repeated] if one.repeated else [])):
            if number < one.ended:
                assert before(events[number - 1][1], events[one.ended - 1][1])


def test_steps_without_a_cause_between_them_are_concurrent() -> None:
    events = shiviz.events(samples.crowd())

    vote_1, vote_2 = events[1], events[2]
    assert not before(vote_1[1], vote_2[1])
    assert not before(vote_2[1], vote_1[1])


def test_faults_on_messages_know_nothing_of_each_other() -> None:
    """One host for the whole network would make a late message know of another one's loss."""
    events = shiviz.events(samples.incident())

    delay, loss, late = events[4], events[6], events[15]
    assert (delay[0], loss[0]) == ("network", "network-2")
    assert before(delay[1], late[1])
    assert not before(loss[1], late[1])


def test_hostile_actors_are_distinct_hosts() -> None:
    log = parsed(shiviz.dumps(path_named("hostile")))

    assert len({host for host, _, _ in log}) == len(samples.HOSTILE)
    assert all(re.fullmatch(r"[\w.+-]+", host, re.ASCII) for host, _, _ in log)


# --- CSV ------------------------------------------------------------------------------------------------------------


def rows(path: PathData) -> list[dict[str, str]]:
    return list(standard_csv.DictReader(io.StringIO(csv.dumps(path), newline=""), strict=True))


@pytest.mark.parametrize("name", [*HAND_MADE, "broken"])
def test_a_table_has_a_row_for_each_step_and_every_cell(name: str) -> None:
    path = path_named(name)

    found = rows(path)

    assert [row["step"] for row in found] == [str(step.number) for step in path.steps]
    assert all(set(row) == set(csv.COLUMNS) and None not in row.values() for row in found)
    assert csv.dumps(path).split("\r\n")[0] == ",".join(csv.COLUMNS)
    assert "\n" not in csv.dumps(path).replace("\r\n", "")


def test_a_row_says_what_happened() -> None:
    late = rows(samples.incident())[15]
    crash = rows(samples.incident())[7]

    assert (late["actor"], late["action"], late["late"], late["from"]) == ("partition-1", "append", "true", "producer")
    assert late["fields"] == "producer_id=1; epoch=0; sequence=0; record=0"
    assert (crash["fault"], crash["changes"]) == ("true", "")
    assert crash["wiped"] == "producer_id=1; next_sequence=1; unacked={0}"


def test_a_fault_that_an_actor_plays_is_named() -> None:
    path = samples.incident()
    told = replace(path, steps=(*path.steps[:3], replace(path.steps[3], played="timeout"), *path.steps[4:]))

    assert rows(told)[3]["played"] == "timeout"
    assert parsed(shiviz.dumps(told))[3][2].startswith("! 4 send_next; the fault timeout; ")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", " =1+1", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert not csv.cell(text).lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r"))
    assert text.strip() in csv.cell(text)


# --- JSON -----------------------------------------------------------------------------------------------------------


def test_json_tells_logs_as_they_change_and_the_ledger_and_the_diagnosis() -> None:
    result = samples.violated()
    path = samples.incident()
    empty = Log("orders-0", "broker", (), (("high watermark", 0),))
    full = Log("orders-0", "broker", (LogEntry(0, "order 0", record="order 0"),), (("high watermark", 1),))
    states = ((empty,),) * 3 + ((full,),) * (len(path.states) - 3)
    ledger = Ledger(("order 0",), ("in the log",), (LedgerEvent("order 0", "in the log", "orders-0 @ 0", 3),))
    told = PathData(path.steps, path.states, path.replay, states, ledger)
    diagnosis = Diagnosis(
        5,
        8,
        (1, 5, 8),
        {"delay": 1},
        samples.crowd(),
        ("frontier: too many states",),
        parting=Parting("fixed.yaml", 3, False),
    )
    result.properties = [
        PropertyResult("p", "always", PropertyVerdict.VIOLATED, path=told, diagnosis=diagnosis),
        PropertyResult("q", "always", PropertyVerdict.HOLDS),
    ]

    found, other = json.loads(json.dumps(document(result)))["properties"]

    assert [(one["step"], one["name"], len(one["entries"])) for one in found["logs"]] == [
        (0, "orders-0", 0),
        (3, "orders-0", 1),
    ]
    assert found["logs"][1]["entries"][0] == {
        "offset": 0, "text": "order 0", "kind": "record", "record": "order 0", "transaction": "", "state": ""
    }  # fmt: skip
    assert found["logs"][1]["marks"] == [{"name": "high watermark", "offset": 1}]
    assert found["ledger"]["events"] == [
        {"record": "order 0", "column": "in the log", "text": "orders-0 @ 0", "step": 3}
    ]
    assert found["diagnosis"]["pivot"] == 5
    assert found["diagnosis"]["parting"]["step"] == 3
    assert found["diagnosis"]["fewest_faults"] == {"delay": 1}
    assert len(found["diagnosis"]["fewest_path"]) == len(samples.crowd().steps)
    assert (other["logs"], other["ledger"], other["diagnosis"]) == (None, None, None)


# --- Mermaid --------------------------------------------------------------------------------------------------------


def test_a_mermaid_diagram_is_of_a_size_that_github_renders() -> None:
    """50,000 characters is Mermaid's own limit (maxTextSize); the 51 steps of KAFKA-17754 make 14,000."""
    many = samples.make_path(
        {"a": {"x": "0"}}, [{"actor": "a", "action": f"step_{at}", "changes": [("x", "0", "1")]} for at in range(150)]
    )

    assert len(checker.Path(many, "t").to_mermaid()) < 50_000
