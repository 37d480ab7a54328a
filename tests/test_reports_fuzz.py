"""Reports of arbitrary paths: whatever the names, values and order of events are, every format comes out whole."""

from __future__ import annotations

import json as standard_json
from xml.etree import ElementTree

import report_samples as samples
from hypothesis import given, settings
from hypothesis import strategies as some

from checker.verdict import Change, Path, PathStep, SentMessage
from reports import diagram, flights, itf, text, words
from reports.json import dumps, path_document
from reports.sequence import sequence_svg

names = some.sampled_from(["a", "b", "partition-1", *samples.HOSTILE]) | some.text(max_size=8)
values = (
    some.sampled_from(["0", "1", "None", "()", "(0, 1)", "{}", "{a: 1}", "E(x=1, y=())", "({[", "')"])
    | some.text(alphabet="(){}[],:='\" ab01", max_size=90)
)  # fmt: skip
actions = some.sampled_from(["send", "crash", "restart", "pause", "resume", "lose", "duplicate", "delay", "elect"])
messages = some.builds(
    SentMessage,
    some.sampled_from(["Ping", "Pong"]),
    some.dictionaries(names, some.none() | some.integers() | values | some.lists(values, max_size=2), max_size=3),
    some.none() | some.sampled_from(["a", "b"]),
    some.none() | some.sampled_from(["a", "b"]),
)


@some.composite
def paths(draw: some.DrawFn) -> Path:
    pool = draw(some.lists(messages, min_size=1, max_size=3))
    from_pool = some.sampled_from(pool)
    steps = []
    for number in range(1, draw(some.integers(0, 8)) + 1):
        changes = draw(some.lists(some.builds(Change, names, names, values, values, some.booleans()), max_size=3))
        sent = draw(some.lists(from_pool, max_size=3))
        steps.append(
            PathStep(
                number,
                draw(some.sampled_from(["a", "b"]) | names),
                draw(actions),
                draw(some.booleans()),
                draw(some.none() | from_pool),
                draw(some.booleans()),
                tuple(sent),
                tuple(changes),
                tuple(draw(some.lists(values, max_size=2))),
            )
        )
    states = [{name: {"field": draw(values)} for name in ("a", "b", "network")} for _ in range(len(steps) + 1)]
    return Path(tuple(steps), tuple(states), "0")


@settings(max_examples=150, deadline=None)
@given(paths())
def test_any_path_can_be_reported(path: Path) -> None:
    for flight in flights.flights(path):
        assert flight.sent <= (flight.ended or len(path.steps))
    for width in (40, 96):
        shown = text.render_path(path, verbose=True, width=width)
        assert all(line.isprintable() for line in shown.splitlines())
    ElementTree.fromstring(sequence_svg(path, "t", "s", ("violated: p",)).encode())
    ElementTree.fromstring(diagram.svg(diagram.path_dot(path, "t", ("violated: p",))))
    assert diagram.mermaid(path, "t").isprintable() or "\n" in diagram.mermaid(path, "t")
    assert standard_json.loads(itf.dumps(path))["#meta"]["format"] == "ITF"
    assert len(standard_json.loads(dumps({"path": path_document(path)}))["path"]) == len(path.steps)


@given(values, values)
def test_a_difference_always_names_the_field(before: str, after: str) -> None:
    said = words.difference("f", before, after)

    assert said.startswith("f")
