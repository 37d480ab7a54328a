"""The state graph of a spec as a networkx graph: whole, or only as much of it as a person can read.

*Grouped*: one node for all states that agree in the fields asked for (``checker.quotient``). *Cut down*: the nodes of a
path (the counterexample, or a witness), what is near them, and one node for all the rest. Whatever is shown is the same
every time and with either engine.

Attributes of the graph: ``title``; ``group_by``, the fields (empty: a node is a state); ``states``, how many were
explored, and ``complete``, whether these are all; ``cut``, a sentence if they are not; ``path``, what the highlighted
path shows ("counterexample of exactly_once"), or "".

Attributes of a node: ``label`` and ``fields`` (actor.field -> text; of a single state also who is up and which faults
there have been); ``initial``; ``violates``, guarantees broken in it (in one of its states); ``ends``, paths that end
in it ("witness of all_delivered"); ``states``, how many it stands for (0: seen only as a successor, beyond what was
explored); ``depth``, their least distance from an initial state; ``path``, the numbers of the highlighted path's steps
that lead to it or stay in it (0: it starts there); ``rest``, whether it is the one node for everything left out.

Attributes of an edge: ``actor``, ``action``, ``message`` (the type of what is handled or struck, or ""), ``fault`` and
``label``; ``changes`` (field -> before, after), of the fields shown; ``transitions``, how many it stands for; ``path``,
the numbers of the highlighted path's steps that it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import networkx

from checker.build import build
from checker.checking import default_memory, follow
from checker.grouping import STATUS, Part, parts_of, status_of
from checker.narration import narrate
from checker.options import Options
from checker.quotient import Label, Quotient, StateClass, label_of, quotient
from checker.reference import ModelError, Reference, State, Transition
from checker.search import BROKEN_PREDICATE
from checker.spec_file import SpecFile
from checker.system import System
from checker.verdict import Change, PathStep

STATES_MAX = 1_000_000  # of a grouped graph: some 15 s with the native engine
SINGLE_STATES_MAX = 100_000  # of a graph whose nodes are states: each of them has to be kept
NODES_MIN = 2
REST = "rest"  # the node that stands for what is left out; the others are numbered breadth-first

_STOPPED = {
    "states": "the limit on states was reached",
    "seconds": "the time limit was reached",
    "memory": "the memory limit was reached",
    "interrupt": "the run was interrupted",
    "problem": "the model itself goes wrong there",
}


@dataclass(frozen=True)
class Shown:
    """A path to be shown in the graph: what it is, and its replay code."""

    name: str  # "counterexample of exactly_once"
    replay: str


def state_graph(
    spec: SpecFile,
    *,
    group_by: Sequence[str] = (),
    nodes_max: int | None = None,
    shown: Callable[[], Sequence[Shown]] = tuple,
    options: Options | None = None,
    too_many: Callable[[int], None] = lambda _: None,
) -> Any:
    """A ``networkx.MultiDiGraph``.

    ``shown`` is asked for paths once the graph is known to be wanted: the first is highlighted, of the others it is
    noted where they end. Without ``group_by`` and ``nodes_max`` every state is a node, and ``too_many(states)`` may
    raise before they are put into words. ``options.states`` bounds the exploration (default: STATES_MAX, or
    SINGLE_STATES_MAX of single states). Raises ``SourceError`` for a wrong spec or an unknown field.
    """
    built = build(spec)
    reference = Reference(built.system)
    parts = parts_of(built.system, reference.layout, group_by) if group_by else None
    options = options or Options()
    limit = options.states or (SINGLE_STATES_MAX if parts is None else STATES_MAX)
    options = replace(options, states=limit)
    memory = options.memory_bytes or default_memory()
    found = quotient(built, reference, parts, options, memory, kinds=parts is not None)
    if parts is None and nodes_max is None:
        too_many(found.states if found.complete else limit + 1)
    return _Drawing(spec, reference, parts, found, shown(), nodes_max).graph()


Edge = tuple[int | str, int | str, str]  # source, target, label


@dataclass
class _Merged:
    """An edge of a grouped graph as it is put together."""

    first: Label  # in the canonical order
    told: dict[str, Any]
    transitions: int = 0
    steps: list[int] = field(default_factory=list)

    def add(self, label: Label, count: int) -> None:
        self.first = min(self.first, label, key=lambda one: one[:2])
        self.transitions += count


class _Drawing:
    def __init__(
        self,
        spec: SpecFile,
        reference: Reference,
        parts: list[Part] | None,
        found: Quotient,
        shown: Sequence[Shown],
        nodes_max: int | None,
    ) -> None:
        self.spec, self.reference, self.system = spec, reference, reference.system
        self.parts, self.found, self.shown = parts, found, shown
        self.steps: list[tuple[int, Transition]] = []  # the class before, and the step; of the highlighted path
        self.on_path: dict[int, list[int]] = {}
        self.ends: dict[int, list[str]] = {}
        self.told: dict[Label, dict[str, Any]] = {}
        for place, path in enumerate(shown):
            self._follow(path, highlighted=place == 0)
        order = self._by_importance()
        if nodes_max is not None and len(order) > nodes_max:
            order = order[: max(NODES_MIN, nodes_max) - 1]
        self.kept = set(order)

    def _follow(self, path: Shown, *, highlighted: bool) -> None:
        state, steps = follow(self.reference, path.replay)
        at = self.found.class_of(state, 0)
        if highlighted:
            self.on_path[at] = [0]
        for number, (_, step) in enumerate(steps, 1):
            assert step.state is not None
            if highlighted:
                self.steps.append((at, step))
            at = self.found.class_of(step.state, number)
            if highlighted:
                self.on_path.setdefault(at, []).append(number)
        self.ends.setdefault(at, []).append(path.name)

    # --- What is kept -----------------------------------------------------------------------------------------------

    def _by_importance(self) -> list[int]:
        """All classes: where the path begins and ends, what lies between, where other paths end; then by distance."""
        path = list(self.on_path)
        seeds = dict.fromkeys([*path[:1], *reversed(path), *self.ends, *sorted(self.found.initial)])
        neighbours: dict[int, list[int]] = {}
        for source, target in self.found.edges:
            neighbours.setdefault(source, []).append(target)
            neighbours.setdefault(target, []).append(source)
        order = list(seeds)
        known, ring = set(order), order
        while ring:
            ring = sorted({near for one in ring for near in neighbours.get(one, ())} - known)
            known.update(ring)
            order = [*order, *ring]
        return order + [one for one in range(len(self.found.classes)) if one not in known]

    def _node(self, number: int) -> int | str:
        return number if number in self.kept else REST

    # --- The graph --------------------------------------------------------------------------------------------------

    def graph(self) -> Any:
        found = self.found
        graph = networkx.MultiDiGraph(
            title=self.spec.title,
            group_by=tuple(one.name for one in self.parts or ()),
            states=found.states,
            complete=found.complete,
            cut="" if found.complete else f"{_STOPPED[found.stopped]}: {found.states:,} states were explored",
            path=self.shown[0].name if self.shown else "",
        )
        fields = {number: self._fields(found.classes[number]) for number in sorted(self.kept)}
        for number, texts in fields.items():
            graph.add_node(number, **self._attributes(number, texts))
        if self.parts is None:
            self._single_edges(graph, fields)
        else:
            self._grouped_edges(graph, fields)
        if len(self.kept) < len(found.classes):
            graph.add_node(REST, **self._rest())
        return graph

    def _fields(self, one: StateClass) -> dict[str, str]:
        if self.parts is not None:
            return {part.name: part.text(one.first) for part in self.parts}
        told = narrate(self.reference, one.first, 0, []).states[0]
        layout, instances = self.reference.layout, self.system.instances
        found = {f"{instances[i].name}.{STATUS}": status_of(layout, one.first, i) for i in layout.status}
        found |= {f"{actor}.{name}": text for actor, values in told.items() for name, text in values.items()}
        spent = {number: one.first[leaf] for number, leaf in layout.budgets.items()}
        return found | {f"faults so far: {self.system.budgets[number].name}": str(spent[number]) for number in spent}

    def _attributes(self, number: int, fields: dict[str, str]) -> dict[str, Any]:
        one = self.found.classes[number]
        return {
            "label": "\n".join(f"{name} = {text}" for name, text in fields.items()),
            "fields": fields,
            "initial": number in self.found.initial,
            "violates": self._violates(one),
            "ends": tuple(self.ends.get(number, ())),
            "states": one.states,
            "depth": one.depth,
            "path": tuple(self.on_path.get(number, ())),
            "rest": False,
        }

    def _violates(self, one: StateClass) -> tuple[str, ...]:
        properties = enumerate(self.system.properties)
        found = [prop.name for bit, prop in properties if prop.kind == "always" and one.events >> bit & 1]
        if self.parts is None and (one.errors or one.events >> BROKEN_PREDICATE & 1):
            return (*found, *_errors(self.reference, one.first))
        return (*found, *(["the model goes wrong"] if one.errors or one.events >> BROKEN_PREDICATE & 1 else []))

    def _rest(self) -> dict[str, Any]:
        left = [one for number, one in enumerate(self.found.classes) if number not in self.kept]
        states = sum(one.states for one in left)
        what = f"and {states:,} more states" + (f" in {len(left):,} nodes" if self.parts is not None else "")
        beyond = sum(one.states == 0 for one in left)
        if beyond and self.parts is None:
            what += f", and {beyond:,} not explored"
        return {
            "label": what,
            "fields": {},
            "initial": any(number in self.found.initial and number not in self.kept for number in self.found.initial),
            "violates": tuple(dict.fromkeys(name for one in left for name in self._violates(one))),
            "ends": tuple(name for number, names in self.ends.items() if number not in self.kept for name in names),
            "states": states,
            "depth": min((one.depth for one in left), default=0),
            "path": tuple(
                sorted(step for number, steps in self.on_path.items() if number not in self.kept for step in steps)
            ),
            "rest": True,
        }

    # --- Edges ------------------------------------------------------------------------------------------------------

    def _grouped_edges(self, graph: Any, fields: dict[int, dict[str, str]]) -> None:
        """One for each actor, action and message between two nodes, whichever link the message came by."""
        merged: dict[Edge, _Merged] = {}
        for (one, other), kinds in self.found.edges.items():
            ends = (self._node(one), self._node(other))
            for label, count in kinds.items() if ends[0] != ends[1] else ():
                assert label is not None
                told = self._told(label)
                merged.setdefault((*ends, told["label"]), _Merged(label, told)).add(label, count)
        for number, (before, step) in enumerate(self.steps, 1):
            assert step.state is not None
            ends = (self._node(before), self._node(self.found.class_of(step.state, number)))
            if ends[0] != ends[1]:
                told = self._told(label_of(step))
                edge = merged.setdefault((*ends, told["label"]), _Merged(label_of(step), told, 1))
                edge.steps.append(number)  # It is new beyond the limit of the exploration.
        for (source, target, _), edge in sorted(merged.items(), key=_order):
            changes = {}
            if isinstance(source, int) and isinstance(target, int):
                changes = _changes(fields[source], fields[target])
            steps = tuple(edge.steps)
            graph.add_edge(source, target, **edge.told, changes=changes, transitions=edge.transitions, path=steps)

    def _told(self, label: Label) -> dict[str, Any]:
        if label not in self.told:
            self.told[label] = _told_of(self.system, label)
        return self.told[label]

    def _single_edges(self, graph: Any, fields: dict[int, dict[str, str]]) -> None:
        """Between states: one for each transition, as it is told; to and from the rest only how many."""
        rest: dict[tuple[int | str, int | str], int] = {}
        for (source, target), kinds in self.found.edges.items():
            if source not in self.kept and target in self.kept:
                rest[REST, target] = rest.get((REST, target), 0) + sum(kinds.values())
        for source in sorted(self.kept):
            state = self.found.classes[source].first
            if not self.found.classes[source].states and source not in self.on_path:
                continue
            for place, step in enumerate(self.reference.successors(state)):
                if step.state is None:
                    continue
                target = self.found.class_of(step.state, self.found.classes[source].depth + 1)
                if target not in self.kept:
                    rest[source, REST] = rest.get((source, REST), 0) + 1
                    continue
                told = narrate(self.reference, state, 0, [(place, step)]).steps[0]
                taken = [(number, one) for number, (at, one) in enumerate(self.steps, 1) if at == source]
                steps = tuple(number for number, one in taken if _same(one, step))
                graph.add_edge(source, target, **_told(told), transitions=1, path=steps)
        for (source_node, target_node), count in rest.items():
            graph.add_edge(source_node, target_node, **_NOBODY, changes={}, transitions=count, path=())


_NOBODY = {"actor": "", "action": "", "message": "", "fault": False, "label": ""}


def _same(one: Transition, other: Transition) -> bool:
    return (one.group.number, one.actor, one.received, one.chosen, one.state) == (
        other.group.number, other.actor, other.received, other.chosen, other.state,
    )  # fmt: skip


def _told(step: PathStep) -> dict[str, Any]:
    """A transition between two states: the whole message, and every field that it changes."""
    about = f" {step.received}" if step.received is not None else ""
    return {
        "actor": step.actor,
        "action": step.action,
        "message": step.received.type if step.received is not None else "",
        "fault": step.fault,
        "label": f"{step.actor}.{step.action}{about}",
        "changes": {_name(change): (change.before, change.after) for change in step.changes},
    }


def _name(change: Change) -> str:
    return f"{change.actor}.{change.field}"


def _told_of(system: System, label: Label) -> dict[str, Any]:
    """A kind of step."""
    number, actor, message = label
    group = system.groups[number]
    action = group.kind
    if group.kind == "action" and group.function is not None:
        action = group.function.name
    elif group.kind == "deliver" and message is not None:
        handler = system.handler(actor, message)
        action = handler.name if handler is not None else "ignore"
    name, about = system.instances[actor].name, "" if message is None else message.__name__
    return {
        "actor": name,
        "action": action,
        "message": about,
        "fault": group.fault,
        "label": f"{name}.{action}{f' {about}' if about else ''}",
    }


def _order(entry: tuple[Edge, _Merged]) -> tuple[object, ...]:
    """By the nodes, the rest last; then in the canonical order of steps."""
    (source, target, label), edge = entry
    ends = [(isinstance(one, str), one) for one in (source, target)]
    return (*ends, *edge.first[:2], label)


def _changes(before: dict[str, str], after: dict[str, str]) -> dict[str, tuple[str, str]]:
    return {name: (text, after[name]) for name, text in before.items() if text != after[name]}


def _errors(reference: Reference, state: State) -> Iterable[str]:
    """What goes wrong in a state: a predicate that fails, a step that is an error of the model."""
    for one in reference.system.properties:
        try:
            reference.evaluate(one, state)
        except ModelError as error:
            yield f"{one.name}: {error}"
    yield from (f"the model: {step.error}" for step in reference.successors(state) if step.error)
