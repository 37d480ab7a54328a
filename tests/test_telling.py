"""What a path of a real model says in words: sentences, messages to their end, which witness."""

from __future__ import annotations

import ast
import importlib
import re
from collections import Counter
from pathlib import Path

import pytest

import checker
from checker import api
from checker.telling import Happening, Telling
from checker.verdict import Plumbing, SentMessage
from reports import why, words
from reports.flights import Fate, flights

ROOT = Path(__file__).parent.parent
FAMILIES = ["model.kafka.transactions", "model.kafka.replication", "model.kafka.groups", "model.flink"]
ACTORS = """\
from __future__ import annotations

from typing import Annotated

from checker.lang import *

Count = Annotated[int, UpTo(9)]


@actor
class Worker:
    done: Volatile[Count] = 0
    late: Durable[bool] = False
    ready: Durable[bool] = False

    @action
    def work(self) -> None:
        require(self.done < 2)
        self.done += 1

    @action
    def finish(self) -> None:
        require(self.done == 2 and not self.ready)
        self.ready = True


@predicate
def finished(worker: Worker) -> bool:
    \"\"\"The worker is ready.\"\"\"
    return worker.ready


@predicate
def begun(worker: Worker) -> bool:
    \"\"\"The worker has worked, and nothing has gone wrong.\"\"\"
    return worker.done > 0
"""
SPEC = """\
title: A worker
model: ./worker.py
actors:
  worker: {{is: Worker}}
faults: {faults}
check:
  sometimes: [{{finished: {{worker: worker}}}}, {{begun: {{worker: worker}}}}]
deadlock: allow
"""


@pytest.fixture(autouse=True)
def at_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


# --- Sentences --------------------------------------------------------------------------------------------------------


def classes_of(family: str) -> dict[str, ast.ClassDef]:
    folder = ROOT.joinpath(*family.split("."))
    bodies = [ast.parse(file.read_text()).body for file in sorted(folder.glob("*.py"))]
    return {one.name: one for body in bodies for one in body if isinstance(one, ast.ClassDef)}


def is_step(method: ast.stmt) -> bool:
    marks = method.decorator_list if isinstance(method, ast.FunctionDef) else []
    names = [ast.unparse(mark.func if isinstance(mark, ast.Call) else mark) for mark in marks]
    return bool({"action", "on", "on_restart"} & set(names))


@pytest.mark.parametrize("family", FAMILIES)
def test_every_step_of_a_model_has_a_sentence_and_every_sentence_a_step(family: str) -> None:
    sentences = importlib.import_module(f"{family}.sentences").SENTENCES
    steps = {
        (name, method.name)
        for name, one in classes_of(family).items()
        for method in one.body
        if isinstance(method, ast.FunctionDef) and is_step(method)
    }

    assert {(name, method) for name, methods in sentences.items() for method in methods} == steps
    for said in (said for methods in sentences.values() for said in methods.values()):
        assert said.endswith("."), said
        assert len(said) < 110, said


@pytest.mark.parametrize("family", FAMILIES)
def test_every_field_that_a_story_leaves_out_is_one(family: str) -> None:
    story = ROOT.joinpath(*family.split("."), "story.py").read_text()
    named = re.findall(r'"([A-Z]\w+)\.(\w+)"', story)
    classes = classes_of(family)

    assert named
    for name, field in named:
        fields = {one.target.id for one in classes[name].body if isinstance(one, ast.AnnAssign)}  # type: ignore[union-attr]
        assert field in fields, f"{name}.{field}"


# --- Messages ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spec",
    [
        "specs/bugs/CFG-02_three_replicas.yaml",
        "specs/bugs/CFG-04_failover.yaml",
        "specs/broken/offsets_before.yaml",
        "specs/claims/S07_at_most_once.yaml",
        "specs/claims/S42_before_first_checkpoint.yaml",
        "specs/claims/S03_acks_1.yaml",
    ],
)
def test_what_is_on_its_way_at_the_end_is_what_is_on_the_links(spec: str) -> None:
    """What a crash has taken, and what was sent to somebody who is down, is on none."""
    path = checker.check(spec).path
    assert path is not None

    waiting = Counter(one.message.type for one in flights(path.data) if one.fate is Fate.PENDING)
    held = [message for content in path.values[-1].get("network", {}).values() for message in content]

    assert waiting.total() == len(held)
    for one in flights(path.data):
        if one.fate is Fate.GONE and not one.refused:
            assert path.steps[(one.ended or 0) - 1].action == "crash"


def test_a_power_loss_is_not_counted_beside_its_crash() -> None:
    result = checker.check("specs/scenarios/P02_lone_leader.yaml")
    found = result.data.properties[0]

    assert why.length(found) == "in 10 steps, 2 of them faults"
    assert "2 faults are needed: session_timeout and crash broker-1 (the crash is a power_loss)." in result.to_text(
        color=False
    ).replace("\n", " ")


# --- Witnesses --------------------------------------------------------------------------------------------------------


def asked(folder: Path, faults: str, engine: str) -> checker.Result:
    (folder / "worker.py").write_text(ACTORS)
    spec = folder / "worker.yaml"
    spec.write_text(SPEC.format(faults=faults))
    return api.check(spec, engine=engine)  # type: ignore[arg-type]


@pytest.mark.parametrize("engine", ["reference", "native"])
def test_a_witness_with_a_fault_is_shown_where_there_is_one(tmp_path: Path, engine: str) -> None:
    found = asked(tmp_path, "{crash: {worker: 1}}", engine)["finished"]
    path = found.path
    assert path is not None

    assert found.steps == 3
    assert [step.action for step in path] == ["crash", "restart", "work", "work", "finish"]
    assert found.data.faults == {"crash": 1}
    assert "The shortest way there takes 3 steps and no fault" in why.witness(found.data)


@pytest.mark.parametrize("engine", ["reference", "native"])
def test_of_all_with_a_fault_the_nearest_then_the_least(tmp_path: Path, engine: str) -> None:
    found = asked(tmp_path, "{crash: {worker: 2}, pause: {worker: 1}}", engine)["begun"]
    path = found.path
    assert path is not None

    assert found.steps == 1
    assert [(step.action, step.fault) for step in path] == [("crash", True), ("restart", False), ("work", False)]


@pytest.mark.parametrize("faults", ["{}", "{crash: {worker: unlimited}}"])
def test_without_numbers_of_faults_the_shortest_is_shown(tmp_path: Path, faults: str) -> None:
    path = asked(tmp_path, faults, "reference")["finished"].path
    assert path is not None

    assert [step.action for step in path] == ["work", "work", "finish"]


# --- What a story knows of its path -----------------------------------------------------------------------------------


def test_origin_of_a_message_is_the_step_that_sent_it() -> None:
    """Of equal messages the oldest comes first; one that was held up comes late; a crash takes what is on its way."""
    steps = [
        Happening(1, "client", "send", sent=(("broker", "end"),)),
        Happening(2, "client", "retry", sent=(("broker", "end"),)),
        Happening(3, "broker", "delay", received="end", fault=True),
        Happening(4, "broker", "end_transaction", received="end"),
        Happening(5, "client", "send", sent=(("broker", "produce"),)),
        Happening(6, "broker", "duplicate", received="produce", fault=True),
        Happening(7, "broker", "produce", received="produce"),
        Happening(8, "broker", "produce", received="produce"),
        Happening(9, "broker", "end_transaction", received="end", late=True),
        Happening(10, "client", "send", sent=(("broker", "lost"),)),
        Happening(11, "broker", "crash", fault=True),
        Happening(12, "broker", "guess", received="lost"),
    ]

    origins = Telling([], steps, {}).origins()

    assert origins == {3: 1, 4: 2, 6: 5, 7: 5, 8: 5, 9: 1, 12: 0}


def test_message_names_its_numbers_and_leaves_out_what_says_nothing() -> None:
    plumbing = Plumbing(frozenset({"Ask.epoch"}), -1, frozenset({"others"}), {"partition": {2: "__consumer_offsets"}})
    asked = SentMessage("Ask", {"partition": 2, "epoch": 1, "others": [], "record": 0, "offset": -1}, "a", "b")
    told = SentMessage("Tell", {"partition": [0, 2], "epoch": 1, "others": [3]}, "b", "a")

    assert words.message(asked, plumbing) == "Ask(partition=__consumer_offsets, record=0)"
    assert words.message(told, plumbing) == "Tell(partition=[0, __consumer_offsets], epoch=1, others=[3])"
